"""Facts out of files, judged like live ones: each line at the time when it was first recorded, elsewhere. Files are
NDJSON, one fact a line, or tables (see `exchange.csv_import`).

A file is read to its end before anything of it is written, so that one that is cut off comes in not at all. Then it
is read again, judged and appended batch by batch; run again after an interruption, it goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson

from domain.chart import Chart
from domain.chart.merging import ChartLinked
from domain.record import Person, stream_name
from domain.refused import Refused
from exchange.csv_file import TableFile, is_table
from exchange.csv_import import TableImport
from exchange.errors import FileUnreadable
from exchange.fact_line import FactLine, read_import
from exchange.keeping import keeping
from exchange.ledger_import import LedgerImport
from exchange.lines import Line, LineFile
from exchange.rejects import Rejects, rejects_file
from exchange.taken_file import TakenFile, judge_operator
from exchange.working_site import WorkingSite
from store.desk import Desk
from store.elsewhere import Elsewhere, linked_in
from store.store import Store

_ADMITTED: Final = "The file that was imported tells of the first session attended, and of no admission."

CHUNK_LINES: Final = 2000
"""How many lines are read ahead, so that what they need is asked for at once."""


class Stage(StrEnum):
    """What a file is at: read through, in bytes of the file, or recorded (restored), in lines."""

    READING = "reading"
    RECORDING = "recording"


Progress = Callable[[Stage, int, int], None]
"""Told now and then: the stage, how much is done, of how much."""


def no_progress(_stage: Stage, _done: int, _of: int) -> None:
    """For who doesn't want to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Lines of a file: `facts` came in, `skipped` were in already, `rejects` were refused. `ledgers` got facts.
    `destroyed` lines tell of charts no more than that they were destroyed, and were passed by.

    Of a final file: the charts that the system admitted since the file does not, `admitted`, and those that have no
    room for an admission they lack, `unadmitted`. Charts that a later file tells of are counted there.
    """

    facts: int
    skipped: int
    rejects: int
    file_sha256: str
    ledgers: tuple[str, ...]
    admitted: int = 0
    unadmitted: int = 0
    destroyed: int = 0


def import_file(
    store: Store,
    path: Path,
    *,
    by: Person,
    rejects: Path | None = None,
    final: bool = False,
    into: Into | None = None,
    progress: Progress = no_progress,
) -> Imported:
    """Imports one file, NDJSON or a table, plain or gzip. Refused lines go to `rejects`, everything else comes in.

    An export comes into its own ledger again without adding or refusing anything. In another ledger, the line that
    says that the former one was restored (`LedgerRestored`) is refused: that is true of the former one alone. Later
    lines of its stream, about imports of the same file, are held back with it.

    Raises Refused when `by` may not import, FileUnreadable and FileUnwritable before anything was written, NotImported
    and the errors of the store on the way: then what came in by then stays, and the same import goes on from there.
    """
    [imported] = import_files(store, [path], by=by, rejects=rejects, final=final, into=into, progress=progress)
    return imported


def import_files(
    store: Store,
    paths: Sequence[Path],
    *,
    by: Person,
    rejects: Path | None = None,
    final: bool = False,
    into: Into | None = None,
    progress: Progress = no_progress,
) -> list[Imported]:
    """As `import_file`, for several files in the order given; all of them are read before the first write. `into` says
    where the rows of tables go, for there they don't say it. ColumnsUnknown for a table with others than it may have.

    An import of facts adds no consequences of its own; with attendance in a table the system records the admission.
    `final`: the files tell all there is to tell, so the system admits whom they leave without the admission that
    follows from the first session attended, where no line of the chart was refused.
    """
    judge_operator(by)
    if into is None and any(is_table(path) for path in paths):
        raise ValueError("A table is imported into a ledger: name it.")
    surveys = [survey(path, progress) for path in paths]
    with rejects_file(rejects, paths) as refused:
        done = [_import(store, found, by, into, refused, progress) for found in surveys]
    imported, told = [one for one, _ in done], [charts for _, charts in done]
    return _admitted(store, imported, told, by) if final else imported


@dataclass(frozen=True, slots=True)
class Into:
    """The ledger of tables, and the reason for late rows that give none."""

    ledger: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A file that can be read to its end."""

    path: Path
    sha256: str
    lines: int


def survey(path: Path, progress: Progress) -> Survey:
    """Reads a file to its end. FileUnreadable when it is cut off, no UTF-8, or none of its lines is a JSON object;
    ColumnsUnknown."""
    if is_table(path):
        return _survey_table(path, progress)
    file = LineFile(path)
    lines = 0
    has_object = False
    for line in file:
        lines += 1
        has_object = has_object or _is_object(line)
        if lines % CHUNK_LINES == 0:
            progress(Stage.READING, file.bytes_read, file.size)
    if lines and not has_object:
        raise FileUnreadable(
            f"{path.name} holds no facts: give NDJSON, one a line, or a table named .csv; plain or gzip."
        )
    progress(Stage.READING, file.size, file.size)
    return Survey(path=path, sha256=file.sha256, lines=lines)


def _survey_table(path: Path, progress: Progress) -> Survey:
    file = TableFile(path)
    rows = 0
    for rows, _ in enumerate(file.rows(), start=1):
        if rows % CHUNK_LINES == 0:
            progress(Stage.READING, file.bytes_read, file.size)
    progress(Stage.READING, file.size, file.size)
    return Survey(path=path, sha256=file.sha256, lines=rows)


def _is_object(line: Line) -> bool:
    try:
        return isinstance(orjson.loads(line.text), dict)
    except orjson.JSONDecodeError:
        return False


_Told = Mapping[tuple[str, str], bool]
"""Ledger and chart that a file tells of → whether a line of it was refused."""


def _admitted(store: Store, imported: Sequence[Imported], told: Sequence[_Told], by: Person) -> list[Imported]:
    desk, correlation_id = Desk(store, store.database.now), uuid4()
    refused = {chart for charts in told for chart, was_refused in charts.items() if was_refused}
    last = {chart: n for n, charts in enumerate(told) for chart in charts}
    admitted, unadmitted = Counter[int](), Counter[int]()
    for (ledger, chart), n in sorted(last.items()):
        if (ledger, chart) in refused:
            continue
        try:
            recorded = desk.admit(ledger, chart, by=by, correlation_id=correlation_id, reason=_ADMITTED)
            admitted[n] += recorded > 0
        except Refused:
            # What it tells after the first session attended leaves no room: it stays as the file has it.
            unadmitted[n] += 1
    return [replace(one, admitted=admitted[n], unadmitted=unadmitted[n]) for n, one in enumerate(imported)]


def _import(
    store: Store, found: Survey, by: Person, into: Into | None, rejects: Rejects, progress: Progress
) -> tuple[Imported, _Told]:
    file = TakenFile(sha256=found.sha256, by=by, at=store.database.now(), correlation_id=uuid4())
    refused_before = rejects.count
    progress(Stage.RECORDING, 0, found.lines)
    with keeping() as keep, ThreadPoolExecutor(1, "import") as writer:

        def recorded(done: int) -> None:
            keep()
            progress(Stage.RECORDING, done, found.lines)

        importing: _FileImport | TableImport
        if into is not None and is_table(found.path):
            source: LineFile = (table := TableFile(found.path))
            importing = tables = TableImport(store, into.ledger, into.reason, rejects, file, writer)
            tables.take_all(table, CHUNK_LINES, recorded)
        else:
            source = LineFile(found.path)
            importing = facts = _FileImport(store, rejects, file, writer)
            facts.take_all(source, recorded)
        if source.sha256 != found.sha256:
            raise FileUnreadable(f"{found.path.name} changed while it was imported: import it again.")
        importing.finish()
    parts = importing.parts
    told = {(name, chart): refused for name, part in parts.items() for chart, refused in part.charts.items()}
    imported = Imported(
        facts=sum(part.added for part in parts.values()),
        skipped=sum(part.skipped for part in parts.values()),
        rejects=rejects.count - refused_before,
        file_sha256=found.sha256,
        ledgers=tuple(sorted(name for name, part in parts.items() if part.added)),
        destroyed=sum(part.destroyed for part in parts.values()),
    )
    return imported, told


def _chunks(lines: Iterable[Line]) -> Iterator[list[FactLine]]:
    rest = iter(lines)
    while chunk := [read_import(line) for line in islice(rest, CHUNK_LINES)]:
        yield chunk


class _FileImport:
    """Hands each line to its ledger's part."""

    def __init__(self, store: Store, rejects: Rejects, file: TakenFile, writer: ThreadPoolExecutor) -> None:
        self._store = store
        self._writer = writer
        self._rejects = rejects
        self._file = file
        self._sites: dict[str, WorkingSite] = {}
        self._last: LedgerImport | None = None
        self.parts: dict[str, LedgerImport] = {}

    def take_all(self, lines: Iterable[Line], taken: Callable[[int], None]) -> None:
        """`taken` is told how many lines were."""
        done = 0
        for chunk in _chunks(lines):
            self._take(chunk)
            done += len(chunk)
            taken(done)

    def _take(self, chunk: Sequence[FactLine]) -> None:
        by_ledger: dict[str, list[FactLine]] = {}
        for line in chunk:
            if (line.parsed is not None or line.hollow is not None) and line.ledger is not None:
                by_ledger.setdefault(line.ledger, []).append(line)
        for name, lines in by_ledger.items():
            self._begin(name)
            self._sites[name].foresee((line.parsed.stream, line.parsed.fact) for line in lines if line.parsed)
        for line in chunk:
            part = self.parts.get(line.ledger) if line.ledger is not None else None
            part = self._last = part or self._last
            if part is not None and line.hollow is not None:
                part.leave_untold(line.hollow.stream)
            elif part is not None:
                part.take(line)
            elif line.fault is not None:
                self._rejects.refuse(line.line, line.fault)

    def finish(self) -> None:
        for part in self.parts.values():
            part.finish()

    def _begin(self, name: str) -> None:
        if name not in self.parts:
            ledger = self._store.ledger(name)
            self._sites[name] = WorkingSite(ledger, self._elsewhere)
            self.parts[name] = LedgerImport(ledger, self._sites[name], self._rejects, self._file, self._writer)

    def _elsewhere(self, fact: Any) -> Elsewhere:
        """The chart of another ledger that a fact links: as this file has it so far, or as it is on record."""
        if not isinstance(fact, ChartLinked):
            return {}
        if (site := self._sites.get(fact.ledger)) is not None:
            state = site.state(stream_name("chart", fact.patient_id))
            return {(fact.ledger, fact.patient_id): state} if isinstance(state, Chart) else {}
        return linked_in(self._store, [fact])
