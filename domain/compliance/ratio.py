"""RAT-1: is there enough qualified staff in the room, at every moment?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from domain.chart import Chart
from domain.chart.attendance import Attendance
from domain.compliance.interval import MINUTE, Interval, between, overlap
from domain.compliance.period import Period
from domain.compliance.rule_set import StaffRatio
from domain.compliance.timetable import held_by, planned_by
from domain.compliance.verdict import Row, Verdict, cited
from domain.facility import Facility
from domain.record import stream_name
from domain.session import Session


@dataclass(frozen=True, slots=True)
class Attended:
    """A record in a chart, and the version by which that chart was merged into another."""

    patient_id: UUID
    record: Attendance
    merged_version: int | None


class Presence:
    """Who attended some sessions, or any, looked up chart by chart: none has to be kept at hand for it."""

    def __init__(self, sessions: Iterable[UUID] | None = None) -> None:
        # As numbers, by which they are looked up sooner.
        self._sessions = None if sessions is None else {session_id.int for session_id in sessions}
        self._found: dict[UUID, list[Attended]] = {}
        self._noted: set[UUID] = set()
        self._merged: dict[UUID, UUID] = {}

    def note(self, chart: Chart) -> None:
        """A further chart of the site."""
        self._noted.add(chart.patient_id)
        merged = chart.merged_into
        if merged is not None:
            self._merged[chart.patient_id] = merged.chart
        for session_id, record in chart.attendances.items():
            if record.attended and (self._sessions is None or session_id.int in self._sessions):
                one = Attended(chart.patient_id, record, None if merged is None else merged.version)
                self._found.setdefault(session_id, []).append(one)

    def of(self, session_id: UUID) -> list[Attended]:
        return self._found.get(session_id, [])

    def person(self, patient_id: UUID) -> UUID:
        """Whose chart it is, once all are noted: a person whose chart was merged is the one that it was merged into."""
        seen = {patient_id}
        while (into := self._merged.get(patient_id)) is not None and into in self._noted:
            patient_id = into
            if patient_id in seen:
                break
            seen.add(patient_id)
        return patient_id


def attended_by(charts: Iterable[Chart]) -> Presence:
    """Who of these attended which session."""
    presence = Presence()
    for chart in charts:
        presence.note(chart)
    return presence


def rat_1(
    session: Session, facility: Facility, presence: Presence, period: Period, as_of: date, terms: StaffRatio
) -> Row | None:
    """RAT-1, session: at every instant at most six patients for each of the qualified staff. Figures: violation
    minutes, the most patients at once, the staff when the ratio was worst (none is the worst), whether patients were
    alone.

    Sessions of any kind, held on a program day of the period by `as_of`; None for others. Family members don't count,
    guests do. Any violation, however short. Source: Landmark (one of the staff to six patients).
    """
    if not is_rated(session, facility, period, as_of):
        return None
    day, interval = session.program_day(facility.clock), _interval(session)
    if interval is None:
        return None
    found = [(presence.person(one.patient_id), one) for one in presence.of(session.session_id)]
    patients = [(person, stay) for person, one in found if (stay := _stay(one.record, interval)) is not None]
    moments = list(_moments(interval, patients, _qualified(session, facility, day, interval)))
    over = [m for m in moments if m.patients > terms.patients_per_staff * m.staff]
    peak = max((m for m in moments if m.patients), key=_ratio, default=None)
    return Row(
        rule=terms.rule,
        subject="session",
        subject_id=str(session.session_id),
        period_start=day,
        period_end=day,
        verdict=Verdict.NOT_MET if over else Verdict.MET,
        value=sum((m.length for m in over), timedelta()) // MINUTE,
        of=0,
        evidence=cited(_evidence(session, facility, found)),
        missing=tuple(_missing(session, facility, day)),
        figures=(
            ("peak_patients", max((m.patients for m in moments), default=0)),
            ("staff_at_peak_ratio", 0 if peak is None else peak.staff),
            ("critical", int(any(m.patients and not m.staff for m in moments))),
        ),
    )


def is_rated(session: Session, facility: Facility, period: Period, as_of: date) -> bool:
    """Whether it was held, on a program day of the period by `as_of`."""
    if session.interval is None or session.starts_at is None:
        return False
    day = session.program_day(facility.clock)
    return day in period and day <= as_of


def _interval(session: Session) -> Interval | None:
    held = session.interval
    return None if held is None else between(held.started_at, held.ended_at)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A stretch in which nobody comes or goes."""

    length: timedelta
    patients: int
    staff: int


def _ratio(moment: _Moment) -> tuple[bool, Fraction, int]:
    """Patients alone are worst, the more the worse."""
    alone = moment.staff == 0
    return alone, Fraction(moment.patients, 1 if alone else moment.staff), moment.patients


def _moments(
    interval: Interval, patients: list[tuple[UUID, Interval]], staff: list[tuple[UUID, Interval]]
) -> Iterator[_Moment]:
    marks: set[datetime] = {interval.start, interval.end}
    marks |= {mark for _, stay in (*patients, *staff) for mark in stay}
    ordered = sorted(marks)
    for start, end in itertools.pairwise(ordered):
        yield _Moment(end - start, _there(patients, start), _there(staff, start))


def _there(stays: Iterable[tuple[UUID, Interval]], at: datetime) -> int:
    """How many persons, each counted once."""
    return len({person for person, stay in stays if stay.start <= at < stay.end})


def _stay(record: Attendance, interval: Interval) -> Interval | None:
    if record.arrived_at is None or record.left_at is None:
        return None
    presence = between(record.arrived_at, record.left_at)
    return None if presence is None else overlap(presence, interval)


def _qualified(session: Session, facility: Facility, day: date, interval: Interval) -> list[tuple[UUID, Interval]]:
    """The stays of staff with a credential that is valid on the program day."""
    stays = []
    for one in session.held.staff if session.held is not None else ():
        presence = between(one["from"], one["to"])
        stay = None if presence is None else overlap(presence, interval)
        if stay is not None and is_qualified(facility, one["staff_id"], day):
            stays.append((one["staff_id"], stay))
    return stays


def is_qualified(facility: Facility, staff_id: UUID, on: date) -> bool:
    """Whether a person has any credential that is valid on a date."""
    return any(line.credential is not None for line in facility.credentials(staff_id, on))


def _missing(session: Session, facility: Facility, day: date) -> Iterator[str]:
    staff = {one["staff_id"] for one in session.held.staff} if session.held is not None else set()
    if not staff:
        yield f"staff in {stream_name('session', session.session_id)}"
    for staff_id in sorted(staff):
        if not is_qualified(facility, staff_id, day):
            yield f"credential of staff/{staff_id} on {day}"


def _evidence(session: Session, facility: Facility, found: Iterable[tuple[UUID, Attended]]) -> Iterator[str]:
    yield from planned_by(session)
    yield from held_by(session)
    for person, one in found:
        stream = stream_name("chart", one.patient_id)
        yield f"{stream}@{one.record.version}"
        if person != one.patient_id and one.merged_version is not None:
            yield f"{stream}@{one.merged_version}"
    place = stream_name("facility", facility.code or "")
    for there in session.held.staff if session.held is not None else ():
        for line in facility.staff.get(there["staff_id"], ()):
            yield f"{place}@{line.version}"
            if line.ended_version is not None:
                yield f"{place}@{line.ended_version}"
