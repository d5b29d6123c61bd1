"""Two charts of one person: merged at one site, linked across two, separated again."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from domain.chart.merging import ChartLinked, ChartsMerged, MergedInto
from domain.decision import elsewhere
from domain.record import EnteredInError
from domain.session import SessionRescheduled
from tests.domain.care import trigger
from tests.domain.cast import (
    ACTIVE,
    ADMINISTRATOR,
    ANN,
    ANN_THERE,
    BEN,
    CHART,
    COUNSELOR,
    MONDAY,
    SECOND_EPISODE,
    admitted,
    day,
    discharged,
    inquired,
    local,
    not_admitted,
    registered,
)
from tests.domain.given import Said, Story, given, of, said, strike

OTHER = f"chart/{BEN}"
TWICE = said(replace(registered, mrn="MRN-4712"), stream=OTHER)
MERGED = ChartsMerged(from_chart=BEN)
INTO = said(MergedInto(chart=ANN), stream=OTHER)
REOPENED = said(replace(inquired(), episode_id=SECOND_EPISODE), stream=OTHER, reason="From the paper sheet.")


def of_the_other(fact: object) -> Said:
    return said(fact, stream=OTHER)


def caused(story: Story, telling: object) -> list[tuple[str, object]]:
    """What is recorded in the other chart with it."""
    decision = story.decided(telling)
    history = story.streams[decision.stream]
    told = Story(story.streams, story.clock)
    told.add(decision)
    return list(elsewhere(decision, history, told.scene(told.clock)))


def test_charts_are_merged_in_both() -> None:
    story = given(*ACTIVE, TWICE)
    assert caused(story, MERGED) == [(OTHER, MergedInto(chart=ANN))]
    story.tell(MERGED, INTO)
    assert story.chart.took_over == {BEN: 8}
    merged = story.state(OTHER).merged_into
    assert (merged.chart, merged.version) == (ANN, 2)


def test_a_merged_chart_takes_no_fact_and_says_where_to_go() -> None:
    story = given(*ACTIVE, TWICE, MERGED, INTO)
    story.when(REOPENED).refused("chart.merged", naming=CHART)
    story.when(of_the_other(strike(1))).refused("chart.merged", naming=CHART)
    story.when(of_the_other(ChartsMerged(from_chart=ANN))).refused("chart.merged", naming=CHART)
    story.when(trigger()).recorded()


def test_striking_either_half_separates_the_charts() -> None:
    story = given(*ACTIVE, TWICE, MERGED, INTO)
    assert caused(story, strike(8)) == [(OTHER, EnteredInError(target=2))]
    assert caused(story, of_the_other(strike(2))) == [(CHART, EnteredInError(target=8))]
    story.tell(strike(8))
    assert caused(story, of_the_other(strike(2))) == []
    story.tell(of_the_other(strike(2)))
    assert (story.chart.took_over, story.state(OTHER).merged_into) == ({}, None)
    story.when(REOPENED).recorded().when(MERGED).refused("merge.both-open")


def test_charts_are_separated_by_whoever_merges_and_by_nobody_else() -> None:
    story = given(*ACTIVE, TWICE, said(MERGED, by=ADMINISTRATOR), said(INTO, by=ADMINISTRATOR))
    story.when(strike(8), by=COUNSELOR).refused("act.not-permitted")
    story.when(strike(8), by=ADMINISTRATOR).recorded()


def test_a_chart_is_not_merged_into_itself() -> None:
    given(*ACTIVE).when(ChartsMerged(from_chart=ANN)).refused("merge.into-itself")


def test_only_a_registered_chart_is_merged() -> None:
    given(*ACTIVE).when(MERGED).refused("merge.unknown-chart")
    given(*ACTIVE, TWICE, of_the_other(strike(1))).when(MERGED).refused("merge.unknown-chart")


def test_a_chart_is_merged_once() -> None:
    third = f"chart/{UUID(int=0xABF)}"
    story = given(*ACTIVE, TWICE, MERGED, INTO, said(replace(registered, mrn="MRN-4713"), stream=third))
    story.when(MERGED).refused("merge.already-merged")
    story.when(said(MERGED, stream=third)).refused("merge.already-merged")


def test_charts_that_both_have_an_open_episode_are_not_merged() -> None:
    given(*ACTIVE, TWICE, REOPENED).when(MERGED).refused("merge.both-open")


def test_the_chart_with_the_open_episode_stays() -> None:
    story = given(registered, TWICE, REOPENED)
    story.when(MERGED).refused("merge.open-episode")
    story.when(of_the_other(ChartsMerged(from_chart=ANN))).recorded()
    ended = replace(not_admitted(), episode_id=SECOND_EPISODE)
    given(registered, TWICE, REOPENED, of_the_other(ended)).when(MERGED).recorded()


def test_neither_half_stands_alone() -> None:
    """As a file might have it: the half in the merged chart follows from the other one."""
    given(*ACTIVE, TWICE).when(INTO).refused("merge.one-sided")
    given(*ACTIVE, TWICE, MERGED, REOPENED).when(INTO).refused("merge.open-episode")


# ---- two sites

LINK = ChartLinked(ledger="louisville", patient_id=ANN_THERE, basis="The patient says so, and signed for it.")


def test_the_chart_of_another_site_is_linked_once() -> None:
    story = given(*ACTIVE, LINK)
    assert [(link.ledger, link.patient_id) for link in story.chart.links] == [("louisville", ANN_THERE)]
    story.when(LINK).refused("link.already-linked")
    story.tell(strike(8)).when(LINK).recorded()


@pytest.mark.parametrize(
    ("link", "rule"),
    [
        (replace(LINK, ledger="lexington"), "link.same-site"),
        (replace(LINK, ledger="lexington", patient_id=ANN), "link.same-site"),
        (replace(LINK, ledger="nowhere"), "link.unknown-chart"),
        (replace(LINK, patient_id=ANN), "link.unknown-chart"),
        (replace(LINK, basis="  "), "link.without-basis"),
    ],
)
def test_what_is_not_a_chart_of_another_site_is_not_linked(link: ChartLinked, rule: str) -> None:
    given(*ACTIVE).when(link).refused(rule)


def test_a_link_is_undated_and_never_late() -> None:
    given(*ACTIVE).when(LINK, at=f"{day('2027-01-04')} 12:00").recorded()


# ---- the admission in a chart that was merged

OVER = (*ACTIVE, discharged("2026-03-06"), TWICE)
"""Ann was admitted on Monday, and left. Her other chart stays, hers is merged into it."""
HERS = (said(ChartsMerged(from_chart=ANN), stream=OTHER), said(MergedInto(chart=BEN)))
MOVED = of(
    MONDAY,
    said(
        SessionRescheduled(starts_at=local("2026-03-01 18:00"), ends_at=local("2026-03-01 21:00")),
        reason="It was on the wrong day in the plan.",
        at="2026-03-20 09:00",
    ),
)


def test_nothing_is_recorded_in_a_merged_chart_when_a_session_of_it_is_moved() -> None:
    story = given(*OVER, *HERS)
    moved = story.when(MOVED).recorded(MOVED)
    assert [type(fact) for fact in moved.facts[8:]] == [MergedInto]


def test_the_admission_is_put_right_when_the_charts_are_separated() -> None:
    story = given(*OVER, *HERS, MOVED)
    anew = admitted(MONDAY, on="2026-03-01")
    story.when(strike(9)).recorded(EnteredInError(target=9), EnteredInError(target=7), anew)
    assert story.broken == []


def test_charts_whose_sessions_stayed_are_separated_without_more() -> None:
    given(*OVER, *HERS).when(strike(9)).recorded(EnteredInError(target=9))
