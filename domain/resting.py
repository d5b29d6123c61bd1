"""Streams that rest on a session or a cohort, which does not know them: attendance and enrollments are in the charts,
for which cohort a session is planned is in the session.

Whoever decides about a session or a cohort looks at what names it, where that may change what holds there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from domain import recording, streams
from domain.catalog import FACTS
from domain.chart import Chart, judgement
from domain.cohort import CohortFormed
from domain.record import EnteredInError, Entry, live, stream_kind, stream_name
from domain.refused import Refused
from domain.scene import Scene
from domain.session import Session, SessionCancelled, SessionRescheduled, SessionScheduled
from domain.streams import State
from domain.week import local_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A chart, or a session, that names the session or cohort at hand: the whole stream, and its fold."""

    stream: str
    entries: Sequence[Entry]
    state: State


KINDS: Final = ("chart", "session")
"""The kinds of streams that may rest on another."""


_MOVES: Final = (SessionRescheduled, SessionCancelled)
_STRUCK: Final = (SessionScheduled, *_MOVES, CohortFormed)

_NAMING: Final = {
    of: tuple(kind.__name__ for where in KINDS for kind in FACTS[where] if hasattr(kind, f"{of}_id"))
    for of in ("session", "cohort")
}

NAMING: Final = tuple(sorted(set(_NAMING["session"]) | set(_NAMING["cohort"])))
"""The stored names of all facts by which a stream may rest on a session or a cohort."""


def naming(stream: str) -> tuple[str, ...]:
    """The stored names of the facts by which another stream may rest on this one; none where nothing can."""
    return _NAMING.get(stream_kind(stream), ())


def looks_at_charts(fact: Any, history: Sequence[Entry]) -> bool:
    """Whether deciding about this fact needs what names its stream. `history` is the stream so far.

    Program days and cancellations decide which session attended is the first, and what state a record requires; when a
    session was held, and by whom, does not.
    """
    if isinstance(fact, EnteredInError):
        fact = next((e.fact for e in history if e.version == fact.target), None)
        return isinstance(fact, _STRUCK)
    return isinstance(fact, _MOVES)


def judge_strike(stream: str, strike: EnteredInError, history: Sequence[Entry], others: Iterable[Beside]) -> None:
    """What begins a session or a cohort is struck only while no live entry of another stream names it."""
    target = next((e.fact for e in history if e.version == strike.target), None)
    if not isinstance(target, SessionScheduled | CohortFormed):
        return
    for beside in others:
        resting = next((e for e in live(beside.entries) if stream in streams.named(e.fact)), None)
        if resting is not None:
            raise recording.breaks_history(f"{beside.stream}@{resting.version}")


def with_state(scene: Scene, state: State) -> Scene:
    """The scene once the session is as it was decided."""
    if not isinstance(state, Session):
        return scene
    return Scene(
        ledger=scene.ledger,
        at=scene.at,
        facility=scene.facility,
        cohorts=scene.cohorts,
        sessions={**scene.sessions, state.session_id: state},
        rule_sets=scene.rule_sets,
    )


def judge_moved(chart: Chart, further: Chart, scene: Scene, session: Session) -> None:
    """Refused where an entry of the chart would lose what it requires once the session is like this.

    `further` is the chart with what follows of itself, the admission.
    """
    record = chart.attendances.get(session.session_id)
    if record is not None and record.attended and _is_to_come(session, scene):
        raise Refused("session.attended", "Patients attended this session: it can't be moved to a day to come.")
    later = with_state(scene, session)
    now_broken = list(judgement.broken(further, later))
    if not now_broken:
        return
    was_broken = set(judgement.broken(chart, scene))
    lost = [version for version in now_broken if version not in was_broken]
    if not lost:
        return
    # The admission that would follow is not on record and can't be named: the attendance that it follows from can.
    on_record = (version for version in lost if version <= chart.version)
    version = next(on_record, chart.version if record is None else record.version)
    raise recording.breaks_history(f"{stream_name('chart', chart.patient_id)}@{version}")


def _is_to_come(session: Session, scene: Scene) -> bool:
    if session.starts_at is None or session.cancelled is not None:
        return False
    return session.program_day(scene.zone) > local_date(scene.at, scene.zone)
