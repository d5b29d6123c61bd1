"""Who is measured when facts are appended one a command by the store alone, over one ledger or several.

Floor: raw INSERTs on as many connections. Peer: the library's `Application.save`, an application with tables of its
own for each ledger. Ours: encrypt, check versions, stamp, keep the idempotency key, commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from itertools import count
from typing import Final

from bench.attendances import Attendances
from bench.floor import Floor
from bench.lab import Lab, Work, contest
from bench.peer import PeerChart, attend, peer_record
from domain.record import stream_name
from store.append import Command, NewFact
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store

CONTENDERS: Final = ("floor", "peer", "ours")


class Appending:
    """The three, each in a database of its own; the writers go to `ledgers` in turn."""

    def __init__(self, lab: Lab, ledgers: int) -> None:
        self._lab = lab
        self._numbers = count(1)
        self.ledgers = [f"bench-{number:02}" for number in range(1, ledgers + 1)]
        self.floor = Floor(lab, "append-floor")
        self.peer_owner, _ = lab.make_database("append-peer")
        self.owner, self._app = lab.make_database("append-ours")
        migrate(self.owner, "stepdown")

    def rates(self, writers: int) -> dict[str, list[float]]:
        """Facts a second of each contender, round by round."""
        return contest(self._lab, {name: partial(self.works, name, writers) for name in CONTENDERS})

    def works(self, name: str, writers: int) -> AbstractContextManager[list[Work]]:
        """What each writer of a contender does again and again: append one fact."""
        written_to = [self.ledgers[writer % len(self.ledgers)] for writer in range(writers)]
        contenders = {"floor": self.floor.inserts, "peer": self._peer, "ours": self._ours}
        return contenders[name](written_to)

    def _attendances(self) -> Attendances:
        return Attendances.of(self._lab.seed, next(self._numbers))

    @contextmanager
    def _peer(self, written_to: list[str]) -> Iterator[list[Work]]:
        with ExitStack() as stack:
            records = {
                ledger: stack.enter_context(peer_record(self.peer_owner, name=ledger, writers=written_to.count(ledger)))
                for ledger in dict.fromkeys(written_to)
            }

            def save(ledger: str) -> Work:
                record, chart = records[ledger], PeerChart()
                record.save(chart)
                attendances = iter(self._attendances())

                def work() -> None:
                    attend(chart, *next(attendances))
                    record.save(chart)

                return work

            yield [save(ledger) for ledger in written_to]

    @contextmanager
    def _ours(self, written_to: list[str]) -> Iterator[list[Work]]:
        with Store(self._app, FileKeyring(self._lab.folder / "master.key"), pool_size=len(written_to)) as store:

            def append(name: str) -> Work:
                ledger, attendances = store.ledger(name), self._attendances()
                stream = stream_name("chart", attendances.patient_id)
                facts, versions = iter(attendances), count(1)

                def work() -> None:
                    envelope, fact = next(facts)
                    version = next(versions)
                    new = NewFact(stream=stream, version=version, envelope=envelope, fact=fact)
                    command = Command("staff|POST attendance", f"{stream}@{version}", b"{}")
                    ledger.append([new], reads={stream: version - 1}, command=command)

                return work

            yield [append(name) for name in written_to]
