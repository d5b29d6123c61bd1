"""One ledger's share of an import: lines judged in order, appended in batches, judged again when others were faster.

What becomes of a line is final when its batch is on record: until then it waits here. While one batch is being
written, the next is judged.
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
from exchange.fact_line import FactLine, clock_of, entry_of, judge_line, same_content
from exchange.rejects import Rejects
from exchange.taken_file import TakenFile
from exchange.working_site import Considered, Share, WorkingSite
from store.append import NewFact, Receipt
from store.errors import ClaimTaken, VersionConflict
from store.ledger import Ledger

BATCH_FACTS: Final = 500
"""How many facts one transaction writes."""

WAITING_LINES: Final = 5000
"""How many lines wait for their batch before it is written as it is."""

TRIES: Final = 20
"""How often in a row lines are judged anew, each time in batches of half the size, before the import gives up."""


@dataclass(slots=True)
class Batch:
    """Lines that wait to be on record: what is written of them, and which were refused."""

    lines: list[FactLine] = field(default_factory=list)
    facts: list[NewFact] = field(default_factory=list)
    refusals: list[tuple[FactLine, Refused]] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    """Stream that is held back → number of the line that was refused."""

    @property
    def repeated(self) -> int:
        """How many lines repeat others of this batch."""
        return len(self.lines) - len(self.facts) - len(self.refusals)


@dataclass(frozen=True, slots=True)
class Writing:
    """A batch on its way. `appended` is None where it holds refused lines alone; `closes` when it closes the import."""

    batch: Batch
    share: Share
    appended: Future[Receipt] | None
    closes: bool


class LedgerImport:
    """Take every line in order, then finish. Raises the errors of the store; what is on record by then stays.

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
        self._to_judge: deque[FactLine] = deque()
        self._batch = Batch()
        self._writing: Writing | None = None
        self._held: dict[str, int] = {}
        self._size = BATCH_FACTS
        self._conflicts = 0
        self._closed = False
        self.added = 0
        self.skipped = 0
        self.refused = 0

    def take(self, line: FactLine) -> None:
        """Judges a line; writes the batch before it when that is full."""
        if line.stream is not None and stream_kind(line.stream) == "chart":
            self._charts.add(line.stream)
        self._to_judge.append(line)
        self._judge_all()
        while len(self._batch.lines) >= WAITING_LINES:
            self._write()
            self._judge_all()

    def finish(self) -> None:
        """Writes what waits. An import that added something is closed in the transaction of its last facts."""
        while True:
            self._judge_all()
            if not self._arrived():
                continue
            if not self._batch.lines and (self._closed or not self.added):
                return
            self._write(last=True)

    @property
    def charts(self) -> dict[str, bool]:
        return {chart: chart in self._held for chart in self._charts}

    def _judge_all(self) -> None:
        while self._to_judge:
            line = self._to_judge.popleft()
            if self._writing is not None and self._looks_at_charts(line):
                # Which charts others wrote to is seen when nothing of this file is on its way.
                self._to_judge.appendleft(line)
                self._arrived()
                continue
            try:
                considered = self._consider(line)
            except Refused as refusal:
                self._refuse(line, refusal)
                continue
            if considered is None:
                continue
            if len(self._batch.facts) >= self._size or self._site.begins_anew(considered):
                self._to_judge.appendleft(line)
                if not self._write():
                    continue  # All that is not on record comes back to be judged anew, and this line after it.
                self._to_judge.popleft()
            self._add(line, considered)

    def _looks_at_charts(self, line: FactLine) -> bool:
        return line.parsed is not None and self._site.looks_at_charts(line.parsed.stream, line.parsed.fact)

    def _consider(self, line: FactLine) -> Considered | None:
        """None for a line that is in already. Raises Refused."""
        if line.fault is not None or line.parsed is None:
            raise line.fault or AssertionError("A line has a fact or a fault.")
        stream, version = line.parsed.stream, line.parsed.version
        known, entry = self._site.known(stream), entry_of(line.parsed)
        latest = len(known.entries)
        if version <= latest:
            if not same_content(entry, known.entries[version - 1]):
                raise Refused("line.differs", f"Version {version} of this stream is on record and says something else.")
            if version > known.on_record:
                self._batch.lines.append(line)
            else:
                # Whoever was faster brought this very line in: that is no reason to give up.
                self.skipped += 1
                self._conflicts = 0
            return None
        judge_line(line.parsed, self._file.at)
        if (held_by := self._held_by(stream)) is not None:
            raise Refused("line.held-back", f"Line {held_by} of the same stream was refused: put that right first.")
        if version != latest + 1:
            raise Refused("line.version-gap", f"This stream is at version {latest}: give version {latest + 1} first.")
        try:
            return self._site.consider(stream, entry, clock_of(line.parsed))
        except OverflowError:
            raise Refused("line.out-of-time", "A date or instant is too far off to reckon with: check it.") from None

    def _held_by(self, stream: str) -> int | None:
        writing = {} if self._writing is None else self._writing.batch.held
        return self._batch.held.get(stream) or writing.get(stream) or self._held.get(stream)

    def _add(self, line: FactLine, considered: Considered) -> None:
        entry = considered.entry
        self._site.add(considered)
        self._batch.lines.append(line)
        self._batch.facts.append(
            NewFact(stream=considered.stream, version=entry.version, envelope=entry.envelope, fact=entry.fact)
        )

    def _refuse(self, line: FactLine, refusal: Refused) -> None:
        self._batch.lines.append(line)
        self._batch.refusals.append((line, refusal))
        if line.stream is not None and self._held_by(line.stream) is None:
            self._batch.held[line.stream] = line.line.number

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
        self._to_judge.extendleft(reversed([*writing.batch.lines, *self._batch.lines]))
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
            self._rejects.refuse(line.line, refusal)
        self._rejects.flush()
