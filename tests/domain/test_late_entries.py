"""How late a site records: the figures, against the plainest way to count them."""

from __future__ import annotations

from datetime import date
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from domain.late_entries import Per, Tally, Timed

ENTRIES = st.builds(
    Timed,
    kind=st.sampled_from(["AttendanceRecorded", "Discharged"]),
    by=st.sampled_from(["system", "staff/1"]),
    recorded_on=st.dates(date(2026, 1, 1), date(2026, 2, 1)),
    minutes=st.integers(0, 10_000),
    is_late=st.booleans(),
    has_reason=st.booleans(),
)


@given(entries=st.lists(ENTRIES, max_size=40))
def test_the_figures_are_those_of_counting_by_hand(entries: list[Timed]) -> None:
    tally = Tally()
    for one in entries:
        tally.add(one)
    told = tally.record()
    late = [one for one in entries if one.is_late]
    assert (told["entries"], told["late"]) == (len(entries), len(late))
    assert told["late_with_reason"] == sum(one.has_reason for one in late)
    assert told["late_with_reason"] + told["late_without_reason"] == told["late"]
    if not entries:
        assert told["median_minutes"] is told["p90_minutes"] is told["longest_minutes"] is told["late_share"] is None
        return
    minutes = [one.minutes for one in entries]
    for name, share in (("median_minutes", 0.5), ("p90_minutes", 0.9), ("longest_minutes", 1)):
        # The smallest that so many are at or below.
        enough = ceil(round(share * len(minutes), 9))
        assert told[name] in minutes
        assert sum(each <= told[name] for each in minutes) >= enough
        assert sum(each < told[name] for each in minutes) < enough
    assert abs(told["late_share"] - len(late) / len(entries)) <= 0.00005


@given(one=ENTRIES)
def test_an_entry_is_counted_with_its_kind_its_person_and_the_week_of_its_recording(one: Timed) -> None:
    year, week, _ = one.recorded_on.isocalendar()
    assert one.counted(Per.KIND) == one.kind
    assert one.counted(Per.PERSON) == one.by
    assert one.counted(Per.WEEK) == f"{year}-W{week:02}"
