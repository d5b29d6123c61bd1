"""What every fact has to satisfy, whatever it says: who records it, when, and with what reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.acts import INTERFACES, UNLISTED, Act, act_of
from domain.record import EnteredInError, Entry, Person, replaced_by, struck
from domain.refused import Refused
from domain.scene import Scene
from domain.week import local_date

FUTURE_MINUTES: Final = 5
"""Clocks differ: an instant up to five minutes ahead is taken as now."""

LATE_HOURS: Final = 24
"""Recorded more than this after it happened, an entry is late and needs a reason."""

_PLANS: Final = frozenset(
    {"starts_at", "ends_at", "effective_on", "to_on", "from_on", "valid_from", "valid_to", "expires_on"}
)
"""Fields that speak of what is meant to be: neither late nor in the future."""

_PLANNED_FACTS: Final = frozenset({"HolidayDeclared"})

_NOT_LATE: Final = frozenset(
    {"birth_date", "signed_on", "patient_signed_on", "last_service_on", "arrived_at", "started_at"}
)
"""Dates that a fact looks back to: never in the future, and not what its lateness is counted from."""


def judge(entry: Entry, scene: Scene, history: Sequence[Entry], *, scheduled_end: datetime | None = None) -> None:
    """Refuses an entry that nobody may record like this. `history` is its stream so far.

    `scheduled_end` is when the session was to end, for an absence: that is what its lateness is counted from.
    """
    _judge_permission(entry, scene, history)
    _judge_correction(entry, history)
    _judge_future(entry.fact, scene)
    _judge_lateness(entry, scene, scheduled_end)


def act_date(fact: Any, scene: Scene) -> date:
    """The fact's own date, on which its author's role and credential are judged: that of the act, not of its plan."""
    happened = _happened(fact, scene.zone if scene.facility.zone else ZoneInfo("UTC"))
    return max(happened, default=local_date(scene.at, scene.facility.zone or ZoneInfo("UTC")))


def _judge_permission(entry: Entry, scene: Scene, history: Sequence[Entry]) -> None:
    fact, by = entry.fact, entry.envelope.by
    target = None
    if isinstance(fact, EnteredInError):
        target = next((e.fact for e in history if e.version == fact.target), None)
    act = act_of(fact, target)
    name = type(fact).__name__
    if by.role not in act.roles:
        raise Refused("act.not-permitted", f"{name} is not an act of the role {_known(by.role)}: ask one who may.")
    if by.role in INTERFACES or by.role in UNLISTED:
        return
    today = local_date(scene.at, scene.zone)
    _judge_credential(by, act, act_date(fact, scene), scene, name)
    if act.signature:
        _judge_credential(by, act, today, scene, name)


def _known(role: str) -> str:
    return role if role.isascii() and role.replace("_", "").isalpha() and len(role) <= 32 else "given"


def _judge_credential(by: Person, act: Act, on: date, scene: Scene, name: str) -> None:
    held = [c for c in scene.facility.credentials(staff_id(by), on) if c.role == by.role]
    if not held:
        raise Refused("act.not-credentialed", f"The staff list has nobody with this id and role on {on}, so no {name}.")
    if act.credential and all(c.credential is None for c in held):
        raise Refused("act.without-credential", f"{name} needs a credential that is valid on {on}.")


def staff_id(by: Person) -> UUID:
    """The id in `staff/<staff_id>`. Refused where there is none."""
    kind, _, key = by.id.partition("/")
    try:
        if kind != "staff":
            raise ValueError(kind)
        return UUID(key)
    except ValueError:
        raise Refused("act.not-credentialed", "The person who acts must be named as staff/<uuid>.") from None


def _judge_correction(entry: Entry, history: Sequence[Entry]) -> None:
    fact = entry.fact
    target = fact.target if isinstance(fact, EnteredInError) else getattr(fact, "corrects", None)
    corrects_times = type(fact).__name__ == "SessionTimesCorrected"
    if target is None and not corrects_times:
        return
    if not (entry.envelope.reason or "").strip():
        raise Refused("correction.without-reason", "A correction needs a reason: say why the record was wrong.")
    if target is None:
        return
    known = {e.version: e for e in history}
    if target not in known or isinstance(known[target].fact, EnteredInError):
        raise Refused("correction.unknown-target", f"There is no entry of version {target} to correct in this stream.")
    if target in struck(history):
        raise Refused("correction.struck-target", f"Version {target} was entered in error and counts for nothing.")
    if (by := replaced_by(history).get(target)) is not None:
        raise Refused("correction.replaced-target", f"Version {target} was replaced: correct version {by} instead.")
    if not _may_follow(fact, known[target].fact):
        raise Refused("correction.wrong-kind", f"Version {target} is not an entry that {type(fact).__name__} corrects.")


_CORRECTS: Final = {
    "AttendanceCorrected": ("AttendanceRecorded", "AttendanceCorrected"),
    "ResultCorrected": ("ValidityReported", "PresumptiveReported", "DefinitiveReported", "ResultCorrected"),
    "DischargeVoided": ("Discharged",),
}


def _may_follow(fact: Any, target: Any) -> bool:
    if isinstance(fact, EnteredInError):
        # A discharge is taken back by DischargeVoided, which looks at what rests on it.
        return type(target).__name__ != "Discharged"
    return type(target).__name__ in _CORRECTS[type(fact).__name__]


def _moments(fact: Any) -> list[tuple[str, date | datetime]]:
    found: list[tuple[str, date | datetime]] = []
    for field in fields(fact):
        value = getattr(fact, field.name)
        if isinstance(value, date) and field.name not in _PLANS:
            found.append((field.name, value))
    return found if type(fact).__name__ not in _PLANNED_FACTS else []


def _happened(fact: Any, zone: ZoneInfo) -> list[date]:
    return [
        local_date(moment, zone) if isinstance(moment, datetime) else moment
        for name, moment in _moments(fact)
        if name not in _NOT_LATE
    ]


def _judge_future(fact: Any, scene: Scene) -> None:
    limit = scene.at + timedelta(minutes=FUTURE_MINUTES)
    for name, moment in _moments(fact):
        ahead = moment > limit if isinstance(moment, datetime) else moment > local_date(scene.at, scene.zone)
        if ahead:
            raise Refused("entry.in-the-future", f"`{name}` has not happened yet: record it when it has.")


def happened_at(fact: Any, zone: ZoneInfo, *, scheduled_end: datetime | None = None) -> datetime | None:
    """The instant from which lateness is counted: the last one in the fact, or the end of its last local date."""
    ends = [
        moment if isinstance(moment, datetime) else _end_of(moment, zone)
        for name, moment in _moments(fact)
        if name not in _NOT_LATE
    ]
    if not ends and scheduled_end is not None:
        return scheduled_end
    return max(ends, default=None)


def is_late(entry: Entry, zone: ZoneInfo, *, scheduled_end: datetime | None = None) -> bool:
    """Recorded more than 24 h after it happened. An undated fact is never late."""
    happened = happened_at(entry.fact, zone, scheduled_end=scheduled_end)
    recorded = entry.envelope.recorded_elsewhere_at or entry.recorded_at
    return happened is not None and recorded - happened > timedelta(hours=LATE_HOURS)


def _end_of(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on + timedelta(days=1), time(), tzinfo=zone)


def _judge_lateness(entry: Entry, scene: Scene, scheduled_end: datetime | None) -> None:
    happened = happened_at(entry.fact, scene.zone, scheduled_end=scheduled_end)
    if happened is None or scene.at - happened <= timedelta(hours=LATE_HOURS):
        return
    if not (entry.envelope.reason or "").strip():
        raise Refused("entry.late-without-reason", "It happened more than 24 hours ago: a late entry needs a reason.")
