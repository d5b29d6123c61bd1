"""SCR-1 to SCR-3: is the patient screened every week, are results seen to, and how many are positive?"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.results import Result, Validity, collected_on, counted, noted_after, result_of
from domain.chart.screening import NotCollected, Noted, Report, Screening
from domain.compliance.attendance import holidays_in, without_threshold
from domain.compliance.patient_period import PatientPeriod
from domain.compliance.period import Period
from domain.compliance.rule_set import Positivity, ResultFollowUp, WeeklySpecimen
from domain.compliance.verdict import Row, Verdict, cited
from domain.record import stream_name
from domain.week import business_days, last_business_day, local_date

_IN_BOTH: Final = frozenset({Result.UNEXPECTED_POSITIVE})
_VALID: Final = frozenset({Result.NEGATIVE, Result.UNEXPECTED_POSITIVE, Result.EXPECTED_POSITIVE})


def scr_1(week: PatientPeriod, zone: ZoneInfo, terms: WeeklySpecimen) -> Row:
    """SCR-1, patient and week: specimens collected. Figures: collected, refused, missed.

    Where none was, and none refused or missed, although the patient came or nothing was expected, the facility did not
    ask. Source: Landmark (screened every week); our default for the rest.
    """
    shown = Period(week.period.first, min(week.period.last, week.as_of))
    screenings = week.chart.screenings.values()
    collected = [s for s in screenings if (on := collected_on(s, zone)) is not None and on in shown]
    refused = [(s, one) for s in screenings for one in s.refusals if local_date(one.at, zone) in shown]
    missed = [(s, one) for s in screenings for one in s.missed if local_date(one.at, zone) in shown]
    verdict = _collection_verdict(
        week, len(collected) >= terms.at_least_specimens, bool(refused), [one for _, one in missed]
    )
    evidence = [week.fact(v) for s in collected for v in (s.version, s.collected_version) if v is not None]
    evidence += [week.fact(version) for s, one in (*refused, *missed) for version in (s.version, one.version)]
    return week.row(
        terms.rule,
        verdict,
        len(collected),
        terms.at_least_specimens,
        evidence=[*evidence, *week.evidence_of(week.expected)],
        missing=[] if collected else [f"specimen collected from {week.period.first} to {week.period.last}"],
        figures=(("refused", len(refused)), ("missed", len(missed))),
    )


def _collection_verdict(week: PatientPeriod, met: bool, refused: bool, missed: list[NotCollected]) -> Verdict:
    if not week.is_active:
        return Verdict.NOT_APPLICABLE
    if not week.is_full:
        return Verdict.PARTIAL
    if met:
        return Verdict.MET
    if not week.is_over:
        return Verdict.PENDING
    expected = week.expected
    if not refused and not missed and (not expected or any(visit.attended for visit in expected)):
        return Verdict.FACILITY_SHORTFALL
    if refused:
        return Verdict.NOT_MET
    all_excused = bool(expected) and all(visit.excused for visit in expected)
    all_missed_excused = bool(missed) and all(one.excused for one in missed)
    return Verdict.NOT_MET_EXCUSED if all_excused or all_missed_excused else Verdict.NOT_MET


def scr_2(
    chart: Chart, zone: ZoneInfo, holidays: Mapping[date, int], site: str, as_of: date, terms: ResultFollowUp
) -> Iterator[Row]:
    """SCR-2, screening and result: each presumptive and definitive report is reviewed by a clinician and discussed with
    the patient within three business days. Figure: business days until both were done, or so far. Our default."""
    for result in follow_ups(chart, zone, holidays, as_of, terms):
        yield _followed_up(chart, result, holidays, site, as_of, terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """One report of a collected specimen, by when it is to be seen to, and what was made of it by then."""

    screening: Screening
    report: Report
    reported_on: date
    due_on: date
    reviewed: Noted | None
    discussed: Noted | None


def follow_ups(
    chart: Chart, zone: ZoneInfo, holidays: Container[date], as_of: date, terms: ResultFollowUp
) -> Iterator[FollowUp]:
    """The presumptive and definitive reports by the end of `as_of`, each with its first review and talk."""
    for screening in chart.screenings.values():
        collected = collected_on(screening, zone)
        if collected is None or collected > as_of:
            continue
        for report in counted(screening, zone, as_of):
            reported_on = local_date(report.at, zone)
            yield FollowUp(
                screening=screening,
                report=report,
                reported_on=reported_on,
                due_on=last_business_day(reported_on, terms.within_business_days, holidays),
                reviewed=noted_after(report, screening.reviews, zone, as_of),
                discussed=noted_after(report, screening.discussions, zone, as_of),
            )


def _followed_up(
    chart: Chart, result: FollowUp, holidays: Mapping[date, int], site: str, as_of: date, terms: ResultFollowUp
) -> Row:
    screening, report, reported_on, due = result.screening, result.report, result.reported_on, result.due_on
    reviewed, discussed = result.reviewed, result.discussed
    both = max(reviewed.on, discussed.on) if reviewed is not None and discussed is not None else None
    until = as_of if both is None else both
    if both is not None and both <= due:
        verdict = Verdict.MET
    else:
        verdict = Verdict.PENDING if both is None and as_of < due else Verdict.NOT_MET
    stream = stream_name("chart", chart.patient_id)
    versions = [screening.version, screening.collected_version, report.version]
    versions += [noted.version for noted in (reviewed, discussed) if noted is not None]
    span = Period(reported_on, max(due, until))
    days_off = holidays_in(holidays, span, site)
    undone = {"review": reviewed, "discussion": discussed}
    return Row(
        rule=terms.rule,
        subject="patient",
        subject_id=str(chart.patient_id),
        period_start=reported_on,
        period_end=due,
        verdict=verdict,
        value=business_days(reported_on, until, holidays),
        of=terms.within_business_days,
        evidence=cited([*(f"{stream}@{version}" for version in versions if version is not None), *days_off]),
        missing=tuple(f"{what} of {stream}@{report.version}" for what, noted in undone.items() if noted is None),
        figures=(("reviewed", int(reviewed is not None)), ("discussed", int(discussed is not None))),
    )


class PositivityOfSite:
    """SCR-3, facility and month of collection: unexpected positives among the valid final results. Figures: those two;
    specimens that are not valid by kind, those without a result, refused and missed ones. Our default: no threshold.

    Charts are noted one by one, in whatever order.
    """

    def __init__(self, period: Period, zone: ZoneInfo, as_of: date) -> None:
        self._period, self._zone, self._as_of = period, zone, as_of
        self._shown = Period(period.first, min(period.last, as_of))
        self._counts: dict[str, int] = dict.fromkeys(_REPORTED, 0)
        self._evidence: list[str] = []
        self._positive = self._valid = 0

    def note(self, chart: Chart) -> None:
        stream = stream_name("chart", chart.patient_id)
        for screening in chart.screenings.values():
            collected = collected_on(screening, self._zone)
            if collected is not None and collected in self._shown:
                self._note_result(chart, screening)
                versions = _read(chart, screening, collected, self._zone, self._as_of)
                self._evidence += [f"{stream}@{version}" for version in versions]
            for name, ones in (("refused", screening.refusals), ("missed", screening.missed)):
                found = [one.version for one in ones if local_date(one.at, self._zone) in self._shown]
                self._counts[name] += len(found)
                self._evidence += [
                    f"{stream}@{version}" for version in (*found, *([screening.version] if found else []))
                ]

    def _note_result(self, chart: Chart, screening: Screening) -> None:
        result = result_of(screening, chart.prescriptions, zone=self._zone, as_of=self._as_of)
        self._positive += result in _IN_BOTH
        self._valid += result in _VALID
        if result not in _VALID:
            self._counts[result.value if result is not None else _NO_RESULT] += 1

    def scr_3(self, site: str, terms: Positivity) -> Row:
        return Row(
            rule=terms.rule,
            subject="facility",
            subject_id=site,
            period_start=self._period.first,
            period_end=self._period.last,
            verdict=without_threshold(self._valid, self._period, self._as_of),
            value=self._positive,
            of=self._valid,
            evidence=cited(self._evidence),
            figures=tuple(self._counts.items()),
        )


_NO_RESULT: Final = "without_result"

_REPORTED: Final = (
    *(validity.value for validity in Validity if validity is not Validity.VALID),
    Result.INCONCLUSIVE.value,
    _NO_RESULT,
    "refused",
    "missed",
)
"""What is in neither figure, and reported."""


def _read(chart: Chart, screening: Screening, collected: date, zone: ZoneInfo, as_of: date) -> Iterator[int]:
    """The versions of what a specimen's result rests on."""
    yield screening.version
    if screening.collected_version is not None:
        yield screening.collected_version
    if screening.validity:
        yield screening.validity[-1].version
    yield from (report.version for report in counted(screening, zone, as_of))
    analytes = {result.analyte for report in screening.reports for result in report.analytes}
    for prescription in chart.prescriptions:
        if prescription.analyte in analytes and prescription.from_on <= collected <= prescription.to_on:
            yield prescription.version
