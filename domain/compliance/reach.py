"""Between which dates a report of a week or a month may have anything to say about a chart.

It may be wider than what there is to say, never narrower. Attendance is not part of it: who came to a session as a
guest is found by the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from domain.chart import Chart
from domain.chart.episode import Episode
from domain.chart.screening import Screening
from domain.chart.step_down import Stage, StepDown

_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class Reach:
    """Both dates included; without `last` until further notice.

    A report looks at some dates (`weekly.looked_at`) as of one: what ends after that one has not ended then.
    """

    first: date
    last: date | None


def reach(chart: Chart) -> Reach | None:
    """None for a chart that no report about a week or a month says anything of.

    Nothing here depends on the zone: instants are taken wider on both sides.
    """
    dates = [
        *_of_episodes(chart.episodes.values()),
        *_of_step_downs(chart.step_downs.values()),
        *_of_screenings(chart.screenings.values()),
    ]
    if not dates:
        return None
    is_open = any(_goes_on(episode) for episode in chart.episodes.values())
    return Reach(min(dates), None if is_open else max(dates))


def _of_episodes(episodes: Iterable[Episode]) -> Iterator[date]:
    for episode in episodes:
        for marked in (episode.enrollment, episode.admission, episode.discharge):
            if marked is not None:
                yield marked.on
        if (ended_on := episode.ended_on()) is not None:
            yield ended_on
        yield from (one.on for one in (*episode.plans, *episode.self_reductions))


def _goes_on(episode: Episode) -> bool:
    """Enrolled with no end, or admitted with no discharge: windows go on from there."""
    enrolled = episode.enrollment is not None and episode.ended_on() is None
    return enrolled or (episode.admission is not None and episode.discharge is None)


def _of_step_downs(step_downs: Iterable[StepDown]) -> Iterator[date]:
    return (mark.on for step_down in step_downs for mark in step_down.marks if mark.stage is Stage.IN_EFFECT)


def _of_screenings(screenings: Iterable[Screening]) -> Iterator[date]:
    for screening in screenings:
        instants = [one.at for one in (*screening.refusals, *screening.missed)]
        if screening.collected_at is not None:
            instants.append(screening.collected_at)
        for at in instants:
            yield from _around(at)


def _around(at: datetime) -> Iterator[date]:
    """No zone's date is further than these from that of the instant in UTC: the same however it was written down."""
    on = at.date().toordinal()
    if at.tzinfo is not None and (offset := at.utcoffset()):
        # By days and seconds, so that it ends nowhere at either end of the calendar.
        since_midnight = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) - offset
        on += since_midnight // timedelta(days=1)
    first, last = date.min.toordinal(), date.max.toordinal()
    yield date.fromordinal(max(on - _DAYS, first))
    yield date.fromordinal(min(on + _DAYS, last))
