"""A whole ledger out of its export: positions, versions and times as they stand, judged by no rule of care.

The file is read through first; one bad line, and nothing is written. Then it is read again into one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from domain.chart import fold
from domain.chart.carry_over import EpisodeCarriedOver
from domain.chart.enrollment import CohortAssigned, Enrolled
from domain.chart.entry import InquiryReceived, NotAdmitted
from domain.chart.exit import Discharged, DischargeVoided
from domain.claims import SEAT, Claim, claims_held, claims_of, cohort_held, seats
from domain.files import LedgerRestored
from domain.key_destruction import ended_by
from domain.record import EnteredInError, Person, Recorded, aims_ahead, stream_kind, stream_uuid
from domain.site import fold_cohort
from exchange.errors import FileUnreadable, NotRestored
from exchange.fact_line import read_fact
from exchange.importing import CHUNK_LINES, Progress, Stage, no_progress
from exchange.lines import Line, LineFile
from exchange.taken_file import TakenFile, judge_operator
from store.errors import LedgerNotEmpty, ShapeError
from store.hollow import Hollow
from store.ledger import Head
from store.store import Store

_SEATING = (InquiryReceived, EpisodeCarriedOver, Enrolled, CohortAssigned, NotAdmitted, Discharged, DischargeVoided)
"""What decides in which cohort a chart has its seat; strikes aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`facts` lines came in; `head` is the ledger's, with the fact that closes the restore."""

    ledger: str
    facts: int
    file_sha256: str
    head: Head


def restore_file(store: Store, path: Path, *, by: Person, progress: Progress = no_progress) -> Restored:
    """Restores the ledger that a file holds whole, NDJSON, plain or gzip, and closes with `LedgerRestored`.

    Raises Refused when `by` may not restore, LedgerNotEmpty, FileUnreadable, and NotRestored with the number of the
    first bad line: nothing is written then.
    """
    judge_operator(by)
    now = store.database.now()
    check = _Check(now)
    file = LineFile(path)
    for line in file:
        check.follow(line)
        if line.number % CHUNK_LINES == 0:
            progress(Stage.READING, file.bytes_read, file.size)
    progress(Stage.READING, file.size, file.size)
    name = check.ledger
    if name is None:
        raise NotRestored(f"{path.name} holds no facts: nothing was restored.")
    ledger = store.ledger(name)
    if ledger.head().position:
        raise LedgerNotEmpty
    check.judge_claims()
    check.judge_hollow()
    taken = TakenFile(sha256=file.sha256, by=by, at=now, correlation_id=uuid4())
    closing = taken.closing(
        check.versions.get(taken.stream, 0) + 1, LedgerRestored(file_sha256=file.sha256, facts=check.position)
    )
    facts = _again(path, file.sha256, check.position, progress)
    head = ledger.restore(facts, claims=check.seats(), closing=closing)
    return Restored(ledger=name, facts=check.position, file_sha256=file.sha256, head=head)


def _recorded(line: Line) -> Recorded | Hollow:
    """NotRestored says what is wrong with the line."""
    read = read_fact(line)
    if read.hollow is not None:
        return read.hollow
    if read.parsed is None:
        because = "This is no fact." if read.fault is None else read.fault.because
        raise _bad(line, because)
    try:
        return read.parsed.recorded()
    except ShapeError as error:
        raise _bad(line, str(error)) from None


def _bad(line: Line, because: str) -> NotRestored:
    return NotRestored(f"Line {line.number}: {because} Nothing was restored.")


def _again(path: Path, sha256: str, lines: int, progress: Progress) -> Iterator[Recorded | Hollow]:
    progress(Stage.RECORDING, 0, lines)
    file = LineFile(path)
    for done, line in enumerate(file, start=1):
        yield _recorded(line)
        if done % CHUNK_LINES == 0:
            progress(Stage.RECORDING, done, lines)
    if file.sha256 != sha256:
        raise FileUnreadable(f"{path.name} changed while it was restored: nothing was restored, try again.")
    progress(Stage.RECORDING, lines, lines)


@dataclass(slots=True)
class _Check:
    """Follows a file line by line: is it one ledger, whole and in order, and do its claims agree?

    `now` is the database's clock. No fact is stamped before the last one, so a time to come would be every later one's.
    """

    now: datetime
    ledger: str | None = None
    position: int = 0
    recorded_at: datetime | None = None
    versions: dict[str, int] = field(default_factory=dict)
    _claiming: dict[str, list[tuple[Line, Recorded]]] = field(default_factory=dict)
    _seated: dict[str, list[Recorded]] = field(default_factory=dict)
    _cohorts: dict[str, list[Recorded]] = field(default_factory=dict)
    _hollow: dict[str, Line] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    def follow(self, line: Line) -> None:
        recorded = _recorded(line)
        stream, version = recorded.stream, self.versions.get(recorded.stream, 0) + 1
        if self.ledger is None:
            self.ledger = recorded.ledger
        if recorded.ledger != self.ledger:
            raise _bad(line, "It is of another ledger than the lines before it: restore one ledger a file.")
        if recorded.position != self.position + 1:
            raise _bad(line, f"`position` must be {self.position + 1}: positions follow each other from 1.")
        if recorded.version != version:
            raise _bad(line, f"`version` must be {version}, the next of its stream.")
        if isinstance(recorded, Recorded) and aims_ahead(recorded):
            raise _bad(line, "It strikes or corrects what doesn't come before it in its stream.")
        if self.recorded_at is not None and recorded.recorded_at < self.recorded_at:
            raise _bad(line, "`recorded_at` is before that of the line before it.")
        if recorded.recorded_at > self.now:
            raise _bad(line, "`recorded_at` is still to come by the database's clock: check both clocks.")
        self.position, self.recorded_at, self.versions[stream] = recorded.position, recorded.recorded_at, version
        if isinstance(recorded, Hollow):
            self._hollow.setdefault(stream, line)
        else:
            self._keep(line, recorded)

    def judge_hollow(self) -> None:
        """NotRestored where a chart lacks its facts and nothing says that it was destroyed."""
        for stream in self._hollow.keys() - self._ended:
            raise _bad(self._hollow[stream], "Its fact is missing, and nothing says that its chart was destroyed.")

    def _keep(self, line: Line, recorded: Recorded) -> None:
        """What claims and seats are made from; the rest is not kept in memory."""
        fact, kind = recorded.fact, stream_kind(recorded.stream)
        strikes = isinstance(fact, EnteredInError)
        if (ended := ended_by(fact)) is not None:
            self._ended.add(ended)
        if kind == "cohort":
            self._cohorts.setdefault(recorded.stream, []).append(recorded)
        if kind == "chart" and (strikes or isinstance(fact, _SEATING)):
            self._seated.setdefault(recorded.stream, []).append(recorded)
        if strikes or any(claims_of(recorded.stream, fact)):
            self._claiming.setdefault(recorded.stream, []).append((line, recorded))

    def judge_claims(self) -> None:
        """NotRestored where two streams claim the same."""
        holders: dict[tuple[str, str], str] = {}
        for stream, known in self._claiming.items():
            lines = {recorded.version: line for line, recorded in known}
            for claim, version in claims_held(stream, [recorded for _, recorded in known]).items():
                if holders.setdefault((claim.kind, claim.value), stream) != stream:
                    raise _bad(lines[version], f"Another record has the same {claim.kind}.")

    def seats(self) -> list[Claim]:
        """Who sits where at the end. Who finds no seat free goes without, as a voided discharge does."""
        cohorts = {stream_uuid(name): fold_cohort(stream_uuid(name), found) for name, found in self._cohorts.items()}
        free = {key: iter(seats(cohort)) for key, cohort in cohorts.items()}
        taken = []
        for stream, entries in self._seated.items():
            held = cohort_held(fold(stream_uuid(stream), entries))
            if held is not None and (seat := next(free.get(held, iter(())), None)) is not None:
                taken.append(Claim(SEAT, seat.value, stream))
        return taken
