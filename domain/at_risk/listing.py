"""The list: everybody who is active in the week, on hold, or of whom something is due, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from domain.at_risk import due_care, due_papers
from domain.at_risk.due import Due
from domain.at_risk.due_site import StaffDue, of_staff
from domain.at_risk.hours import Goal, Hours, Reach, hours_of
from domain.at_risk.scene import Scene, in_treatment, scene_of
from domain.chart import Chart
from domain.chart.episode import Episode
from domain.chart.states import State
from domain.compliance.patient_period import care_in
from domain.compliance.rule_set import RuleSet
from domain.site import Site
from domain.week import Week

_NEVER: Final = 10**6
"""Days left of who has nothing due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """One patient. `episode_id` is of the episode last admitted, `state` its state at the end of `as_of`, `since` the
    date of the last step to it. `hours` is None for who is active on no date of the week, or is so no more in one that
    is not judged. `days_left` says how urgent it is (`at_risk`); None where nothing is."""

    patient_id: UUID
    episode_id: UUID
    state: State
    since: date
    cohort_id: UUID | None
    hours: Hours | None
    due: tuple[Due, ...]
    days_left: int | None

    @property
    def place(self) -> tuple[int, int, int, int, str]:
        goals = () if self.hours is None else self.hours.goals
        reaches = {goal.reach for goal in goals}
        # A week with one goal out of reach is lost; who can still reach all is helped most by a call.
        group = 1 if Reach.CANNOT_REACH in reaches else 0 if Reach.CAN_REACH in reaches else 2
        short_by = max((goal.short_by for goal in goals), default=0)
        left = _NEVER if self.days_left is None else self.days_left
        return max(left, 0), group, -short_by, left, str(self.patient_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRiskList:
    rows: tuple[AtRisk, ...]
    staff: tuple[StaffDue, ...]


def at_risk(site: Site, week: Week, *, rule_set: RuleSet, as_of: date, known_at: datetime) -> AtRiskList:
    """Who needs what by when. `site` holds what is known, `as_of` cuts by clinical date, at its end; a session that
    ends after `known_at` is not over.

    Sorted by urgency: the days left until something has to happen. Of what is due they are those to its date, negative
    when it is overdue; of hours that can be reached those to the first session that has to be attended; hours that
    can't be reached have none left while the week lasts, since only another session helps, and none is planned; of a
    week that is over hours are not urgent any more. What is due today and what is overdue is urgent alike: first come
    those who can still reach their hours, then those who can't (the most lacking first), then the others, each by how
    long something is overdue; at last by patient id, so that the order is the same whenever it is asked.
    """
    scene = scene_of(site, week, rule_set=rule_set, as_of=as_of, known_at=known_at)
    rows = [row for chart in site.charts.values() if (row := _row(chart, scene)) is not None]
    return AtRiskList(rows=tuple(sorted(rows, key=lambda row: row.place)), staff=tuple(of_staff(site.facility, as_of)))


def _row(chart: Chart, scene: Scene) -> AtRisk | None:
    admitted = [e for e in chart.episodes.values() if e.admission is not None and e.admission.on <= scene.as_of]
    if not admitted:
        return None
    week = care_in(chart, scene.happened, scene.cohorts, scene.week)
    episode = admitted[-1]
    state = episode.state_on(scene.as_of, as_of=scene.as_of)
    hours = None if week is None else hours_of(chart, week, scene.planned, scene.rule_set)
    if hours is not None and state is not State.ACTIVE and all(g.reach is Reach.PARTIAL for g in hours.goals):
        # Who tapers, rests or has left in a week that is not judged has no hours to reach.
        hours = None
    due = [] if chart.merged_into is not None else list(_due(chart, scene))
    if week is not None and chart.merged_into is None:
        due += due_care.of_week(week, scene)
    if hours is None and not due and state is not State.ON_HOLD:
        return None
    cohort = episode.cohort_on(scene.as_of)
    return AtRisk(
        patient_id=chart.patient_id,
        episode_id=episode.episode_id,
        state=state,
        since=_since(episode, scene.as_of),
        cohort_id=None if cohort is None else cohort.cohort_id,
        hours=hours,
        due=tuple(sorted(due, key=lambda one: one.place)),
        days_left=_days_left(hours, due, scene),
    )


def _due(chart: Chart, scene: Scene) -> Iterator[Due]:
    yield from due_care.of_results(chart, scene)
    for episode in in_treatment(chart, scene.as_of):
        yield from due_care.of_episode(chart, episode, scene)
        yield from due_papers.of_step_downs(chart, episode, scene)
    for episode in chart.episodes.values():
        yield from due_papers.of_discharge(chart, episode, scene)


def _since(episode: Episode, as_of: date) -> date:
    return max(step.on for step in episode.dated(as_of))


def _days_left(hours: Hours | None, due: list[Due], scene: Scene) -> int | None:
    left = [one.days_left for one in due]
    if hours is not None and scene.week.last >= scene.as_of:
        left += [days for goal in hours.goals if (days := _until(goal, scene)) is not None]
    return min(left, default=None)


def _until(goal: Goal, scene: Scene) -> int | None:
    match goal.reach:
        case Reach.CANNOT_REACH:
            return 0
        case Reach.CAN_REACH if goal.sessions:
            return (goal.sessions[0].day - scene.as_of).days
        case _:
            return None
