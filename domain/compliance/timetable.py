"""The countable sessions of one week, laid out once for everybody who may have been expected in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.compliance.interval import Interval, between
from domain.compliance.rule_set import RuleSet
from domain.record import stream_name
from domain.session import Session
from domain.week import Week


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One countable session that was not cancelled.

    `day` is its program day, `interval` the session interval (None when it is not, or not yet, recorded as held).
    `over`: it had ended when the question is asked, at its actual end or, without one, at its scheduled one.
    """

    session: Session
    day: date
    interval: Interval | None
    over: bool

    @property
    def name(self) -> str:
        return stream_name("session", self.session.session_id)

    @property
    def planned_by(self) -> str:
        """The fact that set the program day."""
        return f"{self.name}@{self.session.scheduled_version}"

    @property
    def held_by(self) -> str | None:
        """The fact that says from when to when it was held."""
        held = self.session.interval
        return None if held is None else f"{self.name}@{held.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Slots by session, and those of cohorts by cohort and program day."""

    week: Week
    as_of: date
    zone: ZoneInfo
    slots: Mapping[UUID, Slot]
    of_cohort: Mapping[tuple[UUID, date], tuple[Slot, ...]]


def countable(session: Session, rule_set: RuleSet) -> bool:
    """Whether the session earns hours: every kind but aftercare and alumni, in the modalities of the rule set."""
    return not session.after_treatment and session.modality in rule_set.modalities


def lay_out(
    sessions: Iterable[Session], week: Week, *, zone: ZoneInfo, rule_set: RuleSet, as_of: date, known_at: datetime
) -> Timetable:
    """The week's countable sessions with a program day by `as_of`. Cancelled ones count nowhere and are left out."""
    slots: dict[UUID, Slot] = {}
    of_cohort: dict[tuple[UUID, date], list[Slot]] = {}
    last = min(week.sunday, as_of)
    for session in sessions:
        if session.cancelled is not None or session.starts_at is None or session.ends_at is None:
            continue
        day = session.program_day(zone)
        if not (week.monday <= day <= last and countable(session, rule_set)):
            continue
        held = session.interval
        slot = Slot(
            session=session,
            day=day,
            interval=None if held is None else between(held.started_at, held.ended_at),
            over=(session.ends_at if held is None else held.ended_at) <= known_at,
        )
        slots[session.session_id] = slot
        if session.cohort_id is not None and not session.one_to_one:
            of_cohort.setdefault((session.cohort_id, day), []).append(slot)
    return Timetable(
        week=week,
        as_of=as_of,
        zone=zone,
        slots=slots,
        of_cohort={key: tuple(found) for key, found in of_cohort.items()},
    )
