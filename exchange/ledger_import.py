"""One ledger's share of an import: units judged in order, appended in batches, judged again when others were faster.

A unit is a line of facts, or rows of a table: see `exchange.unit`. What becomes of one is final when its batch is on
record: until then it waits here. While one batch is being written, the next is judged.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from domain.files import ImportCompleted
from domain.record import stream_kind
from domain.refused import Refused
from exchange.errors import NotImported
from exchange.lines import Line
from exchange.rejects import Rejects
from exchange.share import Considered, Share
from exchange.taken_file import TakenFile
from exchange.unit import Repeats, Unit, out_of_time
from exchange.working_site import WorkingSite
from store.append import NewFact, Receipt
from store.errors import ClaimTaken, VersionConflict
from store.ledger import Ledger

BATCH_FACTS: Final = 500
"""How many facts one transaction writes."""

WAITING_UNITS: Final = 5000
"""How many units wait for their batch before it is written as it is."""

TRIES: Final = 20
"""How often in a row units are judged anew, each time in batches of half the size, before the import gives up."""


@dataclass(slots=True)
class Batch:
    """Units that wait to be on record: what is written of them, which lines were refused, how many repeat others of
    this batch."""

    units: list[Unit] = field(default_factory=list)
    facts: list[NewFact] = field(default_factory=list)
    refusals: list[tuple[Line, Refused]] = field(default_factory=list)
    repeated: int = 0
    held: dict[str, int] = field(default_factory=dict)
    """Key that is held back → number of the line that was refused."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A batch on its way. `appended` is None where it holds refused lines alone; `closes` when it closes the import."""

    batch: Batch
    share: Share
    appended: Future[Receipt] | None
    closes: bool


class LedgerImport:
    """Take every unit in order, then finish. Raises the errors of the store; what is on record by then stays.

    `writer` runs one append at a time. `charts` are those that the file tells of, each with whether a line of it was
    refused.
    """

    def __init__(
        self, ledger: Ledger, site: WorkingSite, rejects: Rejects, file: TakenFile, writer: ThreadPoolExecutor
    ) -> None:
        self._ledger = ledger
        self._site = site
        self._rejects = rejects
        self._file = file
        self._writer = writer
        self._charts: set[str] = set()
        self._to_judge: deque[Unit] = deque()
        self._batch = Batch()
        self._writing: Writing | None = None
        self._held: dict[str, int] = {}
        self._size = BATCH_FACTS
        self._conflicts = 0
        self._closed = False
        self.added = 0
        self.skipped = 0
        self.refused = 0
        self.destroyed = 0

    def take(self, unit: Unit) -> None:
        """Judges a unit; writes the batch before it when that is full."""
        if unit.key is not None and stream_kind(unit.key) == "chart":
            self._charts.add(unit.key)
        self._to_judge.append(unit)
        self._judge_all()
        while len(self._batch.units) >= WAITING_UNITS:
            self._write()
            self._judge_all()

    def leave_untold(self, chart: str) -> None:
        """A line says no more of this chart than that it was destroyed: there is nothing to take."""
        self._site.leave_untold(chart)
        self.destroyed += 1

    def finish(self) -> None:
        """Writes what waits. An import that added something is closed in the transaction of its last facts."""
        while True:
            self._judge_all()
            if not self._arrived():
                continue
            if not self._batch.units and (self._closed or not self.added):
                return
            self._write(last=True)

    @property
    def charts(self) -> dict[str, bool]:
        return {chart: chart in self._held for chart in self._charts}

    def _judge_all(self) -> None:
        while self._to_judge:
            unit = self._to_judge.popleft()
            if self._writing is not None and unit.looks_at_charts(self._site):
                # Which charts others wrote to is seen when nothing of this file is on its way.
                self._to_judge.appendleft(unit)
                self._arrived()
                continue
            try:
                considered = self._considered(unit)
            except Refused as refusal:
                self._refuse(unit, refusal)
                continue
            if isinstance(considered, Repeats):
                self._repeat(unit, considered)
            elif len(self._batch.facts) >= self._size or self._site.begins_anew(considered):
                # Judged again for the batch that it goes with, whose append names what it rests on; and when the one
                # before did not get in, after all of that.
                self._to_judge.appendleft(unit)
                self._write()
            else:
                self._add(unit, considered)

    def _considered(self, unit: Unit) -> Considered | Repeats:
        try:
            return unit.consider(self._site, self._held_by(unit.key), self._file.at)
        except OverflowError:
            raise out_of_time() from None

    def _repeat(self, unit: Unit, repeats: Repeats) -> None:
        if repeats is Repeats.OF_THE_BATCH:
            self._batch.units.append(unit)
            self._batch.repeated += len(unit.lines)
        else:
            # Whoever was faster brought this very unit in: that is no reason to give up.
            self.skipped += len(unit.lines)
            self._conflicts = 0

    def _held_by(self, key: str | None) -> int | None:
        if key is None:
            return None
        if self._writing is not None and (held_by := self._writing.batch.held.get(key)) is not None:
            return held_by
        return self._batch.held.get(key) or self._held.get(key)

    def _add(self, unit: Unit, considered: Considered) -> None:
        self._site.add(considered)
        self._batch.units.append(unit)
        self._batch.facts += [
            NewFact(stream=considered.stream, version=entry.version, envelope=entry.envelope, fact=entry.fact)
            for entry in considered.entries
        ]

    def _refuse(self, unit: Unit, refusal: Refused) -> None:
        self._batch.units.append(unit)
        self._batch.refusals += unit.refusals(refusal)
        if unit.key is not None and self._held_by(unit.key) is None:
            self._batch.held[unit.key] = unit.lines[0].number

    def _write(self, *, last: bool = False) -> bool:
        """Hands the batch over to be written, once the one before it is on record. When somebody else was faster with
        that one, the lines of both are to be judged anew: False."""
        if not self._arrived():
            return False
        batch, self._batch = self._batch, Batch()
        closing = self._closing(batch) if last else []
        share = self._site.hand_over()
        facts = [*batch.facts, *closing]
        appended = self._writer.submit(self._append, facts, share) if facts else None
        self._writing = Writing(batch, share, appended, closes=bool(closing))
        return True

    def _append(self, facts: list[NewFact], share: Share) -> Receipt:
        claims, releases = [*share.seats.claims, *share.claimed], [*share.seats.releases, *share.released]
        return self._ledger.append(facts, reads=share.reads, none_since=share.looked, claims=claims, releases=releases)

    def _arrived(self) -> bool:
        """Waits for the batch on its way, if there is one. Whether it is on record."""
        writing, self._writing = self._writing, None
        if writing is None:
            return True
        try:
            if writing.appended is not None:
                writing.appended.result()
        except (VersionConflict, ClaimTaken):
            self._take_back(writing)
            return False
        self._settle(writing)
        return True

    def _closing(self, batch: Batch) -> list[NewFact]:
        added = self.added + len(batch.facts)
        if not added:
            return []
        version = self._site.known(self._file.stream).handed_over + 1
        rejects = self.refused + len(batch.refusals)
        completed = ImportCompleted(file_sha256=self._file.sha256, facts=added, rejects=rejects)
        return [self._file.closing(version, completed)]

    def _take_back(self, writing: Writing) -> None:
        self._conflicts += 1
        if self._conflicts > TRIES:
            raise NotImported("Others keep changing what this file rests on: import it again, nothing comes in twice.")
        self._size = max(1, self._size // 2)
        self._site.take_back(writing.share, self._file.stream)
        self._to_judge.extendleft(reversed([*writing.batch.units, *self._batch.units]))
        self._batch = Batch()

    def _settle(self, writing: Writing) -> None:
        batch = writing.batch
        self._conflicts, self._size = 0, min(BATCH_FACTS, self._size * 2)
        self._closed = writing.closes
        self._site.committed(writing.share)
        self._held.update(batch.held)
        self.added += len(batch.facts)
        self.skipped += batch.repeated
        self.refused += len(batch.refusals)
        for line, refusal in batch.refusals:
            self._rejects.refuse(line, refusal)
        self._rejects.flush()
