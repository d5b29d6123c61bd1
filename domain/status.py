"""The status of a patient at a date, as known at an instant: what a clinician asks for first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.attendance import Outcome, counts
from domain.chart.episode import Episode
from domain.chart.merging import joined
from domain.chart.results import Result, collected_on, told_of
from domain.chart.states import ENDED
from domain.chart.step_down import Stage
from domain.cohort import Cohort
from domain.compliance.hours import qualifying_days
from domain.compliance.patient_period import care_in
from domain.compliance.period import Period
from domain.compliance.timetable import lay_out
from domain.facility import Facility
from domain.flags import RECENT, Look, flags, open_elsewhere
from domain.session import Modality, Session
from domain.week import Week

QUALIFYING_MINUTES: Final = 180
"""A day of a status qualifies with so many: its own figure, whichever rule set the site is judged by."""

EVERYWHERE: Final = frozenset(Modality)


def present(
    chart: Chart,
    *,
    facility: Facility,
    sessions: Mapping[UUID, Session],
    cohorts: Mapping[UUID, Cohort],
    as_of: date,
    known_at: datetime,
    position: int,
    elsewhere: Iterable[tuple[Chart, ZoneInfo]] = (),
) -> dict[str, Any]:
    """The status document, JSON-ready, keys in the contract's order; null where there is nothing yet.

    `chart`, `facility`, `sessions` and `cohorts` hold what was known at `known_at`; `position` is the ledger's last one
    then. `cohorts` holds those of the chart's episodes; `sessions` at least those that the chart has attendance records
    for, and those of its cohorts in the week of `as_of`. What happened after `as_of` does not count. `elsewhere` are
    the charts at other sites that this one links, each with the zone of its site.
    """
    look = _look(chart, facility, cohorts, sessions, as_of)
    attendance = _attendance(look)
    screening = _screening(look)
    return {
        "patient_id": str(chart.patient_id),
        "facility": facility.code,
        "as_of": as_of.isoformat(),
        "known_at": known_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "position": position,
        "episode": _episode(look),
        "week": _week(look, sessions, cohorts, known_at),
        "attendance": attendance,
        "screening": screening,
        "step_down": _step_down(look),
        "flags": [*flags(look, attendance, screening), *open_elsewhere(look, elsewhere)],
        **joined(chart),
    }


def census_row(
    chart: Chart,
    *,
    facility: Facility,
    sessions: Mapping[UUID, Session],
    cohorts: Mapping[UUID, Cohort],
    as_of: date,
) -> dict[str, Any] | None:
    """The census row of the episode that is open at the end of `as_of`, JSON-ready; None when there is none.

    Keys: `patient_id`, those of the status's `episode`, `last_attended_on`, `flags`. `sessions` holds at least those
    that the chart has attendance records for, `cohorts` those of its episodes.
    """
    look = _look(chart, facility, cohorts, sessions, as_of)
    if look.episode is None or look.episode.state_on(as_of, as_of=as_of) in ENDED:
        return None
    attendance = _attendance(look)
    return {
        "patient_id": str(chart.patient_id),
        **_episode(look),
        "last_attended_on": attendance["last_attended_on"],
        "flags": flags(look, attendance, _screening(look)),
    }


def episode_shown(chart: Chart, facility: Facility, as_of: date) -> dict[str, Any]:
    """The `episode` of the status document, and nothing beside it."""
    return _episode(_look(chart, facility, {}, {}, as_of))


# ---- what is looked at


def _look(
    chart: Chart,
    facility: Facility,
    cohorts: Mapping[UUID, Cohort],
    sessions: Mapping[UUID, Session],
    as_of: date,
) -> Look:
    zone = facility.clock
    opened = [e for e in chart.episodes.values() if e.opened_on(zone) <= as_of]
    episode = max(opened, key=lambda e: (e.first_contact_at, e.version), default=None)
    if episode is None:
        return Look(
            chart=chart, facility=facility, cohorts=cohorts, as_of=as_of, episode=None, records=(), step_down=None
        )
    records = [
        (record, session)
        for record in chart.attendances.values()
        if record.episode_id == episode.episode_id
        and (session := sessions.get(record.session_id)) is not None
        and session.starts_at is not None
        and not session.after_treatment
        and session.program_day(zone) <= as_of
    ]
    recommended = [
        (step_down, marks)
        for step_down in chart.step_downs.values()
        if step_down.episode_id == episode.episode_id
        and (marks := step_down.upto(as_of))
        and marks[0].stage is Stage.RECOMMENDED
    ]
    return Look(
        chart=chart,
        facility=facility,
        cohorts=cohorts,
        as_of=as_of,
        episode=episode,
        records=tuple(sorted(records, key=lambda pair: (pair[1].starts_at, pair[0].version))),
        step_down=max(recommended, key=lambda pair: (pair[1][0].on, pair[1][0].version), default=None),
    )


def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()


# ---- the parts of the document


def _episode(look: Look) -> dict[str, Any]:
    episode, as_of = look.episode, look.as_of
    if episode is None:
        keys = ("episode_id", "state", "level_of_care", "cohort_id", "admitted_on", "week_of_program", "planned_weeks")
        return dict.fromkeys(keys)
    enrollment = episode.enrollment if episode.enrollment is not None and episode.enrollment.on <= as_of else None
    assigned = None if enrollment is None else episode.cohort_on(as_of)
    admitted_on = episode.admission.on if episode.admission is not None and episode.admission.on <= as_of else None
    return {
        "episode_id": str(episode.episode_id),
        "state": episode.state_on(as_of, as_of=as_of).value,
        "level_of_care": episode.level_of_care(as_of),
        "cohort_id": None if assigned is None else str(assigned.cohort_id),
        "admitted_on": _iso(admitted_on),
        "week_of_program": None if admitted_on is None else _week_of_program(episode, admitted_on, as_of),
        "planned_weeks": None if enrollment is None else enrollment.planned_weeks,
    }


def _week_of_program(episode: Episode, admitted_on: date, as_of: date) -> int:
    """Full weeks since the admission, and one; it stands still at the discharge."""
    until = as_of if episode.discharge is None else min(as_of, episode.discharge.on)
    return (until - admitted_on).days // 7 + 1


def _week(
    look: Look, sessions: Mapping[UUID, Session], cohorts: Mapping[UUID, Cohort], known_at: datetime
) -> dict[str, Any]:
    """The week of `as_of`, up to it."""
    label = Week.of(look.as_of)
    period, zone = Period.of_week(label), look.facility.clock
    timetable = lay_out(
        sessions.values(), period, zone=zone, modalities=EVERYWHERE, as_of=look.as_of, known_at=known_at
    )
    week = care_in(look.chart, timetable, cohorts, period)
    expected = [] if week is None else week.expected
    return {
        "week": str(label),
        "minutes": 0 if week is None else sum(week.earned.values()),
        "qualifying_days": 0 if week is None else qualifying_days(week.earned, QUALIFYING_MINUTES),
        "sessions_expected": len(expected),
        "sessions_attended": sum(1 for visit in expected if visit.attended),
    }


def _attendance(look: Look) -> dict[str, Any]:
    zone = look.facility.clock
    unexcused, goes_on = 0, True
    for record, session in reversed(look.records):
        if session.cancelled is not None or not counts(look.chart, record, session, zone):
            continue
        if record.attended:
            return {"last_attended_on": _iso(session.program_day(zone)), "consecutive_unexcused": unexcused}
        goes_on = goes_on and record.outcome is Outcome.ABSENT_UNEXCUSED
        if goes_on:
            unexcused += 1
    return {"last_attended_on": None, "consecutive_unexcused": unexcused}


def _screening(look: Look) -> dict[str, Any]:
    """The whole chart's specimens collected by `as_of`, of every episode."""
    collected = sorted(
        (screening.collected_at, screening.version, on, screening)
        for screening in look.chart.screenings.values()
        if screening.collected_at is not None
        and (on := collected_on(screening, look.facility.clock)) is not None
        and on <= look.as_of
    )
    results = [
        (on, told_of(screening, look.chart.prescriptions, zone=look.facility.clock, as_of=look.as_of))
        for _, _, on, screening in collected
    ]
    known = [result for _, result in results if result is not None]
    return {
        "last_collected_on": _iso(results[-1][0] if results else None),
        "last_result": known[-1].value if known else None,
        "pending": len(results) - len(known),
        "unexpected_positives_30_days": sum(
            1 for on, result in results if result is Result.UNEXPECTED_POSITIVE and on >= look.as_of - RECENT
        ),
    }


def _step_down(look: Look) -> dict[str, Any]:
    if look.step_down is None:
        return {"stage": None, "to_level": None, "effective_on": None}
    step_down, marks = look.step_down
    took_effect = [mark.on for mark in marks if mark.stage is Stage.IN_EFFECT]
    return {
        "stage": marks[-1].stage.value,
        "to_level": step_down.to_level,
        "effective_on": _iso(took_effect[-1] if took_effect else step_down.effective_on),
    }
