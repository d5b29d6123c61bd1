"""What a list of who is at risk is made from: a site at one cut, laid out once for everybody in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.at_risk.due import DAYS_AFTER, DAYS_AHEAD
from domain.chart import Chart
from domain.chart.episode import Episode
from domain.cohort import Cohort
from domain.compliance.period import Period
from domain.compliance.rule_set import RuleSet
from domain.compliance.timetable import Timetable, lay_out
from domain.facility import Facility
from domain.record import stream_name
from domain.site import Site
from domain.week import Week


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`happened` are the sessions up to `as_of`, back to the first admission that matters; `planned` those of the week,
    whatever has happened yet; `last_session_on`: of the last of the former. What is due after `horizon` is not
    listed, unless somebody waits for it already."""

    facility: Facility
    cohorts: Mapping[UUID, Cohort]
    rule_set: RuleSet
    week: Period
    as_of: date
    horizon: date
    happened: Timetable
    planned: Timetable
    last_session_on: date

    @property
    def zone(self) -> ZoneInfo:
        return self.facility.clock


def scene_of(site: Site, week: Week, *, rule_set: RuleSet, as_of: date, known_at: datetime) -> Scene:
    period, zone = Period.of_week(week), site.facility.clock
    admitted = [e.admission.on for chart in site.charts.values() for e in in_treatment(chart, as_of) if e.admission]
    first, last = min([period.first, *admitted]), max(period.last, as_of)
    sessions = site.sessions.values()
    happened = lay_out(
        sessions, Period(first, last), zone=zone, modalities=rule_set.modalities, as_of=as_of, known_at=known_at
    )
    return Scene(
        facility=site.facility,
        cohorts=site.cohorts,
        rule_set=rule_set,
        week=period,
        as_of=as_of,
        horizon=max(period.last, as_of + timedelta(days=DAYS_AHEAD)),
        happened=happened,
        last_session_on=max((slot.day for slot in happened.slots.values()), default=as_of),
        planned=lay_out(
            sessions, period, zone=zone, modalities=rule_set.modalities, as_of=period.last, known_at=known_at
        ),
    )


def in_treatment(chart: Chart, as_of: date) -> list[Episode]:
    """The episodes admitted by a date and not ended by then: active, tapering or on hold."""
    return [
        episode
        for episode in chart.episodes.values()
        if episode.admission is not None and episode.admission.on <= as_of and episode.ended_on(as_of=as_of) is None
    ]


def has_left(episode: Episode, as_of: date) -> bool:
    """Whether it ended too long ago for what is due of it to be listed still."""
    ended_on = episode.ended_on(as_of=as_of)
    return ended_on is not None and ended_on < as_of - timedelta(days=DAYS_AFTER)


def named(chart: Chart, version: int) -> str:
    """The name of a fact of the chart."""
    return f"{stream_name('chart', chart.patient_id)}@{version}"
