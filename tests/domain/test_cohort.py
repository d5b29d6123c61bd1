"""A cohort: formed once, meeting by a weekly pattern."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.cohort import Cohort, Pattern
from domain.cohort import formed as known_cohort
from domain.record import EnteredInError
from domain.refused import Refused
from domain.site import fold_cohort
from tests.domain.cast import ADMINISTRATOR, COUNSELOR, FRONT_DESK, day, formed
from tests.domain.given import given, of_cohort

NEW = UUID(int=0xC09)


def test_a_cohort_is_formed_with_its_seats_and_its_pattern() -> None:
    story = given(of_cohort(NEW, formed()))
    pattern = Pattern(
        weekdays=("mon", "tue", "thu"), starts="18:00", ends="21:00", effective_on=day("2026-01-05"), version=1
    )
    assert story.state(f"cohort/{NEW}") == Cohort(
        cohort_id=NEW,
        version=1,
        name="Evenings",
        program="iop",
        capacity=12,
        formed_on=day("2026-01-05"),
        patterns=(pattern,),
    )


def test_a_cohort_is_formed_once() -> None:
    given(of_cohort(NEW, formed())).when(of_cohort(NEW, formed())).refused("cohort.already-formed")


@pytest.mark.parametrize("weekdays", [(), ("monday",), ("mon", "mon"), ("Mon",), ("",), ("mon", "someday")], ids=str)
def test_a_cohort_meets_on_weekdays_that_exist(weekdays: tuple[str, ...]) -> None:
    given().when(of_cohort(NEW, formed(weekdays=weekdays))).refused("cohort.weekdays")


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts": "6 pm"},
        {"starts": "18"},
        {"starts": "1800"},
        {"ends": "24:00"},
        {"ends": "21:60"},
        {"ends": "21:00:00"},
        {"starts": "18:00+01:00"},
        {"starts": "T18:00"},
        {"ends": ""},
        {"ends": "21:00 "},
        {"ends": "21:00\n"},
        {"starts": "\u0967\u096e:\u0966\u0966"},
    ],
    ids=str,
)
def test_a_block_has_local_times(wrong: dict[str, Any]) -> None:
    given().when(of_cohort(NEW, formed(**wrong))).refused("cohort.times", naming="18:00")


@pytest.mark.parametrize("ends", ["18:00", "17:59", "09:00"])
def test_a_block_ends_after_it_starts(ends: str) -> None:
    given().when(of_cohort(NEW, formed(ends=ends))).refused("cohort.ends-before-it-starts")


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_cohort_has_a_seat(capacity: int) -> None:
    given().when(of_cohort(NEW, formed(capacity=capacity))).refused("cohort.capacity")
    given().when(of_cohort(NEW, formed(capacity=1))).recorded()


def test_a_cohort_is_formed_by_who_runs_groups_or_an_administrator() -> None:
    given().when(of_cohort(NEW, formed()), by=COUNSELOR).recorded()
    given().when(of_cohort(NEW, formed()), by=ADMINISTRATOR).recorded()
    given().when(of_cohort(NEW, formed()), by=FRONT_DESK).refused("act.not-permitted")


def test_a_cohort_meets_on_the_days_of_its_pattern() -> None:
    cohort: Cohort = given(of_cohort(NEW, formed())).state(f"cohort/{NEW}")
    week = [f"2026-03-0{n}" for n in range(2, 9)]
    assert [on for on in week if cohort.meets_on(day(on))] == ["2026-03-02", "2026-03-03", "2026-03-05"]


def test_before_its_first_pattern_a_cohort_has_the_first() -> None:
    cohort: Cohort = given(of_cohort(NEW, formed())).state(f"cohort/{NEW}")
    assert cohort.pattern_on(day("2020-01-06")) == cohort.patterns[0]


def test_a_cohort_that_is_not_there_never_meets() -> None:
    assert Cohort(cohort_id=NEW).pattern_on(day("2026-03-02")) is None
    assert not Cohort(cohort_id=NEW).meets_on(day("2026-03-02"))


def test_a_cohort_whose_forming_was_struck_is_unknown() -> None:
    story = given(of_cohort(NEW, formed())).restored(f"cohort/{NEW}", EnteredInError(target=1))
    cohort: Cohort = story.state(f"cohort/{NEW}")
    assert (cohort.version, cohort.formed_on) == (2, None)
    with pytest.raises(Refused) as refused:
        known_cohort(cohort)
    assert refused.value.rule == "cohort.unknown"
    story.when(of_cohort(NEW, formed())).recorded()


def test_a_cohort_without_entries_is_unknown() -> None:
    assert fold_cohort(NEW, []) == Cohort(cohort_id=NEW)
    with pytest.raises(Refused, match=r"cohort\.unknown"):
        known_cohort(None)
