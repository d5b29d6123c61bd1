"""Weeks of a patient, and of everybody enrolled at a site: what each has of the hours, at either clock.

There is no table of weeks: how many minutes a day earns depends on the rule set and on what other charts and sessions
say, so they are counted from chart and sessions when they are asked for, by the function that reports count by
(docs/decisions/0015-weeks.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from domain.chart import Chart
from domain.compliance.patient_period import care_in
from domain.compliance.period import Period
from domain.compliance.rule_set import RuleSet
from domain.compliance.timetable import Timetable, lay_out
from domain.facility import Facility
from domain.record import stream_name
from domain.session import Modality
from domain.week import Week, local_date
from domain.weeks import told, weeks_enrolled
from exchange.calendar import planned_in
from exchange.cut import Cut, cut_at, knowledge, take_cut, utc_text
from exchange.replay import beside
from exchange.reports import ASKED_NOTHING, applying, site_of
from store.ledger import Head
from store.store import Store

MOST_WEEKS: Final = 260
"""Of a patient, the latest: five years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientWeeks:
    """`rows` are JSON-ready (`domain.weeks.told`), in order; `version` is the chart's at the cut."""

    patient_id: UUID
    rows: list[dict[str, Any]]
    version: int
    cut: Cut

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "patient_id": str(self.patient_id),
            "facility": self.cut.facility.code,
            "as_of": self.cut.as_of.isoformat(),
            "known_at": utc_text(self.cut.knowledge.known_at),
            "position": self.cut.knowledge.position,
            "version": self.version,
            "weeks": self.rows,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWeek:
    """A row for each patient with an episode that is enrolled on a date of the week, by `patient_id`."""

    facility: str
    week: Week
    rule_set: RuleSet
    rows: list[dict[str, Any]]
    cut: Cut

    @property
    def patients(self) -> list[UUID]:
        """Whose charts are shown."""
        return [UUID(row["patient_id"]) for row in self.rows]

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "facility": self.facility,
            "week": str(self.week),
            "as_of": self.cut.as_of.isoformat(),
            "known_at": utc_text(self.cut.knowledge.known_at),
            "position": self.cut.knowledge.position,
            "rule_set": self.rule_set.name,
            "rule_set_version": self.rule_set.version,
            "rows": self.rows,
        }


def of_patient(
    store: Store,
    facility: str,
    patient_id: UUID,
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> PatientWeeks | None:
    """Every week in which an episode was enrolled by `as_of`, none that is still to come, each by the rule set adopted
    by its Sunday; at most the last `MOST_WEEKS`.

    From the ledger, as a history is. None when there was no such chart at the cut; NotOnRecord for a site that was not
    open then.
    """
    ledger, states = store.ledger(facility), store.states(facility)
    site, stream = stream_name("facility", facility), stream_name("chart", patient_id)
    view = states.view([site, stream])
    known = knowledge(ledger, known_at, last=Head(view.position, view.recorded_at))
    at_site = cast(Facility, view.streams[site].state_at(known.position))
    cut = cut_at(known, at_site, known_at=known_at, as_of=as_of, now=now)
    version = view.streams[stream].version_at(known.position)
    if version == 0:
        return None
    chart = cast(Chart, view.streams[stream].state_at(known.position))
    zone = cut.facility.clock
    # Of what is still to come there is nothing to count.
    upto = min(cut.as_of, local_date(now if known_at is None else min(known_at, now), zone))
    weeks = weeks_enrolled(chart, zone, upto)[-MOST_WEEKS:]
    planned = {name for week in weeks for name in planned_in(ledger, week, upto=known.position, since=view.since)}
    sessions, cohorts = beside([*view.streams.values(), *states.beside(view, planned).values()], known.position)
    timetables: dict[frozenset[Modality], Timetable] = {}
    rows = []
    for week in weeks:
        rules = applying(cut.facility, week.sunday, ASKED_NOTHING)
        modalities = frozenset(rules.modalities)
        if modalities not in timetables:
            timetables[modalities] = lay_out(
                sessions.values(),
                Period(weeks[0].monday, weeks[-1].sunday),
                zone=zone,
                modalities=modalities,
                as_of=cut.as_of,
                known_at=known.known_at,
            )
        care = care_in(chart, timetables[modalities], cohorts, Period.of_week(week))
        if care is not None:
            rows.append(told(care, rules))
    return PatientWeeks(patient_id=patient_id, rows=rows, version=version, cut=cut)


def of_site(
    store: Store,
    facility: str,
    week: Week | None,
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> SiteWeek:
    """Everybody's week, without one that of `as_of`, by the rule set adopted by its Sunday.

    From the read tables where they are there and nothing past is asked for, else from the ledger. NotOnRecord for a
    site that was not open at the cut.
    """
    cut = take_cut(store.ledger(facility), known_at=known_at, as_of=as_of, now=now)
    asked = week or Week.of(cut.as_of)
    rules = applying(cut.facility, asked.sunday, ASKED_NOTHING)
    found, cut = site_of(store, facility, asked, [rules], cut, known_at=known_at)
    period = Period.of_week(asked)
    timetable = lay_out(
        found.site.sessions.values(),
        period,
        zone=cut.facility.clock,
        modalities=rules.modalities,
        as_of=cut.as_of,
        known_at=cut.knowledge.known_at,
    )
    rows = []
    for chart in found.site.charts.values():
        care = care_in(chart, timetable, found.site.cohorts, period)
        if care is not None:
            rows.append({"patient_id": str(chart.patient_id), **told(care, rules)})
    rows.sort(key=_patient)
    return SiteWeek(facility=facility, week=asked, rule_set=rules, rows=rows, cut=cut)


def _patient(row: dict[str, Any]) -> str:
    return str(row["patient_id"])
