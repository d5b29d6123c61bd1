"""ATT-1 and ATT-2: does the patient come to what they are expected in, and who asks after those who don't?"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from domain.chart.episode import Attempt
from domain.compliance.patient_period import PatientPeriod, Visit
from domain.compliance.period import Period
from domain.compliance.rule_set import Outreach, ShowRate
from domain.compliance.verdict import Row, Verdict, cited
from domain.record import stream_name
from domain.week import last_business_day, local_date


def att_1(week: PatientPeriod, terms: ShowRate) -> Row:
    """ATT-1, patient and week: sessions recorded as attended, of the expected ones.

    Excused absences stay in the divisor; no record is not attended. Our default, no source sets a rate.
    """
    expected = week.expected
    return week.row(
        terms.rule,
        _verdict(week, expected),
        sum(1 for visit in expected if visit.attended),
        len(expected),
        evidence=_expectation(week),
        missing=_missing(week),
        figures=(("excused", sum(1 for visit in expected if visit.excused)),),
    )


class ShowRateOfSite:
    """ATT-1, facility and month: the sum of all patients, noted one by one, in whatever order. It has no threshold, so
    it is met once the month is over."""

    def __init__(self) -> None:
        self._attended = self._expected = self._excused = 0
        self._evidence: list[str] = []
        self._missing: list[tuple[str, list[str]]] = []

    def note(self, month: PatientPeriod) -> None:
        found = month.expected
        self._attended += sum(1 for visit in found if visit.attended)
        self._excused += sum(1 for visit in found if visit.excused)
        self._expected += len(found)
        # A patient who was expected in nothing is no part of the sum, and may still be so for some fact on record.
        self._evidence += [*month.standing, *_expectation(month)]
        self._missing.append((month.stream, [f"{item} of {month.stream}" for item in _missing(month)]))

    def att_1(self, site: str, period: Period, as_of: date, terms: ShowRate) -> Row:
        return Row(
            rule=terms.rule,
            subject="facility",
            subject_id=site,
            period_start=period.first,
            period_end=period.last,
            verdict=without_threshold(self._expected, period, as_of),
            value=self._attended,
            of=self._expected,
            evidence=cited(self._evidence),
            missing=tuple(item for _, items in sorted(self._missing) for item in items),
            figures=(("excused", self._excused),),
        )


def without_threshold(divisor: int, period: Period, as_of: date) -> Verdict:
    """The verdict of a rate that nothing is asked of."""
    if divisor == 0:
        return Verdict.NOT_APPLICABLE
    return Verdict.MET if as_of >= period.last else Verdict.PENDING


def att_2(care: PatientPeriod, terms: Outreach, zone: ZoneInfo, holidays: Mapping[date, int], site: str) -> list[Row]:
    """ATT-2, patient and event: whoever misses two expected sessions in a row without excuse is reached out to within
    two business days after the second. One event a run, however long. Figures: missed, outreach. Our default."""
    return [_outreach(care, run, terms, zone, holidays, site) for run in missed_in_a_row(care, terms)]


def missed_in_a_row(care: PatientPeriod, terms: Outreach) -> Iterator[list[Visit]]:
    """The first sessions of each run of expected ones missed without excuse, as soon as there are so many."""
    run: list[Visit] = []
    for visit in care.expected:
        run = [] if visit.attended or visit.excused else [*run, visit]
        if len(run) == terms.missed_in_a_row:
            yield run


def outreach_due(run: Sequence[Visit], terms: Outreach, holidays: Container[date]) -> date:
    """By when somebody reaches out after a run."""
    return last_business_day(run[-1].slot.day, terms.within_business_days, holidays)


def attempts_since(care: PatientPeriod, run: Sequence[Visit], zone: ZoneInfo, upto: date) -> list[Attempt]:
    """The outreach from the beginning of a run's last session on, by the end of a date."""
    began = run[-1].slot.session.starts_at
    return [
        attempt
        for episode in care.episodes
        for attempt in episode.outreach
        if began is not None and attempt.at >= began and local_date(attempt.at, zone) <= upto
    ]


def _outreach(
    care: PatientPeriod, run: list[Visit], terms: Outreach, zone: ZoneInfo, holidays: Mapping[date, int], site: str
) -> Row:
    missed_on, due = run[-1].slot.day, outreach_due(run, terms, holidays)
    attempts = attempts_since(care, run, zone, min(due, care.as_of))
    verdict = Verdict.MET if attempts else Verdict.PENDING if care.as_of < due else Verdict.NOT_MET
    return Row(
        rule=terms.rule,
        subject="patient",
        subject_id=str(care.chart.patient_id),
        period_start=missed_on,
        period_end=due,
        verdict=verdict,
        value=len(attempts),
        of=1,
        evidence=cited(
            [
                *care.standing,
                *_expectation(care),
                *(care.fact(attempt.version) for attempt in attempts),
                *holidays_in(holidays, Period(missed_on, due), site),
            ]
        ),
        missing=() if attempts else (f"outreach attempted from {missed_on} to {due}",),
        figures=(("missed", len(run)), ("outreach", len(attempts))),
    )


def holidays_in(holidays: Mapping[date, int], period: Period, site: str) -> Iterator[str]:
    """The names of the facts that declared the holidays of a period."""
    return (f"{stream_name('facility', site)}@{version}" for on, version in holidays.items() if on in period)


def _expectation(care: PatientPeriod) -> list[str]:
    """What says which sessions were expected, and what became of them."""
    return care.evidence_of(care.expected)


def _missing(care: PatientPeriod) -> list[str]:
    return [f"attendance record in {visit.slot.name}" for visit in care.expected if visit.record is None]


def _verdict(week: PatientPeriod, expected: list[Visit]) -> Verdict:
    """In an order of its own: `met` comes after `pending`, since a session still to come may be missed."""
    if not week.is_active:
        return Verdict.NOT_APPLICABLE
    if not week.is_full:
        return Verdict.PARTIAL
    if not week.is_over:
        return Verdict.PENDING
    if not expected:
        return Verdict.NOT_APPLICABLE
    missed = [visit for visit in expected if not visit.attended]
    if not missed:
        return Verdict.MET
    return Verdict.NOT_MET_EXCUSED if all(visit.excused for visit in missed) else Verdict.NOT_MET
