"""The sample program told again, line by line, as if each line were recorded now: nothing in it is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded
from domain.chart.enrollment import Admitted
from domain.cohort import Cohort
from domain.decision import decide, judge
from domain.record import EnteredInError, Recorded, stream_kind, stream_name, stream_uuid
from domain.refused import Refused
from domain.scene import Scene
from domain.session import Session, SessionCancelled
from domain.site import fold_site
from domain.streams import State, fold_stream
from store.rule_sets import shipped
from tests.sample_program import known, sample


class Teller:
    """Streams, and the states they add up to, as the lines come in. What is refused is counted and left out."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.streams: dict[str, list[Recorded]] = {}
        self.cohorts: dict[UUID, Cohort] = {}
        self.sessions: dict[UUID, Session] = {}
        self.refused: Counter[str] = Counter()

    def state(self, stream: str) -> State:
        if stream not in self.states:
            self.states[stream] = fold_stream(stream, ())
        return self.states[stream]

    def scene(self, line: Recorded) -> Scene:
        facility: Any = self.state(stream_name("facility", line.ledger))
        return Scene(
            ledger=line.ledger,
            at=line.recorded_at,
            facility=facility,
            cohorts=self.cohorts,
            sessions=self.sessions,
            rule_sets=shipped(),
        )

    def judged(self, line: Recorded) -> State:
        history = self.streams.get(line.stream, [])
        return judge(line.stream, self.state(line.stream), history, line, self.scene(line))

    def decided(self, line: Recorded) -> list[Any]:
        """The facts that a decision on this fact would record."""
        history = self.streams.get(line.stream, [])
        before, scene = self.state(line.stream), self.scene(line)
        return [e.fact for e in decide(line.stream, before, history, line.fact, line.envelope, scene).entries]

    def tell(self, line: Recorded) -> None:
        try:
            state = self.judged(line)
        except Refused as refused:
            self.refused[refused.rule] += 1
            return
        self.states[line.stream] = state
        self.streams.setdefault(line.stream, []).append(line)
        match stream_kind(line.stream), state:
            case "cohort", Cohort():
                self.cohorts[stream_uuid(line.stream)] = state
            case "session", Session():
                self.sessions[stream_uuid(line.stream)] = state
            case _:
                return


def told(lines: Sequence[Recorded]) -> Teller:
    teller = Teller()
    for line in lines:
        teller.tell(line)
    return teller


@cache
def whole() -> Teller:
    return told(sample())


def test_no_line_of_the_sample_program_is_refused() -> None:
    assert whole().refused == Counter()
    assert sum(len(entries) for entries in whole().streams.values()) == len(sample())


def test_what_was_judged_line_by_line_is_what_folding_the_whole_ledger_gives() -> None:
    site = fold_site(known(sample()))
    assert site.facility == whole().states["facility/lexington"]
    assert site.cohorts == whole().cohorts
    assert site.sessions == whole().sessions
    assert site.charts == {
        stream_uuid(stream): state for stream, state in whole().states.items() if stream.startswith("chart/")
    }


def test_the_admissions_of_the_sample_follow_of_themselves() -> None:
    """Decided as people record them, the first attendance brings the admission that the file has as its next line."""
    teller = Teller()
    following: list[Any] = []
    for line in sample():
        if isinstance(line.fact, AttendanceRecorded | AttendanceCorrected | EnteredInError):
            following.extend(teller.decided(line)[1:])
        teller.tell(line)
    assert following == [line.fact for line in sample() if isinstance(line.fact, Admitted)]


def test_what_is_left_out_holds_back_what_rests_on_it() -> None:
    """Without its scheduling a session can be neither held nor attended."""
    attended = next(line.fact.session_id for line in sample() if isinstance(line.fact, AttendanceRecorded))
    planned = stream_name("session", attended)
    without = told([line for line in sample() if (line.stream, line.version) != (planned, 1)])
    assert without.refused["session.unknown"] > 0
    assert without.refused["attendance.unknown-session"] > 0
    assert without.streams.keys() == whole().streams.keys() - {planned}


def test_cancelled_sessions_of_the_sample_stay_cancelled() -> None:
    cancelled = {line.stream for line in sample() if isinstance(line.fact, SessionCancelled)}
    assert {stream_name("session", k) for k, s in whole().sessions.items() if s.cancelled is not None} == cancelled
