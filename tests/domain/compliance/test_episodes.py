"""INT-1, DUR-1, STP-1, PLN-1, ASM-1, DIS-1, AFT-1 and ATT-2: what the rules say of an episode."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.chart.after import AftercareStarted
from domain.chart.attendance import OutreachAttempted
from domain.chart.carry_over import CarriedState, EpisodeCarriedOver
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned
from domain.chart.level_of_care import LevelOfCareAssessed
from domain.chart.plan import Goal, RelapsePreventionPlanSigned, TreatmentPlanReviewed, TreatmentPlanSigned
from domain.chart.step_down import (
    Answer,
    SelfReductionNoted,
    StepDownAnswered,
    StepDownCosigned,
    StepDownDecided,
    StepDownRecommended,
    StepDownTookEffect,
    StepDownWithdrawn,
)
from domain.facility import HolidayDeclared
from domain.session import SessionKind
from tests.domain.compliance.evenings import FRIDAY, MONDAY, SUNDAY, THURSDAY, TUESDAY, WEDNESDAY, Evenings
from tests.domain.program import Patient, Program, local

ADMITTED = date(2026, 2, 23)
ONE_DAY = timedelta(days=1)


def finding(program: Program, rule: str, as_of: date) -> tuple[str, int, int]:
    (row,) = program.findings(rule, as_of)
    return row.verdict.value, row.value, row.of


def gone(
    ann: Patient,
    on: date,
    *,
    reason: DischargeReason = DischargeReason.COMPLETED,
    duration_reason: str | None = None,
    referral: str | None = None,
) -> int:
    discharged = Discharged(
        episode_id=ann.episode_id,
        on=on,
        last_service_on=on,
        reason=reason,
        duration_reason=duration_reason,
        referral=referral,
    )
    return ann.records(discharged)


# ---- INT-1


@pytest.mark.parametrize(("waited", "verdict"), [(0, "met"), (2, "met"), (3, "not_met")])
def test_three_days_from_the_first_contact_to_the_admission_are_prompt(waited: int, verdict: str) -> None:
    """The contact is the day before the enrollment."""
    program = Program()
    ann = program.patient(program.cohort("mon"), MONDAY)
    ann.admitted(MONDAY + waited * ONE_DAY)
    row = next(row for row in program.report() if row.rule == "INT-1")
    assert (row.verdict.value, row.value, row.of) == (verdict, waited + 1, 3)
    assert (row.period_start, row.period_end) == (MONDAY - ONE_DAY, MONDAY + waited * ONE_DAY)


def test_the_first_contact_of_who_was_carried_over_is_another_systems() -> None:
    program = Program()
    cohort_id = program.cohort("mon")
    ann = Patient(program, program.new_id())
    ann.registered(date(1990, 5, 1))
    ann.episode_id = program.new_id()
    carried = EpisodeCarriedOver(
        episode_id=ann.episode_id,
        state=CarriedState.ACTIVE,
        admitted_on=ADMITTED,
        cohort_id=cohort_id,
        primary_clinician_id=UUID(int=1),
        from_system="paper",
    )
    ann.records(carried, local(f"{TUESDAY} 09:00"))
    assert program.findings("INT-1", SUNDAY) == []
    assert finding(program, "PLN-1", SUNDAY) == ("pending", 13, 7)
    assert program.findings("FAM-1", SUNDAY)[0].period_start == ADMITTED
    assert program.findings("FAM-1", MONDAY) == []


# ---- DUR-1


@pytest.mark.parametrize(
    ("days", "verdict", "of"), [(48, "not_met", 49), (49, "met", 63), (63, "met", 63), (64, "not_met", 63)]
)
def test_who_completes_was_there_for_seven_to_nine_weeks(days: int, verdict: str, of: int) -> None:
    program = Evenings()
    gone(program.ann, ADMITTED + days * ONE_DAY)
    assert finding(program, "DUR-1", date(2026, 6, 1)) == (verdict, days, of)


def test_a_reason_excuses_and_other_ways_out_are_not_asked() -> None:
    program = Evenings()
    version = gone(program.ann, ADMITTED + 40 * ONE_DAY, duration_reason="Moved away.")
    assert finding(program, "DUR-1", date(2026, 6, 1)) == ("not_met_excused", 40, 49)
    assert program.findings("DUR-1", ADMITTED + 39 * ONE_DAY) == []
    program.ann.strikes(version)
    gone(program.ann, ADMITTED + 40 * ONE_DAY, reason=DischargeReason.DROPPED_OUT)
    assert finding(program, "DUR-1", date(2026, 6, 1)) == ("not_applicable", 40, 49)


# ---- STP-1


class Way(Evenings):
    """A step-down recommended on Monday, to 180 minutes from Thursday."""

    def __init__(self) -> None:
        super().__init__()
        self.key = self.new_id()
        recommended = StepDownRecommended(
            episode_id=self.ann.episode_id,
            step_down_id=self.key,
            to_level="1.0",
            weekly_minutes=180,
            effective_on=THURSDAY,
            criteria=("stable",),
            on=MONDAY,
        )
        self.ann.records(recommended)

    def takes(self, fact: type[Any], on: date, **more: Any) -> int:
        return self.ann.records(fact(episode_id=self.ann.episode_id, step_down_id=self.key, on=on, **more))

    def decided(self, on: date) -> None:
        self.takes(StepDownAnswered, on, answer=Answer.AGREED)
        self.takes(StepDownCosigned, on)
        self.takes(StepDownDecided, on)

    def plan(self, minutes: int, on: date) -> int:
        return self.ann.records(plan_of(self.ann, on, minutes=minutes))


def plan_of(ann: Patient, on: date, signed: date | None = None, minutes: int = 540) -> TreatmentPlanSigned:
    return TreatmentPlanSigned(
        episode_id=ann.episode_id,
        on=on,
        goals=(Goal(goal_id=UUID(int=5), text="Work"),),
        diagnoses=("F10.20",),
        planned_weekly_minutes=minutes,
        patient_signed_on=signed or on,
    )


def test_a_step_down_decided_by_the_date_of_its_effect_meets_it() -> None:
    program = Way()
    program.decided(TUESDAY)
    program.takes(StepDownTookEffect, THURSDAY)
    assert program.finding("STP-1") == ("met", 1, 1)
    assert program.finding("STP-1", as_of=THURSDAY) == ("met", 1, 1)
    assert [row for row in program.report(as_of=WEDNESDAY) if row.rule == "STP-1"] == []


def test_what_the_patient_reduces_alone_is_never_decided() -> None:
    program = Way()
    program.decided(TUESDAY)
    noted = SelfReductionNoted(episode_id=program.ann.episode_id, weekly_minutes=180, on=THURSDAY)
    program.ann.records(noted)
    program.takes(StepDownTookEffect, THURSDAY)
    assert program.finding("STP-1") == ("not_met", 1, 2)


@pytest.mark.parametrize(("minutes", "verdict"), [(180, "met"), (179, "not_met"), (540, None)])
def test_a_plan_with_fewer_minutes_rests_on_a_step_down_to_no_more(minutes: int, verdict: str | None) -> None:
    program = Way()
    program.plan(540, MONDAY)
    program.decided(TUESDAY)
    program.plan(minutes, FRIDAY)
    rows = [row.verdict.value for row in program.report() if row.rule == "STP-1"]
    assert rows == ([] if verdict is None else [verdict])


def test_the_latest_answer_counts_and_a_withdrawal_takes_the_decision_back() -> None:
    for fact, more in ((StepDownAnswered, {"answer": Answer.DECLINED}), (StepDownWithdrawn, {})):
        program = Way()
        program.plan(540, MONDAY)
        program.decided(TUESDAY)
        version = program.takes(fact, WEDNESDAY, **more)
        program.plan(300, THURSDAY)
        assert program.finding("STP-1") == ("not_met", 0, 1)
        program.ann.strikes(version)
        assert program.finding("STP-1") == ("met", 1, 1)


# ---- PLN-1


def test_a_plan_is_signed_by_both_within_seven_days() -> None:
    for signed, verdict in ((date(2026, 3, 2), "pending"), (date(2026, 3, 3), "not_met")):
        program = Evenings()
        program.ann.records(plan_of(program.ann, ADMITTED, signed))
        assert finding(program, "PLN-1", SUNDAY) == (verdict, (signed - ADMITTED).days, 7)


def test_without_a_plan_it_is_due_on_the_seventh_day() -> None:
    program = Evenings()
    assert finding(program, "PLN-1", date(2026, 3, 1)) == ("pending", 6, 7)
    assert finding(program, "PLN-1", date(2026, 3, 2)) == ("not_met", 7, 7)
    gone(program.ann, date(2026, 2, 28), reason=DischargeReason.OTHER)
    assert finding(program, "PLN-1", SUNDAY) == ("met", 5, 7)


def test_a_plan_is_reviewed_every_thirty_days() -> None:
    program = Evenings()
    program.ann.records(plan_of(program.ann, ADMITTED))
    late = ADMITTED + 31 * ONE_DAY
    assert finding(program, "PLN-1", late - ONE_DAY)[0] == "pending"
    assert finding(program, "PLN-1", late)[0] == "not_met"
    program.ann.records(TreatmentPlanReviewed(episode_id=program.ann.episode_id, on=late - ONE_DAY))
    (row,) = program.findings("PLN-1", late)
    assert (row.verdict.value, dict(row.figures)) == ("pending", {"days": 0, "reviews": 1})


def test_who_completes_has_a_relapse_prevention_plan() -> None:
    program = Evenings()
    program.ann.records(plan_of(program.ann, ADMITTED))
    gone(program.ann, ADMITTED + 20 * ONE_DAY)
    (row,) = program.findings("PLN-1", date(2026, 6, 1))
    assert (row.verdict.value, row.missing) == ("not_met", ("relapse-prevention plan before completion",))
    signed = RelapsePreventionPlanSigned(episode_id=program.ann.episode_id, on=ADMITTED + 20 * ONE_DAY)
    program.ann.records(signed)
    assert finding(program, "PLN-1", date(2026, 6, 1))[0] == "met"


# ---- ASM-1


def assessed(ann: Patient, on: date) -> int:
    fact = LevelOfCareAssessed(
        episode_id=ann.episode_id,
        on=on,
        edition="4",
        ratings=(0, 0, 1, 2, 2, 1),
        indicated_level="2.1",
        actual_level="2.1",
    )
    return ann.records(fact)


def test_the_level_of_care_is_asked_about_every_fourteen_days_from_the_intake_on() -> None:
    program = Evenings()
    assert finding(program, "ASM-1", ADMITTED + 14 * ONE_DAY) == ("pending", 0, 0)
    assert finding(program, "ASM-1", ADMITTED + 15 * ONE_DAY) == ("not_met", 1, 0)
    assessed(program.ann, ADMITTED + 14 * ONE_DAY)
    assert finding(program, "ASM-1", ADMITTED + 28 * ONE_DAY) == ("pending", 0, 0)


def test_at_the_discharge_the_level_of_care_was_asked_about_lately() -> None:
    program = Evenings()
    gone(program.ann, ADMITTED + 10 * ONE_DAY)
    (row,) = program.findings("ASM-1", date(2026, 6, 1))
    assert (row.verdict.value, row.value) == ("not_met", 1)
    assert row.missing == ("level-of-care assessment at the transfer or discharge of 2026-03-05",)
    assessed(program.ann, ADMITTED + 3 * ONE_DAY)
    assert finding(program, "ASM-1", date(2026, 6, 1)) == ("met", 0, 0)


# ---- DIS-1


def test_the_summary_is_signed_within_thirty_days() -> None:
    for days, verdict in ((30, "met"), (31, "not_met")):
        program = Evenings()
        gone(program.ann, MONDAY, reason=DischargeReason.OTHER)
        assert finding(program, "DIS-1", MONDAY + 29 * ONE_DAY) == ("pending", 29, 30)
        assert finding(program, "DIS-1", MONDAY + 30 * ONE_DAY) == ("not_met", 30, 30)
        signed = DischargeSummarySigned(episode_id=program.ann.episode_id, on=MONDAY + days * ONE_DAY)
        program.ann.records(signed)
        assert finding(program, "DIS-1", date(2026, 6, 1)) == (verdict, days, 30)


def test_who_completes_has_aftercare_or_a_referral() -> None:
    for referral in (None, "A sponsor"):
        program = Evenings()
        gone(program.ann, MONDAY, referral=referral)
        program.ann.records(DischargeSummarySigned(episode_id=program.ann.episode_id, on=TUESDAY))
        assert finding(program, "DIS-1", date(2026, 6, 1))[0] == ("met" if referral else "not_met")
    program = Evenings()
    gone(program.ann, MONDAY)
    program.ann.records(DischargeSummarySigned(episode_id=program.ann.episode_id, on=TUESDAY))
    program.ann.records(AftercareStarted(episode_id=program.ann.episode_id, on=TUESDAY))
    assert finding(program, "DIS-1", TUESDAY) == ("met", 1, 30)


# ---- AFT-1


def test_a_graduate_comes_to_one_class_a_week() -> None:
    program = Evenings()
    gone(program.ann, date(2026, 3, 1))
    assert program.findings("AFT-1", SUNDAY) == []
    program.ann.records(AftercareStarted(episode_id=program.ann.episode_id, on=MONDAY))
    assert finding(program, "AFT-1", WEDNESDAY) == ("pending", 0, 1)
    for on, found in ((TUESDAY, ("met", 1, 1)), (SUNDAY, ("not_met", 2, 1))):
        program.ann.attended(program.held(None, f"{on} 22:00", f"{on} 23:00", kind=SessionKind.AFTERCARE))
        assert finding(program, "AFT-1", SUNDAY) == found
    assert [row.rule for row in program.of_patients()] == ["FAM-1"]


# ---- ATT-2


def missed(program: Evenings, *days: date) -> None:
    for on in days:
        program.ann.absent(program.evening(on))


def reached(ann: Patient, at: datetime) -> int:
    return ann.records(OutreachAttempted(episode_id=ann.episode_id, at=at, method="phone", outcome="spoke"))


def test_after_two_sessions_missed_in_a_row_somebody_calls_within_two_business_days() -> None:
    program = Evenings()
    missed(program, MONDAY, TUESDAY)
    assert finding(program, "ATT-2", WEDNESDAY) == ("pending", 0, 1)
    assert finding(program, "ATT-2", THURSDAY) == ("not_met", 0, 1)
    before = reached(program.ann, local(f"{TUESDAY} 17:59"))
    assert finding(program, "ATT-2", THURSDAY) == ("not_met", 0, 1)
    program.ann.strikes(before)
    reached(program.ann, local(f"{THURSDAY} 23:59"))
    assert finding(program, "ATT-2", THURSDAY) == ("met", 1, 1)
    assert finding(program, "ATT-2", WEDNESDAY) == ("pending", 0, 1)


def test_weekends_and_holidays_are_no_business_days() -> None:
    program = Evenings()
    missed(program, TUESDAY, THURSDAY)
    assert [str(row.period_end) for row in program.findings("ATT-2", SUNDAY)] == ["2026-03-09"]
    program.record("facility/lexington", HolidayDeclared(on=date(2026, 3, 9), name="A holiday"))
    assert [str(row.period_end) for row in program.findings("ATT-2", SUNDAY)] == ["2026-03-10"]


def test_an_excuse_or_a_session_attended_ends_the_row_and_a_long_one_is_one_event() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    program.ann.absent(monday)
    excused = program.ann.absent(tuesday, excused=True)
    program.ann.absent(thursday)
    assert program.findings("ATT-2", SUNDAY) == []
    program.ann.strikes(excused)
    program.ann.absent(tuesday)
    assert [row.period_start for row in program.findings("ATT-2", SUNDAY)] == [TUESDAY]


def test_no_record_is_a_session_missed() -> None:
    program = Evenings()
    program.three_evenings()
    assert [row.period_start for row in program.findings("ATT-2", SUNDAY)] == [TUESDAY]
