"""Issuing a report: what a question is answered today goes on record as a report of its own, its rows with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.month import Month
from domain.record import stream_name
from domain.report import ReportIssued, ReportKind, ReportParameters
from domain.week import Week
from exchange import reports
from exchange.reports import Question, Report, ReportHeader
from exchange.rows import canonical
from store.kept import KeptRows
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """A report about to be issued: its rows, and the fact that says so, to be recorded in this stream with `kept`."""

    report: Report
    stream: str
    fact: ReportIssued
    kept: KeptRows


def prepare(
    store: Store,
    facility: str,
    period: Week | Month,
    *,
    report_id: UUID,
    now: datetime,
    asked: Question,
    requested_by: str,
    purpose: str,
) -> Issuing:
    """The answer to a question, as the report of that id. It stands at its own cut, whatever is recorded meanwhile.

    NotAsked and NotOnRecord as of `exchange.reports.answer`.
    """
    asked = replace(asked, requested_by=requested_by, purpose=purpose)
    report = reports.answer(store, facility, period, now=now, asked=asked)
    stream = stream_name("report", report_id)
    fact = _fact(report.header, asked, requested_by, purpose)
    return Issuing(report=report, stream=stream, fact=fact, kept=KeptRows(stream, canonical(report.rows)))


def _fact(header: ReportHeader, asked: Question, requested_by: str, purpose: str) -> ReportIssued:
    week = str(header.period) if isinstance(header.period, Week) else None
    return ReportIssued(
        kind=ReportKind(header.kind),
        parameters=ReportParameters(
            week=week,
            month=str(header.period) if week is None else None,
            payer=None if asked.payer is None else asked.payer.value,
            rule_set=asked.rule_set,
        ),
        rule_set=header.rule_set,
        rule_set_version=header.rule_set_version,
        as_of=header.as_of,
        known_at=header.known_at,
        at_position=header.position,
        rows=header.rows,
        sha256=header.sha256,
        requested_by=requested_by,
        purpose=purpose,
    )
