"""Charts in the midst of care, and the attendances to be recorded next: what whole commands are measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeVar

from bench.synthetic import FIRST_MONDAY, SEATS, Site
from bench.telling import local
from domain.chart.attendance import AttendanceRecorded
from domain.record import Person, Recorded, stream_kind
from store.store import Store

T = TypeVar("T")

FURTHER_WEEKS: Final = 10
"""How long each patient goes on coming: sixty sessions."""

LATE: Final = "Entered from the paper roster."


@dataclass(frozen=True)
class Case:
    """One chart, and what is recorded in it next, in order."""

    stream: str
    to_come: Sequence[AttendanceRecorded]


@dataclass(frozen=True)
class Group:
    """Twelve cases that go to the same sessions: the n-th attendance to come is of one session for all of them."""

    counselor: Person
    cases: Sequence[Case]


@dataclass(frozen=True)
class Caseload:
    """`facts` as the ledger holds them so far, positions from 1."""

    ledger: str
    facts: Sequence[Recorded]
    groups: Sequence[Group]

    def restore(self, store: Store) -> None:
        """Puts it on record. Made by the rules, it needn't be judged again."""
        store.ledger(self.ledger).restore(self.facts)


def caseload(ledger: str, *, seed: int, groups: int, weeks: int) -> Caseload:
    """Groups that have met for so many weeks: four make charts of 70 facts, five of 85."""
    site = Site(ledger, seed)
    made = [site.group(number, weeks + FURTHER_WEEKS) for number in range(groups)]
    streams = [
        [site.patient(group, first_week=0, weeks=weeks + FURTHER_WEEKS, stays_on=True) for _ in range(SEATS)]
        for group in made
    ]
    now = local(FIRST_MONDAY + timedelta(weeks=weeks), 0)
    known: list[Recorded] = []
    to_come: dict[str, list[AttendanceRecorded]] = {}
    for recorded in site.telling.recorded():
        if stream_kind(recorded.stream) != "chart" or recorded.recorded_at < now:
            known.append(recorded)
        elif isinstance(recorded.fact, AttendanceRecorded):
            to_come.setdefault(recorded.stream, []).append(recorded.fact)
    facts = [replace(fact, position=position) for position, fact in enumerate(known, start=1)]
    return Caseload(
        ledger,
        facts,
        [
            Group(group.counselor, [Case(stream, to_come[stream]) for stream in cases])
            for group, cases in zip(made, streams, strict=True)
        ],
    )


def in_turns(those: Sequence[T], times: int) -> Iterator[tuple[int, T]]:
    """Each of those, once for each n from 0, so many times. Then there is an error: nothing is left to be recorded."""
    for n in range(times):
        for one in those:
            yield n, one
    raise RuntimeError("The attendances to come are used up: measure on more groups.")
