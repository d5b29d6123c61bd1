"""What every fact has to satisfy, whatever it says: who records it, when, and with what reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, Final, get_args, get_type_hints
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.acts import INTERFACES, OPERATOR, SYSTEM, UNLISTED, Act, act_of
from domain.chart.attendance import AttendanceCorrected, Outcome
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned
from domain.chart.identity import IdentityCorrected
from domain.facility import HolidayDeclared
from domain.record import EnteredInError, Entry, Person, aims_at, first_recorded_at, live, replaced_by, struck
from domain.refused import Refused
from domain.scene import Scene
from domain.session import SessionHeld, SessionTimesCorrected
from domain.week import can_be_meant, local_date

FUTURE_MINUTES: Final = 5
"""Clocks differ: an instant up to five minutes ahead is taken as now."""

_FUTURE: Final = timedelta(minutes=FUTURE_MINUTES)

LATE_HOURS: Final = 24
"""Recorded more than this after it happened, an entry is late and needs a reason."""

_LATE: Final = timedelta(hours=LATE_HOURS)

_HELD: Final = (SessionHeld, SessionTimesCorrected)
"""Facts that say who was in the room from when to when."""

_STAYED_AWAY: Final = Outcome.ABSENT_UNEXCUSED

_PLANS: Final = frozenset(
    {"starts_at", "ends_at", "effective_on", "to_on", "from_on", "valid_from", "valid_to", "expires_on", "until"}
)
"""Fields that speak of what is meant to be: neither late nor in the future. A holiday may be to come as well."""

_CUTS: Final = frozenset({"as_of", "known_at"})
"""Fields that say where a report cuts through the record: neither takes place."""

_NOT_LATE: Final = frozenset(
    {"birth_date", "signed_on", "patient_signed_on", "last_service_on", "admitted_on", "arrived_at", "started_at"}
)
"""Dates that a fact looks back to: never in the future, and not what its lateness is counted from."""

_ARRIVED: Final = "arrived_at"
"""Where nothing says when somebody left, it is the arrival that the fact tells of."""


def judge(entry: Entry, scene: Scene, history: Sequence[Entry], *, scheduled_end: datetime | None = None) -> None:
    """Refuses an entry that nobody may record like this. `history` is its stream so far.

    `scheduled_end` is when the session was to end, for an absence: that is what its lateness is counted from.
    """
    fact = entry.fact
    moments = _moments(fact)
    _judge_years(fact, moments)
    _judge_permission(entry, scene, history, moments, scheduled_end)
    _judge_correction(entry, history)
    _judge_future(fact, scene, moments, scheduled_end)
    _judge_lateness(entry, scene, moments, scheduled_end)


Moments = list[tuple[str, date | datetime]]
"""Dates and instants of a fact, by field."""


def act_date(fact: Any, scene: Scene, *, scheduled_end: datetime | None = None) -> date:
    """The fact's own date, on which its author's role and credential are judged: that of the act, not of its plan.

    An absence has that of its session, an undated fact, or one about a day to come, that of its recording.
    """
    return _act_date(_moments(fact), scene, scheduled_end)


def _act_date(moments: Moments, scene: Scene, scheduled_end: datetime | None) -> date:
    zone = scene.zone
    today = local_date(scene.at, zone)
    acted = _acted(moments)
    if not acted and scheduled_end is not None:
        acted = [scheduled_end]
    if not acted:
        return today
    return min(max([local_date(m, zone) if isinstance(m, datetime) else m for m in acted]), today)


def _judge_permission(
    entry: Entry, scene: Scene, history: Sequence[Entry], moments: Moments, scheduled_end: datetime | None
) -> None:
    fact, by = entry.fact, entry.envelope.by
    aim = _aimed_at(fact, history)
    name = type(fact).__name__
    act = act_of(fact, aim, _discharge_reason(fact, history))
    if by.role not in act.roles:
        what, who = _named_act(name, aim), " or ".join(sorted(act.roles))
        raise Refused("act.not-permitted", f"{what} is not an act of the role {_known(by.role)}: ask one of {who}.")
    if not _rightly_named(by.id, by.role):
        raise Refused("act.unknown-person", "Name who acts as the staff list does, an interface as system.")
    if by.role in INTERFACES or by.role in UNLISTED:
        return
    _judge_credential(by, act, _act_date(moments, scene, scheduled_end), scene, name)
    if act.signature:
        _judge_credential(by, act, local_date(scene.at, scene.zone), scene, name)


def _named_act(name: str, aim: Any) -> str:
    """In a strike, or the correction of an attendance, it matters what it is aimed at."""
    if aim is None:
        return name
    return f"{'Striking' if name == 'EnteredInError' else 'Correcting'} {type(aim).__name__}"


# The few people of a site record all its facts.
@lru_cache(maxsize=1000)
def _rightly_named(person_id: str, role: str) -> bool:
    """Whether the id is the one way to write who this is: another spelling would make somebody else of a person."""
    if role in INTERFACES:
        return person_id == SYSTEM
    if role == OPERATOR:
        kind, _, account = person_id.partition("/")
        return kind == OPERATOR and account.strip() != ""
    key = _staff_key(person_id)
    return key is not None and person_id == f"staff/{key}"


def _aimed_at(fact: Any, history: Sequence[Entry]) -> Any:
    """What a strike or a correction of attendance is about, struck or replaced as it may be."""
    if isinstance(fact, EnteredInError):
        version = fact.target
    elif isinstance(fact, AttendanceCorrected):
        version = fact.corrects
    else:
        return None
    return next((e.fact for e in history if e.version == version), None)


def _discharge_reason(fact: Any, history: Sequence[Entry]) -> DischargeReason | None:
    if not isinstance(fact, DischargeSummarySigned):
        return None
    discharges = [e.fact for e in live(history) if isinstance(e.fact, Discharged)]
    return next((d.reason for d in reversed(discharges) if d.episode_id == fact.episode_id), None)


def _known(role: str) -> str:
    return role if role.isascii() and role.replace("_", "").isalpha() and len(role) <= 32 else "given"


def _judge_credential(by: Person, act: Act, on: date, scene: Scene, name: str) -> None:
    key = staff_id(by)
    held = [c for c in scene.facility.credentials(key, on) if c.role == by.role] if key is not None else []
    if not held:
        raise Refused("act.not-credentialed", f"The staff list has nobody with this id and role on {on}, so no {name}.")
    if act.credential and all(c.credential is None for c in held):
        raise Refused("act.without-credential", f"{name} needs a credential that is valid on {on}.")


def as_credentialed(by: Person, scene: Scene) -> Person:
    """The person with the credential that the staff list gives them today in their role, whatever a token says."""
    key = staff_id(by)
    if key is None or by.role in INTERFACES or by.role in UNLISTED or scene.facility.zone is None:
        return by
    held = [c for c in scene.facility.credentials(key, local_date(scene.at, scene.zone)) if c.role == by.role]
    credential = next((c.credential for c in held if c.credential is not None), None)
    return by if credential == by.credential else replace(by, credential=credential)


def staff_id(by: Person) -> UUID | None:
    """The id in `staff/<staff_id>`; None where there is none, and so no line in any staff list."""
    return _staff_key(by.id)


@lru_cache(maxsize=1000)
def _staff_key(person_id: str) -> UUID | None:
    kind, _, key = person_id.partition("/")
    try:
        return UUID(key) if kind == "staff" else None
    except ValueError:
        return None


def _judge_correction(entry: Entry, history: Sequence[Entry]) -> None:
    fact = entry.fact
    target = aims_at(fact)
    if target is None and not isinstance(fact, (SessionTimesCorrected, IdentityCorrected)):
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
    if (standing_in := _replacement(target, history)) is not None:
        raise Refused(
            "correction.replaced-target", f"Version {target} was replaced: correct version {standing_in} instead."
        )
    if not _may_follow(fact, known[target].fact):
        raise Refused("correction.wrong-kind", f"Version {target} is not an entry that {type(fact).__name__} corrects.")


def _replacement(target: int, history: Sequence[Entry]) -> int | None:
    """The live correction that stands in for an entry: the last, where corrections were corrected themselves."""
    replaced = replaced_by(history)
    last = replaced.get(target)
    while last in replaced:
        last = replaced[last]
    return last


def breaks_history(named: str) -> Refused:
    """What a correction or strike is told that would take from a live entry what it requires. `stream@version`."""
    return Refused("correction.breaks-history", f"{named} requires what this would take away: correct that one first.")


_CORRECTS: Final = {
    "AttendanceCorrected": ("AttendanceRecorded", "AttendanceCorrected"),
    "ResultCorrected": ("ValidityReported", "PresumptiveReported", "DefinitiveReported", "ResultCorrected"),
    "DischargeVoided": ("Discharged",),
}


def _may_follow(fact: Any, target: Any) -> bool:
    if isinstance(fact, EnteredInError):
        # A discharge is taken back by DischargeVoided, which looks at what rests on it.
        # What was destroyed is never back, whatever is struck.
        return type(target).__name__ not in ("Discharged", "KeyDestroyed")
    return type(target).__name__ in _CORRECTS[type(fact).__name__]


@cache
def _dated(kind: Any) -> tuple[str, ...]:
    """The fields of a kind of fact that may hold a date or an instant."""
    held = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(kind).items()}
    return tuple(name for name, hints in held.items() if any(hint in (date, datetime) for hint in hints))


@cache
def _dated_when_done(kind: Any) -> tuple[str, ...]:
    """Those of them that speak of what took place."""
    return tuple(name for name in _dated(kind) if name not in _PLANS | _CUTS)


@cache
def _dated_otherwise(kind: Any) -> tuple[str, ...]:
    """The others."""
    return tuple(name for name in _dated(kind) if name in _PLANS | _CUTS)


def _moments(fact: Any) -> Moments:
    """The dates and instants in a fact that speak of what took place."""
    kind: Any = type(fact)
    return [(name, value) for name in _dated_when_done(kind) if (value := getattr(fact, name)) is not None]


def _acted(moments: Moments) -> list[date | datetime]:
    """Those at which the fact took place."""
    if not moments:
        return []
    acted = [moment for name, moment in moments if name not in _NOT_LATE]
    return acted or [moment for name, moment in moments if name == _ARRIVED]


def _staff_moments(fact: Any) -> Moments:
    if not isinstance(fact, _HELD):
        return []
    return [("staff", moment) for presence in fact.staff for moment in (presence["from"], presence["to"])]


def _absence(fact: Any, scheduled_end: datetime | None) -> Moments:
    """When somebody has stayed away: once the session was to be over, since until then they may come.

    An excuse may be given in advance. It is a plan, such as a surgery on that day, so it has no such moment.
    """
    if scheduled_end is None or getattr(fact, "outcome", None) is not _STAYED_AWAY:
        return []
    return [("outcome", scheduled_end)]


def _judge_years(fact: Any, moments: Moments) -> None:
    """A slip of the pen, plans included; and near the ends of the calendar an instant has no date in every zone."""
    kind: Any = type(fact)
    others = [(name, value) for name in _dated_otherwise(kind) if (value := getattr(fact, name)) is not None]
    for name, moment in [*moments, *others, *_staff_moments(fact)]:
        if not can_be_meant(moment):
            raise Refused("entry.out-of-time", f"`{name}` is in a year that can't be meant: check the date.")


def _judge_future(fact: Any, scene: Scene, moments: Moments, scheduled_end: datetime | None) -> None:
    if isinstance(fact, HolidayDeclared):
        return
    told = [*moments, *_staff_moments(fact), *_absence(fact, scheduled_end)]
    if not told:
        return
    limit = _utc(scene.at) + _FUTURE
    for name, moment in told:
        ahead = moment > limit if isinstance(moment, datetime) else moment > local_date(scene.at, scene.zone)
        if ahead:
            raise Refused("entry.in-the-future", f"`{name}` has not happened yet: record it when it has.")


def happened_at(fact: Any, zone: ZoneInfo, *, scheduled_end: datetime | None = None) -> datetime | None:
    """The instant, in UTC, from which lateness is counted: the last in the fact, or the end of its last local date."""
    return _happened_at(_moments(fact), zone, scheduled_end)


def _happened_at(moments: Moments, zone: ZoneInfo, scheduled_end: datetime | None) -> datetime | None:
    acted = _acted(moments)
    if not acted:
        return None if scheduled_end is None else _utc(scheduled_end)
    return max([_utc(moment) if isinstance(moment, datetime) else _end_of(moment, zone) for moment in acted])


def is_late(entry: Entry, zone: ZoneInfo, *, scheduled_end: datetime | None = None) -> bool:
    """Recorded more than 24 h after it happened. An undated fact is never late."""
    return hours_late(entry, zone, scheduled_end=scheduled_end) is not None


def hours_late(entry: Entry, zone: ZoneInfo, *, scheduled_end: datetime | None = None) -> int | None:
    """Whole hours between when it happened and when it was recorded; None for an entry that is not late."""
    passed = lateness(entry, zone, scheduled_end=scheduled_end)
    return passed // timedelta(hours=1) if passed is not None and passed > _LATE else None


def lateness(entry: Entry, zone: ZoneInfo, *, scheduled_end: datetime | None = None) -> timedelta | None:
    """Between when it happened and when it was recorded; nothing where it was recorded before that was over, None for
    an undated fact.

    Of one that was imported, when it was recorded elsewhere counts.
    """
    happened = happened_at(entry.fact, zone, scheduled_end=scheduled_end)
    if happened is None:
        return None
    return max(_utc(first_recorded_at(entry)) - happened, timedelta())


def _end_of(on: date, zone: ZoneInfo) -> datetime:
    return _utc(datetime.combine(on + timedelta(days=1), time(), tzinfo=zone))


def _utc(instant: datetime) -> datetime:
    # Two instants of one zone are subtracted by the wall clock, so that an hour is lost or won when it is changed.
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def _judge_lateness(entry: Entry, scene: Scene, moments: Moments, scheduled_end: datetime | None) -> None:
    happened = _happened_at(moments, scene.zone, scheduled_end)
    if happened is None or _utc(scene.at) - happened <= _LATE:
        return
    if not (entry.envelope.reason or "").strip():
        raise Refused("entry.late-without-reason", "It happened more than 24 hours ago: a late entry needs a reason.")
