"""The episode of the status document in the model: "what happened up to the end of `as_of`".

Left open, and settled here: the episode last opened is that whose inquiry tells of the latest first contact, and of two
at the same instant the one recorded last.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from tests.domain.model.record import Line, named
from tests.domain.model.states import on_date, state_on, walk

EMPTY = ("episode_id", "state", "level_of_care", "cohort_id", "admitted_on", "week_of_program", "planned_weeks")


def episode(lines: list[Line], as_of: date) -> dict[str, Any]:
    """`{episode_id, state, level_of_care, cohort_id, admitted_on, week_of_program, planned_weeks}`, JSON-ready."""
    opened = [line for line in named(lines, "InquiryReceived") if on_date(line) <= as_of]
    if not opened:
        return dict.fromkeys(EMPTY)
    episode_id = max(opened, key=lambda line: (line.first_contact_at, line.version)).episode_id
    mine = [line for line in lines if line.get("episode_id") == episode_id]
    enrolled = [line for line in named(mine, "Enrolled") if line.on <= as_of]
    admitted = [line for line in named(mine, "Admitted") if line.on <= as_of]
    left = [line for line in named(mine, "Discharged") if line.on <= as_of]
    until = min([as_of, *(line.on for line in left)])
    return {
        "episode_id": str(episode_id),
        "state": state_on(lines, episode_id, as_of),
        "level_of_care": level(lines, episode_id, as_of) if enrolled else None,
        "cohort_id": str(cohort_of(mine, as_of)) if enrolled else None,
        "admitted_on": admitted[0].on.isoformat() if admitted else None,
        "week_of_program": (until - admitted[0].on).days // 7 + 1 if admitted else None,
        "planned_weeks": enrolled[0].planned_weeks if enrolled else None,
    }


def level(lines: list[Line], episode_id: UUID, as_of: date) -> str | None:
    """The contract: "Of the enrollment, then of each step in effect"."""
    now = None
    for line, _, _ in walk(lines, episode_id):
        if on_date(line) > as_of:
            continue
        if line.name == "Enrolled":
            now = line.level_of_care
        if line.name == "StepUpDecided":
            now = line.to_level
        if line.name == "StepDownTookEffect":
            steps = named(lines, "StepDownRecommended")
            now = next(step.to_level for step in steps if step.step_down_id == line.step_down_id)
    return now


def cohort_of(lines: list[Line], as_of: date) -> UUID | None:
    """The contract: "That of the latest enrollment or assignment effective by then"."""
    named_by = [(line.get("effective_on") or line.on, line.version, line.cohort_id) for line in lines if is_named(line)]
    by_then = [each for each in named_by if each[0] <= as_of]
    return max(by_then)[2] if by_then else None


def is_named(line: Line) -> bool:
    return line.name in ("Enrolled", "CohortAssigned")
