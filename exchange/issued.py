"""Issued reports: which there are, and each as it was issued, byte for byte.

The rows are those that were kept with it, held against its hash each time. A database that never had them, since its
facts came out of a file, makes them anew from the record at the report's cut; they are given only if they hash alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from domain.month import Month
from domain.program import Payer
from domain.record import Person, Recorded, first_recorded_at, stream_name, stream_uuid, struck
from domain.report import Report, ReportIssued
from domain.site import fold_report
from domain.week import Week
from exchange import reports
from exchange.cut import utc_text
from exchange.errors import ExchangeError, NotOnRecord, RowsNotKept
from exchange.reports import Question
from exchange.rows import canonical
from store.store import Store

READ_STREAMS: Final = 200
"""How many reports one select asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedReport:
    """A report on record. `entry` is the fact that issued it, `state` what its stream adds up to."""

    facility: str
    report_id: UUID
    entry: Recorded
    state: Report
    attested: Recorded | None
    struck_by: str | None

    @property
    def fact(self) -> ReportIssued:
        fact: ReportIssued = self.entry.fact
        return fact

    @property
    def period(self) -> Week | Month:
        asked = self.fact.parameters
        return Week.parse(asked.week) if asked.week is not None else Month.parse(asked.month or "")

    @property
    def payer(self) -> Payer | None:
        payer = self.fact.parameters.payer
        return None if payer is None else Payer(payer)

    def record(self) -> dict[str, Any]:
        """What the report says of itself, JSON-ready, in this order."""
        fact, period = self.fact, self.period
        issued_at = first_recorded_at(self.entry)
        return {
            "report_id": str(self.report_id),
            "version": self.state.version,
            "report": fact.kind.value,
            "facility": self.facility,
            "week" if isinstance(period, Week) else "month": str(period),
            **({} if self.payer is None else {"payer": self.payer.value}),
            "rule_set": fact.rule_set,
            "rule_set_version": fact.rule_set_version,
            "rule_set_asked": fact.parameters.rule_set is not None,
            "as_of": fact.as_of.isoformat(),
            "known_at": utc_text(fact.known_at),
            "position": fact.at_position,
            "row_count": fact.rows,
            "sha256": fact.sha256,
            "requested_by": fact.requested_by,
            "purpose": fact.purpose,
            "issued_at": utc_text(issued_at),
            "issued_by": _person(self.entry.envelope.by),
            "attested_on": None if self.attested is None else self.attested.fact.on.isoformat(),
            "attested_by": None if self.attested is None else _person(self.attested.envelope.by),
            "struck_by": self.struck_by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`next_before` goes on with what is older; None on the last page."""

    reports: tuple[IssuedReport, ...]
    next_before: int | None
    position: int


def find(store: Store, facility: str, report_id: UUID) -> IssuedReport:
    """The report of that id. NotOnRecord where there is none at this site."""
    stream = stream_name("report", report_id)
    found = _report(facility, store.ledger(facility).read([stream])[stream])
    if found is None:
        raise NotOnRecord("There is no such report at this facility: see the list of those that were issued.")
    return found


def canonical_rows(store: Store, issued: IssuedReport, *, now: datetime) -> bytes:
    """The rows as they were issued, in their canonical form.

    RowsAltered when those that are kept are not those of its hash. RowsNotKept when this database never had them, and
    what is on record doesn't give them any more: of charts that were destroyed since, or in an import's own order.
    """
    fact = issued.fact
    kept = store.ledger(issued.facility).kept(issued.entry.stream, fact.sha256)
    return _made_anew(store, issued, now) if kept is None else kept


def _made_anew(store: Store, issued: IssuedReport, now: datetime) -> bytes:
    fact = issued.fact
    asked = Question(
        rule_set=fact.rule_set,
        rule_set_version=fact.rule_set_version,
        payer=issued.payer,
        as_of=fact.as_of,
        known_at=fact.known_at,
    )
    gone = RowsNotKept(
        "The rows of this report are not in this database, and its record doesn't give them anew: charts were "
        "destroyed since, or the facts came in an order of their own. They are in the backup of the database in which "
        "it was issued."
    )
    try:
        made = reports.answer(store, issued.facility, issued.period, now=now, asked=asked)
    except ExchangeError:
        raise gone from None
    if made.header.sha256 != fact.sha256:
        raise gone
    return canonical(made.rows)


def rows_in(text: bytes) -> list[dict[str, Any]]:
    """The rows that the canonical form holds: the contract's columns, in its order."""
    return [orjson.loads(line) for line in text.splitlines()]


def listing(
    store: Store,
    facility: str,
    *,
    kind: str | None = None,
    week: str | None = None,
    month: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Listing:
    """The reports of a site that were issued, the last one first: of a kind, of a week or a month where they are named,
    those issued at positions before `before`."""
    head = store.ledger(facility).head()
    found: list[IssuedReport] = []
    for report in _newest(store, facility, head.position if before is None else before - 1):
        asked = report.fact.parameters
        if kind not in (None, report.fact.kind.value):
            continue
        if week not in (None, asked.week) or month not in (None, asked.month):
            continue
        if len(found) == limit:
            return Listing(reports=tuple(found), next_before=found[-1].entry.position, position=head.position)
        found.append(report)
    return Listing(reports=tuple(found), next_before=None, position=head.position)


def _newest(store: Store, facility: str, upto: int) -> Iterator[IssuedReport]:
    ledger = store.ledger(facility)
    streams = ledger.streams("report", upto=upto)[::-1]
    for n in range(0, len(streams), READ_STREAMS):
        for entries in ledger.read(streams[n : n + READ_STREAMS]).values():
            if (report := _report(facility, entries)) is not None:
                yield report


def _report(facility: str, entries: list[Recorded]) -> IssuedReport | None:
    """None of a stream in which nothing was issued. An issued report that was struck stays readable."""
    issued = next((entry for entry in entries if isinstance(entry.fact, ReportIssued)), None)
    if issued is None:
        return None
    report_id = stream_uuid(issued.stream)
    state = fold_report(report_id, entries)
    strike = None
    if issued.version in struck(entries):
        strike = next(e.name for e in entries if getattr(e.fact, "target", None) == issued.version)
    attested = next((entry for entry in entries if entry.version == state.attested_version), None)
    return IssuedReport(
        facility=facility, report_id=report_id, entry=issued, state=state, attested=attested, struck_by=strike
    )


def _person(person: Person) -> Mapping[str, Any]:
    return {"id": person.id, "name": person.name, "role": person.role, "credential": person.credential}
