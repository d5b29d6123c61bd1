"""What is on record, read a second time and naively: plain loops over raw entries, each function one sentence of the
compliance rules, which it quotes. Nothing here is shared with the rules of the domain but the shapes of the facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.record import EnteredInError, Entry
from domain.session import SessionKind

NO_HOURS = ("aftercare", "alumni")
BY_RECORD_ONLY = ("individual", "case_management", "crisis")


@dataclass
class Sitting:
    """A session as its facts leave it."""

    session_id: UUID
    cohort_id: UUID | None
    kind: SessionKind
    starts_at: datetime
    ends_at: datetime
    held: Any = None
    cancelled: bool = False


@dataclass
class Care:
    """An episode as its facts leave it. `changes` are dated and named after their facts, in the order of recording."""

    episode_id: UUID
    enrolled_on: date | None = None
    admitted_on: date | None = None
    ended_on: date | None = None
    changes: list[tuple[date, str]] = field(default_factory=list)
    cohorts: list[tuple[date, int, UUID]] = field(default_factory=list)
    exempt: list[tuple[date, date | None]] = field(default_factory=list)


@dataclass
class Person:
    """`records` are the live attendance facts, by session."""

    patient_id: UUID
    care: dict[UUID, Care] = field(default_factory=dict)
    records: dict[UUID, Any] = field(default_factory=dict)


@dataclass
class Known:
    """A site as known at a moment, as of a date."""

    zone: ZoneInfo
    as_of: date
    known_at: datetime
    sittings: list[Sitting]
    people: list[Person]
    patterns: dict[UUID, list[tuple[date, int, Sequence[str]]]]
    staff: list[Any]


# ---- what counts


def counting(entries: Sequence[Entry], known_at: datetime) -> list[Entry]:
    """ "The facts used are those known at the report's `known_at` (recorded at or before it). … A correction replaces
    what it corrects; an event entered in error counts for nothing (a struck correction brings back what it had
    replaced)." """
    known = [entry for entry in entries if entry.recorded_at <= known_at]
    struck = [entry.fact.target for entry in known if isinstance(entry.fact, EnteredInError)]
    stand = [e for e in known if e.version not in struck and not isinstance(e.fact, EnteredInError)]
    replaced = [entry.fact.corrects for entry in stand if hasattr(entry.fact, "corrects")]
    return [entry for entry in stand if entry.version not in replaced]


def happened_by(as_of: date, on: date) -> bool:
    """ "`as_of` means the end of that date … What happened later … doesn't count." """
    return on <= as_of


def read(streams: Mapping[str, Sequence[Entry]], as_of: date, known_at: datetime) -> Known:
    """The site from the raw entries of its streams."""
    known = Known(ZoneInfo("UTC"), as_of, known_at, [], [], {}, [])
    for stream, entries in streams.items():
        kind, _, key = stream.partition("/")
        facts = [(entry.version, entry.fact) for entry in counting(entries, known_at)]
        if kind == "facility":
            for _version, fact in facts:
                if type(fact).__name__ == "FacilityOpened":
                    known.zone = ZoneInfo(fact.zone)
                known.staff.append(fact)
        if kind == "cohort":
            known.patterns[UUID(key)] = [
                (fact.effective_on if hasattr(fact, "effective_on") else fact.on, version, fact.weekdays)
                for version, fact in facts
                if hasattr(fact, "weekdays")
            ]
        if kind == "session" and (sitting := sitting_of(UUID(key), facts)) is not None:
            known.sittings.append(sitting)
        if kind == "chart":
            known.people.append(person_of(UUID(key), facts, as_of))
    return known


def sitting_of(session_id: UUID, facts: list[tuple[int, Any]]) -> Sitting | None:
    """ "Program day: local date of the session's scheduled start (as last rescheduled)." "Session interval: actual
    start to actual end; the latest recorded values win." """
    sitting: Sitting | None = None
    for _version, fact in facts:
        name = type(fact).__name__
        if name == "SessionScheduled":
            sitting = Sitting(session_id, fact.cohort_id, fact.kind, fact.starts_at, fact.ends_at)
        if sitting is not None and name == "SessionRescheduled":
            sitting.starts_at, sitting.ends_at = fact.starts_at, fact.ends_at
        if sitting is not None and name in ("SessionHeld", "SessionTimesCorrected"):
            sitting.held = fact
        if sitting is not None and name == "SessionCancelled":
            sitting.cancelled = True
    return sitting


def person_of(patient_id: UUID, facts: list[tuple[int, Any]], as_of: date) -> Person:
    """ "What happened later (local date of the fact's `on`, `at` or `_at` …) doesn't count; plans (patterns,
    assignments, exemptions, prescriptions), corrections and undated facts always do." """
    person = Person(patient_id)
    for version, fact in facts:
        name = type(fact).__name__
        if name in ("AttendanceRecorded", "AttendanceCorrected"):
            person.records[fact.session_id] = fact
        if not hasattr(fact, "episode_id"):
            continue
        care = person.care.setdefault(fact.episode_id, Care(fact.episode_id))
        if name == "CohortAssigned":
            care.cohorts.append((fact.effective_on, version, fact.cohort_id))
        if name == "FamilyExemptionGranted":
            care.exempt.append((fact.from_on, fact.to_on))
        if not hasattr(fact, "on") or not happened_by(as_of, fact.on):
            continue
        if name == "Enrolled":
            care.enrolled_on = fact.on
            care.cohorts.append((fact.on, version, fact.cohort_id))
        if name == "Admitted":
            care.admitted_on = fact.on
        if name in ("Discharged", "NotAdmitted"):
            care.ended_on = fact.on
        care.changes.append((fact.on, name))
    return person


# ---- dates


def dates(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def program_day(known: Known, sitting: Sitting) -> date:
    """ "Local date of the session's scheduled start (as last rescheduled), also when it crosses midnight." """
    return sitting.starts_at.astimezone(known.zone).date()


def sittings_of(known: Known, first: date, last: date) -> list[Sitting]:
    """Those on a program day of the period, by `as_of` (of sessions and attendance, the program day). "Cancelled or not
    (yet) recorded as held: none [no interval]." "A record in a session that is cancelled counts nowhere." """
    found = []
    for sitting in known.sittings:
        on = program_day(known, sitting)
        if first <= on <= last and happened_by(known.as_of, on) and not sitting.cancelled:
            found.append(sitting)
    return found


def active_dates(care: Care, last: date) -> set[date]:
    """ "Episode state is ACTIVE on that date. Admission date (first direct service) counts; the discharge date counts;
    the effective date of a step-down to tapering, and the first and the last date of a hold (`HoldEnded.on`), do not;
    the date of a step-up counts. After a hold the state before it returns." "On dates after `as_of`, who is active
    stays active": later changes aren't here, so that nothing changes then."""
    active: set[date] = set()
    if care.admitted_on is None:
        return active
    state, before = "", ""
    for on in dates(care.admitted_on, last):
        today = [name for when, name in care.changes if when == on]
        if on == care.admitted_on:
            state = "active"
        if "StepDownTookEffect" in today:
            state = "tapering"
        if "StepUpDecided" in today:
            state = "active"
        if "HoldStarted" in today:
            state, before = "on hold", state
        if state == "active":
            active.add(on)
        if "HoldEnded" in today:
            state = before
        if "Discharged" in today:
            break
    return active


def enrolled_in(care: Care, first: date, last: date) -> bool:
    """ "Enrolled on a date of the week (`Enrolled.on`, if by `as_of`, to discharge or `NotAdmitted`)." """
    if care.enrolled_on is None:
        return False
    return any(care.enrolled_on <= on and (care.ended_on is None or on <= care.ended_on) for on in dates(first, last))


def cohort_of(episodes: list[Care], on: date) -> UUID | None:
    """ "That of the latest enrollment or assignment effective by then, in the episodes enrolled in the period; before
    the first of them, the first." """
    plans = sorted(plan for care in episodes for plan in care.cohorts)
    found: UUID | None = None
    for effective_on, _version, cohort_id in plans:
        if found is None or effective_on <= on:
            found = cohort_id
    return found


def scheduled_dates(known: Known, episodes: list[Care], first: date, last: date) -> list[date]:
    """ "Dates of the period on which the patient's cohort *of that date* meets by its weekly pattern of that date
    (before the first: the first), whether or not a session was planned, cancelled or moved, or the cohort closed." """
    found = []
    for on in dates(first, last):
        cohort_id = cohort_of(episodes, on)
        weekdays: Sequence[str] = ()
        if cohort_id is not None:
            patterns = sorted(known.patterns[cohort_id])
            weekdays = patterns[0][2]
            for effective_on, _version, meets in patterns:
                if effective_on <= on:
                    weekdays = meets
        if ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[on.weekday()] in weekdays:
            found.append(on)
    return found


# ---- credit


def countable(sitting: Sitting) -> bool:
    """ "Session kinds that earn hours: every kind except `aftercare` and `alumni`, in the modalities that the rule set
    names (`landmark-iop`: both)." """
    return sitting.kind.value not in NO_HOURS


def seconds(first: datetime, end: datetime) -> set[int]:
    """ "Durations come from instants (UTC)." "Intervals include their start, not their end." """
    return set(range(round(first.timestamp()), round(end.timestamp())))


def interval(sitting: Sitting) -> set[int]:
    return seconds(sitting.held.started_at, sitting.held.ended_at) if sitting.held is not None else set()


def presence(record: Any) -> set[int]:
    """ "`arrived_at` to `left_at` of one patient in one session." "Absent (excused or not): nothing." """
    return seconds(record.arrived_at, record.left_at) if record.outcome.value == "attended" else set()


def in_treatment(known: Known, person: Person, record: Any, sitting: Sitting) -> bool:
    """ "From admission to discharge date (both included), whatever the state between." """
    care = person.care[record.episode_id]
    on = program_day(known, sitting)
    if care.admitted_on is None or on < care.admitted_on:
        return False
    return care.ended_on is None or on <= care.ended_on


def credited(known: Known, person: Person, sitting: Sitting) -> set[int]:
    """ "Presence ∩ session interval, from admission to discharge date." """
    record = person.records.get(sitting.session_id)
    if record is None or not in_treatment(known, person, record, sitting):
        return set()
    return presence(record) & interval(sitting)


def over(known: Known, sitting: Sitting) -> bool:
    end = sitting.held.ended_at if sitting.held is not None else sitting.ends_at
    return bool(end <= known.known_at)


def expected(
    known: Known, person: Person, episodes: list[Care], active: set[date], first: date, last: date
) -> list[Sitting]:
    """ "Countable, not cancelled, on a program day when the patient is active, and either of the patient's cohort of
    that date or with an attendance record of the patient's, attended or absent (make-ups, one-to-one). `individual`,
    `case_management`, `crisis`: by record only. A session not over at `known_at` counts only with a record of the
    patient's." """
    found = []
    for sitting in sittings_of(known, first, last):
        on = program_day(known, sitting)
        by_record = sitting.session_id in person.records
        by_cohort = sitting.cohort_id is not None and sitting.cohort_id == cohort_of(episodes, on)
        if sitting.kind.value in BY_RECORD_ONLY or not over(known, sitting):
            by_cohort = False
        if countable(sitting) and on in active and (by_record or by_cohort):
            found.append(sitting)
    return found
