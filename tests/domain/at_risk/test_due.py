"""What is due, told as stories: given what is on record, seen at that time this is to be done by then, since that."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.at_risk.due import SENTENCES, Step
from domain.chart.after import AftercareStarted
from domain.chart.attendance import FamilyExemptionGranted, OutreachAttempted
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned
from domain.chart.level_of_care import LevelOfCareAssessed
from domain.chart.merging import MergedInto
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
from domain.chart.step_down import (
    Answer,
    StepDownAnswered,
    StepDownCosigned,
    StepDownDecided,
    StepDownRecommended,
    StepDownTookEffect,
    StepDownWithdrawn,
)
from domain.facility import HolidayDeclared
from domain.staff import CredentialEnded, StaffCredentialed
from tests.domain.at_risk.looking import Ahead, dues, looked_at, only
from tests.domain.compliance.evenings import FRIDAY, MONDAY, SUNDAY, THURSDAY, TUESDAY, WEDNESDAY
from tests.domain.program import local
from tests.rule_sets import AZ_S9480, TEDS_IOP

SCREENING, STEP_DOWN = UUID(int=0x5C1), UUID(int=0x5D1)
FACILITY = "facility/lexington"
NOON = f"{WEDNESDAY} 12:00"


class Due(Ahead):
    """Somebody admitted on Monday, 2026-02-23."""

    def says(self, kind: type[Any], **fields: Any) -> str:
        """Records a fact of the episode; its name."""
        return f"{self.ann.stream}@{self.ann.records(kind(episode_id=self.ann.episode_id, **fields))}"

    def steps(self, kind: type[Any], **fields: Any) -> str:
        return self.says(kind, step_down_id=STEP_DOWN, **fields)

    def recommends(self, effective_on: date = date(2026, 3, 20)) -> str:
        return self.steps(
            StepDownRecommended,
            to_level="1.0",
            weekly_minutes=180,
            effective_on=effective_on,
            criteria=("stable",),
            on=MONDAY,
        )

    def result(self, reported: str = f"{MONDAY} 18:30") -> str:
        self.says(ScreeningOrdered, screening_id=SCREENING, panel=("opiates",), random=True)
        self.says(
            SpecimenCollected,
            screening_id=SCREENING,
            collected_at=local(f"{MONDAY} 18:00"),
            matrix="urine",
            observed=True,
        )
        found = AnalyteResult(analyte="opiates", loinc="19295-5", outcome=AnalyteOutcome.NEGATIVE)
        return self.says(PresumptiveReported, screening_id=SCREENING, at=local(reported), analytes=(found,))


def told(program: Due, step: str, at: str = NOON, **asked: Any) -> list[tuple[str | None, date, int, str]]:
    return [(one.rule, one.due_on, one.days_left, one.since) for one in dues(looked_at(program, at, **asked), step)]


# ---- outreach


def missed_twice() -> tuple[Due, str]:
    program = Due()
    program.takes_place(program.monday, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
    program.takes_place(program.tuesday, f"{TUESDAY} 18:00", f"{TUESDAY} 21:00")
    program.ann.absent(program.monday)
    return program, f"{program.ann.stream}@{program.ann.absent(program.tuesday)}"


def test_after_two_misses_in_a_row_somebody_reaches_out_within_two_business_days() -> None:
    program, second = missed_twice()
    assert told(program, "outreach") == [("ATT-2", THURSDAY, 1, second)]
    assert told(program, "outreach", f"{FRIDAY} 12:00")[0][2] == -1
    program.record(FACILITY, HolidayDeclared(on=WEDNESDAY, name="Founders' Day"))
    # The weekend behind Friday belongs to it.
    assert told(program, "outreach") == [("ATT-2", SUNDAY, 4, second)]


def test_nobody_is_reached_out_to_twice_or_after_coming_again() -> None:
    program, _ = missed_twice()
    program.says(OutreachAttempted, at=local(f"{WEDNESDAY} 10:00"), method="phone", outcome="no answer")
    assert told(program, "outreach") == []
    program, _ = missed_twice()
    program.takes_place(program.thursday, f"{THURSDAY} 18:00", f"{THURSDAY} 21:00")
    program.ann.attended(program.thursday)
    assert told(program, "outreach", f"{FRIDAY} 12:00") == []


def test_a_session_without_a_record_that_is_over_was_missed_since_it_was_planned() -> None:
    program = Due()
    since = f"session/{program.tuesday}@1"
    assert told(program, "outreach", f"{TUESDAY} 21:00") == [("ATT-2", THURSDAY, 2, since)]
    assert told(program, "outreach", f"{TUESDAY} 20:59") == []


# ---- results


def test_a_result_is_reviewed_and_discussed_within_three_business_days() -> None:
    program = Due()
    report = program.result()
    expected = [("SCR-2", THURSDAY, 1, report)]
    assert told(program, "result_review") == told(program, "result_discussion") == expected
    program.says(ResultReviewed, screening_id=SCREENING, on=WEDNESDAY)
    assert (told(program, "result_review"), told(program, "result_discussion")) == ([], expected)
    program.says(ResultDiscussed, screening_id=SCREENING, on=WEDNESDAY)
    assert told(program, "result_discussion") == []


def test_a_result_waits_also_after_the_discharge() -> None:
    program = Due()
    program.result()
    program.ann.discharged(TUESDAY)
    row = only(looked_at(program, f"{FRIDAY} 12:00"))
    assert (row.state.value, row.hours, row.days_left) == ("discharged", None, -1)


# ---- plan, level of care


def plan(program: Due, on: date) -> str:
    return program.says(
        TreatmentPlanSigned, on=on, goals=(), diagnoses=(), planned_weekly_minutes=540, patient_signed_on=on
    )


def test_a_plan_is_signed_in_seven_days_and_reviewed_every_thirty() -> None:
    program = Due()
    admission = f"{program.ann.stream}@6"
    assert told(program, "plan_signature") == [("PLN-1", MONDAY, -2, admission)]
    signed = plan(program, date(2026, 2, 24))
    assert told(program, "plan_signature") == []
    assert told(program, "plan_review") == []
    assert told(program, "plan_review", "2026-03-20 12:00") == [("PLN-1", date(2026, 3, 26), 6, signed)]
    reviewed = program.says(TreatmentPlanReviewed, on=date(2026, 3, 19))
    assert told(program, "plan_review", "2026-04-19 12:00") == [("PLN-1", date(2026, 4, 18), -1, reviewed)]


def test_the_level_of_care_is_assessed_every_fourteen_days() -> None:
    program = Due()
    intake = f"{program.ann.stream}@3"
    assert told(program, "level_assessment") == [("ASM-1", date(2026, 3, 9), 5, intake)]
    again = program.says(
        LevelOfCareAssessed, on=TUESDAY, edition="4", ratings=(0,) * 6, indicated_level="2.1", actual_level="2.1"
    )
    assert told(program, "level_assessment") == []
    assert told(program, "level_assessment", "2026-03-16 12:00") == [("ASM-1", date(2026, 3, 17), 1, again)]


def test_without_any_assessment_that_at_the_admission_is_due() -> None:
    program = Due()
    program.ann.strikes(3)
    admission = f"{program.ann.stream}@6"
    assert told(program, "level_assessment") == [("ASM-1", date(2026, 2, 23), -9, admission)]


# ---- sessions and specimen


def test_a_family_session_is_due_by_the_end_of_its_window() -> None:
    program = Due()
    admission = f"{program.ann.stream}@6"
    assert told(program, "family_session") == [("FAM-1", SUNDAY, 4, admission)]
    program.says(FamilyExemptionGranted, from_on=date(2026, 2, 23), cause="No family near.")
    assert told(program, "family_session") == []


def test_an_individual_session_and_a_specimen_are_due_by_sunday() -> None:
    program = Due()
    admission = f"{program.ann.stream}@6"
    assert told(program, "individual_session") == [("IND-1", SUNDAY, 4, admission)]
    assert told(program, "specimen") == [("SCR-1", SUNDAY, 4, admission)]
    program.ann.attended(program.individual(f"{TUESDAY} 16:00", f"{TUESDAY} 17:00"))
    program.result()
    assert told(program, "individual_session") == told(program, "specimen") == []
    # In a week that is over nothing can be done any more.
    assert told(program, "individual_session", "2026-03-09 12:00", week="2026-W10") == []
    [(_, due_on, left, _)] = told(program, "individual_session", "2026-03-09 12:00")
    assert (due_on, left) == (date(2026, 3, 15), 6)


# ---- step-down


def test_a_recommended_step_down_waits_for_both_then_for_the_decision_then_for_its_date() -> None:
    program, by = Due(), date(2026, 3, 20)
    recommended = program.recommends(by)
    assert told(program, "cosignature") == told(program, "answer") == [(None, by, 16, recommended)]
    program.steps(StepDownCosigned, on=TUESDAY)
    assert (told(program, "cosignature"), told(program, "decision")) == ([], [])
    answered = program.steps(StepDownAnswered, answer=Answer.AGREED, on=TUESDAY)
    assert told(program, "answer") == []
    assert told(program, "decision") == [(None, by, 16, answered)]
    decided = program.steps(StepDownDecided, on=WEDNESDAY)
    assert told(program, "decision") == told(program, "effect") == []
    assert told(program, "effect", "2026-03-13 12:00") == [(None, by, 7, decided)]
    assert told(program, "effect", "2026-03-22 12:00") == [(None, by, -2, decided)]
    program.steps(StepDownTookEffect, on=by)
    assert told(program, "effect", "2026-03-22 12:00") == []


def test_what_the_patient_declines_or_somebody_withdraws_waits_for_nothing() -> None:
    program = Due()
    program.recommends()
    program.steps(StepDownAnswered, answer=Answer.DECLINED, on=TUESDAY)
    assert told(program, "cosignature") == told(program, "decision") == []
    program.steps(StepDownAnswered, answer=Answer.AGREED, on=TUESDAY)
    assert len(told(program, "cosignature")) == 1
    program.steps(StepDownWithdrawn, on=TUESDAY)
    assert told(program, "cosignature") == []


def test_a_step_down_of_who_has_left_is_over() -> None:
    program = Due()
    program.recommends()
    program.ann.discharged(TUESDAY)
    assert told(program, "cosignature") == []


# ---- discharge


def discharged(program: Due, reason: DischargeReason, referral: str | None = None) -> str:
    return program.says(Discharged, on=TUESDAY, last_service_on=MONDAY, reason=reason, referral=referral)


def test_a_summary_is_signed_within_thirty_days_of_the_discharge() -> None:
    program = Due()
    gone = discharged(program, DischargeReason.DROPPED_OUT)
    assert told(program, "summary") == []
    assert told(program, "summary", "2026-03-27 12:00") == [("DIS-1", date(2026, 4, 2), 6, gone)]
    assert told(program, "summary", "2026-04-06 12:00")[0][2] == -4
    assert told(program, "aftercare_plan", "2026-04-06 12:00") == []
    program.says(DischargeSummarySigned, on=date(2026, 4, 6))
    assert looked_at(program, "2026-04-06 12:00").rows == ()


def test_of_who_left_long_ago_nothing_is_listed_any_more() -> None:
    program = Due()
    program.result()
    discharged(program, DischargeReason.COMPLETED)
    ninety_days = TUESDAY + timedelta(days=90)
    assert len(only(looked_at(program, f"{ninety_days} 12:00")).due) == 4
    assert looked_at(program, f"{ninety_days + timedelta(days=1)} 12:00").rows == ()


def test_who_completes_has_an_aftercare_plan() -> None:
    program = Due()
    gone = discharged(program, DischargeReason.COMPLETED)
    assert told(program, "aftercare_plan", "2026-03-27 12:00") == [("DIS-1", date(2026, 4, 2), 6, gone)]
    program.says(AftercareStarted, on=date(2026, 3, 10))
    assert told(program, "aftercare_plan", "2026-03-27 12:00") == []
    program = Due()
    discharged(program, DischargeReason.COMPLETED, referral="A physician.")
    assert told(program, "aftercare_plan", "2026-03-27 12:00") == []


# ---- staff


def credential(program: Due, last: date | None, *, role: str = "counselor", first: date = date(2020, 1, 1)) -> str:
    line = StaffCredentialed(
        staff_id=UUID(int=7), name="B. Counselor", role=role, credential="CADC", valid_from=first, valid_to=last
    )
    return f"{FACILITY}@{program.record(FACILITY, line)}"


def staff(program: Due, at: str = NOON) -> list[tuple[str, str | None, date, int, str]]:
    found = looked_at(program, at).staff
    return [(one.role, one.credential, one.due.due_on, one.due.days_left, one.due.since) for one in found]


def test_a_credential_that_runs_out_is_announced_a_month_before_and_listed_until_it_is_renewed() -> None:
    program, last = Due(), date(2026, 4, 1)
    line = credential(program, last)
    assert staff(program) == [("counselor", "CADC", last, 28, line)]
    assert staff(program, "2026-03-01 12:00") == []
    assert staff(program, "2026-04-03 12:00")[0][3] == -2
    assert staff(program, "2026-05-02 12:00") == []
    credential(program, None, role="therapist")
    assert len(staff(program)) == 1
    credential(program, date(2028, 4, 1), first=date(2026, 4, 2))
    assert staff(program) == []


def test_a_credential_that_was_ended_is_nobodys_to_renew() -> None:
    program = Due()
    credential(program, date(2026, 4, 1))
    program.record(FACILITY, CredentialEnded(staff_id=UUID(int=7), credential="CADC", on=MONDAY, reason="Moved."))
    assert staff(program) == []


# ---- the list


def test_what_is_due_is_the_rule_sets() -> None:
    program, _ = missed_twice()
    program.result()
    assert {one.rule for one in only(looked_at(program, NOON)).due} > {"ATT-2", "SCR-2", "PLN-1", "FAM-1", "ASM-1"}
    assert only(looked_at(program, NOON, rule_set=TEDS_IOP)).due == ()


def test_of_a_chart_that_was_merged_nothing_is_due() -> None:
    program = Due()
    program.result()
    program.ann.discharged(TUESDAY)
    assert len(looked_at(program, NOON).rows) == 1
    program.ann.records(MergedInto(chart=UUID(int=9)))
    assert looked_at(program, NOON).rows == ()


def test_the_most_overdue_of_a_patient_comes_first() -> None:
    program, _ = missed_twice()
    program.result()
    left = [one.days_left for one in only(looked_at(program, NOON)).due]
    assert left == sorted(left)
    assert only(looked_at(program, NOON)).days_left == left[0] < 0


def test_patients_come_in_the_order_of_urgency() -> None:
    """Who can still reach the hours by coming today, who can't, who has something overdue, who is on time."""
    program = Due()
    people = {}
    for name in ("on time", "overdue", "too late", "tonight"):
        someone = program.patient(program.cohort_id, date(2026, 2, 28))
        someone.admitted(date(2026, 3, 1))
        people[someone.patient_id] = name
        if name == "overdue":
            someone.records(
                StepDownRecommended(
                    episode_id=someone.episode_id,
                    step_down_id=UUID(int=1),
                    to_level="1.0",
                    weekly_minutes=180,
                    effective_on=MONDAY,
                    criteria=(),
                    on=MONDAY,
                )
            )
        made_up = name in ("on time", "overdue")
        if made_up:
            for on in (MONDAY, TUESDAY):
                someone.attended(program.held(None, f"{on} 08:00", f"{on} 13:00"))
        if name == "tonight":
            someone.attended(program.held(None, f"{MONDAY} 14:00", f"{MONDAY} 17:00"))
    rows = looked_at(program, f"{TUESDAY} 17:55", rule_set=AZ_S9480).rows
    assert [people[row.patient_id] for row in rows if row.patient_id in people] == [
        "tonight",
        "too late",
        "overdue",
        "on time",
    ]


@pytest.mark.parametrize("step", list(Step))
def test_every_step_is_one_sentence_that_says_what_to_do(step: Step) -> None:
    sentence = SENTENCES[step]
    assert sentence.endswith(".")
    assert sentence[:-1].count(".") == 0


def test_days_left_are_counted_to_the_last_date_in_time() -> None:
    program, _ = missed_twice()
    for days in range(3):
        on = WEDNESDAY + timedelta(days=days)
        assert told(program, "outreach", f"{on} 12:00")[0][2] == 1 - days
