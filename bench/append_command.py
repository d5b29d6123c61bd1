"""B1c: whole commands in one process, eight writers: a chart of about a hundred facts is loaded, the rules judge one
more attendance, it is appended under an idempotency key.

Each writer has groups of twelve charts of its own and goes through their charts in turn, so that a chart grows from 85
facts to some 120. Their first commands, while nothing is known of the charts, are told apart. Floor: raw INSERTs by as
many connections. Peer: the library's `repository.get` and `save` of aggregates that start with 85 events, no rules,
without its cache, which is off unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Final

import psycopg

from bench.attendances import Attendances
from bench.caseload import LATE, Group, caseload, in_turns
from bench.floor import Floor
from bench.lab import Lab, Work, contest, rate_of
from bench.peer import PeerChart, PeerRecord, attend, grown, peer_record
from bench.synthetic import SEATS
from bench.table import Rates, rates_table
from domain.record import Source
from store.append import Command
from store.desk import Desk
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store

TITLE: Final = "the whole command on charts of 100 facts: load, decide, append"

WRITERS: Final = 8
WEEKS: Final = 5
EVENTS: Final = 85
OF_FLOOR: Final = 0.25
TIMES_PEER: Final = 6.0

PEER_CHARTS: Final = 4
"""For each writer: enough for some dozens of commands a round on each."""


class Commanding:
    """The three contenders, each in a database of its own. Each round has new charts."""

    def __init__(self, lab: Lab, *, writers: int = WRITERS, groups: int = 2) -> None:
        self._lab = lab
        self._writers = writers
        self._groups = groups
        self._numbers = count(1)
        self.floor = Floor(lab, "command-floor")
        self.peer_owner, _ = lab.make_database("command-peer")
        self.owner, self._app = lab.make_database("command-ours")
        migrate(self.owner, "stepdown")
        self.first: list[float] = []
        """Commands a second of the first round over the charts, of which nothing was known."""

    def rates(self) -> dict[str, list[float]]:
        """Commands a second of each contender, round by round."""
        return contest(self._lab, {"floor": self.floor_works, "peer": self.peer_works, "ours": self.works})

    def floor_works(self) -> AbstractContextManager[list[Work]]:
        return self.floor.inserts(["bench"] * self._writers)

    @contextmanager
    def peer_works(self) -> Iterator[list[Work]]:
        with peer_record(self.peer_owner, writers=self._writers) as record:
            yield [self._peer_writer(record) for _ in range(self._writers)]

    def _peer_writer(self, record: PeerRecord) -> Work:
        made = [Attendances.of(self._lab.seed, next(self._numbers)) for _ in range(PEER_CHARTS)]
        charts = [grown(attendances, EVENTS) for attendances in made]
        record.save(*charts)
        turns = cycle([(chart.id, iter(attendances)) for chart, attendances in zip(charts, made, strict=True)])

        def work() -> None:
            chart_id, attendances = next(turns)
            chart: PeerChart = record.repository.get(chart_id)
            attend(chart, *next(attendances))
            record.save(chart)

        return work

    @contextmanager
    def works(self) -> Iterator[list[Work]]:
        with Store(self._app, FileKeyring(self._lab.folder / "master.key"), pool_size=self._writers) as store:
            made = caseload(
                f"bench-{next(self._numbers)}", seed=self._lab.seed, groups=self._writers * self._groups, weeks=WEEKS
            )
            made.restore(store)
            analyze(self.owner)
            desk = Desk(store, lambda: datetime.now(UTC))
            shares = [made.groups[n :: self._writers] for n in range(self._writers)]
            works = [_writer(desk, made.ledger, share) for share in shares]
            self.first.append(rate_of(works, self._groups * SEATS))
            yield works


def _writer(desk: Desk, ledger: str, groups: Sequence[Group]) -> Work:
    counselors = {case.stream: group.counselor for group in groups for case in group.cases}
    cases = [case for group in groups for case in group.cases]
    turns = in_turns(cases, len(cases[0].to_come))

    def work() -> None:
        n, case = next(turns)
        desk.record(
            ledger,
            case.stream,
            case.to_come[n],
            by=counselors[case.stream],
            source=Source.API,
            reason=LATE,
            command=Command("staff|POST attendance", f"{case.stream}/{n}", b"{}"),
        )

    return work


def analyze(owner: str) -> None:
    """What the planner knows is not to hang on when the server gets round to it."""
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("ANALYZE fact")


def run(lab: Lab) -> list[str]:
    commanding = Commanding(lab, groups=lab.amount(full=2, quick=1))
    rates = commanding.rates()
    known = Rates(label="known charts", figures=rates, of_floor=OF_FLOOR, times_peer=TIMES_PEER)
    new = Rates(label="first command on a chart", figures=rates | {"ours": commanding.first})
    return rates_table(f"{WRITERS} writers", "commands", [known, new])
