"""What relied on a fact of the record while it stood: issued reports, decisions, looks and files that left.

What is known is told apart from what can't be: a row of a report names the facts that it rests on, a decision names no
more than what it followed from, and of a file that left only kind, size and hash are on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from domain.access import ChartRead, ExportMade
from domain.facility import Facility
from domain.record import EnteredInError, Recorded, stream_kind, stream_name, stream_uuid
from domain.relying import DECISIONS, resting_on
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


def answer(store: Store, facility: str, stream: str, version: int, *, now: datetime) -> BlastRadius:
    """Of a fact from when it was recorded until it was corrected or struck, or until now.

    NotOnRecord where there is no such fact, or its chart was destroyed; RowsAltered where a report's rows are not its
    own.
    """
    ledger = store.ledger(facility)
    entries = ledger.read([stream])[stream]
    fact = next((entry for entry in entries if entry.version == version), None)
    if fact is None:
        raise NotOnRecord("There is no such fact at this facility, or nothing of it can be read any more.")
    undone = next((entry for entry in entries if _undoes(entry, version)), None)
    head = ledger.head()
    upto = head.position if undone is None else undone.position - 1
    relying = _Relying(store, ledger, fact, upto)
    reports, patients = _reports(store, facility, fact, now)
    decisions, charts = relying.decisions()
    exports, more_exports = relying.exports(undone)
    looks, more_looks = relying.looks(undone)
    document = {
        "event": fact.name,
        "type": type(fact.fact).__name__,
        "facility": facility,
        "recorded_at": utc_text(fact.recorded_at),
        "position": fact.position,
        "known_at": utc_text(head.recorded_at or fact.recorded_at),
        "undone_by": None if undone is None else _told(undone),
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
    """Before the answer goes out: the chart that it is about, and whoever else is named in it."""
    own = {stream_uuid(stream)} if stream_kind(stream) == "chart" else set()
    for patient_id in own:
        read_chart(patient_id, found.version)
    if others := found.patients - own:
        saw(sorted(others))


def _undoes(entry: Recorded, version: int) -> bool:
    strikes = isinstance(entry.fact, EnteredInError) and entry.fact.target == version
    return strikes or getattr(entry.fact, "corrects", None) == version


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
    """On one fact, by the record up to the last position at which it stood."""

    def __init__(self, store: Store, ledger: Ledger, fact: Recorded, upto: int) -> None:
        self._store, self._ledger, self._fact, self._upto = store, ledger, fact, upto
        self._is_chart = stream_kind(fact.stream) == "chart"

    def decisions(self) -> tuple[dict[str, Any], set[UUID]]:
        charts = [self._fact.stream] if self._is_chart else sorted(self._naming())
        later = [
            entry
            for entries in self._ledger.read(charts, upto=self._upto).values()
            for entry in entries
            if entry.position > self._fact.position
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

    def _required(self) -> list[Recorded]:
        stream = self._fact.stream
        view = self._store.states(self._ledger.name).view([stream, stream_name("facility", self._ledger.name)])
        entries = [entry for entry in view.streams[stream].entries if entry.position <= self._upto]
        sessions, cohorts = beside(view.streams.values(), self._upto)
        site = view.streams[stream_name("facility", self._ledger.name)].state_at(self._upto)
        scene = Scene(
            ledger=self._ledger.name,
            at=entries[-1].recorded_at,
            facility=cast(Facility, site),
            sessions=sessions,
            cohorts=cohorts,
        )
        return resting_on(stream_uuid(stream), entries, self._fact.version, scene)

    def _naming(self) -> set[str]:
        """The charts that name the stream of the fact, by facts recorded up to then."""
        found, after, names = set(), 0, naming(self._fact.stream)
        while names and (rows := self._ledger.typed(names, after=after, upto=self._upto, limit=PAGE_FACTS)):
            found |= {entry.stream for entry in self._ledger.opened(rows) if self._fact.stream in named(entry.fact)}
            after = rows[-1][0]
        return found

    def looks(self, undone: Recorded | None) -> tuple[list[dict[str, Any]], bool]:
        """Who saw the chart at a version that had the fact, before it was undone."""
        if not self._is_chart:
            return [], False
        after, upto = self._of_accesses(undone)
        patient_id = stream_uuid(self._fact.stream)
        found = looks_at(self._store, self._ledger.name, patient_id, after=after, upto=upto, limit=MOST + 1)
        shown = [look for look in found[:MOST] if not isinstance(look.fact, ChartRead) or self._saw(look.fact, undone)]
        return [
            {**_told(look), "what": look.fact.what, "at_version": getattr(look.fact, "at_version", None)}
            for look in shown
        ], len(found) > MOST

    def _saw(self, look: ChartRead, undone: Recorded | None) -> bool:
        return self._fact.version <= look.at_version and (undone is None or look.at_version < undone.version)

    def exports(self, undone: Recorded | None) -> tuple[list[dict[str, Any]], bool]:
        """Files that left after it was recorded and before it was undone."""
        after, upto = self._of_accesses(undone)
        accesses = self._store.ledger(access_ledger(self._ledger.name))
        rows = accesses.typed([ExportMade.__name__], after=after, upto=upto, limit=MOST + 1)
        made: Mapping[str, Recorded] = {entry.name: entry for entry in accesses.opened(rows[:MOST])}
        return [
            {**_told(one), "what": one.fact.what, "rows": one.fact.rows, "sha256": one.fact.sha256}
            for one in made.values()
        ], len(rows) > MOST

    def _of_accesses(self, undone: Recorded | None) -> tuple[int, int]:
        accesses = self._store.ledger(access_ledger(self._ledger.name))
        upto = accesses.head() if undone is None else accesses.cut(undone.recorded_at)
        return accesses.cut(self._fact.recorded_at).position, upto.position
