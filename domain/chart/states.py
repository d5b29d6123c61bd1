"""The states of an episode of care: one table of what leads from which to which, and the walk through it.

The table is the whole state machine; `docs/states.md` is made from it. `InquiryReceived` opens an episode;
`DischargeVoided` takes a discharge out again; every fact that the table does not name leaves the state alone.
Aftercare, alumni and sober living are no states: they come beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final


class State(StrEnum):
    INQUIRY = "inquiry"
    ASSESSED = "assessed"
    WAITLISTED = "waitlisted"
    DETOX_REFERRED = "detox_referred"
    ENROLLED = "enrolled"
    ACTIVE = "active"
    TAPERING = "tapering"
    ON_HOLD = "on_hold"
    DISCHARGED = "discharged"
    NOT_ADMITTED = "not_admitted"


ENDED: Final = frozenset({State.DISCHARGED, State.NOT_ADMITTED})


class Leads(StrEnum):
    """Where a fact leads that no state of the table can say."""

    BEFORE = "the state before the hold"
    NAMED = "the state that it names"


_IN_TREATMENT: Final = (State.ACTIVE, State.TAPERING, State.ON_HOLD)
_AFTER_ASSESSMENT: Final = tuple(state for state in State if state is not State.INQUIRY)


def _from(*states: State, to: State | Leads) -> dict[State, State | Leads]:
    return dict.fromkeys(states, to)


def _stays_in(*states: State) -> dict[State, State | Leads]:
    return {state: state for state in states}


TRANSITIONS: Final[Mapping[str, Mapping[State, State | Leads]]] = {
    "IntakeAssessed": _from(State.INQUIRY, State.ASSESSED, State.DETOX_REFERRED, to=State.ASSESSED),
    "Waitlisted": _from(State.ASSESSED, to=State.WAITLISTED),
    "DetoxReferred": _from(State.ASSESSED, to=State.DETOX_REFERRED) | _stays_in(*_IN_TREATMENT),
    "DetoxAnswered": _stays_in(*_AFTER_ASSESSMENT) | _from(State.DETOX_REFERRED, to=State.ASSESSED),
    "Enrolled": _from(State.ASSESSED, State.WAITLISTED, to=State.ENROLLED),
    "NotAdmitted": _from(
        State.INQUIRY,
        State.ASSESSED,
        State.WAITLISTED,
        State.DETOX_REFERRED,
        State.ENROLLED,
        to=State.NOT_ADMITTED,
    ),
    "Admitted": _from(State.ENROLLED, to=State.ACTIVE),
    "EpisodeCarriedOver": _from(State.INQUIRY, to=Leads.NAMED),
    "StepDownTookEffect": _from(State.ACTIVE, State.TAPERING, to=State.TAPERING),
    "StepUpDecided": _from(State.ACTIVE, State.TAPERING, to=State.ACTIVE),
    "HoldStarted": _from(State.ACTIVE, State.TAPERING, to=State.ON_HOLD),
    "HoldEnded": _from(State.ON_HOLD, to=Leads.BEFORE),
    "Discharged": _from(*_IN_TREATMENT, to=State.DISCHARGED),
}
"""Fact → the states it may follow, each with the state it leads to. Of the answers to a detox referral only a refusal
stands here: nobody took the patient, so the assessment holds again. Who was taken comes back by a new assessment. A
provider may answer when the patient has long moved on, which changes nothing."""

_OF_THE_DAY: Final[Mapping[str, int]] = {
    "EpisodeCarriedOver": 0,
    "IntakeAssessed": 0,
    "Waitlisted": 0,
    "Enrolled": 1,
    "Admitted": 2,
    "HoldEnded": 4,
    "NotAdmitted": 5,
    "Discharged": 5,
}
_IN_BETWEEN: Final = 3

_OF_DETOX: Final = frozenset({"DetoxReferred", "DetoxAnswered"})

_ADMITS: Final = frozenset({"Admitted", "EpisodeCarriedOver"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A dated transition, named after its fact.

    `level` is the level of care that a step-down or step-up leads to, `to` the state that a fact names itself.
    `supposed`: the end of a hold that nobody has recorded yet, of the version that began it.
    """

    name: str
    on: date
    version: int
    level: str | None = None
    to: State | None = None
    supposed: bool = False


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps in the order in which they took place, whichever was recorded first.

    Within a date what leads to the enrollment comes first, then enrollment, admission, and what ends the episode last.
    A hold goes on through its last date, so that its end comes after whatever else happened then but the episode's end.
    A detox referral and its answer come before the enrollment up to the day of admission, and from that day on after
    it. A hold that was forgotten, and is entered after a later one, is supposed to have lasted for its first date until
    its end is entered: only then can it be said what lies between the two.
    """
    known = [step for step in steps if not step.supposed]
    admitted = min((s.on for s in known if s.name in _ADMITS), default=date.max)

    def place(step: Step) -> tuple[date, int, int]:
        if step.name in _OF_DETOX and step.on < admitted:
            return step.on, 0, step.version
        return step.on, _OF_THE_DAY.get(step.name, _IN_BETWEEN), step.version

    placed = sorted(known, key=place)
    ends = [replace(step, name=_HOLD_ENDED, supposed=True) for step in _forgotten(placed)]
    return tuple(sorted((*placed, *ends), key=place) if ends else placed)


def _forgotten(steps: Iterable[Step]) -> Iterator[Step]:
    """The holds that have no end before the next one begins, which was on record before them."""
    unended: Step | None = None
    for step in steps:
        if step.name == _HOLD_STARTED:
            if unended is not None and step.version < unended.version:
                yield unended
            unended = step
        elif step.name == _HOLD_ENDED:
            unended = None


_HOLD_STARTED: Final = "HoldStarted"
_HOLD_ENDED: Final = "HoldEnded"

_ELSEWHERE: Final[Mapping[str, State | Leads]] = {
    name: next(iter(targets)) for name, leads in TRANSITIONS.items() if len(targets := set(leads.values())) == 1
}
"""Where a fact leads from a state that it may not follow, in a history that nobody judged: where it always leads."""


class Broken(Exception):
    """A step that may not follow the state before it."""

    def __init__(self, step: Step, state: State) -> None:
        super().__init__(f"{step.name} does not follow {state}")
        self.step = step
        self.state = state


def walk(steps: Iterable[Step], *, strict: bool = False) -> list[State]:
    """The states that the steps lead through, the first being `inquiry`.

    A stored history is walked as it is; `strict` raises `Broken` at the first step that the table does not allow.
    """
    states = [State.INQUIRY]
    held_from = State.ACTIVE
    for step in steps:
        now = states[-1]
        to = TRANSITIONS[step.name].get(now)
        if to is None:
            if strict:
                raise Broken(step, now)
            to = _ELSEWHERE.get(step.name, now)
        if step.name == _HOLD_STARTED:
            held_from = now
        if to is Leads.BEFORE:
            to = held_from
        elif to is Leads.NAMED:
            to = step.to or now
        states.append(to)
    return states
