"""What a weekly report shows beside its rows: who was where in the last weeks, and positive screens over the months.

It judges nothing: marks and figures come from what the rules read, at the report's own cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.chart import Chart
from domain.cohort import Cohort
from domain.compliance.patient_period import PatientPeriod, Records, Visit, care_in, cohort_of_date, records_in
from domain.compliance.payer import of_payer
from domain.compliance.period import Period
from domain.compliance.rule_set import Positivity, RuleSet
from domain.compliance.screening import PositivityOfSite
from domain.compliance.timetable import Removed, Timetable, lay_out
from domain.month import Month
from domain.session import Session
from domain.site import Site
from domain.week import Week

WEEKS: Final = 4
"""Of attendance, the report's own the last of them."""

MONTHS: Final = 6
"""Of screens, that of the week's last date the last of them."""


class Mark(StrEnum):
    """What became of one session for one patient who was expected in it, or would have been but for its cancelling."""

    ATTENDED = "attended"
    EXCUSED = "absent, excused"
    UNEXCUSED = "absent, unexcused"
    NO_RECORD = "no record"
    CANCELLED = "cancelled"
    TO_COME = "not over yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A session on its program day; a cancelled one on the day that it was taken from."""

    session: Session
    day: date
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One patient's sessions in the weeks shown, in order. `cohort` is that of the last date of the report's week."""

    patient_id: UUID
    cohort: Cohort | None
    marks: tuple[Marked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedMonth:
    """SCR-3 of one month of collection. `over`: its last date is no later than `as_of`."""

    month: Month
    unexpected: int
    valid: int
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekPicture:
    """`strips` of the patients enrolled on a date of the report's week, by cohort and then by id; `screened` is None
    where the rule set has no positivity."""

    weeks: tuple[Week, ...]
    strips: tuple[Strip, ...]
    screened: tuple[ScreenedMonth, ...] | None


def picture_week(
    site: Site, week: Week, *, rule_set: RuleSet, as_of: date, known_at: datetime, payer: str | None = None
) -> WeekPicture:
    """What a week's report shows. `site`, `as_of`, `known_at` and `payer` as for its rows."""
    weeks = tuple(Week(week.monday - timedelta(days=7 * back)) for back in reversed(range(WEEKS)))
    timetable = lay_out(
        site.sessions.values(),
        Period(weeks[0].monday, week.sunday),
        zone=site.facility.clock,
        modalities=rule_set.modalities,
        as_of=as_of,
        known_at=known_at,
    )
    screens = _Screens(site, week.sunday, rule_set, as_of)
    strips = []
    # Each chart is looked at once, and let go: a site may open them as they are asked for.
    for chart in site.charts.values():
        theirs = chart if payer is None else of_payer(chart, payer)
        screens.note(theirs)
        if (strip := _strip(theirs, weeks, timetable, site.cohorts)) is not None:
            strips.append(strip)
    return WeekPicture(weeks=weeks, strips=tuple(sorted(strips, key=_place)), screened=screens.by_month())


def picture_screens(
    site: Site, upto: date, *, rule_set: RuleSet, as_of: date, payer: str | None = None
) -> tuple[ScreenedMonth, ...] | None:
    """The months up to that of a date, the oldest first; None where the rule set has no positivity."""
    screens = _Screens(site, upto, rule_set, as_of)
    for chart in site.charts.values():
        screens.note(chart if payer is None else of_payer(chart, payer))
    return screens.by_month()


def pictured(upto: date) -> Period:
    """The dates whose sessions and charts the picture of a period that ends on a date looks at."""
    return Period(min(_months(upto)[0].first, Week.of(upto).monday - timedelta(days=7 * (WEEKS - 1))), upto)


class _Screens:
    """SCR-3 of each month shown, chart by chart."""

    def __init__(self, site: Site, upto: date, rule_set: RuleSet, as_of: date) -> None:
        self._terms = rule_set.terms(Positivity)
        self._as_of, self._code = as_of, site.facility.code or ""
        self._months = [
            (month, PositivityOfSite(Period.of_month(month), site.facility.clock, as_of)) for month in _months(upto)
        ]

    def note(self, chart: Chart) -> None:
        if self._terms is not None:
            for _, month in self._months:
                month.note(chart)

    def by_month(self) -> tuple[ScreenedMonth, ...] | None:
        if self._terms is None:
            return None
        rows = ((month, found.scr_3(self._code, self._terms)) for month, found in self._months)
        return tuple(
            ScreenedMonth(month=month, unexpected=row.value, valid=row.of, over=self._as_of >= month.last)
            for month, row in rows
        )


def _place(strip: Strip) -> tuple[bool, str, str, str]:
    """Those without a cohort last; two cohorts of one name apart."""
    cohort = strip.cohort
    if cohort is None:
        return True, "", "", str(strip.patient_id)
    return False, cohort.name or "", str(cohort.cohort_id), str(strip.patient_id)


def _strip(chart: Chart, weeks: Sequence[Week], timetable: Timetable, cohorts: Mapping[UUID, Cohort]) -> Strip | None:
    records = records_in(chart, timetable)
    cares = [care_in(chart, timetable, cohorts, Period.of_week(week), records) for week in weeks]
    own = cares[-1]
    if own is None:
        return None
    assigned = cohort_of_date(own.episodes, own.period.last)
    marks = [marked for care in cares if care is not None for marked in _marks(care, timetable, records)]
    return Strip(
        patient_id=chart.patient_id,
        cohort=None if assigned is None else cohorts.get(assigned.cohort_id),
        marks=tuple(marks),
    )


def _marks(care: PatientPeriod, timetable: Timetable, records: Records) -> list[Marked]:
    found = [Marked(session=v.slot.session, day=v.slot.day, mark=_mark(v)) for v in care.visits if v.expected]
    recorded = {marked.session.session_id for marked in found}
    found += [
        Marked(session=slot.session, day=slot.day, mark=Mark.TO_COME)
        for key in _days(care)
        for slot in timetable.of_cohort.get(key, ())
        if not slot.over and slot.session.session_id not in recorded
    ]
    cancelled = {
        lost.session.session_id: lost for lost in _lost(care, timetable, records) if _is_cancelled(lost, timetable)
    }
    found += [Marked(session=lost.session, day=lost.day, mark=Mark.CANCELLED) for lost in cancelled.values()]
    return sorted(found, key=_in_order)


def _days(care: PatientPeriod) -> Iterator[tuple[UUID, date]]:
    """The cohort of each active day."""
    for on in care.active:
        if (assigned := cohort_of_date(care.episodes, on)) is not None:
            yield assigned.cohort_id, on


def _lost(care: PatientPeriod, timetable: Timetable, records: Records) -> Iterator[Removed]:
    """What active days have lost: sessions of the patient's cohort, and those with a record of the patient's."""
    for key in _days(care):
        yield from timetable.removed_of_cohort.get(key, ())
    yield from (lost for lost, _ in records.lost if lost.day in care.active)


def _is_cancelled(lost: Removed, timetable: Timetable) -> bool:
    """Not moved away: that one is shown on its new day."""
    return lost.session.cancelled is not None and lost.day == lost.session.program_day(timetable.zone)


def _in_order(marked: Marked) -> tuple[date, float, str]:
    starts_at = marked.session.starts_at
    return marked.day, 0.0 if starts_at is None else starts_at.timestamp(), str(marked.session.session_id)


def _mark(visit: Visit) -> Mark:
    if visit.record is None:
        return Mark.NO_RECORD
    if visit.attended:
        return Mark.ATTENDED
    return Mark.EXCUSED if visit.excused else Mark.UNEXCUSED


def _months(upto: date) -> list[Month]:
    """The oldest first."""
    found = [Month(upto.replace(day=1))]
    while len(found) < MONTHS:
        found.insert(0, Month((found[0].first - timedelta(days=1)).replace(day=1)))
    return found
