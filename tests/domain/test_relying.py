"""What in a chart rests on a fact: what a strike of it would be refused for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.catalog import BY_NAME
from domain.chart import fold
from domain.chart.judgement import broken
from domain.record import EnteredInError, Recorded, live, replaced_by, stream_uuid, struck
from domain.relying import DECISIONS, resting_on, stood
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


def told_of(entries: list[Recorded], version: int) -> list[tuple[int, int | None]]:
    """Where each stretch begins and ends."""
    return [(one.since.version, None if one.until is None else one.until.version) for one in stood(entries, version)]


@pytest.mark.parametrize("stream", sorted(CHARTS)[::9])
def test_a_fact_stood_at_the_versions_whose_fold_had_it(stream: str) -> None:
    entries = CHARTS[stream]
    strikes = {entry.version for entry in entries if isinstance(entry.fact, EnteredInError)}
    counted = [{entry.version for entry in live(entries[:n])} for n in range(1, len(entries) + 1)]
    for version in {entry.version for entry in entries} - strikes:
        stretches = stood(entries, version)
        for n, there in enumerate(counted, start=1):
            assert any(one.has(n) for one in stretches) is (version in there), (version, n)


def test_what_was_corrected_stands_again_once_the_correction_is_struck() -> None:
    entries = next(e for e in CHARTS.values() if any(hasattr(one.fact, "corrects") for one in e))
    correction = next(one for one in entries if hasattr(one.fact, "corrects"))
    corrected = correction.fact.corrects
    first = [one for one in entries if one.version <= correction.version]
    last, n = first[-1], correction.version
    strike = replace(last, version=n + 1, fact=EnteredInError(target=n))
    anew = replace(correction, version=n + 2)
    gone = replace(last, version=n + 3, fact=EnteredInError(target=corrected))
    assert told_of(first, corrected) == [(corrected, n)]
    assert told_of([*first, strike], corrected) == [(corrected, n), (n + 1, None)]
    assert told_of([*first, strike, anew, gone], corrected) == [(corrected, n), (n + 1, n + 2)]
    assert told_of([*first, strike, anew, gone], n) == [(n, n + 1)]
    assert told_of([*first, strike, anew], strike.version) == [(n + 1, None)]
