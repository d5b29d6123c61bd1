"""What is late, what lies in the future, and what needs a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain import recording
from domain.chart.enrollment import HoldStarted
from domain.facility import HolidayDeclared, RuleSetAdopted
from domain.record import Entry, Envelope, Source
from domain.session import SessionHeld, SessionRescheduled, StaffPresence
from tests.domain import care, cast
from tests.domain.cast import (
    ACTIVE,
    COUNSELOR,
    CRISIS,
    ENROLLED,
    MONDAY,
    NEXT_MONDAY,
    PLANNED,
    TUESDAY,
    ZONE,
    absent,
    attended,
    corrected,
    credentialed,
    day,
    discharged,
    hold_started,
    inquired,
    local,
    registered,
    staff_uuid,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import given, of, said

LATE = "entry.late-without-reason"
FUTURE = "entry.in-the-future"


def late(happened: str, hours: int = 24, **more: float) -> tuple[str, str]:
    """Two local times of recording: so long after it happened, and a second later."""
    last = local(happened) + timedelta(hours=hours, **more)
    return _wall(last), _wall(last + timedelta(seconds=1))


def _wall(instant: datetime) -> str:
    return instant.astimezone(ZONE).replace(tzinfo=None).isoformat(sep=" ")


# ---- late: more than 24 hours after it happened


def test_attendance_is_late_a_day_after_the_patient_left() -> None:
    last, too_late = late("2026-03-02 21:00")
    given(*ENROLLED).when(attended(MONDAY), at=last).recorded()
    given(*ENROLLED).when(attended(MONDAY), at=too_late).refused(LATE)


def test_arrival_does_not_make_attendance_late() -> None:
    """Through midnight: a day after arriving, less than a day after leaving."""
    given(*ACTIVE).when(attended(CRISIS), at="2026-03-06 23:30").recorded()


def test_an_absence_is_late_a_day_after_the_session_was_to_end() -> None:
    last, too_late = late("2026-03-02 21:00")
    given(*ENROLLED).when(absent(MONDAY), at=last).recorded()
    given(*ENROLLED).when(absent(MONDAY), at=too_late).refused(LATE)


def test_an_absence_from_a_moved_session_is_late_by_the_new_end() -> None:
    moved = SessionRescheduled(starts_at=local("2026-03-04 18:00"), ends_at=local("2026-03-04 21:00"))
    last, too_late = late("2026-03-04 21:00")
    given(*ENROLLED, of(MONDAY, moved)).when(absent(MONDAY), at=last).recorded()
    given(*ENROLLED, of(MONDAY, moved)).when(absent(MONDAY), at=too_late).refused(LATE)


def test_a_held_session_is_late_a_day_after_it_ended() -> None:
    last, too_late = late("2026-03-02 21:00")
    given().when(of(MONDAY, EVERY["SessionHeld"]), at=last).recorded()
    given().when(of(MONDAY, EVERY["SessionHeld"]), at=too_late).refused(LATE)


@pytest.mark.parametrize(
    ("fact", "happened"),
    [
        (care.collected("2026-03-03 17:30"), "2026-03-03 17:30"),
        (care.specimen_refused("2026-03-03 17:30"), "2026-03-03 17:30"),
        (care.outreach("2026-03-04 10:00"), "2026-03-04 10:00"),
        (care.breath("2026-03-03 17:45"), "2026-03-03 17:45"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_happened_at_an_instant_is_late_a_day_after_it(fact: Any, happened: str) -> None:
    last, too_late = late(happened)
    story = given(*ACTIVE, care.ordered())
    story.when(fact, at=last).recorded()
    given(*ACTIVE, care.ordered()).when(fact, at=too_late).refused(LATE)


def test_a_first_contact_is_late_a_day_after_it() -> None:
    last, too_late = late("2026-02-25 12:00")
    given(registered).when(inquired(), at=last).recorded()
    given(registered).when(inquired(), at=too_late).refused(LATE)


@pytest.mark.parametrize(
    "fact",
    [
        hold_started("2026-03-04"),
        care.level_assessed("2026-03-04"),
        discharged("2026-03-04"),
        care.plan_signed("2026-03-04"),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_is_dated_is_late_a_day_after_the_end_of_its_date(fact: Any) -> None:
    last, too_late = late("2026-03-05 00:00")
    given(*ACTIVE).when(fact, at=last).recorded()
    given(*ACTIVE).when(fact, at=too_late).refused(LATE)


@pytest.mark.parametrize(
    "fact",
    [registered, care.consented(), care.prescribed(), care.trigger(), care.exempted("2026-01-10")],
    ids=lambda fact: type(fact).__name__,
)
def test_what_has_no_date_of_its_own_is_never_late(fact: Any) -> None:
    """Birth dates, signatures of consent and the dates of a prescription are not when the fact took place."""
    story = given() if fact is registered else given(*ACTIVE)
    story.when(fact, at="2026-06-01 09:00").recorded()


def test_plans_are_never_late() -> None:
    moved = SessionRescheduled(starts_at=local("2026-02-02 18:00"), ends_at=local("2026-02-02 21:00"))
    given().when(of(TUESDAY, moved), at="2026-06-01 09:00").recorded()
    given(*ACTIVE).when(care.assigned("2026-03-04"), at="2026-06-01 09:00").recorded()


def test_a_holiday_declared_afterwards_is_late() -> None:
    last, too_late = late("2026-04-07 00:00")
    easter = HolidayDeclared(on=day("2026-04-06"), name="Easter Monday")
    given().when(easter, at=last).recorded()
    given().when(easter, at=too_late).refused(LATE)


def test_a_late_discharge_is_late_by_its_date_not_by_the_last_service() -> None:
    given(*ACTIVE).when(discharged("2026-03-20", last_service_on="2026-03-02"), at="2026-03-20 18:00").recorded()


def test_a_late_entry_is_recorded_with_its_reason() -> None:
    story = given(*ENROLLED)
    story.when(attended(MONDAY), at="2026-03-09 09:00", reason="The tablet was offline.").recorded()


@pytest.mark.parametrize("reason", [None, "", "   ", "\n\t"])
def test_an_empty_reason_is_none(reason: str | None) -> None:
    given(*ENROLLED).when(attended(MONDAY), at="2026-03-09 09:00", reason=reason).refused(LATE)


# ---- the end of a local date, where the clocks change


@pytest.mark.parametrize(
    ("on", "ends"),
    [
        ("2026-03-07", "2026-03-08T05:00Z"),
        ("2026-03-08", "2026-03-09T04:00Z"),  # 23 hours long
        ("2026-10-31", "2026-11-01T04:00Z"),
        ("2026-11-01", "2026-11-02T05:00Z"),  # 25 hours long
    ],
)
def test_a_local_date_ends_with_its_last_hour(on: str, ends: str) -> None:
    assert recording.happened_at(hold_started(on), ZONE) == datetime.fromisoformat(ends)


@pytest.mark.parametrize(
    ("on", "last"),
    [
        ("2026-03-07", "2026-03-09T01:00:00"),
        ("2026-03-08", "2026-03-10T00:00:00"),
        ("2026-11-01", "2026-11-03T00:00:00"),
    ],
)
@pytest.mark.parametrize("clock", [UTC, ZONE, timezone(timedelta(hours=9))], ids=str)
def test_a_day_is_24_hours_whatever_the_wall_and_the_writers_clock_say(on: str, last: str, clock: Any) -> None:
    """From the end of Saturday 2026-03-07 to 01:00 on Monday are 24 hours: Sunday has 23."""
    at = datetime.fromisoformat(last).replace(tzinfo=ZONE).astimezone(clock)
    for recorded_at, expected in ((at, False), (at + timedelta(seconds=1), True)):
        assert recording.is_late(_entry(hold_started(on), recorded_at), ZONE) is expected


def test_a_day_is_24_hours_for_instants_of_one_zone() -> None:
    """Both on the wall clock of the site, with the night of the change between them."""
    arrived, left = datetime(2026, 3, 7, 18, tzinfo=ZONE), datetime(2026, 3, 7, 21, tzinfo=ZONE)
    evening = attended(MONDAY, arrived.strftime("%Y-%m-%d %H:%M"), left.strftime("%Y-%m-%d %H:%M"))
    assert not recording.is_late(_entry(evening, datetime(2026, 3, 8, 22, tzinfo=ZONE)), ZONE)
    assert recording.is_late(_entry(evening, datetime(2026, 3, 8, 22, 0, 1, tzinfo=ZONE)), ZONE)


def test_a_date_ends_where_midnight_is_skipped() -> None:
    """In Havana the clocks go from 23:59:59 to 01:00."""
    assert recording.happened_at(hold_started("2026-03-07"), ZoneInfo("America/Havana")) == datetime(
        2026, 3, 8, 5, tzinfo=UTC
    )


def test_an_imported_line_is_late_by_when_it_was_recorded_elsewhere() -> None:
    envelope = Envelope(
        by=COUNSELOR,
        source=Source.IMPORT,
        correlation_id=cast.EPISODE,
        recorded_elsewhere_at=local("2026-03-04 12:00"),
    )
    fact = hold_started("2026-03-04")
    entry = Entry(version=1, recorded_at=local("2026-06-01 12:00"), envelope=envelope, fact=fact)
    assert not recording.is_late(entry, ZONE)


def _entry(fact: Any, recorded_at: datetime) -> Entry:
    envelope = Envelope(by=COUNSELOR, source=Source.WEB, correlation_id=cast.EPISODE)
    return Entry(version=1, recorded_at=recorded_at, envelope=envelope, fact=fact)


# ---- the future: five minutes for an instant, none for a date


def test_an_instant_may_be_five_minutes_ahead() -> None:
    given(*ENROLLED).when(attended(MONDAY), at="2026-03-02 20:55").recorded()
    given(*ENROLLED).when(attended(MONDAY), at="2026-03-02 20:54:59").refused(FUTURE, naming="left_at")


def test_a_date_may_not_be_ahead_at_all() -> None:
    given(*ACTIVE).when(hold_started("2026-03-05"), at="2026-03-05 00:00").recorded()
    given(*ACTIVE).when(hold_started("2026-03-05"), at="2026-03-04 23:59:59").refused(FUTURE, naming="on")


def test_a_date_is_that_of_the_site_not_of_utc() -> None:
    """At 20:00 in Lexington it is tomorrow already in Greenwich."""
    assert local("2026-03-04 20:00").date() == date(2026, 3, 5)
    given(*ACTIVE).when(hold_started("2026-03-05"), at="2026-03-04 20:00").refused(FUTURE)


@pytest.mark.parametrize(
    ("fact", "field"),
    [
        (
            registered.__class__(mrn="1", given_name="A", family_name="B", birth_date=day("2027-01-01"), sex="female"),
            "birth",
        ),
        (discharged("2026-03-05", last_service_on="2026-03-09"), "last_service_on"),
        (care.plan_signed("2026-03-09"), "on"),
        (cast.inquired(at="2026-03-09 12:00"), "first_contact_at"),
        (care.collected("2026-03-09 12:00"), "collected_at"),
        (care.breath("2026-03-09 12:00"), "at"),
    ],
)
def test_nothing_has_happened_that_is_yet_to_come(fact: Any, field: str) -> None:
    given(*ACTIVE, care.ordered()).when(fact, at="2026-03-05 12:00").refused(FUTURE, naming=field)


def test_an_arrival_is_not_ahead_of_the_clock_either() -> None:
    early = attended(MONDAY, arrived="2026-03-02 18:10", left="2026-03-02 18:00")
    given(*ENROLLED).when(early, at="2026-03-02 18:04").refused(FUTURE, naming="arrived_at")


def test_nobody_was_in_the_room_in_time_to_come() -> None:
    presence: StaffPresence = {
        "staff_id": staff_uuid(COUNSELOR),
        "role": "lead",
        "from": local("2026-03-02 18:00"),
        "to": local("2026-03-02 23:00"),
    }
    held = SessionHeld(started_at=local("2026-03-02 18:00"), ended_at=local("2026-03-02 21:00"), staff=(presence,))
    given().when(of(MONDAY, held), at="2026-03-02 21:00").refused(FUTURE, naming="staff")
    given().when(of(MONDAY, held), at="2026-03-02 22:55").recorded()


def test_plans_may_lie_ahead() -> None:
    at = "2026-03-04 12:00"
    for fact in (
        HolidayDeclared(on=day("2026-07-03"), name="Independence Day"),
        RuleSetAdopted(rule_set="landmark-iop", version="1", effective_on=day("2027-01-01")),
        credentialed(COUNSELOR, "2026-02-01", "2028-01-01"),
        care.assigned("2026-04-01"),
        care.recommended("2026-03-04", effective_on="2026-04-01"),
        care.prescribed("2026-03-01", "2026-12-31"),
        of(NEXT_MONDAY, SessionRescheduled(starts_at=local("2026-03-11 18:00"), ends_at=local("2026-03-11 21:00"))),
    ):
        given(*ACTIVE).when(fact, at=at).recorded()


def test_an_excuse_may_be_recorded_before_its_session() -> None:
    given(*ENROLLED).when(absent(NEXT_MONDAY, excused=True), at="2026-03-02 12:00").recorded()


def test_nobody_has_stayed_away_before_the_session_is_over() -> None:
    """By the same five minutes of grace as everything that happens."""
    story = given(*ENROLLED)
    for at in ("2026-03-02 12:00", "2026-03-02 19:00", "2026-03-02 20:54"):
        story.when(absent(MONDAY), at=at).refused(FUTURE, naming="outcome")
    story.when(absent(MONDAY), at="2026-03-02 20:55").recorded()


def test_an_excuse_is_not_taken_back_before_the_session_is_over() -> None:
    story = given(*ENROLLED, said(absent(TUESDAY, excused=True), at="2026-03-02 12:00"))
    unexcused = said(corrected(6, absent(TUESDAY)), reason="Nobody had called.")
    story.when(unexcused, at="2026-03-03 19:00").refused(FUTURE, naming="outcome")
    story.when(unexcused, at="2026-03-03 21:30").recorded()


def test_an_absence_from_a_moved_session_has_its_new_end() -> None:
    moved = SessionRescheduled(starts_at=local("2026-03-04 18:00"), ends_at=local("2026-03-04 21:00"))
    story = given(*ENROLLED, of(MONDAY, moved))
    story.when(absent(MONDAY), at="2026-03-02 21:30").refused(FUTURE, naming="outcome")
    story.when(absent(MONDAY), at="2026-03-04 21:30").recorded()


# ---- years that can't be meant


@pytest.mark.parametrize("year", [1, 1879, 2201, 9999])
def test_a_plan_in_a_year_that_cannot_be_meant_is_refused(year: int) -> None:
    starts = datetime(year, 1, 1, 18, tzinfo=timezone(timedelta(hours=-12)))
    moved = SessionRescheduled(starts_at=starts, ends_at=starts + timedelta(hours=3))
    given(*ENROLLED).when(of(MONDAY, moved)).refused("entry.out-of-time", naming="starts_at")


def test_staff_in_a_year_that_cannot_be_meant_are_refused() -> None:
    begins, ends = local("2026-03-02 18:00"), local("2026-03-02 21:00")
    there: StaffPresence = {
        "staff_id": staff_uuid(COUNSELOR),
        "role": "lead",
        "from": begins.replace(year=20),
        "to": ends,
    }
    held = SessionHeld(started_at=begins, ended_at=ends, staff=(there,))
    given(*ENROLLED).when(of(MONDAY, held)).refused("entry.out-of-time", naming="staff")


# ---- what the staff list says of who acts


def test_the_credential_is_that_of_the_staff_list_whatever_a_token_says() -> None:
    scene = given(*ENROLLED).scene(local("2026-03-02 12:00"))
    for said_so in (None, "MD", COUNSELOR.credential):
        assert recording.as_credentialed(replace(COUNSELOR, credential=said_so), scene) == COUNSELOR


def test_who_is_not_on_the_staff_list_has_no_credential() -> None:
    scene = given(*ENROLLED).scene(local("2026-03-02 12:00"))
    stranger = replace(COUNSELOR, id="staff/00000000-0000-0000-0000-0000000000ff", credential="LCADC")
    assert recording.as_credentialed(stranger, scene).credential is None
    assert recording.as_credentialed(replace(COUNSELOR, role="supervisor"), scene).credential is None


def test_a_moment_of_the_fact_is_told_apart_from_its_plans() -> None:
    assert recording.happened_at(PLANNED[MONDAY], ZONE) is None
    assert (
        recording.happened_at(HoldStarted(episode_id=cast.EPISODE, on=day("2026-03-04"), cause="x"), ZONE) is not None
    )
