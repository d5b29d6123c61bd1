"""One patient's week: active and scheduled dates, the cohort of a date, expected sessions, credited minutes.

Every rule about a patient and a week reads from here. Two episodes in a week are one week: a date is active if it is
in either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.chart import Chart
from domain.chart.attendance import Attendance, Outcome
from domain.chart.episode import Assignment, Episode
from domain.cohort import Cohort
from domain.compliance.interval import Interval, between, minutes, overlap
from domain.compliance.timetable import Slot, Timetable
from domain.compliance.verdict import Row, Verdict, cited
from domain.record import stream_name
from domain.week import Week


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A session of the week that concerns the patient: one with a record of theirs, or an expected one without.

    `earns` says whether its day lies from admission to discharge; `credited` is presence within the session interval
    on such a day, None for an absence.
    """

    slot: Slot
    record: Attendance | None
    expected: bool
    earns: bool
    credited: Interval | None

    @property
    def attended(self) -> bool:
        """Recorded as attended, whatever was credited for it."""
        return self.record is not None and self.record.attended

    @property
    def excused(self) -> bool:
        return self.record is not None and self.record.outcome is Outcome.ABSENT_EXCUSED

    @property
    def if_offered(self) -> Interval | None:
        """What would be credited, had every expected session that was held been attended in full."""
        return self.slot.interval if self.expected else self.credited

    @property
    def if_excused_came(self) -> Interval | None:
        """What would be credited, had every held session missed with an excuse been attended in full."""
        return self.slot.interval if self.excused and self.earns else self.credited


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientWeek:
    """`earned`, `offered` and `excused` are day minutes by program day: as it was, had every expected session that was
    held been attended in full, and had those missed with an excuse. `admitted_by` and `assigned_by` name the facts of
    the admission and of the cohorts of the week."""

    chart: Chart
    week: Week
    as_of: date
    active: frozenset[date]
    scheduled: tuple[date, ...]
    visits: tuple[Visit, ...]
    earned: Mapping[date, int]
    offered: Mapping[date, int]
    excused: Mapping[date, int]
    admitted_by: tuple[str, ...]
    assigned_by: tuple[str, ...]

    @property
    def is_active(self) -> bool:
        """Active on some date of the week."""
        return bool(self.active)

    @property
    def is_full(self) -> bool:
        """A full week: active on every scheduled date, and there is at least one."""
        return bool(self.scheduled) and self.active.issuperset(self.scheduled)

    @property
    def is_over(self) -> bool:
        return self.as_of >= self.week.sunday

    @property
    def expected(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.expected]

    def record_of(self, visit: Visit) -> str | None:
        """The name of the patient's attendance record."""
        if visit.record is None:
            return None
        return f"{stream_name('chart', self.chart.patient_id)}@{visit.record.version}"

    def row(
        self,
        rule: str,
        verdict: Verdict,
        value: int,
        of: int,
        *,
        evidence: Iterable[str],
        missing: Iterable[str],
    ) -> Row:
        return Row(
            rule=rule,
            subject="patient",
            subject_id=str(self.chart.patient_id),
            period_start=self.week.monday,
            period_end=self.week.sunday,
            verdict=verdict,
            value=value,
            of=of,
            evidence=cited(evidence),
            missing=tuple(missing),
        )

    def credit_evidence(self, visits: Sequence[Visit]) -> list[str]:
        """The facts behind credit: records of presence and absence; for what was credited also the plan that set the
        program day, the session's times, and the admission from which credit counts."""
        names = [name for visit in visits if (name := self.record_of(visit))]
        credited = [visit for visit in visits if visit.credited is not None]
        names += [visit.slot.planned_by for visit in credited]
        names += [name for visit in credited if (name := visit.slot.held_by)]
        return [*names, *self.admitted_by] if credited else names


def week_of(chart: Chart, timetable: Timetable, cohorts: Mapping[UUID, Cohort]) -> PatientWeek | None:
    """What the timetable's week holds for the patient; None when no episode is enrolled on a date of it."""
    week, as_of, zone = timetable.week, timetable.as_of, timetable.zone
    last = min(week.sunday, as_of)
    known = [e for e in chart.episodes.values() if e.judged_on(last, zone)]
    episodes = [e for e in known if e.enrolled_within(week.monday, week.sunday, as_of)]
    if not episodes:
        return None
    active = frozenset(
        d for d in week.dates if any(e.active_on(d, as_of=as_of) and e.judged_on(d, zone) for e in episodes)
    )
    assigned = {d: found for d in week.dates if (found := cohort_of_date(episodes, d))}
    visits = _visits(chart, timetable, active, assigned)
    stream = stream_name("chart", chart.patient_id)
    return PatientWeek(
        chart=chart,
        week=week,
        as_of=as_of,
        active=active,
        scheduled=scheduled_dates(assigned, cohorts),
        visits=visits,
        earned=_day_minutes((v.slot.day, v.credited) for v in visits),
        offered=_day_minutes((v.slot.day, v.if_offered) for v in visits),
        excused=_day_minutes((v.slot.day, v.if_excused_came) for v in visits),
        admitted_by=tuple(
            f"{stream}@{e.admission.version}" for e in episodes if e.admission is not None and e.admission.on <= as_of
        ),
        assigned_by=tuple(f"{stream}@{version}" for version in sorted({a.version for a in assigned.values()})),
    )


def cohort_of_date(episodes: Iterable[Episode], on: date) -> Assignment | None:
    """The latest enrollment or assignment effective by a date, in these episodes; before the first, the first."""
    known = sorted((a for e in episodes for a in e.assignments), key=lambda a: (a.effective_on, a.version))
    effective = [a for a in known if a.effective_on <= on]
    return effective[-1] if effective else next(iter(known), None)


def scheduled_dates(assigned: Mapping[date, Assignment], cohorts: Mapping[UUID, Cohort]) -> tuple[date, ...]:
    """The dates on which the patient's cohort of that date meets by its weekly pattern of that date, whatever became
    of the sessions. A cohort that is not on record meets never."""
    found = ((on, cohorts.get(assignment.cohort_id)) for on, assignment in assigned.items())
    return tuple(on for on, cohort in found if cohort is not None and cohort.meets_on(on))


def _visits(
    chart: Chart, timetable: Timetable, active: frozenset[date], assigned: Mapping[date, Assignment]
) -> tuple[Visit, ...]:
    """By program day and scheduled start.

    Expected: on an active day, and either with a record of the patient's or of the patient's cohort of that date and
    over. One-to-one sessions are expected by record only.
    """
    visits: list[Visit] = []
    for session_id, record in chart.attendances.items():
        slot = timetable.slots.get(session_id)
        if slot is not None:
            visits.append(_recorded(chart, slot, record, expected=slot.day in active))
    for day in active:
        assignment = assigned.get(day)
        planned = () if assignment is None else timetable.of_cohort.get((assignment.cohort_id, day), ())
        visits += [
            Visit(slot=slot, record=None, expected=True, earns=True, credited=None)
            for slot in planned
            if slot.over and slot.session.session_id not in chart.attendances
        ]
    return tuple(sorted(visits, key=lambda v: (v.slot.day, v.slot.session.starts_at, v.slot.name)))


def _recorded(chart: Chart, slot: Slot, record: Attendance, *, expected: bool) -> Visit:
    earns = _earns(chart.episodes.get(record.episode_id), slot.day)
    credited = None
    if earns and record.attended and slot.interval and record.arrived_at and record.left_at:
        presence = between(record.arrived_at, record.left_at)
        credited = None if presence is None else overlap(presence, slot.interval)
    return Visit(slot=slot, record=record, expected=expected, earns=earns, credited=credited)


def _earns(episode: Episode | None, day: date) -> bool:
    """Credit counts from the admission to the discharge date, both included, whatever the state between."""
    if episode is None or episode.admission is None or day < episode.admission.on:
        return False
    return episode.discharge is None or day <= episode.discharge.on


def _day_minutes(dated: Iterable[tuple[date, Interval | None]]) -> dict[date, int]:
    """Full minutes in the union of each program day's intervals."""
    by_day: dict[date, list[Interval]] = {}
    for day, interval in dated:
        if interval is not None:
            by_day.setdefault(day, []).append(interval)
    return {day: minutes(intervals) for day, intervals in by_day.items()}
