"""What a patient wants changed in the record (45 CFR 164.526), and what became of it.

A request has no id: an answer is to the oldest request that is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from domain.record import Entry
from domain.refused import Refused
from domain.wording import is_blank


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentRequested:
    what: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentAccepted:
    """The record itself is corrected by corrections of its own."""

    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentDenied:
    why: str
    on: date


OF_AMENDMENTS = (AmendmentRequested, AmendmentAccepted, AmendmentDenied)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A request, or an answer, by version."""

    on: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendments:
    """Both in the order of their dates."""

    requests: tuple[Step, ...] = ()
    answers: tuple[Step, ...] = ()

    @property
    def open(self) -> tuple[Step, ...]:
        """The requests without an answer, the oldest first."""
        return self.requests[len(self.answers) :]


def evolve(amendments: Amendments, entry: Entry) -> Amendments:
    step = Step(on=entry.fact.on, version=entry.version)
    if isinstance(entry.fact, AmendmentRequested):
        return Amendments(requests=_placed(amendments.requests, step), answers=amendments.answers)
    return Amendments(requests=amendments.requests, answers=_placed(amendments.answers, step))


def _placed(steps: tuple[Step, ...], step: Step) -> tuple[Step, ...]:
    return tuple(sorted((*steps, step), key=lambda one: (one.on, one.version)))


def judge(amendments: Amendments, new: Entry) -> None:
    match new.fact:
        case AmendmentRequested(what=what):
            if is_blank(what):
                raise Refused("amendment.without-request", "Say what the patient wants changed.")
            return
        case AmendmentDenied(why=why) if is_blank(why):
            raise Refused("amendment.without-reason", "Say why it is denied: the patient is told in writing.")
        case _:
            pass
    if not amendments.open:
        raise Refused("amendment.not-requested", "No request for an amendment is open: record the request first.")
    if set(unfounded(evolve(amendments, new))) - set(unfounded(amendments)):
        raise Refused("amendment.before-request", "The answer can't be before the request: check both dates.")


def unfounded(amendments: Amendments) -> Iterator[int]:
    """The versions of answers to which there is no request, or only a later one."""
    for n, answer in enumerate(amendments.answers):
        if n >= len(amendments.requests) or amendments.requests[n].on > answer.on:
            yield answer.version
