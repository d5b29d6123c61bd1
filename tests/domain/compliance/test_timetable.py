"""A timetable holds the sessions of its days as the wall of the site shows them, wherever on earth it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.compliance.period import Period
from domain.compliance.timetable import Timetable, lay_out
from domain.session import Modality, Plan, Session
from domain.week import Week

WEEK = Week.parse("2026-W10")
MINUTE = timedelta(minutes=1)
ZONES = ("Pacific/Kiritimati", "America/New_York", "UTC", "Etc/GMT+12", "Pacific/Pago_Pago")


def at(on: date, zone: ZoneInfo) -> datetime:
    """The first minute of a date there."""
    return datetime.combine(on, time(), tzinfo=zone)


def session(number: int, starts_at: datetime, *before: datetime) -> Session:
    starts = [*before, starts_at]
    return Session(
        session_id=UUID(int=number),
        version=len(starts),
        starts_at=starts_at,
        ends_at=starts_at.astimezone(UTC) + timedelta(hours=1),
        scheduled_version=len(starts),
        plans=tuple(Plan(starts_at=one, version=version) for version, one in enumerate(starts, start=1)),
    )


def laid_out(zone: ZoneInfo, *sessions: Session) -> Timetable:
    return lay_out(
        sessions,
        Period.of_week(WEEK),
        zone=zone,
        modalities=frozenset(Modality),
        as_of=WEEK.sunday,
        known_at=at(WEEK.sunday + timedelta(days=30), zone),
    )


@pytest.mark.parametrize("name", ZONES)
def test_the_first_and_the_last_minute_of_the_week_are_of_it_and_no_other(name: str) -> None:
    zone = ZoneInfo(name)
    begins, ends = at(WEEK.monday, zone), at(WEEK.sunday + timedelta(days=1), zone)
    starts = [begins - MINUTE, begins, ends - MINUTE, ends]
    # Whatever offset a start was told with.
    for spelt in (UTC, zone, timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))):
        timetable = laid_out(zone, *(session(n, start.astimezone(spelt)) for n, start in enumerate(starts)))
        assert {key.int: slot.day for key, slot in timetable.slots.items()} == {1: WEEK.monday, 2: WEEK.sunday}


@pytest.mark.parametrize("name", ZONES)
def test_the_week_has_lost_what_was_moved_far_away(name: str) -> None:
    zone = ZoneInfo(name)
    there, away = at(WEEK.monday, zone), at(WEEK.monday + timedelta(days=40), zone)
    timetable = laid_out(zone, session(1, away, there), session(2, there, away))
    _, lost = timetable.of_session[1]
    assert [one.day for one in lost] == [WEEK.monday]
    assert [key.int for key in timetable.slots] == [2]


def test_a_slot_names_the_facts_that_planned_it_and_moved_it_last() -> None:
    zone = ZoneInfo("America/New_York")
    [slot] = laid_out(
        zone, session(3, at(WEEK.monday, zone), at(WEEK.sunday, zone), at(WEEK.sunday, zone))
    ).slots.values()
    stream = f"session/{UUID(int=3)}"
    assert slot.name == stream
    assert slot.planned_by == slot.facts == (f"{stream}@1", f"{stream}@3")
