"""Synthetic lives: the same for a seed, in order, with all that the field brings, near to what is published."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from domain.catalog import FACTS
from domain.chart.screening import ScreeningOrdered
from domain.chart.step_down import Answer, StepDownAnswered
from domain.record import Recorded
from domain.session import CancellationCause, SessionCancelled, SessionHeld
from exchange.simulate.measuring import Tally
from exchange.simulate.rates import USUAL
from exchange.simulate.site import lives, programs
from exchange.simulate.telling import Telling
from exchange.simulate.writing import write
from exchange.simulate.year import easter, holidays

NEVER_TOLD = {
    # Of whole sites and files, of emergencies, and of what no clinic does every year.
    "LegalHoldSet",
    "LegalHoldReleased",
    "KeyDestroyed",
    "StaffArrived",
    "StaffLeft",
    "CohortScheduleChanged",
    "CohortClosed",
    "ChartLinked",
    "ChartsMerged",
    "MergedInto",
    "EpisodeCarriedOver",
    "BreakGlassOpened",
    "BreakGlassReviewed",
    "AmendmentDenied",
}


@cache
def told() -> tuple[Sequence[Recorded], Tally]:
    """Three years of a site."""
    tally = Tally()
    (program,) = programs(1, patients=1500, weeks=156, seed=12)
    return list(lives(program, tally)), tally


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    def digest(name: str, seed: int) -> str:
        path = tmp_path / name
        made = programs(1, patients=20, weeks=12, seed=seed)
        (written,) = write(made, path, Tally(), lambda facts: None)
        if path.suffix != ".gz":
            assert sha256(path.read_bytes()).hexdigest() == written.sha256
        return sha256(path.read_bytes()).hexdigest()

    assert digest("one.ndjson", 5) == digest("again.ndjson", 5) != digest("other.ndjson", 6)
    assert digest("one.ndjson.gz", 5) == digest("again.ndjson.gz", 5)


def test_the_bytes_are_the_same_on_every_version_of_python(tmp_path: Path) -> None:
    made = programs(1, patients=20, weeks=12, seed=5)
    (written,) = write(made, tmp_path / "lives.ndjson", Tally(), lambda facts: None)
    assert written.sha256 == "03a190c71e47f3198ddc120dc73ae29f7af6c7f6dbf13e8aa33a804972811751"


def test_positions_and_versions_are_whole_and_times_never_fall() -> None:
    facts, _ = told()
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert all(fact.recorded_at <= later.recorded_at for fact, later in pairwise(facts))
    versions: Counter[str] = Counter()
    for fact in facts:
        versions[fact.stream] += 1
        assert fact.version == versions[fact.stream]


def test_all_that_the_field_brings_is_told() -> None:
    facts, _ = told()
    kinds = {type(fact.fact).__name__ for fact in facts}
    known = {kind.__name__ for of in ("facility", "cohort", "session", "chart") for kind in FACTS[of]}
    assert known - kinds == NEVER_TOLD
    causes = {fact.fact.cause for fact in facts if isinstance(fact.fact, SessionCancelled)}
    assert causes == {CancellationCause.HOLIDAY, CancellationCause.WEATHER, CancellationCause.FACILITY}
    answers = {fact.fact.answer for fact in facts if isinstance(fact.fact, StepDownAnswered)}
    assert answers == set(Answer)
    offsets = {fact.fact.started_at.utcoffset() for fact in facts if isinstance(fact.fact, SessionHeld)}
    assert offsets == {timedelta(hours=-4), timedelta(hours=-5)}


def test_screens_are_drawn_by_lots_on_record() -> None:
    facts, _ = told()
    draws = {f"{fact.stream}@{fact.version}": fact.fact for fact in facts if fact.stream.startswith("facility/")}
    for fact in facts:
        if isinstance(fact.fact, ScreeningOrdered):
            assert fact.envelope.causation_id is not None
            assert fact.stream.removeprefix("chart/") in map(str, draws[fact.envelope.causation_id].drawn)


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("discharged: completed", 4),
        ("discharged: dropped_out", 4),
        ("discharged: transferred", 4),
        ("median stay: completed", 3),
        ("median stay: transferred", 5),
        ("median stay: dropped_out", 5),
        ("enrolled who never come", 3),
        ("sessions attended", 3),
        ("missed with an excuse", 4),
        ("attendance corrected", 0.5),
        ("attendance entered late", 0.5),
        ("screens positive, unexpected", 4),
        ("positives overturned", 4),
        ("specimens dilute", 1),
        ("screens refused", 1),
    ],
)
def test_what_was_aimed_at_is_reached(name: str, within: float) -> None:
    _, tally = told()
    (measure,) = (one for one in tally.measures(USUAL) if one.name == name)
    assert measure.reached == pytest.approx(float(measure.aimed), abs=within)


def test_what_is_kept_does_not_grow_with_the_run() -> None:
    def peak(weeks: int) -> int:
        (program,) = programs(1, patients=2 * weeks, weeks=weeks, seed=2)
        tracemalloc.start()
        told = sum(1 for _ in lives(program, Tally()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert told > 200 * weeks
        return most

    # Three times the run would be three times the memory; some days are fuller than others.
    assert peak(90) < 1.8 * peak(30)


def test_nothing_is_told_before_what_was_recorded() -> None:
    telling = Telling("north", "America/New_York", seed=1)
    stream = telling.stream("facility", "north")
    noon = telling.at(date(2026, 3, 2), 12)
    telling.system(noon, stream, object())
    assert len(list(telling.until(noon + timedelta(minutes=1)))) == 1
    with pytest.raises(ValueError, match="too late"):
        telling.system(noon, stream, object())


def test_local_times_follow_the_change_of_the_clocks() -> None:
    at = Telling("north", "America/Kentucky/Louisville", seed=1).at
    assert at(date(2026, 3, 7), 18) == datetime.fromisoformat("2026-03-07T18:00:00-05:00")
    assert at(date(2026, 3, 9), 18) == datetime.fromisoformat("2026-03-09T18:00:00-04:00")


def test_holidays_are_where_the_calendar_has_them() -> None:
    assert [easter(year) for year in (2024, 2025, 2026)] == [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
    found = dict(holidays(date(2025, 1, 1), date(2025, 12, 31)))
    assert found[date(2025, 5, 26)] == "Memorial Day"
    assert found[date(2025, 9, 1)] == "Labor Day"
    assert found[date(2025, 11, 27)] == "Thanksgiving"
