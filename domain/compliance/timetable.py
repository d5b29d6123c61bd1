"""The countable sessions of a period, laid out once for everybody who may have been expected in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.compliance.interval import Interval, between
from domain.compliance.period import Period
from domain.record import stream_name
from domain.session import Modality, Session
from domain.week import local_date

_TWO_DAYS: Final = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One countable session that was not cancelled.

    `day` is its program day, `interval` the session interval (None when it is not, or not yet, recorded as held).
    `over`: it had ended when the question is asked, at its actual end or, without one, at its scheduled one.
    """

    session: Session
    day: date
    interval: Interval | None
    over: bool

    # Made when somebody wants them: a status lays out all sessions of the week, and names none.

    @cached_property
    def name(self) -> str:
        return stream_name("session", self.session.session_id)

    @cached_property
    def planned_by(self) -> tuple[str, ...]:
        """Names of the facts that planned it and, where it was moved, that set the program day."""
        return planned_by(self.session)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """These, and the one that says from when to when it was held."""
        return (*self.planned_by, *held_by(self.session))


def planned_by(session: Session) -> tuple[str, ...]:
    """Names of the facts that planned a session and that moved it last."""
    stream = stream_name("session", session.session_id)
    first = [session.plans[0].version] if session.plans else []
    return tuple(f"{stream}@{version}" for version in sorted({*first, session.scheduled_version}))


def held_by(session: Session) -> tuple[str, ...]:
    """The name of the fact that says from when to when it was held; none where it was not."""
    held = session.interval
    return () if held is None else (f"{stream_name('session', session.session_id)}@{held.version}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A session that a day has lost. `names` are those of the facts that planned it, and that cancelled or moved it."""

    session: Session
    day: date
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Slots by session, and those of cohorts by cohort and program day; what days have lost by the cohort and the day;
    both by the number that the session's id is: a UUID is slow to look up, and each record of each chart is."""

    period: Period
    as_of: date
    zone: ZoneInfo
    slots: Mapping[UUID, Slot]
    of_cohort: Mapping[tuple[UUID, date], tuple[Slot, ...]]
    of_session: Mapping[int, tuple[Slot | None, tuple[Removed, ...]]]
    removed_of_cohort: Mapping[tuple[UUID, date], tuple[Removed, ...]]


def countable(session: Session, modalities: Collection[Modality]) -> bool:
    """Whether the session earns hours: every kind but aftercare and alumni, in the modalities of the rule set."""
    return not session.after_treatment and session.modality in modalities


def lay_out(
    sessions: Iterable[Session],
    period: Period,
    *,
    zone: ZoneInfo,
    modalities: Collection[Modality],
    as_of: date,
    known_at: datetime,
) -> Timetable:
    """The period's countable sessions with a program day by `as_of`. Cancelled ones count nowhere and are left out."""
    slots: dict[UUID, Slot] = {}
    of_cohort: dict[tuple[UUID, date], list[Slot]] = {}
    removed: dict[UUID, tuple[Removed, ...]] = {}
    removed_of_cohort: dict[tuple[UUID, date], tuple[Removed, ...]] = {}
    shown = Period(period.first, min(period.last, as_of))
    # No zone is a day from UTC, nor is the offset that a start was told with: which day the others are on in this zone
    # needn't be asked.
    earliest, latest = shown.first - _TWO_DAYS, shown.last + _TWO_DAYS
    for session in sessions:
        if session.starts_at is None or session.ends_at is None:
            continue
        if not earliest <= session.starts_at.date() <= latest and len(session.plans) < 2:
            continue
        if not countable(session, modalities):
            continue
        cohort_id = None if session.one_to_one else session.cohort_id
        day = session.program_day(zone)
        for lost in _removals(session, day, zone):
            if lost.day in shown:
                removed[session.session_id] = (*removed.get(session.session_id, ()), lost)
                if cohort_id is not None:
                    key = cohort_id, lost.day
                    removed_of_cohort[key] = (*removed_of_cohort.get(key, ()), lost)
        if session.cancelled is not None or day not in shown:
            continue
        slot = _slot(session, day, known_at)
        slots[session.session_id] = slot
        if cohort_id is not None:
            of_cohort.setdefault((cohort_id, day), []).append(slot)
    return Timetable(
        period=period,
        as_of=as_of,
        zone=zone,
        slots=slots,
        of_cohort={key: tuple(found) for key, found in of_cohort.items()},
        of_session={key.int: (slots.get(key), removed.get(key, ())) for key in slots.keys() | removed.keys()},
        removed_of_cohort=removed_of_cohort,
    )


def _slot(session: Session, day: date, known_at: datetime) -> Slot:
    held = session.interval
    ends_at = session.ends_at if held is None else held.ended_at
    return Slot(
        session=session,
        day=day,
        interval=None if held is None else between(held.started_at, held.ended_at),
        over=ends_at is not None and ends_at <= known_at,
    )


def _removals(session: Session, day: date, zone: ZoneInfo) -> Iterator[Removed]:
    """The days on which it would be, but for the fact that cancelled it, or that moved it away. `day`: its own."""
    if session.cancelled_version is None and len(session.plans) < 2:
        return
    planned = planned_by(session)
    if session.cancelled_version is not None:
        cancelled_by = f"{stream_name('session', session.session_id)}@{session.cancelled_version}"
        yield Removed(session=session, day=day, names=(*planned, cancelled_by))
    for plan in session.plans[:-1]:
        if (lost := local_date(plan.starts_at, zone)) != day:
            yield Removed(session=session, day=lost, names=planned)
