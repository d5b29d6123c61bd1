"""FAM-1: does the family come along?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from uuid import UUID

from domain.chart import Chart
from domain.chart.episode import Episode, Exemption
from domain.cohort import Cohort
from domain.compliance.interval import Interval, minutes
from domain.compliance.patient_period import PatientPeriod, Records, Visit, care_of
from domain.compliance.period import Period, windows
from domain.compliance.rule_set import FamilySessions
from domain.compliance.timetable import Timetable
from domain.compliance.verdict import Row, Verdict, first_true
from domain.session import SessionKind


def fam_1(
    chart: Chart,
    timetable: Timetable,
    cohorts: Mapping[UUID, Cohort],
    ending: Period,
    terms: FamilySessions,
    records: Records | None = None,
    *,
    only: Episode | None = None,
) -> Iterator[Row]:
    """FAM-1, patient and window of 14 days from the admission that ends in a period: family sessions with enough
    credit in that session, a family member beside. Figure: sessions.

    Windows begin by the discharge date and by `as_of`; only facts of that episode count. The timetable has to reach
    back to the first date of each window. `only` looks at one episode. Source: Landmark (three hours of family therapy
    every two weeks).
    """
    for episode in chart.episodes.values() if only is None else [only]:
        for window in _windows(episode, timetable, ending, terms.every_days):
            yield _judged(
                care_of(chart, [episode], timetable, cohorts, window, records, kind=SessionKind.FAMILY), episode, terms
            )


def _windows(episode: Episode, timetable: Timetable, ending: Period, length: int) -> Iterator[Period]:
    as_of, admission, discharge = timetable.as_of, episode.admission, episode.discharge
    if admission is None or admission.on > as_of:
        return
    upto = as_of if discharge is None else min(as_of, discharge.on)
    for window in windows(admission.on, length, upto):
        if window.last in ending and episode.judged_on(min(window.last, as_of), timetable.zone):
            yield window


def _judged(care: PatientPeriod, episode: Episode, terms: FamilySessions) -> Row:
    mine = (None, episode.episode_id)
    visits = [v for v in care.visits if (v.record and v.record.episode_id) in mine]
    exempt = [e for e in episode.exemptions if any(_covers(e, on) for on in care.period.dates)]
    with_family = [v for v in visits if v.record is not None and _family(v) >= terms.at_least_family_members]
    owed = terms.of_at_least_minutes
    value = _long_enough((v.credited for v in with_family), owed)
    verdict = first_true(
        active=care.is_active,
        full=care.is_full,
        met=value >= terms.at_least_sessions,
        over=care.is_over,
        offered=_long_enough((v.slot.interval for v in visits if v.expected), owed) >= terms.at_least_sessions,
        excused=_long_enough(_if_excused_came(visits, with_family), owed) >= terms.at_least_sessions,
    )
    if all(any(_covers(e, on) for e in exempt) for on in care.period.dates):
        verdict = Verdict.NOT_APPLICABLE
    return care.row(
        terms.rule,
        verdict,
        value,
        terms.at_least_sessions,
        evidence=[*care.evidence_of(visits, SessionKind.FAMILY), *(care.fact(e.version) for e in exempt)],
        missing=list(_missing(visits, terms)),
        figures=(("family_sessions", len(visits)),),
    )


def _family(visit: Visit) -> int:
    return 0 if visit.record is None else visit.record.family_members


def _if_excused_came(visits: Iterable[Visit], with_family: Iterable[Visit]) -> list[Interval | None]:
    """What would be credited, had the patient come, with family, to those missed with an excuse."""
    return [*(v.credited for v in with_family), *(v.if_excused_came for v in visits if v.excused)]


def _covers(exemption: Exemption, on: date) -> bool:
    return exemption.from_on <= on and (exemption.to_on is None or on <= exemption.to_on)


def _long_enough(intervals: Iterable[Interval | None], at_least: int) -> int:
    return sum(1 for interval in intervals if interval is not None and minutes([interval]) >= at_least)


def _missing(visits: list[Visit], terms: FamilySessions) -> Iterator[str]:
    if not visits:
        yield "family session"
    for visit in visits:
        if visit.slot.interval is None:
            yield f"times held of {visit.slot.name}"
        if visit.record is None:
            yield f"attendance record in {visit.slot.name}"
        elif visit.attended and visit.record.family_members < terms.at_least_family_members:
            yield f"family member in {visit.slot.name}"
