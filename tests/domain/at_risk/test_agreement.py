"""What is due agrees with what the rules find, in the sample program and on random courses of treatment."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.at_risk.hours import Because, Reach
from domain.at_risk.listing import at_risk
from domain.chart.after import AftercareStarted
from domain.chart.attendance import FamilyExemptionGranted, OutreachAttempted
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned
from domain.chart.level_of_care import LevelOfCareAssessed
from domain.chart.plan import TreatmentPlanReviewed, TreatmentPlanSigned
from domain.chart.screening import (
    AnalyteOutcome,
    AnalyteResult,
    PresumptiveReported,
    ResultDiscussed,
    ResultReviewed,
    ScreeningOrdered,
    SpecimenCollected,
)
from domain.compliance.verdict import Verdict
from domain.compliance.weekly import assess_week
from domain.facility import HolidayDeclared
from domain.session import SessionKind
from domain.week import Week
from tests.domain.at_risk.agreement import Agreement, due_of
from tests.domain.program import LATER, Patient, Program, local
from tests.rule_sets import LANDMARK_IOP
from tests.sample_program import sample, site_of

SHORT, FULL = 80, 5_000
FIRST: Final = date(2026, 2, 2)
"""A Monday."""

_VERDICTS: Final = {
    Because.FACILITY_SHORTFALL: Verdict.FACILITY_SHORTFALL,
    Because.EXCUSED: Verdict.NOT_MET_EXCUSED,
    Because.MISSED: Verdict.NOT_MET,
}


# ---- the sample program


@pytest.mark.parametrize("as_of", ["2026-02-20", "2026-03-03", "2026-03-19", "2026-04-05", "2026-04-17", "2026-06-01"])
def test_what_is_due_in_the_sample_agrees_with_its_findings(as_of: str) -> None:
    on = date.fromisoformat(as_of)
    known_at = datetime(on.year, on.month, on.day, 22, tzinfo=UTC)
    site = site_of(sample(), known_at)
    due = due_of(site, on, known_at)
    assert due
    for patient_id, chart in site.charts.items():
        assert Agreement(site, chart, due.get(patient_id, ()), on, known_at).differences() == [], patient_id


def test_of_a_week_that_is_over_in_the_sample_hours_say_what_the_report_says() -> None:
    site, told = site_of(sample()), Counter[str]()
    known_at = sample()[-1].recorded_at
    for monday in (date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 23), date(2026, 4, 6), date(2026, 4, 13)):
        week = Week(monday)
        cut: dict[str, Any] = {"rule_set": LANDMARK_IOP, "as_of": week.sunday, "known_at": known_at}
        rows = {(row.subject_id, row.rule): row for row in assess_week(site, week, **cut)}
        for one in at_risk(site, week, **cut).rows:
            for goal in () if one.hours is None else one.hours.goals:
                verdict = rows[str(one.patient_id), goal.rule].verdict
                told[verdict] += 1
                assert (verdict is Verdict.MET) == (goal.reach is Reach.SAFE)
                if goal.because in _VERDICTS:
                    assert verdict is _VERDICTS[goal.because]
    assert {*told} >= {Verdict.MET, Verdict.NOT_MET, Verdict.NOT_MET_EXCUSED, Verdict.FACILITY_SHORTFALL}


# ---- random courses


class Course:
    """Somebody in treatment for some weeks, with papers signed, or not, on some dates."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.program = Program()
        self.cohort_id = self.program.cohort("mon", "tue", "thu")
        self.patient: Patient = self.program.patient(self.cohort_id, FIRST)
        self.admitted_on = self.day(0, 4)
        self.patient.admitted(self.admitted_on)

    def up_to(self, most: int) -> int:
        return self.draw(st.integers(0, most))

    def day(self, first: int, last: int) -> date:
        return FIRST + timedelta(days=self.draw(st.integers(first, last)))

    def says(self, kind: type[Any], **fields: Any) -> None:
        self.patient.records(kind(episode_id=self.patient.episode_id, **fields))

    def evenings(self) -> None:
        for n in range(30):
            on = self.admitted_on + timedelta(days=n)
            if on.weekday() not in (0, 1, 3) or self.up_to(9) == 0:
                continue
            kind = SessionKind.FAMILY if self.up_to(5) == 0 else SessionKind.GROUP
            evening = self.program.held(self.cohort_id, f"{on} 18:00", f"{on} 21:00", kind=kind)
            match self.up_to(4):
                case 0 | 1:
                    self.patient.attended(evening)
                case 2:
                    self.patient.absent(evening)
                case 3:
                    self.patient.absent(evening, excused=True)
                case _:
                    pass

    def papers(self) -> None:
        for _ in range(self.up_to(2)):
            on = self.day(0, 30)
            self.says(
                TreatmentPlanSigned, on=on, goals=(), diagnoses=(), planned_weekly_minutes=540, patient_signed_on=on
            )
        for _ in range(self.up_to(2)):
            self.says(TreatmentPlanReviewed, on=self.day(5, 60))
        for _ in range(self.up_to(3)):
            self.says(
                LevelOfCareAssessed,
                on=self.day(0, 40),
                edition="4",
                ratings=(0,) * 6,
                indicated_level="2.1",
                actual_level="2.1",
            )
        for _ in range(self.up_to(3)):
            at = local(f"{self.day(0, 35)} 10:00")
            self.says(OutreachAttempted, at=at, method="phone", outcome="no answer")
        if self.up_to(4) == 0:
            self.says(FamilyExemptionGranted, from_on=self.day(0, 20), to_on=None, cause="No family near.")
        for _ in range(self.up_to(2)):
            self.program.record("facility/lexington", HolidayDeclared(on=self.day(0, 40), name="Holiday"))

    def results(self) -> None:
        for n in range(self.up_to(3)):
            key, on = UUID(int=0x5C0 + n), self.day(0, 40)
            self.says(ScreeningOrdered, screening_id=key, panel=("opiates",), random=False)
            collected_at = local(f"{on} 17:00")
            self.says(SpecimenCollected, screening_id=key, collected_at=collected_at, matrix="urine", observed=True)
            found = AnalyteResult(analyte="opiates", loinc="19295-5", outcome=AnalyteOutcome.NEGATIVE)
            for _ in range(self.up_to(2)):
                at = local(f"{on + timedelta(days=self.up_to(4))} 12:00")
                self.says(PresumptiveReported, screening_id=key, at=at, analytes=(found,))
            for kind in (ResultReviewed, ResultDiscussed):
                if self.up_to(2):
                    self.says(kind, screening_id=key, on=on + timedelta(days=self.up_to(9)))

    def leaves(self) -> None:
        if self.up_to(2):
            return
        on, reason = self.day(20, 45), self.draw(st.sampled_from((DischargeReason.COMPLETED, DischargeReason.OTHER)))
        referral = "A physician." if self.up_to(1) else None
        self.says(Discharged, on=on, last_service_on=on, reason=reason, referral=referral)
        if self.up_to(1):
            self.says(DischargeSummarySigned, on=on + timedelta(days=self.up_to(45)))
        if reason is DischargeReason.COMPLETED and self.up_to(1):
            self.says(AftercareStarted, on=on + timedelta(days=self.up_to(45)))


@st.composite
def courses(draw: st.DrawFn) -> tuple[Course, date]:
    course = Course(draw)
    course.evenings()
    course.papers()
    course.results()
    course.leaves()
    return course, course.day(0, 160) if draw(st.booleans()) else course.day(4, 40)


def test_what_is_due_agrees_with_the_findings_whatever_was_done(pytestconfig: pytest.Config) -> None:
    full: bool = pytestconfig.option.full

    @seed(pytestconfig.option.seed)
    @settings(
        max_examples=FULL if full else SHORT,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @drawn(told=courses())
    def agrees(told: tuple[Course, date]) -> None:
        course, as_of = told
        site = course.program.site()
        [chart] = site.charts.values()
        due = due_of(site, as_of, LATER).get(chart.patient_id, ())
        assert Agreement(site, chart, due, as_of, LATER).differences() == [], (as_of, course.program.streams)

    agrees()
