"""A thing that somebody has to see to, by a date: what, since which fact, and why, in one sentence without a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Step(StrEnum):
    """What is to be done."""

    OUTREACH = "outreach"
    RESULT_REVIEW = "result_review"
    RESULT_DISCUSSION = "result_discussion"
    PLAN_SIGNATURE = "plan_signature"
    PLAN_REVIEW = "plan_review"
    LEVEL_ASSESSMENT = "level_assessment"
    FAMILY_SESSION = "family_session"
    INDIVIDUAL_SESSION = "individual_session"
    SPECIMEN = "specimen"
    COSIGNATURE = "cosignature"
    ANSWER = "answer"
    DECISION = "decision"
    EFFECT = "effect"
    SUMMARY = "summary"
    AFTERCARE_PLAN = "aftercare_plan"
    CREDENTIAL = "credential"


SENTENCES: Final[Mapping[Step, str]] = {
    Step.OUTREACH: "Reach out: the patient missed sessions in a row without excuse.",
    Step.RESULT_REVIEW: "Have a clinician review the result of a screening.",
    Step.RESULT_DISCUSSION: "Discuss the result of a screening with the patient.",
    Step.PLAN_SIGNATURE: "Have the treatment plan signed, by clinician and patient.",
    Step.PLAN_REVIEW: "Review the treatment plan.",
    Step.LEVEL_ASSESSMENT: "Assess the level of care.",
    Step.FAMILY_SESSION: "Hold a family session: there was none yet in this window.",
    Step.INDIVIDUAL_SESSION: "See the patient alone: there was no individual session yet this week.",
    Step.SPECIMEN: "Collect a specimen: there is none yet this week.",
    Step.COSIGNATURE: "Have somebody else co-sign the step-down before it takes effect.",
    Step.ANSWER: "Ask the patient about the step-down before it takes effect.",
    Step.DECISION: "Decide the step-down: it is co-signed, and the patient has agreed.",
    Step.EFFECT: "Record that the step-down took effect, or withdraw it.",
    Step.SUMMARY: "Sign the discharge summary.",
    Step.AFTERCARE_PLAN: "Start aftercare, as the patient completed and was referred to nobody.",
    Step.CREDENTIAL: "Renew a credential in the staff list: without it nothing can be signed.",
}

DAYS_AHEAD: Final = 7
"""What comes back again and again is listed so many days before it is due, and to the end of the week that is asked
for; what somebody waits for already, at once."""

DAYS_AFTER: Final = 90
"""What is due of somebody who has left is listed for so many days: later it stays a finding, and nobody's next task."""

CREDENTIAL_DAYS_AHEAD: Final = 30
"""A credential takes longer to renew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """`rule` is None where no rule, but a step that others rest on, asks for it. `since` names a fact, `due_on` is the
    last date on which it is in time, `days_left` from `as_of` to it: 0 on that date, negative when it is overdue."""

    step: Step
    rule: str | None
    due_on: date
    days_left: int
    since: str

    @property
    def sentence(self) -> str:
        return SENTENCES[self.step]

    @property
    def place(self) -> tuple[int, str, str, str]:
        """The most urgent first; of several due on one date by rule, step and fact."""
        return self.days_left, self.rule or "", self.step, self.since


def due(step: Step, rule: str | None, due_on: date, since: str, as_of: date) -> Due:
    return Due(step=step, rule=rule, due_on=due_on, days_left=(due_on - as_of).days, since=since)
