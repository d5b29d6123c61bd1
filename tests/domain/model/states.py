"""The state of an episode on a date, in the model.

"State machine of an episode: INQUIRY → ASSESSED → (WAITLISTED →) ENROLLED → ACTIVE ⇄ TAPERING / ON_HOLD → DISCHARGED;
also ASSESSED → DETOX_REFERRED → ASSESSED, and → NOT_ADMITTED from every state before ACTIVE." "A state is asked for by
program day, not by the order of recording."

Left open, and settled here: what happened on one date is taken in the order in which it can have happened (inquiry,
assessment and what comes of it, enrollment, admission, care, the end of a hold, the end of the episode), and within
each in the order of recording. In treatment a detox referral changes no state, so that it comes with care. A referral
that the provider declines at once leaves the patient assessed; an answer to somebody who has moved on changes nothing.
A hold that is entered after a later one, before which it began, ended before that one began: when, is not known before
its end is told, and it is taken to be of one day.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

from tests.domain.model.record import Line, local_date, named

BEFORE_ACTIVE = ("inquiry", "assessed", "waitlisted", "detox_referred", "enrolled")
TREATED = ("active", "tapering")

LEADS: dict[str, dict[str, str]] = {
    "IntakeAssessed": {"inquiry": "assessed", "assessed": "assessed", "detox_referred": "assessed"},
    "Waitlisted": {"assessed": "waitlisted"},
    "Enrolled": {"assessed": "enrolled", "waitlisted": "enrolled"},
    "NotAdmitted": dict.fromkeys(BEFORE_ACTIVE, "not_admitted"),
    "Admitted": {"enrolled": "active"},
    "StepDownTookEffect": {"active": "tapering", "tapering": "tapering"},
    "StepUpDecided": {"active": "active", "tapering": "active"},
    "HoldStarted": {"active": "on_hold", "tapering": "on_hold"},
    "Discharged": {"active": "discharged", "tapering": "discharged", "on_hold": "discharged"},
    "DetoxReferred": {"assessed": "detox_referred", "active": "active", "tapering": "tapering", "on_hold": "on_hold"},
}
"""Fact → state before → state after; what is not named is refused."""

OF_THE_DAY = (
    ("InquiryReceived",),
    ("IntakeAssessed", "Waitlisted", "DetoxReferred", "DetoxAnswered"),
    ("Enrolled",),
    ("Admitted",),
    ("StepDownTookEffect", "StepUpDecided", "HoldStarted"),
    ("HoldEnded",),
    ("Discharged", "NotAdmitted"),
)
STEPS = (*LEADS, "InquiryReceived", "HoldEnded", "DetoxAnswered")


def on_date(line: Line) -> date:
    return local_date(line.first_contact_at) if line.name == "InquiryReceived" else line.on  # type: ignore[no-any-return]


def steps(lines: list[Line], episode_id: Any) -> list[Line]:
    """The live lines that can change the state, in the order in which they happened."""
    found = [line for line in lines if line.name in STEPS and line.get("episode_id") == episode_id]
    admitted = min((line.on for line in named(found, "Admitted")), default=date.max)

    def place(line: Line) -> tuple[date, int, int]:
        rank = next(n for n, names in enumerate(OF_THE_DAY) if line.name in names)
        if line.name.startswith("Detox") and line.on >= admitted:
            rank = 4
        return on_date(line), rank, line.version

    ordered = sorted(found, key=place)
    holds = [line for line in ordered if line.name in ("HoldStarted", "HoldEnded")]
    for one, next_one in pairwise(holds):
        if one.name == next_one.name == "HoldStarted" and one.version > next_one.version:
            found.append(Line(one.version, "HoldEnded", dict(one.fact), one.told_at, one.by, one.by_role))
    return sorted(found, key=place)


def walk(lines: list[Line], episode_id: Any) -> list[tuple[Line, str | None, str | None]]:
    """Each step with the state before and after it; after is None where it can't follow."""
    state: str | None = None
    before_hold = "active"
    walked = []
    for line in steps(lines, episode_id):
        before = state
        if line.name == "InquiryReceived":
            after = "inquiry" if state is None else None
        elif line.name == "HoldEnded":
            after = before_hold if state == "on_hold" else None
        elif line.name == "DetoxAnswered":
            after = "assessed" if state == "detox_referred" and not line.accepted else state
        else:
            after = LEADS[line.name].get(state or "")
        if line.name == "DetoxReferred" and line.get("accepted") is False and after is not None:
            after = state
        if line.name == "HoldStarted" and state is not None:
            before_hold = state
        walked.append((line, before, after))
        state = after or state
    return walked


def misplaced(lines: list[Line], episode_id: Any) -> list[Line]:
    return [line for line, _, after in walk(lines, episode_id) if after is None]


def state_on(lines: list[Line], episode_id: Any, on: date) -> str | None:
    """The contract: "`discharged` from the discharge date on, `on_hold` through the hold's last date"."""
    state = None
    for line, _, after in walk(lines, episode_id):
        closes = line.name == "HoldEnded" and on_date(line) == on
        if on_date(line) <= on and not closes:
            state = after or state
    return state


def state_during(lines: list[Line], episode_id: Any, on: date) -> str | None:
    """The state in which care is given on a date: "credited … to discharge date (both included)"."""
    state = None
    for line, _, after in walk(lines, episode_id):
        closes = line.name in ("HoldEnded", "NotAdmitted", "Discharged") and on_date(line) == on
        if on_date(line) <= on and not closes:
            state = after or state
    return state
