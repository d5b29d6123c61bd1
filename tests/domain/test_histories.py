"""Whatever is tried in whatever order, what was recorded adds up to a chart in which nothing lacks its ground."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from domain.chart import Chart, evolve, fold, judgement
from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, Outcome, first_attended
from domain.chart.carry_over import CarriedState, EpisodeCarriedOver
from domain.chart.enrollment import Admitted, HoldEnded, HoldStarted
from domain.chart.exit import Discharged, DischargeReason, DischargeVoided
from domain.chart.screening import PresumptiveReported, ResultCorrected, ValidityReported
from domain.chart.states import walk
from domain.chart.step_down import Answer
from domain.decision import decide, judge
from domain.record import EnteredInError, Entry, Envelope, Person, Source, live
from domain.refused import Refused
from domain.scene import Scene
from domain.streams import fold_stream
from tests.domain import care, cast
from tests.domain.cast import (
    ANN,
    BESIDE,
    CHART,
    COUNSELOR,
    EPISODE,
    LAB,
    MAKE_UP,
    MONDAY,
    NEXT_MONDAY,
    PLANNED,
    SECOND_EPISODE,
    SUPERVISOR,
    SYSTEM,
    TALK,
    THURSDAY,
    TUESDAY,
    ZONE,
    attended,
    inquired,
    local,
    registered,
)
from tests.domain.given import given

AT: Final = local("2026-06-01 12:00")
"""Everything is entered much later, and so in any order."""

SESSIONS: Final = (MONDAY, TUESDAY, THURSDAY, NEXT_MONDAY, BESIDE, TALK, MAKE_UP, cast.AFTERCARE, cast.ALUMNI)

dates = st.integers(min_value=0, max_value=11).map(lambda n: f"2026-03-{n + 1:02d}")
episodes = st.sampled_from([EPISODE, EPISODE, EPISODE, SECOND_EPISODE])
numbers = st.integers(min_value=0, max_value=999)


def _record(session_id: UUID, episode_id: UUID, outcome: Outcome, half: int) -> AttendanceRecorded:
    plan = PLANNED[session_id]
    middle = plan.starts_at + (plan.ends_at - plan.starts_at) / 2
    there = outcome is Outcome.ATTENDED
    return AttendanceRecorded(
        episode_id=episode_id,
        session_id=session_id,
        outcome=outcome,
        method="roster",
        arrived_at=(middle if half == 2 else plan.starts_at) if there else None,
        left_at=(middle if half == 1 else plan.ends_at) if there else None,
    )


records = st.builds(
    _record, st.sampled_from(SESSIONS), episodes, st.sampled_from([Outcome.ATTENDED, *Outcome]), st.integers(0, 2)
)
ids = st.sampled_from([care.STEP_DOWN, care.SECOND_STEP_DOWN])
screens = st.sampled_from([care.SCREENING, care.SECOND_SCREENING])


History = list[Entry]
Attempt = Callable[[History], Any]
"""What somebody tries, seeing what is on record."""
Tried = tuple[tuple[Any, ...], list[Attempt]]


def _pick(history: History, n: int, *kinds: type[Any]) -> int:
    """The version of one of the live entries of these kinds; of any entry where there are none."""
    found = [e.version for e in live(history) if isinstance(e.fact, kinds)] or [e.version for e in history]
    return found[n % len(found)]


def _plain(fact: Any) -> Attempt:
    return lambda history: fact


def _strike(n: int) -> Attempt:
    return lambda history: EnteredInError(target=_pick(history, n, object))


def _correct(n: int, outcome: Outcome, half: int) -> Attempt:
    def attempt(history: History) -> Any:
        version = _pick(history, n, AttendanceRecorded, AttendanceCorrected)
        fact = history[version - 1].fact
        session_id = getattr(fact, "session_id", MONDAY)
        return cast.corrected(version, _record(session_id, getattr(fact, "episode_id", EPISODE), outcome, half))

    return attempt


def _correct_result(n: int, screening_id: UUID) -> Attempt:
    def attempt(history: History) -> Any:
        version = _pick(history, n, ValidityReported, PresumptiveReported, ResultCorrected)
        if isinstance(history[version - 1].fact, PresumptiveReported):
            return care.result_corrected(version, screening_id, at=AT, analytes=(care.found(),))
        return care.result_corrected(version, screening_id, creatinine_mg_dl=12)

    return attempt


def _void(n: int, episode_id: UUID) -> Attempt:
    return lambda history: DischargeVoided(episode_id=episode_id, corrects=_pick(history, n, Discharged))


def _hold(episode_id: UUID, on: str, starts: bool) -> Attempt:
    kind = HoldStarted(episode_id=episode_id, on=cast.day(on), cause="hospital")
    return _plain(kind if starts else HoldEnded(episode_id=episode_id, on=kind.on))


def _leave(episode_id: UUID, on: str, completed: bool) -> Attempt:
    reason = DischargeReason.COMPLETED if completed else DischargeReason.DROPPED_OUT
    last = Discharged(episode_id=episode_id, on=cast.day(on), last_service_on=cast.day(on), reason=reason)
    return _plain(last)


def _trying(made: Callable[..., Any], *drawn_from: st.SearchStrategy[Any]) -> st.SearchStrategy[Attempt]:
    return st.builds(made, *drawn_from).map(_plain)


attendance: Final = records.map(_plain)
corrections: Final = st.builds(_correct, numbers, st.sampled_from([Outcome.ATTENDED, *Outcome]), st.integers(0, 2))
strikes: Final = st.builds(_strike, numbers)
way_in: Final = st.one_of(
    _trying(lambda key, on: inquired(key, f"{on} 08:00"), episodes, dates),
    _trying(cast.assessed, dates, episodes),
    _trying(lambda on, key: cast.suitability(on=on, episode_id=key), dates, episodes),
    _trying(cast.enrolled, dates, episodes),
    _trying(cast.not_admitted, dates),
    _trying(cast.waitlisted, dates),
    _trying(lambda on, said: cast.detox_referred(on, accepted=said), dates, st.sampled_from([None, True, False])),
    _trying(cast.detox_answered, st.booleans(), dates),
    _trying(lambda state: cast.carried_over(state, episode_id=SECOND_EPISODE), st.sampled_from(CarriedState)),
    _trying(cast.admitted, st.sampled_from(SESSIONS)),
    _trying(care.assigned, dates),
)
way_out: Final = st.one_of(
    st.builds(_hold, episodes, dates, st.booleans()),
    st.builds(_leave, episodes, dates, st.booleans()),
    st.builds(_void, numbers, episodes),
    _trying(care.aftercare, dates),
    _trying(care.summarized, dates),
    _trying(care.alumni_joined, dates, episodes),
    _trying(care.placed, dates, episodes),
    _trying(care.stay_ended, dates),
)
stepping: Final = st.one_of(
    _trying(care.level_assessed, dates),
    _trying(lambda on, key: care.recommended(on, step_down_id=key), dates, ids),
    _trying(care.answered, dates, st.sampled_from(Answer), ids),
    _trying(care.cosigned, dates, ids),
    _trying(care.decided, dates, ids),
    _trying(care.took_effect, dates, ids),
    _trying(care.withdrawn, dates, ids),
    _trying(care.step_up, dates),
)
screening: Final = st.one_of(
    _trying(care.ordered, screens),
    _trying(lambda on, key: care.collected(f"{on} 17:30", key), dates, screens),
    _trying(lambda on, key: care.missed(f"{on} 17:30", key), dates, screens),
    _trying(care.validity, screens),
    _trying(lambda key: care.presumptive(screening_id=key), screens),
    _trying(care.reviewed, dates),
    st.builds(_correct_result, numbers, screens),
)
attempts: Final = st.one_of(
    attendance, attendance, corrections, corrections, strikes, strikes, way_in, way_out, stepping, screening
)

_BY: Final[Mapping[str, Person]] = {
    "EnteredInError": SUPERVISOR,
    "EpisodeCarriedOver": SUPERVISOR,
    "DischargeVoided": SUPERVISOR,
    "StepDownCosigned": SUPERVISOR,
    "Admitted": SYSTEM,
    "ValidityReported": LAB,
    "ResultCorrected": LAB,
}

WAY_IN: Final = (registered, inquired(), cast.assessed(), cast.suitability(), cast.enrolled())
BEGINNINGS: Final = (
    WAY_IN,
    WAY_IN[:3],
    (*WAY_IN[:4], cast.detox_referred("2026-02-27"), cast.detox_answered(False, "2026-02-28")),
    (registered, cast.carried_over(CarriedState.TAPERING)),
    (*WAY_IN, attended(MONDAY), attended(TUESDAY), *care.AGREED, care.took_effect("2026-03-10")),
    (*WAY_IN, attended(MONDAY), cast.absent(TUESDAY), cast.hold_started("2026-03-04"), cast.hold_ended("2026-03-06")),
    (*WAY_IN, attended(TUESDAY), cast.discharged("2026-03-05", "2026-03-03", DischargeReason.COMPLETED)),
    (*WAY_IN, cast.absent(MONDAY), cast.not_admitted("2026-03-02"), inquired(SECOND_EPISODE, "2026-03-04 08:00")),
    (*WAY_IN, attended(MONDAY), care.ordered(), care.collected(), care.validity(), care.presumptive(), care.reviewed()),
)
SCENE: Final = given().scene(AT)
"""Read only: sessions don't change in these histories."""


def entry(history: list[Entry], fact: Any) -> Entry:
    return Entry(version=len(history) + 1, recorded_at=AT, envelope=_envelope(fact), fact=fact)


def _envelope(fact: Any) -> Envelope:
    by = _BY.get(type(fact).__name__, COUNSELOR)
    source = Source.IMPORT if isinstance(fact, EpisodeCarriedOver) else Source.WEB
    return Envelope(by=by, source=source, correlation_id=UUID(int=1), reason="Entered later.")


def by_decision(history: list[Entry], fact: Any, scene: Scene) -> list[Entry]:
    return list(decide(CHART, fold_stream(CHART, history), history, fact, _envelope(fact), scene).entries)


def by_judgement(history: list[Entry], fact: Any, scene: Scene) -> list[Entry]:
    """Line by line, as a file is judged: nothing follows of itself."""
    new = entry(history, fact)
    judge(CHART, fold(ANN, history), history, new, scene)
    return [new]


def told(record: Callable[..., list[Entry]], tried: Tried) -> History:
    """What is on record after all of these were tried; what is refused leaves nothing behind."""
    history: History = []
    for fact in tried[0]:
        history.extend(by_decision(history, fact, SCENE))
    for attempt in tried[1]:
        fact = attempt(history)
        if record is by_judgement and _strikes_an_admission(fact, history):
            continue
        with suppress(Refused):
            history.extend(record(history, fact, SCENE))
    return history


def _strikes_an_admission(fact: Any, history: History) -> bool:
    # The next line of a file records it anew; there is no such line here.
    return isinstance(fact, EnteredInError) and isinstance(history[fact.target - 1].fact, Admitted)


tries = st.tuples(st.sampled_from(BEGINNINGS), st.lists(attempts, min_size=20, max_size=40))


@settings(max_examples=60, deadline=None)
@drawn(tried=tries)
def test_whatever_is_decided_the_record_stays_whole(tried: Tried) -> None:
    history = told(by_decision, tried)
    nothing_lacks_its_ground(history)
    every_prefix_evolves_as_it_folds(history)
    admission_is_by_the_first_session_attended(history)
    each_session_has_one_live_record_and_no_credit_overlaps(history)
    every_line_is_judged_as_it_was_decided(history)


@settings(max_examples=60, deadline=None)
@drawn(tried=tries)
def test_whatever_a_file_tells_line_by_line_the_record_stays_whole(tried: Tried) -> None:
    history = told(by_judgement, tried)
    nothing_lacks_its_ground(history)
    each_session_has_one_live_record_and_no_credit_overlaps(history)


def nothing_lacks_its_ground(history: History) -> None:
    chart = fold(ANN, history)
    assert list(judgement.broken(chart, SCENE)) == []
    assert not chart.adrift
    for episode in chart.episodes.values():
        walk(episode.dated(), strict=True)
    assert sum(episode.ended_on() is None for episode in chart.episodes.values()) <= 1


def every_prefix_evolves_as_it_folds(history: History) -> None:
    chart = Chart(patient_id=ANN)
    for n, new in enumerate(history, start=1):
        anew = fold(ANN, history[:n])
        chart = anew if isinstance(new.fact, EnteredInError) else evolve(chart, new)
        assert chart == anew


def admission_is_by_the_first_session_attended(history: History) -> None:
    chart = fold(ANN, history)
    treated_here = {key: episode for key, episode in chart.episodes.items() if not episode.carried_over}
    for key, episode in treated_here.items():
        first = first_attended(chart, key, SCENE.sessions)
        assert (episode.admission is None) == (first is None)
        if episode.admission is not None and first is not None:
            named = SCENE.sessions[episode.admission.session_id]
            assert episode.admission.on == named.program_day(ZONE) == first.program_day(ZONE)
            assert chart.attendances[named.session_id].attended
    admissions = [e for e in live(history) if isinstance(e.fact, Admitted)]
    assert len(admissions) == sum(episode.admission is not None for episode in treated_here.values())


def each_session_has_one_live_record_and_no_credit_overlaps(history: History) -> None:
    chart = fold(ANN, history)
    records = [e for e in live(history) if isinstance(e.fact, AttendanceRecorded | AttendanceCorrected)]
    assert len(records) == len(chart.attendances)
    assert {e.fact.session_id: e.version for e in records} == {k: a.version for k, a in chart.attendances.items()}
    groups = [a for a in chart.attendances.values() if a.attended and not SCENE.sessions[a.session_id].one_to_one]
    for one, other in combinations(groups, 2):
        if one.arrived_at and one.left_at and other.arrived_at and other.left_at:
            assert one.left_at <= other.arrived_at or other.left_at <= one.arrived_at


def every_line_is_judged_as_it_was_decided(history: History) -> None:
    """What came in by one door could have come in by any other: an export of the chart can be imported."""
    chart = Chart(patient_id=ANN)
    for n, new in enumerate(history):
        again = judge(CHART, chart, history[:n], new, SCENE)
        assert isinstance(again, Chart)
        chart = again
    assert chart == fold(ANN, history)
