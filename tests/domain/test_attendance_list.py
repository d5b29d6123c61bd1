"""What is credited for a record, and who came late: by the definitions of the rules, instant by instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.attendance_list import Listed, credited_minutes, program_day, punctuality, state
from domain.compliance.interval import between, minutes, overlap

SIX = datetime(2026, 3, 2, 23, tzinfo=UTC)
"""18:00 in Lexington."""
NINE = SIX + timedelta(hours=3)
DAY = date(2026, 3, 2)
MINUTE = timedelta(minutes=1)


def record(**changed: Any) -> Listed:
    values: dict[str, Any] = {
        "patient_id": "p",
        "starts_at": SIX,
        "session_id": "s",
        "episode_id": "e",
        "cohort_id": None,
        "kind": "group",
        "modality": "in_person",
        "cancelled": False,
        "started_at": SIX,
        "ended_at": NINE,
        "outcome": "attended",
        "arrived_at": SIX,
        "left_at": NINE,
        "family_members": 0,
        "recorded_at": NINE,
        "corrected": False,
        "version": 4,
        "admitted_on": DAY,
        "discharged_on": None,
    }
    return Listed(**(values | changed))


def credited(**changed: Any) -> int:
    return credited_minutes(record(**changed), DAY)


def test_presence_within_the_session_interval_is_credited_in_full_minutes() -> None:
    assert credited() == 180
    assert credited(arrived_at=SIX - 10 * MINUTE, left_at=NINE + 10 * MINUTE) == 180
    assert credited(arrived_at=SIX + timedelta(seconds=1)) == 179
    assert credited(arrived_at=NINE, left_at=NINE + MINUTE) == 0
    assert credited(arrived_at=SIX - 2 * MINUTE, left_at=SIX - MINUTE) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"outcome": "absent_excused", "arrived_at": None, "left_at": None},
        {"started_at": None, "ended_at": None},
        {"kind": "aftercare"},
        {"kind": "alumni"},
        {"admitted_on": None},
        {"admitted_on": date(2026, 3, 3)},
        {"discharged_on": date(2026, 3, 1)},
    ],
)
def test_nothing_is_credited_to_absence_nor_outside_of_treatment(changed: dict[str, Any]) -> None:
    assert credited(**changed) == 0


def test_the_days_of_admission_and_of_discharge_count() -> None:
    assert credited(admitted_on=DAY, discharged_on=DAY) == 180


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"arrived_at": SIX + 5 * MINUTE, "left_at": NINE - 5 * MINUTE}, (False, False)),
        ({"arrived_at": SIX + 5 * MINUTE + timedelta(seconds=1)}, (True, False)),
        ({"left_at": NINE - 5 * MINUTE - timedelta(seconds=1)}, (False, True)),
        ({"arrived_at": None, "left_at": None, "outcome": "absent_unexcused"}, (None, None)),
        ({"started_at": None, "ended_at": None}, (None, None)),
    ],
)
def test_late_and_early_are_more_than_five_minutes(changed: dict[str, Any], expected: tuple[object, object]) -> None:
    assert punctuality(record(**changed)) == expected


def test_the_program_day_is_that_of_the_scheduled_start() -> None:
    assert program_day(record(), ZoneInfo("America/New_York")) == DAY
    assert program_day(record(), ZoneInfo("Asia/Tokyo")) == date(2026, 3, 3)


def test_a_session_is_planned_held_or_cancelled() -> None:
    none: dict[str, Any] = {"started_at": None, "ended_at": None}
    assert [state(record()), state(record(**none)), state(record(cancelled=True, **none))] == [
        "held",
        "planned",
        "cancelled",
    ]


MOMENTS = st.integers(-7200, 18000).map(lambda seconds: SIX + timedelta(seconds=seconds))


@given(st.lists(MOMENTS, min_size=4, max_size=4))
def test_credit_is_the_overlap_that_the_rules_reckon_with(moments: list[datetime]) -> None:
    arrived_at, left_at, started_at, ended_at = moments
    presence, held = between(arrived_at, left_at), between(started_at, ended_at)
    both = None if presence is None or held is None else overlap(presence, held)
    expected = 0 if both is None else minutes([both])
    assert credited(arrived_at=arrived_at, left_at=left_at, started_at=started_at, ended_at=ended_at) == expected
