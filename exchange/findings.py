"""The findings about one patient at a date, as known at an instant. From the ledger, as a history is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from domain.chart import Chart
from domain.compliance.findings import assess_chart, weeks_of
from domain.compliance.payer import of_payer
from domain.compliance.rule_set import RuleSet
from domain.compliance.verdict import Row
from domain.facility import Facility
from domain.program import Payer
from domain.record import stream_name
from exchange.calendar import planned_in
from exchange.cut import Cut, cut_at, knowledge, utc_text
from exchange.replay import beside
from exchange.reports import ASKED_NOTHING, Question, applying
from exchange.rows import full_record
from store.ledger import Head
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`version` is the chart's at the cut."""

    facility: str
    patient_id: UUID
    payer: Payer | None
    rows: tuple[Row, ...]
    rule_set: RuleSet
    version: int
    cut: Cut

    def record(self) -> dict[str, Any]:
        """JSON-ready, in this order."""
        return {
            "patient_id": str(self.patient_id),
            "facility": self.facility,
            "as_of": self.cut.as_of.isoformat(),
            "known_at": utc_text(self.cut.knowledge.known_at),
            "position": self.cut.knowledge.position,
            "version": self.version,
            **({} if self.payer is None else {"payer": self.payer.value}),
            "rule_set": self.rule_set.name,
            "rule_set_version": self.rule_set.version,
            "findings": [full_record(row) for row in self.rows],
        }


def answer(
    store: Store, facility: str, patient_id: UUID, *, now: datetime, asked: Question = ASKED_NOTHING
) -> Findings | None:
    """None when there was no such chart at the cut; NotOnRecord for a site that was not open then, NotAsked for an
    unknown rule set, or a payer without one."""
    ledger, states = store.ledger(facility), store.states(facility)
    site, stream = stream_name("facility", facility), stream_name("chart", patient_id)
    view = states.view([site, stream])
    known = knowledge(ledger, asked.known_at, last=Head(view.position, view.recorded_at))
    at_site = cast(Facility, view.streams[site].state_at(known.position))
    cut = cut_at(known, at_site, known_at=asked.known_at, as_of=asked.as_of, now=now)
    rules = applying(cut.facility, cut.as_of, asked)
    version = view.streams[stream].version_at(known.position)
    if version == 0:
        return None
    whole = cast(Chart, view.streams[stream].state_at(known.position))
    chart = whole if asked.payer is None else of_payer(whole, asked.payer)
    planned = {
        name
        for week in weeks_of(chart, cut.as_of)
        for name in planned_in(ledger, week, upto=known.position, since=view.since)
    }
    sessions, cohorts = beside([*view.streams.values(), *states.beside(view, planned).values()], known.position)
    rows = assess_chart(
        chart,
        facility=cut.facility,
        sessions=sessions,
        cohorts=cohorts,
        rule_set=rules,
        as_of=cut.as_of,
        known_at=known.known_at,
    )
    return Findings(
        facility=facility,
        patient_id=patient_id,
        payer=asked.payer,
        rows=tuple(rows),
        rule_set=rules,
        version=version,
        cut=cut,
    )
