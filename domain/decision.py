"""Deciding: one fact, judged against its stream and its site, with what follows from it of itself, in other charts too.

The same judgement serves live commands, imports and corrections, so that a fact that came in by one door could have
come in by any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple, assert_never
from uuid import UUID

from domain import chart as charts
from domain import cohort as cohorts
from domain import facility as facilities
from domain import key_destruction, legal_hold, recording, resting
from domain import report as reports
from domain import session as sessions
from domain.acts import SYSTEM
from domain.catalog import belongs
from domain.chart import Chart, judgement, merging
from domain.chart.attendance import RECORDS, AttendanceRecorded, admits, first_attended
from domain.chart.enrollment import Admitted
from domain.chart.episode import Admission, Episode
from domain.cohort import Cohort
from domain.facility import Facility
from domain.key_destruction import KeyDestroyed
from domain.record import (
    EnteredInError,
    Entry,
    Envelope,
    Person,
    Source,
    standing,
    stream_kind,
    stream_name,
)
from domain.refused import Refused
from domain.report import Report
from domain.resting import Beside
from domain.scene import Scene
from domain.session import Session
from domain.streams import State, evolve, fold_stream

THE_SYSTEM: Final = Person(id=SYSTEM, name="Stepdown", role=SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Entries to append to one stream, and what follows from them in other streams, in the same transaction.

    `before` and `after` are the state of the stream without and with the entries.
    """

    stream: str
    entries: tuple[Entry, ...]
    before: State
    after: State
    follow: tuple[Decision, ...] = ()


def judge(
    stream: str, state: State, history: Sequence[Entry], new: Entry, scene: Scene, charts: Sequence[Beside] = ()
) -> State:
    """The state of the stream with the new entry, or `Refused`. `state` is the fold of `history`, the whole stream.

    `charts`, or sessions, are those that name the stream, where `resting.looks_at_charts` asks for them. What would
    follow in them is not looked for here: a file tells it in lines of its own.
    """
    after = _judge_stream(stream, state, history, new, scene, charts)
    if isinstance(after, Session):
        for _, chart in _charts_beside(charts):
            resting.judge_moved(chart, chart, scene, after)
    return after


def _judge_stream(
    stream: str, state: State, history: Sequence[Entry], new: Entry, scene: Scene, charts: Sequence[Beside]
) -> State:
    _judge_place(stream, new, scene)
    if isinstance(state, Chart):
        return _judge_chart(stream, state, history, new, scene).with_new
    if isinstance(state, Facility):
        if isinstance(new.fact, facilities.FacilityOpened):
            facilities.judge(state, new, scene.ledger, scene.rule_sets)
            # The opening of a facility is judged in its own zone, which nothing says before it.
            scene = replace(scene, facility=facilities.evolve(state, new))
        else:
            scene = replace(scene, facility=state)
    recording.judge(new, scene, history)
    if isinstance(new.fact, EnteredInError):
        resting.judge_strike(stream, new.fact, history, charts)
        return _judge_strike(stream, history, new, scene)
    if isinstance(state, Report):
        reports.judge_once(new.fact, history)
    _judge_rules(state, new, scene)
    if isinstance(state, Session):
        sessions.judge_day(state, new.fact, scene)
    if isinstance(new.fact, legal_hold.FACTS):
        legal_hold.judge_chart(new.fact, scene.charts.keys() | scene.untold)
    if isinstance(new.fact, KeyDestroyed) and new.fact.patient_id not in scene.untold:
        key_destruction.judge_chart(new.fact, scene.charts, scene.facility.holds)
    return evolve(state, new)


def _judge_place(stream: str, new: Entry, scene: Scene) -> None:
    kind = stream_kind(stream)
    another_site = kind == "facility" and stream != stream_name("facility", scene.ledger)
    if another_site or not belongs(kind, type(new.fact).__name__):
        raise Refused("fact.other-stream", "That kind of fact does not belong to this stream.")


def _judge_rules(state: State, new: Entry, scene: Scene) -> None:
    match state:
        case Cohort():
            cohorts.judge(state, new, scene.facility)
        case Session():
            sessions.judge(state, new, scene)
        case Facility():
            facilities.judge(state, new, scene.ledger, scene.rule_sets)
        case Report():
            reports.judge(state, new, scene)
        case Chart():
            raise TypeError("Charts are judged by their topics.")
        case _:
            assert_never(state)


def _judge_strike(stream: str, history: Sequence[Entry], new: Entry, scene: Scene) -> State:
    """What stays must be able to stand without what is struck."""
    _, broken_before = _replay(stream, history, scene)
    state, broken = _replay(stream, [*history, new], scene)
    if lost := sorted(broken - broken_before):
        raise recording.breaks_history(f"{stream}@{lost[0]}")
    return replace(state, version=new.version)


def _replay(stream: str, entries: Sequence[Entry], scene: Scene) -> tuple[State, frozenset[int]]:
    """The state after all standing entries, and the versions of those that the ones before them don't allow."""
    state = fold_stream(stream, [])
    broken: set[int] = set()
    for entry in standing(entries):
        try:
            _judge_rules(state, entry, scene)
        except Refused:
            broken.add(entry.version)
        state = evolve(state, entry)
    return state, frozenset(broken)


def decide(
    stream: str,
    before: State,
    history: Sequence[Entry],
    fact: Any,
    envelope: Envelope,
    scene: Scene,
    charts: Sequence[Beside] = (),
) -> Decision:
    """The fact as the next entry of its stream, and what the system records with it: the admission.

    `before` is the fold of `history`, the whole stream. `scene.sessions` must hold the sessions that the chart has
    records for, and those that `charts` have: the charts, or sessions, that name the stream, where
    `resting.looks_at_charts` asks for them. Raises `Refused`.
    """
    new = _next(history, fact, envelope, scene)
    if isinstance(before, Chart):
        _judge_place(stream, new, scene)
        judged = _judge_chart(stream, before, history, new, scene)
        entries = (new, *judged.follow)
        return Decision(stream=stream, entries=entries, before=before, after=judged.with_all)
    after = _judge_stream(stream, before, history, new, scene, charts)
    follow = tuple(_followed(stream, new, after, scene, charts)) if isinstance(after, Session) else ()
    return Decision(stream=stream, entries=(new,), before=before, after=after, follow=follow)


def _followed(stream: str, new: Entry, session: Session, scene: Scene, charts: Sequence[Beside]) -> Iterator[Decision]:
    """The admissions that a session that was moved, cancelled or revived moves, in each chart that needs it."""
    later = resting.with_state(scene, session)
    for beside, before in _charts_beside(charts):
        known, chart = list(beside.entries), before
        for fact in list(_admissions(chart, later, _Before(chart, scene))):
            known.append(_next(known, fact, _of_the_system(stream, new, fact, later), later))
            chart = _chart_further(chart, known)
        resting.judge_moved(before, chart, scene, session)
        if entries := tuple(known[len(beside.entries) :]):
            yield Decision(stream=beside.stream, entries=entries, before=before, after=chart)


def _charts_beside(others: Iterable[Beside]) -> Iterator[tuple[Beside, Chart]]:
    for beside in others:
        if isinstance(beside.state, Chart):
            yield beside, beside.state


def elsewhere(decision: Decision, history: Sequence[Entry], scene: Scene) -> Iterator[tuple[str, Any]]:
    """What is to be recorded with it in other streams, in the same transaction: a stream, and the fact.

    `scene` is as the decision leaves it. An import adds none of it: its file says all.
    """
    if isinstance(decision.before, Chart):
        new, target = decision.entries[0], None
        if isinstance(new.fact, EnteredInError):
            struck = new.fact.target
            target = next((e.fact for e in history if e.version == struck), None)
        for key, fact in merging.elsewhere(decision.before.patient_id, new, target, scene):
            yield stream_name("chart", key), fact


def admit(stream: str, before: Chart, history: Sequence[Entry], envelope: Envelope, scene: Scene) -> Decision:
    """The admissions that a chart lacks though its patient attended: none are moved. `envelope` says why now.

    For charts from a file that tells no more about them. Raises `Refused` where later entries leave no room for one.
    """
    known, chart = list(history), before
    for fact in list(_admissions(before, scene, _Before(before, scene))):
        if isinstance(fact, EnteredInError) or before.episodes[fact.episode_id].admission is not None:
            continue
        record = before.attendances[fact.session_id]
        cause = known[record.version - 1]
        known.append(_next(known, fact, _of_the_system(stream, replace(cause, envelope=envelope), fact, scene), scene))
        chart = _chart_further(chart, known)
        judgement.judge_history(before, chart, known[-1], scene)
    return Decision(stream=stream, entries=tuple(known[len(history) :]), before=before, after=chart)


def _next(history: Sequence[Entry], fact: Any, envelope: Envelope, scene: Scene) -> Entry:
    version = history[-1].version + 1 if history else 1
    return Entry(version=version, recorded_at=scene.at, envelope=envelope, fact=fact)


class _Judged(NamedTuple):
    """The chart with the new entry, what follows from it, and the chart with both."""

    with_new: Chart
    follow: tuple[Entry, ...]
    with_all: Chart


def _judge_chart(stream: str, before: Chart, history: Sequence[Entry], new: Entry, scene: Scene) -> _Judged:
    key_destruction.judge_standing(before.patient_id, scene.facility.destroyed)
    if not _moves_admission(new, history):
        after = judgement.judge(before, new, scene, history)
        return _Judged(after, (), after)
    # A record that moves the admission is judged together with the admission that follows from it: alone it may take
    # from the later entries what they get back at once.
    judgement.judge_alone(before, new, scene, history)
    known = [*history, new]
    with_new = chart = _chart_further(before, known)
    for fact in list(_admissions(with_new, scene, _Before(before, scene))):
        known.append(_next(known, fact, _of_the_system(stream, new, fact, scene), scene))
        chart = _chart_further(chart, known)
    if chart is not with_new or not isinstance(new.fact, AttendanceRecorded):
        judgement.judge_history(before, chart, new, scene)
    return _Judged(with_new, tuple(known[len(history) + 1 :]), chart)


def _chart_further(chart: Chart, known: Sequence[Entry]) -> Chart:
    """The chart with the last of the known entries."""
    if isinstance(known[-1].fact, EnteredInError):
        return charts.fold(chart.patient_id, known)
    return charts.evolve(chart, known[-1])


def _of_the_system(stream: str, new: Entry, fact: EnteredInError | Admitted, scene: Scene) -> Envelope:
    """The envelope of what follows from an entry. A strike and a late admission say why, as everybody has to."""
    late = recording.is_late(_next([], fact, new.envelope, scene), scene.zone)
    because = new.envelope.reason or "The first session attended is another one now."
    return replace(
        new.envelope,
        by=THE_SYSTEM,
        source=Source.SYSTEM,
        reason=because if late or isinstance(fact, EnteredInError) else None,
        causation_id=f"{stream}@{new.version}",
    )


def _moves_admission(new: Entry, history: Sequence[Entry]) -> bool:
    if isinstance(new.fact, RECORDS):
        return True
    if not isinstance(new.fact, EnteredInError):
        return False
    target = next((e.fact for e in history if e.version == new.fact.target), None)
    return isinstance(target, (*RECORDS, Admitted, merging.MergedInto))


class _Before(NamedTuple):
    """A chart and the scene as they were before what is decided."""

    chart: Chart
    scene: Scene

    def first(self, episode_id: UUID) -> UUID | None:
        """The first session attended in an episode."""
        found = first_attended(self.chart, episode_id, self.scene.sessions)
        return None if found is None else found.session_id


def _admissions(chart: Chart, scene: Scene, before: _Before) -> Iterator[EnteredInError | Admitted]:
    """What keeps each admission at the first session attended: struck, recorded, or both. In a chart that was merged
    nothing is recorded: should it be separated again, its admission is put right with that."""
    if chart.merged_into is not None:
        return
    for episode in chart.episodes.values():
        if episode.carried_over:
            continue  # Admitted in another system, by a service that is not in this record.
        first = first_attended(chart, episode.episode_id, scene.sessions)
        wanted = None if first is None else (first.program_day(scene.zone), first.session_id)
        admission = episode.admission
        if admission is not None and _still_right(episode.episode_id, admission, chart, wanted, scene, before):
            continue
        if admission is not None:
            yield EnteredInError(target=admission.version)
        if wanted is not None and _enrolled_by(episode, wanted[0]):
            yield Admitted(episode_id=episode.episode_id, on=wanted[0], session_id=wanted[1])


def _still_right(
    episode_id: UUID,
    admission: Admission,
    chart: Chart,
    wanted: tuple[date, UUID] | None,
    scene: Scene,
    before: _Before,
) -> bool:
    # Of several sessions on the first day a file may have named any that was attended: that is left alone until another
    # session becomes the first.
    if admission.session_id is None:
        return True
    record = chart.attendances.get(admission.session_id)
    session = scene.sessions.get(admission.session_id)
    if wanted is None or admission.on != wanted[0] or record is None or session is None:
        return False
    if admission.session_id != wanted[1] and before.first(episode_id) != wanted[1]:
        return False
    attended = record.attended and record.episode_id == episode_id
    return attended and admits(session) and session.program_day(scene.zone) == wanted[0]


def _enrolled_by(episode: Episode, on: date) -> bool:
    return episode.enrollment is not None and episode.enrollment.on <= on
