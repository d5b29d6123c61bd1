"""B1d: the roster of a session, twelve charts of about 80 facts, recorded in one transaction by one writer.

The charts of several groups are gone through in turn, so that each grows from 70 facts to some 90. The first rosters,
while nothing is known of the charts, are told apart. Floor: one INSERT of twelve rows. Peer: twelve times the library's
`repository.get`, then one `save` of all of them, no rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Final

from bench.append_command import analyze
from bench.attendances import Attendances
from bench.caseload import LATE, Caseload, caseload, in_turns
from bench.floor import Floor
from bench.lab import Lab, Work, contest, rate_of
from bench.peer import PeerChart, attend, grown, peer_record
from bench.synthetic import SEATS
from bench.table import Rates, rates_table
from domain.record import Source
from store.append import Command
from store.desk import Desk, Filing
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store

TITLE: Final = "a roster of 12 charts of 80 facts in one transaction"

WEEKS: Final = 4
EVENTS: Final = 70
PEER_GROUPS: Final = 3
TIMES_PEER: Final = 6.0


class Rosters:
    """The three contenders, each in a database of its own. Each round has new charts."""

    def __init__(self, lab: Lab, *, groups: int) -> None:
        self._lab = lab
        self._groups = groups
        self._numbers = count(1)
        self.floor = Floor(lab, "roster-floor")
        self.peer_owner, _ = lab.make_database("roster-peer")
        self.owner, self._app = lab.make_database("roster-ours")
        migrate(self.owner, "stepdown")
        self.first: list[float] = []
        """Rosters a second of the first round over the groups, of whose charts nothing was known."""

    def rates(self) -> dict[str, list[float]]:
        """Rosters a second of each contender, round by round."""
        return contest(self._lab, {"floor": self.floor_works, "peer": self.peer_works, "ours": self.works})

    def floor_works(self) -> AbstractContextManager[list[Work]]:
        return self.floor.rosters("bench", SEATS)

    @contextmanager
    def peer_works(self) -> Iterator[list[Work]]:
        with peer_record(self.peer_owner, writers=1) as record:
            groups = []
            for _ in range(PEER_GROUPS):
                made = [Attendances.of(self._lab.seed, next(self._numbers)) for _ in range(SEATS)]
                charts = [grown(attendances, EVENTS) for attendances in made]
                for chart in charts:
                    record.save(chart)
                groups.append([(c.id, iter(attendances)) for c, attendances in zip(charts, made, strict=True)])
            turns = cycle(groups)

            def work() -> None:
                charts = []
                for chart_id, attendances in next(turns):
                    chart: PeerChart = record.repository.get(chart_id)
                    attend(chart, *next(attendances))
                    charts.append(chart)
                record.save(*charts)

            yield [work]

    @contextmanager
    def works(self) -> Iterator[list[Work]]:
        with Store(self._app, FileKeyring(self._lab.folder / "master.key"), pool_size=2) as store:
            made = caseload(f"bench-{next(self._numbers)}", seed=self._lab.seed, groups=self._groups, weeks=WEEKS)
            made.restore(store)
            analyze(self.owner)
            works = [_rosters(Desk(store, lambda: datetime.now(UTC)), made)]
            self.first.append(rate_of(works, self._groups))
            yield works


def _rosters(desk: Desk, made: Caseload) -> Work:
    turns = in_turns(made.groups, len(made.groups[0].cases[0].to_come))

    def work() -> None:
        n, group = next(turns)
        filings = [Filing(case.stream, case.to_come[n]) for case in group.cases]
        desk.record_all(
            made.ledger,
            filings,
            by=group.counselor,
            source=Source.API,
            reason=LATE,
            command=Command("staff|POST roster", f"{filings[0].stream}/{n}", b"{}"),
        )

    return work


def run(lab: Lab) -> list[str]:
    rosters = Rosters(lab, groups=lab.amount(full=24, quick=8))
    rates = rosters.rates()
    known = Rates(label="known charts", figures=rates, times_peer=TIMES_PEER)
    new = Rates(label="first roster of a group", figures=rates | {"ours": rosters.first})
    return rates_table("1 writer", "rosters", [known, new])
