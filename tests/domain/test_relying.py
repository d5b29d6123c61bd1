"""What in a chart rests on a fact: what a strike of it would be refused for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.catalog import BY_NAME
from domain.chart import fold
from domain.chart.judgement import broken
from domain.record import EnteredInError, Recorded, replaced_by, stream_uuid, struck
from domain.relying import DECISIONS, resting_on
from domain.scene import Scene
from tests.sample_program import known, sample, site_of

CHARTS = {stream: entries for stream, entries in known(sample()).items() if stream.startswith("chart/")}
SITE = site_of(sample())
SCENE = Scene(
    ledger="lexington",
    at=sample()[-1].recorded_at,
    facility=SITE.facility,
    cohorts=SITE.cohorts,
    sessions=SITE.sessions,
)


def without(entries: list[Recorded], version: int) -> set[int]:
    """What would be broken by a strike of it, and isn't now."""
    last = entries[-1]
    strike = replace(last, version=last.version + 1, fact=EnteredInError(target=version))
    patient_id = stream_uuid(last.stream)
    return set(broken(fold(patient_id, [*entries, strike]), SCENE)) - set(broken(fold(patient_id, entries), SCENE))


@pytest.mark.parametrize("stream", sorted(CHARTS)[::9])
def test_what_rests_on_a_fact_is_what_would_forbid_its_strike(stream: str) -> None:
    entries = CHARTS[stream]
    taken = struck(entries) | replaced_by(entries).keys()
    for entry in entries:
        if entry.version in taken or isinstance(entry.fact, EnteredInError) or hasattr(entry.fact, "corrects"):
            continue
        resting = resting_on(stream_uuid(stream), entries, entry.version, SCENE)
        assert {one.version for one in resting} == without(entries, entry.version) - {entry.version}, entry.name


def test_without_the_registration_nothing_holds_and_without_the_last_fact_everything_does() -> None:
    stream, entries = next(iter(CHARTS.items()))
    patient_id = stream_uuid(stream)
    assert len(resting_on(patient_id, entries, 1, SCENE)) > len(entries) / 2
    assert resting_on(patient_id, entries, entries[-1].version, SCENE) == []


def test_decisions_are_kinds_of_facts() -> None:
    assert set(BY_NAME) >= DECISIONS
