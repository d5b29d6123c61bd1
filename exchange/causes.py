"""Why a row of a report is another one now: the facts learned since that make it so, and none besides.

Each row is asked anew of the record as it was then, with the facts that its new evidence names and, where these don't
give it, with as few others as do: a strike, a rule set adopted. Leave out any of them, and it is not the row of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain.chart import Chart
from domain.compliance.hours import hrs_3
from domain.compliance.monthly import assess_month
from domain.compliance.payer import of_payer
from domain.compliance.period import Period
from domain.compliance.ratio import Presence, attended_by, rat_1
from domain.compliance.rule_set import DaysOffered, RuleSet, StaffRatio
from domain.compliance.verdict import Row
from domain.compliance.weekly import WeekScene, assess_patient, week_scene
from domain.month import Month
from domain.record import stream_name
from domain.site import Site
from domain.week import Week
from exchange.errors import NotAsked
from exchange.learned import NOTHING, Facts, Learned, least
from exchange.reports import Question, applying
from exchange.rows import record

Record = Mapping[str, Any]
Place = tuple[str, str, str, str]
"""Rule, subject, its id, first date: what a row is found by. Rarely there are two of one place."""


def place_of(row: Record) -> Place:
    return row["rule"], row["subject"], row["subject_id"], row["period_start"]


def streams_in(rows: Iterable[Record]) -> set[str]:
    """Those that rows name as evidence."""
    return {name.rpartition("@")[0] for row in rows for name in row["evidence"]}


class NotGiven(Exception):
    """What was read of the record doesn't give the row that it gave a moment ago: a chart was destroyed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """`facts` by position. `time_passed`: sessions that were not over at the report's `known_at` are by the later one.
    `program_changed`: by this version of the program, the record as it was then gives another row than was issued."""

    facts: Facts
    time_passed: bool
    program_changed: bool


class Explaining:
    """One report, asked again. `asked` is its question, `then` and `now` the times it is known at."""

    def __init__(
        self, learned: Learned, period: Week | Month, asked: Question, *, as_of: date, then: datetime, now: datetime
    ) -> None:
        self._learned = learned
        self._week = period if isinstance(period, Week) else None
        self._month = period if isinstance(period, Month) else None
        self._period = Period.of_week(period) if isinstance(period, Week) else Period.of_month(period)
        self._asked = asked
        self._as_of = as_of
        self._then, self._now = then, now
        self._scene = lru_cache(maxsize=64)(self._scene_of)
        self._of_patient = lru_cache(maxsize=64)(self._rows_of_patient)
        self._of_month = lru_cache(maxsize=8)(self._rows_of_month)
        self._present = lru_cache(maxsize=8)(self._present_with)
        self._choice = self._of_choice()

    def why(self, place: Place, before: Sequence[Record], after: Sequence[Record]) -> Causes:
        """What makes the rows of a place what they are now. `before` names no chart that was destroyed, or the change
        of the program isn't looked for. NotGiven where nothing that was read does."""
        needed = self._learned.named(name for row in after for name in row["evidence"])
        more = self._enough(place, needed, after, streams_in([*before, *after]))
        facts = needed | more
        return Causes(
            facts=facts,
            time_passed=self._then != self._now and self._rows(place, facts, self._then) != list(after),
            program_changed=self._rows(place, NOTHING, self._then) != list(before),
        )

    def _enough(self, place: Place, needed: Facts, after: Sequence[Record], streams: set[str]) -> Facts:
        """The fewest facts beside those needed."""

        def suffices(more: Facts) -> bool:
            return self._rows(place, needed | more, self._now) == list(after)

        for more in (NOTHING, self._choice):
            if suffices(more):
                return more
        _, subject, key, _ = place
        near = self._learned.of({*streams, *([] if subject == "facility" else [_stream(subject, key)])})
        for candidates in (near - needed, self._learned.everything() - needed):
            if suffices(candidates):
                return least(candidates, suffices)
        raise NotGiven

    def _of_choice(self) -> Facts:
        """The facts of the site by which another rule set applies."""
        of_site = self._learned.of(())
        chosen = self._rules(of_site)
        if self._rules(NOTHING) == chosen:
            return NOTHING
        return least(of_site, lambda facts: self._rules(facts) == chosen)

    def _rules(self, facts: Facts) -> RuleSet | None:
        """None where none applies to a payer."""
        try:
            return applying(self._learned.around(facts).facility, self._period.last, self._asked)
        except NotAsked:
            return None

    def _rows(self, place: Place, facts: Facts, known_at: datetime) -> list[dict[str, Any]]:
        """The rows of a place, by the record with these facts."""
        _, subject, key, _ = place
        found: Iterable[Row]
        if self._month is not None:
            found = self._of_month(facts, known_at)
        elif subject == "patient":
            own = self._learned.outside_charts(facts) | (facts & self._learned.of({_stream("chart", key)}))
            found = self._of_patient(UUID(key), own, known_at)
        else:
            scene = self._scene(self._learned.outside_charts(facts), known_at)
            row = None if scene is None else self._of_group(scene, subject, UUID(key), facts)
            found = [] if row is None else [row]
        return [row for row in map(record, found) if place_of(row) == place]

    def _of_group(self, scene: WeekScene, subject: str, key: UUID, facts: Facts) -> Row | None:
        """The row of a cohort, or of a session held."""
        offered, ratio = scene.rule_set.terms(DaysOffered), scene.rule_set.terms(StaffRatio)
        if subject == "cohort":
            cohort = scene.cohorts.get(key)
            return None if cohort is None or offered is None else hrs_3(cohort, scene.timetable, scene.week, offered)
        session = scene.site.sessions.get(key)
        if session is None or ratio is None:
            return None
        return rat_1(session, scene.site.facility, self._present(facts), scene.week, self._as_of, ratio)

    def _rows_of_patient(self, patient_id: UUID, facts: Facts, known_at: datetime) -> list[Row]:
        scene = self._scene(self._learned.outside_charts(facts), known_at)
        chart = self._learned.chart(patient_id, facts)
        return [] if scene is None or chart is None else list(assess_patient(self._of_payer(chart), scene))

    def _rows_of_month(self, facts: Facts, known_at: datetime) -> list[Row]:
        rules, month = self._rules(self._learned.outside_charts(facts)), self._month
        if rules is None or month is None:
            return []
        site = self._site(facts)
        return assess_month(site, month, rule_set=rules, as_of=self._as_of, known_at=known_at, payer=self._asked.payer)

    def _site(self, facts: Facts) -> Site:
        return replace(self._learned.around(self._learned.outside_charts(facts)), charts=self._learned.charts(facts))

    def _scene_of(self, facts: Facts, known_at: datetime) -> WeekScene | None:
        rules = self._rules(facts)
        if rules is None or self._week is None:
            return None
        site = self._learned.around(facts)
        return week_scene(site, self._week, rule_set=rules, as_of=self._as_of, known_at=known_at)

    def _present_with(self, facts: Facts) -> Presence:
        return attended_by(self._learned.charts(facts).values())

    def _of_payer(self, chart: Chart) -> Chart:
        return chart if self._asked.payer is None else of_payer(chart, self._asked.payer)


def _stream(subject: str, key: str) -> str:
    return stream_name("chart" if subject == "patient" else subject, key)
