"""What relied on a fact of the record while it stood: issued reports, decisions, looks and files that left.

What is known is told apart from what can't be: a row of a report names the facts that it rests on, a decision names no
more than what it followed from, and of a file that left only kind, size and hash are on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from domain.access import ChartRead, ExportMade
from domain.facility import Facility
from domain.record import Recorded, stream_kind, stream_name, stream_uuid
from domain.relying import DECISIONS, Stretch, resting_on, stood
from domain.resting import naming
from domain.scene import Scene
from domain.streams import named
from exchange import issued
from exchange.cut import utc_text
from exchange.errors import NotOnRecord, RowsNotKept
from exchange.exporting import PAGE_FACTS
from exchange.issued import IssuedReport
from exchange.replay import beside
from exchange.rows import patients_in
from store.access_record import looks_at
from store.accesses import access_ledger
from store.ledger import Ledger
from store.store import Store

MOST: Final = 1000
"""So many looks, and so many files, are listed; where there were more, the answer says so."""

_LIMITS: Final = (
    "Reports: rows of `reports` name the fact as evidence. Those of `reports_before` were issued before it was "
    "recorded, so none rested on it; whether their answer is another one by it, the delta of each says.",
    "Decisions: `requires` would have been refused without the fact, `caused` followed from it by themselves. Of those "
    "in `meanwhile` it is known that the record said so when they were made, not what they were made for.",
    "Files: of one that left, kind, rows and hash are on record, not which facts are in it: any of `exports` may hold "
    "this one. A manifest kept beside a file says its cut.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """`document` is JSON-ready; `version` is that of the fact's stream now, `patients` are those it tells of."""

    document: dict[str, Any]
    version: int
    patients: frozenset[UUID]


def answer(store: Store, facility: str, stream: str, version: int, *, now: datetime) -> BlastRadius | None:
    """Of a fact while it stood: from when it was recorded until it was corrected, struck or voided, and again from when
    that was struck. None of a chart that isn't there, or was destroyed.

    NotOnRecord where there is no such fact; RowsAltered where a report's rows are not its own.
    """
    ledger = store.ledger(facility)
    entries = ledger.read([stream])[stream]
    if not entries and stream_kind(stream) == "chart":
        return None
    fact = next((entry for entry in entries if entry.version == version), None)
    if fact is None:
        raise NotOnRecord("There is no such fact at this facility.")
    head, stretches = ledger.head(), stood(entries, version)
    undone = stretches[-1].until if stretches else None
    relying = _Relying(store, ledger, fact, stretches, head.position)
    reports, patients = _reports(store, facility, fact, now)
    decisions, charts = relying.decisions()
    exports, more_exports = relying.exports()
    looks, more_looks = relying.looks()
    document = {
        "event": fact.name,
        "type": type(fact.fact).__name__,
        "facility": facility,
        "recorded_at": utc_text(fact.recorded_at),
        "position": fact.position,
        "known_at": utc_text(head.recorded_at or fact.recorded_at),
        "undone_by": None if undone is None else _told(undone),
        "stood": [
            {"since": _told(one.since), "until": None if one.until is None else _told(one.until)} for one in stretches
        ],
        **reports,
        **decisions,
        "looks": looks,
        "more_looks": more_looks,
        "exports": exports,
        "more_exports": more_exports,
        "limits": list(_LIMITS),
    }
    return BlastRadius(document=document, version=len(entries), patients=frozenset(patients | charts))


def put_on_record(
    found: BlastRadius, stream: str, read_chart: Callable[[UUID, int], None], saw: Callable[[list[UUID]], None]
) -> None:
    """Before the answer goes out: the chart that it is about, and whoever else is named in it. Of a fact that is in no
    chart, that it was looked at, even if it names nobody."""
    own = {stream_uuid(stream)} if stream_kind(stream) == "chart" else set()
    for patient_id in own:
        read_chart(patient_id, found.version)
    others = found.patients - own
    if others or not own:
        saw(sorted(others))


def _told(entry: Recorded) -> dict[str, Any]:
    by = entry.envelope.by
    return {
        "event": entry.name,
        "type": type(entry.fact).__name__,
        "recorded_at": utc_text(entry.recorded_at),
        "by": {"id": by.id, "name": by.name, "role": by.role, "credential": by.credential},
    }


def _reports(store: Store, facility: str, fact: Recorded, now: datetime) -> tuple[dict[str, Any], set[UUID]]:
    """Those that name it, those whose rows aren't here to be looked at, and those that were issued before."""
    naming_it: list[dict[str, Any]] = []
    unread: list[str] = []
    before: list[str] = []
    patients: set[UUID] = set()
    for report in _issued(store, facility):
        if report.fact.at_position < fact.position:
            before.append(str(report.report_id))
            continue
        try:
            rows = issued.rows_in(issued.canonical_rows(store, report, now=now))
        except RowsNotKept:
            unread.append(str(report.report_id))
            continue
        resting = [row for row in rows if fact.name in row["evidence"]]
        if resting:
            naming_it.append(_of_report(report, resting))
            patients |= set(patients_in(resting))
    return {"reports": naming_it, "reports_unread": unread, "reports_before": before}, patients


def _issued(store: Store, facility: str) -> Iterator[IssuedReport]:
    before = None
    while True:
        page = issued.listing(store, facility, before=before)
        yield from page.reports
        if (before := page.next_before) is None:
            return


def _of_report(report: IssuedReport, rows: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("rule", "subject", "subject_id", "period_start", "period_end", "verdict")
    return {
        "report_id": str(report.report_id),
        "report": report.fact.kind.value,
        "period": str(report.period),
        "issued_at": utc_text(report.entry.recorded_at),
        "attested": report.attested is not None,
        "rows": [{name: row[name] for name in keys} for row in rows],
    }


class _Relying:
    """On one fact, in the times in which it stood; `upto` is the last position of the ledger."""

    def __init__(
        self, store: Store, ledger: Ledger, fact: Recorded, stretches: Sequence[Stretch[Recorded]], upto: int
    ) -> None:
        self._store, self._ledger, self._fact, self._stretches = store, ledger, fact, stretches
        self._ends = [upto if one.until is None else one.until.position - 1 for one in stretches]
        self._is_chart = stream_kind(fact.stream) == "chart"

    def decisions(self) -> tuple[dict[str, Any], set[UUID]]:
        upto = max(self._ends, default=0)
        charts = [self._fact.stream] if self._is_chart else sorted(self._naming(upto))
        later = [
            entry
            for entries in self._ledger.read(charts, upto=upto).values()
            for entry in entries
            if entry.name != self._fact.name and self._stood_at(entry.position)
        ]
        later.sort(key=lambda entry: entry.position)
        required = {entry.name for entry in self._required()} if self._is_chart else set()
        caused = {entry.name for entry in later if entry.envelope.causation_id == self._fact.name}
        meanwhile = [e for e in later if type(e.fact).__name__ in DECISIONS and e.name not in required | caused]
        told = {
            "requires": [_told(entry) for entry in later if entry.name in required],
            "caused": [_told(entry) for entry in later if entry.name in caused],
            "meanwhile": [_told(entry) for entry in meanwhile],
        }
        shown = {entry.stream for entry in later if entry.name in required | caused} | {e.stream for e in meanwhile}
        return told, {stream_uuid(stream) for stream in shown}

    def _stood_at(self, position: int) -> bool:
        return any(one.since.position <= position <= end for one, end in zip(self._stretches, self._ends, strict=True))

    def _required(self) -> Iterator[Recorded]:
        """By the record at the end of each stretch."""
        stream, site = self._fact.stream, stream_name("facility", self._ledger.name)
        view = self._store.states(self._ledger.name).view([stream, site])
        for upto in self._ends:
            entries = [entry for entry in view.streams[stream].entries if entry.position <= upto]
            sessions, cohorts = beside(view.streams.values(), upto)
            scene = Scene(
                ledger=self._ledger.name,
                at=entries[-1].recorded_at,
                facility=cast(Facility, view.streams[site].state_at(upto)),
                sessions=sessions,
                cohorts=cohorts,
            )
            yield from resting_on(stream_uuid(stream), entries, self._fact.version, scene)

    def _naming(self, upto: int) -> set[str]:
        """The charts that name the stream of the fact, by facts recorded up to then."""
        found, after, names = set(), 0, naming(self._fact.stream)
        while names and (rows := self._ledger.typed(names, after=after, upto=upto, limit=PAGE_FACTS)):
            found |= {entry.stream for entry in self._ledger.opened(rows) if self._fact.stream in named(entry.fact)}
            after = rows[-1][0]
        return found

    def looks(self) -> tuple[list[dict[str, Any]], bool]:
        """Who saw the chart at a version that had the fact, while it stood."""
        if not self._is_chart:
            return [], False
        patient_id = stream_uuid(self._fact.stream)
        found: list[Recorded] = []
        for after, upto in self._of_accesses():
            limit = MOST + 1 - len(found)
            found += looks_at(self._store, self._ledger.name, patient_id, after=after, upto=upto, limit=limit)
        shown = [look for look in found[:MOST] if not isinstance(look.fact, ChartRead) or self._saw(look.fact)]
        return [
            {**_told(look), "what": look.fact.what, "at_version": getattr(look.fact, "at_version", None)}
            for look in shown
        ], len(found) > MOST

    def _saw(self, look: ChartRead) -> bool:
        """Who asked for the past saw another version than that of then."""
        return any(one.has(look.at_version) for one in self._stretches)

    def exports(self) -> tuple[list[dict[str, Any]], bool]:
        """Files that left while it stood."""
        accesses = self._store.ledger(access_ledger(self._ledger.name))
        made: list[Recorded] = []
        for after, upto in self._of_accesses():
            rows = accesses.typed([ExportMade.__name__], after=after, upto=upto, limit=MOST + 1 - len(made))
            made += accesses.opened(rows)
        return [
            {**_told(one), "what": one.fact.what, "rows": one.fact.rows, "sha256": one.fact.sha256}
            for one in made[:MOST]
        ], len(made) > MOST

    def _of_accesses(self) -> Iterator[tuple[int, int]]:
        """Of each stretch, the positions of the access ledger behind which it lies, and up to which."""
        accesses = self._store.ledger(access_ledger(self._ledger.name))
        for one in self._stretches:
            upto = accesses.head() if one.until is None else accesses.cut(one.until.recorded_at)
            yield accesses.cut(one.since.recorded_at).position, upto.position
