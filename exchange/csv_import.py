"""Rows of a table as units of an import: read once, then decided like live commands, each with what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.judgement import scheduled_end
from domain.claims import mrn_claimed
from domain.decision import decide
from domain.record import Entry, Envelope, Source
from domain.recording import act_date, is_late
from domain.refused import Refused
from domain.roster import Draft
from domain.scene import Scene
from exchange.csv_cells import Cells
from exchange.csv_columns import ATTENDANCE, PATIENTS, SCREENINGS
from exchange.csv_file import Row, TableFile
from exchange.csv_header import Header
from exchange.csv_rows import Recording, Told, read_attendance, read_patient
from exchange.csv_screenings import ScreeningTold, read_screening
from exchange.csv_settling import settle
from exchange.csv_site import TableSite
from exchange.ledger_import import LedgerImport
from exchange.lines import Line
from exchange.rejects import Rejects
from exchange.share import Considered
from exchange.taken_file import TakenFile
from exchange.unit import Repeats, held_back, judge_clock
from exchange.working_site import WorkingSite
from store.elsewhere import linked_in
from store.store import Store

KEPT_ENTRIES: Final = 60_000
"""How many entries of charts and sessions an import of a table keeps in memory, about: they are read again when needed.
What a long file touches does not grow with it."""

ROWS_OF_A_UNIT: Final = 500
"""A specimen has a few dozen results: rows that go on for longer are taken in parts."""

_READERS: Final[Mapping[str, Callable[[Cells], Told]]] = {
    PATIENTS.name: read_patient,
    ATTENDANCE.name: read_attendance,
    SCREENINGS.name: read_screening,
}


@dataclass(slots=True)
class TableUnit:
    """One row, or the rows of one specimen. `told` is None where a row has a fault."""

    lines: Sequence[Line]
    at: TableSite
    told: Told | None
    faults: Mapping[int, Refused] = field(default_factory=dict)
    """Place in `lines` → what is wrong with the row by itself."""
    key: str | None = None

    def looks_at_charts(self, site: WorkingSite) -> bool:
        return False

    def consider(self, site: WorkingSite, held_by: int | None, now: datetime) -> Considered | Repeats:
        if self.told is None or self.faults:
            raise next(iter(self.faults.values()))
        if held_by is not None:
            raise held_back(held_by, "specimen")
        return _Decided(self.at, self.told, now).outcome()

    def refusals(self, refusal: Refused) -> Sequence[tuple[Line, Refused]]:
        """Rows without a fault of their own are held back by the first that has one."""
        if not self.faults:
            return [(line, refusal) for line in self.lines]
        because = held_back(self.lines[min(self.faults)].number, "specimen")
        return [(line, self.faults.get(n, because)) for n, line in enumerate(self.lines)]


class _Decided:
    """One try: the facts of a unit, each decided with those before it, with what follows from them in the chart."""

    def __init__(self, at: TableSite, told: Told, now: datetime) -> None:
        self._table = at
        self._told = told
        self._now = now
        self._stream = told.chart(at)
        self._known = at.site.known(self._stream)
        self._history: list[Entry] = list(self._known.entries)
        state = at.site.state(self._stream)
        if not isinstance(state, Chart):
            raise TypeError("A chart's stream folds to a chart.")
        self._chart = state
        self._repeated = 0

    def outcome(self) -> Considered | Repeats:
        """All of the facts that aren't in yet. Refused when one of them is."""
        before = len(self._history)
        for fact, by in self._told.facts(self._chart, self._table, self._now):
            self._decide(fact, by)
        if new := tuple(self._history[before:]):
            return self._table.site.considered(self._stream, new, self._chart)
        return Repeats.OF_THE_BATCH if self._repeated > self._known.on_record else Repeats.ON_RECORD

    def _decide(self, told: Any, by: Recording) -> None:
        settled = settle(told, by.staff, self._history)
        self._repeated = max(self._repeated, settled.version)
        if settled.rest is None:
            return
        judge_clock("recorded_at", by.recorded_at, self._now)
        scene = self._table.site.scene(self._stream, settled.rest, by.recorded_at or self._now)
        fact = settled.rest.fact(self._chart, scene) if isinstance(settled.rest, Draft) else settled.rest
        envelope = self._envelope(fact, by, scene)
        decision = decide(self._stream, self._chart, self._history, fact, envelope, scene)
        self._history += decision.entries
        if isinstance(decision.after, Chart):
            self._chart = decision.after

    def _envelope(self, fact: Any, by: Recording, scene: Scene) -> Envelope:
        table, ends = self._table, scheduled_end(fact, scene)
        envelope = Envelope(
            by=table.person(by.staff, fact, act_date(fact, scene, scheduled_end=ends)),
            source=Source.IMPORT,
            correlation_id=table.row_id("row", *self._told.key()),
            reason=by.reason,
            recorded_elsewhere_at=by.recorded_at,
        )
        entry = Entry(version=1, recorded_at=scene.at, envelope=envelope, fact=fact)
        lacks = table.reason is not None and by.reason is None and is_late(entry, scene.zone, scheduled_end=ends)
        return replace(envelope, reason=table.reason) if lacks else envelope


# ---- reading


@dataclass(slots=True)
class _Read:
    """A row, and what it tells or is refused for."""

    line: Line
    told: Told | None
    fault: Refused | None
    specimen: str | None = None
    """Neighbouring rows of the same one make a unit, and rest on those before; None: the row is one by itself."""


def _read(row: Row, header: Header, zone: ZoneInfo) -> _Read:
    specimen = None
    if header.table is SCREENINGS and row.fault is None:
        number = row.cells.get("accession") or row.cells.get("collected_at", "")
        specimen = f"specimen/{mrn_claimed(row.cells.get('mrn', ''))}/{number}"
    try:
        if row.fault is not None:
            raise row.fault
        cells = Cells(header.table, row.cells, zone)
        cells.judge_required()
        return _Read(row.line, _READERS[header.table.name](cells), None, specimen)
    except Refused as fault:
        return _Read(row.line, None, fault, specimen)


def units(rows: Iterable[_Read], at: TableSite) -> Iterator[TableUnit]:
    """Rows as units, in order."""
    gathered: list[_Read] = []
    for row in rows:
        full = len(gathered) >= ROWS_OF_A_UNIT
        if gathered and (full or row.specimen is None or row.specimen != gathered[0].specimen):
            yield _unit(gathered, at)
            gathered = []
        gathered.append(row)
    if gathered:
        yield _unit(gathered, at)


def _unit(rows: Sequence[_Read], at: TableSite) -> TableUnit:
    told: Told | None = None
    faults: dict[int, Refused] = {}
    for n, row in enumerate(rows):
        try:
            if row.fault is not None:
                raise row.fault
            if isinstance(told, ScreeningTold) and isinstance(row.told, ScreeningTold):
                told = told.joined(row.told)
            else:
                told = row.told
        except Refused as fault:
            faults[n] = fault
    return TableUnit([row.line for row in rows], at, told, faults, rows[0].specimen)


class TableImport:
    """The rows of one table, for one ledger. Refused before the facility is opened."""

    def __init__(
        self,
        store: Store,
        ledger: str,
        reason: str | None,
        rejects: Rejects,
        file: TakenFile,
        writer: ThreadPoolExecutor,
    ) -> None:
        book = store.ledger(ledger)
        self._site = WorkingSite(book, lambda fact: linked_in(store, [fact]))
        self._at = TableSite(self._site, reason)
        self._zone = self._at.zone
        self._part = LedgerImport(book, self._site, rejects, file, writer)
        self.parts = {ledger: self._part}

    def take_all(self, file: TableFile, size: int, taken: Callable[[int], None]) -> None:
        """So many units at once; `taken` is told how many rows were."""
        rest, done = units(self._rows(file), self._at), 0
        while chunk := list(islice(rest, size)):
            self._take(chunk)
            done += sum(len(unit.lines) for unit in chunk)
            taken(done)

    def _rows(self, file: TableFile) -> Iterator[_Read]:
        for row in file.rows():
            if file.header is None:
                raise AssertionError("A header comes before its rows.")
            yield _read(row, file.header, self._zone)

    def _take(self, chunk: Sequence[TableUnit]) -> None:
        self._site.forget(KEPT_ENTRIES)
        self._foresee([unit.told for unit in chunk if unit.told is not None])
        for unit in chunk:
            self._part.take(unit)

    def _foresee(self, told: Sequence[Told]) -> None:
        charts = self._at.charts(mrn_claimed(one.mrn) for one in told)
        self._site.foresee_streams({*charts.values(), *(name for one in told for name in one.streams(self._at))})

    def finish(self) -> None:
        self._part.finish()
