"""Deciding: one fact, judged against its stream and its site, with what follows from it of itself.

The same judgement serves live commands, imports and corrections, so that a fact that came in by one door could have
come in by any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, assert_never
from uuid import UUID

from domain import cohort as cohorts
from domain import facility as facilities
from domain import recording
from domain import session as sessions
from domain.acts import SYSTEM
from domain.catalog import belongs
from domain.chart import Chart, evolve, fold, judgement
from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, first_attended, overlapping
from domain.chart.enrollment import Admitted
from domain.chart.episode import Episode
from domain.cohort import Cohort
from domain.facility import Facility
from domain.record import (
    EnteredInError,
    Entry,
    Envelope,
    Person,
    Source,
    standing,
    stream_kind,
    stream_name,
    stream_uuid,
)
from domain.refused import Refused
from domain.scene import Scene
from domain.session import Session
from domain.site import fold_cohort, fold_facility, fold_session

THE_SYSTEM: Final = Person(id=SYSTEM, name="Stepdown", role=SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Entries to append to one stream, and the other streams whose state it rests on."""

    stream: str
    entries: tuple[Entry, ...]
    rests_on: frozenset[str]


State = Facility | Cohort | Session | Chart


def fold_stream(stream: str, entries: Sequence[Entry]) -> State:
    """The state of any stream that has one: facility, cohort, session or chart."""
    match stream_kind(stream):
        case "facility":
            return fold_facility(entries)
        case "cohort":
            return fold_cohort(stream_uuid(stream), entries)
        case "session":
            return fold_session(stream_uuid(stream), entries)
        case "chart":
            return fold(stream_uuid(stream), entries)
        case _:
            raise LookupError("Streams of this kind are not folded.")


def judge(stream: str, state: State, history: Sequence[Entry], new: Entry, scene: Scene) -> State:
    """The state of the stream with the new entry, or `Refused`. `state` is the fold of `history`, the whole stream."""
    if not belongs(stream_kind(stream), type(new.fact).__name__):
        raise Refused("fact.other-stream", "That kind of fact does not belong to this kind of stream.")
    if isinstance(state, Chart):
        return judgement.judge(state, new, scene, history)
    if isinstance(state, Facility):
        if isinstance(new.fact, facilities.FacilityOpened):
            facilities.judge(state, new, scene.ledger)
            # The opening of a facility is judged in its own zone, which nothing says before it.
            scene = replace(scene, facility=facilities.evolve(state, new))
        else:
            scene = replace(scene, facility=state)
    recording.judge(new, scene, history)
    if isinstance(new.fact, EnteredInError):
        return _judge_strike(stream, history, new, scene)
    _judge_rules(state, new, scene)
    return _further(state, new)


def _judge_rules(state: State, new: Entry, scene: Scene) -> None:
    match state:
        case Cohort():
            cohorts.judge(state, new)
        case Session():
            sessions.judge(state, new, scene.cohorts)
        case Facility():
            facilities.judge(state, new, scene.ledger)
        case Chart():
            raise TypeError("Charts are judged by their topics.")
        case _:
            assert_never(state)


def _further(state: State, new: Entry) -> State:
    match state:
        case Cohort():
            return cohorts.evolve(state, new)
        case Session():
            return sessions.evolve(state, new)
        case Facility():
            return facilities.evolve(state, new)
        case Chart():
            return evolve(state, new)
        case _:
            assert_never(state)


def _judge_strike(stream: str, history: Sequence[Entry], new: Entry, scene: Scene) -> State:
    """What stays must be able to stand without what is struck."""
    state = fold_stream(stream, [])
    for entry in standing([*history, new]):
        try:
            _judge_rules(state, entry, scene)
        except Refused:
            named = f"{stream}@{entry.version}"
            raise Refused("correction.breaks-history", f"{named} requires what this would strike.") from None
        state = _further(state, entry)
    return replace(state, version=new.version)


def decide(stream: str, history: Sequence[Entry], fact: Any, envelope: Envelope, scene: Scene) -> Decision:
    """The fact as the next entry of its stream, and what the system records with it: the admission.

    Raises `Refused`. `scene.sessions` must hold the sessions that the chart has records for.
    """
    new = _next(history, fact, envelope, scene)
    if stream_kind(stream) != "chart":
        judge(stream, fold_stream(stream, history), history, new, scene)
        rests_on = {stream_name("facility", scene.ledger)} - {stream}
        if isinstance(fact, sessions.SessionScheduled) and fact.cohort_id is not None:
            rests_on.add(stream_name("cohort", fact.cohort_id))
        return Decision(stream=stream, entries=(new,), rests_on=frozenset(rests_on))
    entries = _decide_chart(stream_uuid(stream), history, new, scene)
    return Decision(stream=stream, entries=tuple(entries), rests_on=_chart_rests_on(stream, history, fact, scene))


def _next(history: Sequence[Entry], fact: Any, envelope: Envelope, scene: Scene) -> Entry:
    version = history[-1].version + 1 if history else 1
    return Entry(version=version, recorded_at=scene.at, envelope=envelope, fact=fact)


def _decide_chart(patient_id: UUID, history: Sequence[Entry], new: Entry, scene: Scene) -> list[Entry]:
    before = fold(patient_id, history)
    if not _moves_admission(new, history):
        judgement.judge(before, new, scene, history)
        return [new]
    # A record that moves the admission is judged together with the admission that follows from it.
    judgement.judge_alone(before, new, scene, history)
    entries = [new]
    for fact in _admissions(fold(patient_id, [*history, new]), new, scene):
        because = new.envelope.reason or "The first session attended is another one now."
        envelope = replace(
            new.envelope,
            by=THE_SYSTEM,
            source=Source.SYSTEM,
            reason=because if isinstance(fact, EnteredInError) else new.envelope.reason,
            causation_id=f"{stream_name('chart', patient_id)}@{new.version}",
        )
        entries.append(_next([*history, *entries], fact, envelope, scene))
    judgement.judge_history(before, fold(patient_id, [*history, *entries]), new, scene)
    return entries


def _moves_admission(new: Entry, history: Sequence[Entry]) -> bool:
    if isinstance(new.fact, AttendanceRecorded | AttendanceCorrected):
        return True
    if not isinstance(new.fact, EnteredInError):
        return False
    target = next((e.fact for e in history if e.version == new.fact.target), None)
    return isinstance(target, AttendanceRecorded | AttendanceCorrected)


def _admissions(chart: Chart, new: Entry, scene: Scene) -> Iterator[EnteredInError | Admitted]:
    """What keeps each admission at the first session attended: struck, recorded, or both."""
    for episode in chart.episodes.values():
        first = first_attended(chart, episode.episode_id, scene.sessions)
        wanted = None if first is None else (first.program_day(scene.zone), first.session_id)
        admission = episode.admission
        if admission is not None and _still_right(admission.session_id, admission.on, chart, wanted, scene):
            continue
        if admission is not None:
            yield EnteredInError(target=admission.version)
        if wanted is not None and _enrolled_by(episode, wanted[0]):
            yield Admitted(episode_id=episode.episode_id, on=wanted[0], session_id=wanted[1])


def _still_right(session_id: UUID, on: Any, chart: Chart, wanted: tuple[Any, UUID] | None, scene: Scene) -> bool:
    # Of several sessions on the first day any may be named, as long as it was attended.
    record = chart.attendances.get(session_id)
    return wanted is not None and on == wanted[0] and record is not None and record.attended


def _enrolled_by(episode: Episode, on: Any) -> bool:
    return episode.enrollment is not None and episode.enrollment.on <= on


def _chart_rests_on(stream: str, history: Sequence[Entry], fact: Any, scene: Scene) -> frozenset[str]:
    """The facility always; of cohorts and sessions those that decided."""
    found = {stream_name("facility", scene.ledger)}
    if (cohort_id := getattr(fact, "cohort_id", None)) is not None:
        found.add(stream_name("cohort", cohort_id))
    chart = fold(stream_uuid(stream), history)
    named: set[UUID] = set()
    if (session_id := getattr(fact, "session_id", None)) is not None:
        named.add(session_id)
    if isinstance(fact, AttendanceRecorded | AttendanceCorrected):
        named.update(other.session_id for other in overlapping(chart, fact))
        named.update(e.admission.session_id for e in chart.episodes.values() if e.admission is not None)
    if isinstance(fact, EnteredInError) or hasattr(fact, "last_service_on"):
        named.update(chart.attendances)
    found.update(stream_name("session", key) for key in named)
    return frozenset(found)
