"""The key of a chart: destroyed once, under authority, and only where nothing stands in the way."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from domain.chart import Chart
from domain.chart.merging import ChartsMerged, MergedInto, Merger
from domain.chart.plan import TriggerIdentified
from domain.key_destruction import KeyDestroyed, ended_by, joined
from domain.legal_hold import LegalHoldReleased, LegalHoldSet
from domain.record import stream_name
from domain.refused import Refused
from domain.roster import Arrival
from tests.domain.cast import (
    ANN,
    BEN,
    CHART,
    COUNSELOR,
    EPISODE,
    FACILITY,
    MONDAY,
    day,
    inquired,
    local,
    not_admitted,
    registered,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import Story, given, said, strike

destroyed: KeyDestroyed = EVERY["KeyDestroyed"]
hold: LegalHoldSet = EVERY["LegalHoldSet"]
release: LegalHoldReleased = EVERY["LegalHoldReleased"]
BENS = stream_name("chart", BEN)
CID = UUID(int=0xAC1)


def merged() -> Story:
    """Ben's chart was merged into Ann's."""
    story = given(registered, said(replace(registered, mrn="MRN-2"), stream=BENS))
    story.tell(ChartsMerged(from_chart=BEN))
    return story.tell(said(MergedInto(chart=ANN), stream=BENS))


def test_a_chart_is_destroyed_once_and_it_stays_on_record() -> None:
    story = given(registered)
    story.when(destroyed).recorded(destroyed)
    assert story.state(FACILITY).destroyed == {ANN: story.state(FACILITY).version}
    story.when(replace(destroyed, authority="The same once more")).refused("key.already-destroyed")


def test_whoever_destroys_names_the_authority() -> None:
    given(registered).when(replace(destroyed, authority="  ")).refused("key.authority")


def test_a_compliance_officer_destroys_and_nobody_who_treats() -> None:
    given(registered).when(destroyed, by=COUNSELOR).refused("act.not-permitted")


def test_a_chart_under_a_hold_stays() -> None:
    """Of two authorities both have to release it."""
    another = replace(hold, authority="Kentucky Attorney General")
    story = given(registered, hold, another, release)
    story.when(destroyed).refused("key.legal-hold")
    story.tell(replace(release, authority=another.authority))
    story.when(destroyed).recorded()


def test_what_is_destroyed_is_a_chart_of_this_site() -> None:
    given().when(destroyed).refused("key.unknown-chart")
    given(registered).when(replace(destroyed, patient_id=UUID(int=0xBAD))).refused("key.unknown-chart")


def test_nobody_in_care_loses_the_chart() -> None:
    story = given(registered, inquired())
    story.when(destroyed).refused("key.open-episode")
    story.tell(not_admitted())
    story.when(destroyed).recorded()


@pytest.mark.parametrize(("held", "other"), [(BEN, ANN), (ANN, BEN)])
def test_a_chart_that_was_merged_with_one_under_hold_stays(held: UUID, other: UUID) -> None:
    """In both directions: the hold is on the person's record, which is two charts."""
    story = merged().tell(replace(hold, patient_id=held))
    story.when(replace(destroyed, patient_id=other)).refused("key.joined-legal-hold")
    story.tell(replace(release, patient_id=held))
    story.when(replace(destroyed, patient_id=other)).recorded()


def test_charts_are_joined_through_others_too() -> None:
    charts = {
        ANN: Chart(patient_id=ANN, took_over={BEN: 2}),
        BEN: Chart(patient_id=BEN, took_over={CID: 2}, merged_into=Merger(chart=ANN, version=3)),
        CID: Chart(patient_id=CID, merged_into=Merger(chart=BEN, version=2)),
    }
    assert joined(CID, charts) == {ANN, BEN}
    assert joined(ANN, charts) == {BEN, CID}
    assert joined(ANN, {ANN: charts[ANN]}) == {BEN}
    assert joined(UUID(int=1), charts) == frozenset()


def test_nothing_is_recorded_in_a_chart_that_was_destroyed() -> None:
    story = given(registered, inquired(), not_admitted(), destroyed)
    # As it is once the key is gone: what it held, nobody knows.
    story.streams[CHART] = []
    for fact in (registered, inquired(), TriggerIdentified(episode_id=EPISODE, text="payday")):
        story.when(fact).refused("chart.destroyed")
    story.when(strike(1)).refused("chart.destroyed")
    with pytest.raises(Refused, match=r"chart\.destroyed"):
        Arrival(session_id=MONDAY, method="sign_in").fact(story.chart, story.scene(local("2026-03-02 18:00")))


def test_a_destruction_is_never_struck() -> None:
    story = given(registered, destroyed)
    version = story.state(FACILITY).version
    story.when(said(strike(version), stream=FACILITY)).refused("correction.wrong-kind")


def test_the_release_that_a_destruction_rested_on_stays() -> None:
    story = given(registered, hold, release, destroyed)
    version = story.state(FACILITY).version
    telling = said(strike(version - 1), stream=FACILITY)
    story.when(telling).refused("correction.breaks-history", naming=f"{FACILITY}@{version}")


def test_no_hold_is_set_on_what_is_gone() -> None:
    story = given(registered, destroyed)
    del story.streams[CHART]
    story.when(replace(hold, on=day("2026-03-02"))).refused("legal-hold.unknown-chart")


def test_only_a_destruction_ends_a_chart() -> None:
    assert ended_by(destroyed) == CHART
    assert ended_by(hold) is None
