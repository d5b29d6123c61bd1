"""One patient's week, or another period: active and scheduled dates, the cohort of a date, expected sessions, credit.

Every rule about a patient and a period reads from here. Two episodes in a week are one week: a date is active if it is
in either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.chart import Chart
from domain.chart.attendance import Attendance, Outcome
from domain.chart.episode import Assignment, Episode
from domain.cohort import Cohort, Pattern
from domain.compliance.interval import Interval, between, minutes, overlap
from domain.compliance.period import Period
from domain.compliance.timetable import Removed, Slot, Timetable
from domain.compliance.verdict import Figures, Row, Verdict, cited
from domain.record import stream_name
from domain.session import SessionKind
from domain.week import weekday

_IN_CARE = frozenset(
    {
        "EpisodeCarriedOver",
        "Enrolled",
        "Admitted",
        "StepDownTookEffect",
        "StepUpDecided",
        "HoldStarted",
        "HoldEnded",
        "Discharged",
        "NotAdmitted",
    }
)
"""Steps that say on which dates somebody is enrolled, and active."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A session of the period that concerns the patient: one with a record of theirs, or an expected one without.

    `earns` says whether its day lies from admission to discharge; `credited` is presence within the session interval
    on such a day, None for an absence. `facts` names what says all this: the record, the plan, the times held.
    """

    slot: Slot
    record: Attendance | None
    expected: bool
    earns: bool
    credited: Interval | None
    facts: tuple[str, ...]

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
class PatientPeriod:
    """`earned`, `offered` and `excused` are day minutes by program day: as it was, had every expected session that was
    held been attended in full, and had those missed with an excuse. `standing` names the facts of enrollment, state,
    cohort and pattern by which the dates are active and scheduled; `removed` are sessions of the patient's that were
    cancelled or moved away, each with the facts that say so."""

    chart: Chart
    stream: str
    episodes: tuple[Episode, ...]
    period: Period
    as_of: date
    active: frozenset[date]
    scheduled: tuple[date, ...]
    visits: tuple[Visit, ...]
    earned: Mapping[date, int]
    offered: Mapping[date, int]
    excused: Mapping[date, int]
    standing: tuple[str, ...]
    removed: tuple[tuple[SessionKind, tuple[str, ...]], ...]

    @property
    def is_active(self) -> bool:
        """Active on some date of the period."""
        return bool(self.active)

    @property
    def is_full(self) -> bool:
        """A full week, or window: active on every scheduled date, and there is at least one."""
        return bool(self.scheduled) and self.active.issuperset(self.scheduled)

    @property
    def is_over(self) -> bool:
        return self.as_of >= self.period.last

    @property
    def expected(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.expected]

    def fact(self, version: int) -> str:
        """The name of a fact of the chart."""
        return f"{self.stream}@{version}"

    def row(
        self,
        rule: str,
        verdict: Verdict,
        value: int,
        of: int,
        *,
        evidence: Iterable[str],
        missing: Iterable[str] = (),
        figures: Figures = (),
    ) -> Row:
        """A finding about this patient and period; the standing facts are evidence of each."""
        return Row(
            rule=rule,
            subject="patient",
            subject_id=str(self.chart.patient_id),
            period_start=self.period.first,
            period_end=self.period.last,
            verdict=verdict,
            value=value,
            of=of,
            evidence=cited([*self.standing, *evidence]),
            missing=tuple(missing),
            figures=figures,
        )

    def evidence_of(self, visits: Sequence[Visit], kind: SessionKind | None = None) -> list[str]:
        """The facts behind what the patient had, and could have had, in these sessions: the records of presence and
        absence, the plans that set the program days, the times held, and what took sessions (of that kind, where the
        visits are all of one) away."""
        names = [name for visit in visits for name in visit.facts]
        names += [name for lost, removed_by in self.removed if kind in (None, lost) for name in removed_by]
        return names


@dataclass(frozen=True, slots=True)
class Records:
    """A patient's records in the sessions of a timetable, and in those that its days have lost."""

    kept: Sequence[tuple[Slot, Attendance]]
    lost: Sequence[tuple[Removed, Attendance]]


def records_in(chart: Chart, timetable: Timetable) -> Records:
    """To be found once for all the periods of a timetable: a chart has many more, and a site many more sessions."""
    of_session = timetable.of_session
    kept: list[tuple[Slot, Attendance]] = []
    lost: list[tuple[Removed, Attendance]] = []
    for session_id, record in chart.attendances.items():
        if (found := of_session.get(session_id.int)) is not None:
            slot, removed = found
            if slot is not None:
                kept.append((slot, record))
            lost += [(one, record) for one in removed]
    return Records(kept, lost)


def care_in(
    chart: Chart,
    timetable: Timetable,
    cohorts: Mapping[UUID, Cohort],
    period: Period,
    records: Records | None = None,
) -> PatientPeriod | None:
    """What a period within the timetable's holds for the patient; None when no episode is enrolled on a date of it.

    `records` are the chart's in the timetable, where they are known.
    """
    as_of, zone = timetable.as_of, timetable.zone
    last = min(period.last, as_of)
    known = [e for e in chart.episodes.values() if e.judged_on(last, zone)]
    episodes = [e for e in known if e.enrolled_within(period.first, period.last, as_of)]
    return care_of(chart, episodes, timetable, cohorts, period, records) if episodes else None


def care_of(
    chart: Chart,
    episodes: Sequence[Episode],
    timetable: Timetable,
    cohorts: Mapping[UUID, Cohort],
    period: Period,
    records: Records | None = None,
    *,
    kind: SessionKind | None = None,
) -> PatientPeriod:
    """What a period within the timetable's holds for the patient in these episodes; of sessions of one kind alone where
    it is named."""
    as_of, zone = timetable.as_of, timetable.zone
    dates = period.dates
    active = frozenset(d for e in episodes for d in e.active_dates(dates, as_of=as_of) if e.judged_on(d, zone))
    assigned = cohorts_of_dates(episodes, dates)
    stream = stream_name("chart", chart.patient_id)
    if records is None:
        records = records_in(chart, timetable)
    visits = _visits(chart, stream, records, timetable, period, active, assigned, kind)
    earned = _day_minutes((v.slot.day, v.credited) for v in visits)
    return PatientPeriod(
        chart=chart,
        stream=stream,
        episodes=tuple(episodes),
        period=period,
        as_of=as_of,
        active=active,
        scheduled=scheduled_dates(assigned, cohorts),
        visits=visits,
        earned=earned,
        offered=_day_minutes((v.slot.day, v.if_offered) for v in visits),
        excused=_day_minutes((v.slot.day, v.if_excused_came) for v in visits) if _any_excused(visits) else earned,
        standing=tuple(_standing(stream, episodes, assigned, cohorts, min(period.last, as_of))),
        removed=tuple(_removed(stream, records, timetable, period, active, assigned)),
    )


def cohort_of_date(episodes: Iterable[Episode], on: date) -> Assignment | None:
    """The latest enrollment or assignment effective by a date, in these episodes; before the first, the first."""
    return cohorts_of_dates(episodes, [on]).get(on)


def cohorts_of_dates(episodes: Iterable[Episode], dates: Iterable[date]) -> dict[date, Assignment]:
    """The same of each date; none of any where nobody was enrolled."""
    known = [a for e in episodes for a in e.assignments]
    if len(known) < 2:
        return dict.fromkeys(dates, known[0]) if known else {}
    known.sort(key=lambda a: (a.effective_on, a.version))
    return {on: next((a for a in reversed(known) if a.effective_on <= on), known[0]) for on in dates}


def scheduled_dates(assigned: Mapping[date, Assignment], cohorts: Mapping[UUID, Cohort]) -> tuple[date, ...]:
    """The dates on which the patient's cohort of that date meets by its weekly pattern of that date, whatever became
    of the sessions. A cohort that is not on record meets never."""
    found = ((on, pattern) for on, _, pattern in _patterns(assigned, cohorts))
    return tuple(on for on, pattern in found if pattern is not None and weekday(on) in pattern.weekdays)


def _patterns(
    assigned: Mapping[date, Assignment], cohorts: Mapping[UUID, Cohort]
) -> Iterator[tuple[date, Assignment, Pattern | None]]:
    """The pattern of each date's cohort on that date. As a rule it is one cohort all the time."""
    before: Assignment | None = None
    cohort: Cohort | None = None
    for on, assignment in assigned.items():
        if assignment is not before:
            before, cohort = assignment, cohorts.get(assignment.cohort_id)
        yield on, assignment, None if cohort is None else cohort.pattern_on(on)


def earns(episode: Episode | None, day: date) -> bool:
    """Credit counts from the admission to the discharge date, both included, whatever the state between."""
    if episode is None or episode.admission is None:
        return False
    return in_care(episode.admission.on, None if episode.discharge is None else episode.discharge.on, day)


def in_care(admitted_on: date | None, discharged_on: date | None, day: date) -> bool:
    """Whether a day lies from admission to discharge, both included."""
    return admitted_on is not None and admitted_on <= day and (discharged_on is None or day <= discharged_on)


def _standing(
    stream: str,
    episodes: Iterable[Episode],
    assigned: Mapping[date, Assignment],
    cohorts: Mapping[UUID, Cohort],
    last: date,
) -> Iterator[str]:
    for episode in episodes:
        yield f"{stream}@{episode.version}"
        steps = [step for step in episode.steps if step.name in _IN_CARE]
        for step in (*steps, *episode.voided):
            if step.on <= last:
                yield f"{stream}@{step.version}"
    before: tuple[Assignment, Pattern | None] | None = None
    for _, assignment, pattern in _patterns(assigned, cohorts):
        if before is not None and before[0] is assignment and before[1] is pattern:
            continue
        before = assignment, pattern
        yield f"{stream}@{assignment.version}"
        if pattern is not None:
            yield f"{stream_name('cohort', assignment.cohort_id)}@{pattern.version}"


def _removed(
    stream: str,
    records: Records,
    timetable: Timetable,
    period: Period,
    active: frozenset[date],
    assigned: Mapping[date, Assignment],
) -> Iterator[tuple[SessionKind, tuple[str, ...]]]:
    """What days of the period have lost: sessions with a record of the patient's, and the cohort's on active days."""
    for lost, record in records.lost:
        if lost.day in period:
            yield lost.session.kind, (*lost.names, f"{stream}@{record.version}")
    for day in active if timetable.removed_of_cohort else ():
        if (assignment := assigned.get(day)) is not None:
            for lost in timetable.removed_of_cohort.get((assignment.cohort_id, day), ()):
                yield lost.session.kind, lost.names


def _visits(
    chart: Chart,
    stream: str,
    records: Records,
    timetable: Timetable,
    period: Period,
    active: frozenset[date],
    assigned: Mapping[date, Assignment],
    kind: SessionKind | None,
) -> tuple[Visit, ...]:
    """By program day and scheduled start; of one kind, or of all.

    Expected: on an active day, and either with a record of the patient's or of the patient's cohort of that date and
    over. One-to-one sessions are expected by record only.
    """
    visits = [
        _recorded(chart, stream, slot, record, expected=slot.day in active)
        for slot, record in records.kept
        if slot.day in period and kind in (None, slot.session.kind)
    ]
    for day in active:
        assignment = assigned.get(day)
        planned = () if assignment is None else timetable.of_cohort.get((assignment.cohort_id, day), ())
        visits += [
            Visit(slot=slot, record=None, expected=True, earns=True, credited=None, facts=slot.facts)
            for slot in planned
            if slot.over and kind in (None, slot.session.kind) and slot.session.session_id not in chart.attendances
        ]
    return tuple(sorted(visits, key=lambda v: (v.slot.day, v.slot.session.starts_at, v.slot.name)))


def _recorded(chart: Chart, stream: str, slot: Slot, record: Attendance, *, expected: bool) -> Visit:
    earning = earns(chart.episodes.get(record.episode_id), slot.day)
    credited = None
    if earning and record.attended and slot.interval and record.arrived_at and record.left_at:
        presence = between(record.arrived_at, record.left_at)
        credited = None if presence is None else overlap(presence, slot.interval)
    facts = (f"{stream}@{record.version}", *slot.facts)
    return Visit(slot=slot, record=record, expected=expected, earns=earning, credited=credited, facts=facts)


def _any_excused(visits: Iterable[Visit]) -> bool:
    return any(visit.excused and visit.earns for visit in visits)


def _day_minutes(dated: Iterable[tuple[date, Interval | None]]) -> dict[date, int]:
    """Full minutes in the union of each program day's intervals."""
    by_day: dict[date, list[Interval]] = {}
    for day, interval in dated:
        if interval is not None:
            by_day.setdefault(day, []).append(interval)
    return {day: minutes(intervals) for day, intervals in by_day.items()}
