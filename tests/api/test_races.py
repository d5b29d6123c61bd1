"""Two at the same time, fifty rounds each: exactly one wins, or both stand and the record says so."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from time import sleep
from typing import Any

import httpx
import pytest

from store import desk
from tests.api.program import ENDED, LATE, STARTED, TODAY, Site, at

ROUNDS = 50


@pytest.fixture
def pair() -> Any:
    with ThreadPoolExecutor(2) as threads:
        yield lambda first, second: _race(threads, first, second)


def _race(
    threads: ThreadPoolExecutor, first: Callable[[], httpx.Response], second: Callable[[], httpx.Response]
) -> tuple[httpx.Response, httpx.Response]:
    start = Barrier(2)

    def run(call: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait()
        return call()

    one, two = threads.submit(run, first), threads.submit(run, second)
    return one.result(), two.result()


def outcome(response: httpx.Response) -> tuple[int, str | None]:
    return response.status_code, response.json().get("rule")


def test_two_enrollments_race_for_the_last_seat(site: Site, pair: Any) -> None:
    waiting = [site.suitable(site.patient(f"M{n}")) for n in range(2)]
    won = set()
    for _ in range(ROUNDS):
        cohort = site.cohort(capacity=1)
        body = {**site.enrollment(cohort), "reason": LATE}

        def enroll(episode: str, body: Any = body) -> httpx.Response:
            return site.send("admissions", f"/episodes/{episode}/enrollment", body)

        answers = pair(lambda enroll=enroll: enroll(waiting[0]), lambda enroll=enroll: enroll(waiting[1]))
        assert sorted(map(outcome, answers)) == [(201, None), (409, "cohort.full")]
        winner = answers.index(next(answer for answer in answers if answer.status_code == 201))
        won.add(winner)
        # The winner's enrollment is struck, so that both may try again: the seat goes with it.
        receipt = answers[winner].json()
        event = f"/events/{receipt['stream']}@{receipt['version']}/entered-in-error"
        site.done("supervisor", event, {"reason": "Next round."})
    assert won == {0, 1}, "Whoever started first would always have won: that is no race."


def test_two_tablets_record_one_patient(site: Site, pair: Any) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    path = f"/episodes/{episode}/attendance"
    for n in range(ROUNDS):
        session = site.session(None, STARTED, ENDED)
        absent = {"session_id": session, "outcome": "absent_unexcused", "method": "tablet", "reason": LATE}
        answers = pair(
            lambda b=absent: site.send("front_desk", path, b), lambda b=absent: site.send("counselor", path, b)
        )
        assert sorted(map(outcome, answers)) == [(201, None), (409, "attendance.already-recorded")], n
    recorded = [f for f in _facts(site, patient) if f["type"] == "AttendanceRecorded"]
    assert len({fact["fact"]["session_id"] for fact in recorded}) == len(recorded) == ROUNDS


def test_a_cancellation_races_an_attendance(site: Site, pair: Any) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    path = f"/episodes/{episode}/attendance"
    first = {"cancellation": 0, "attendance": 0}
    for n in range(ROUNDS):
        starts = STARTED.replace(minute=n)
        session = site.session(site.cohort_id, starts, ENDED)
        attended = {
            "session_id": session,
            "outcome": "attended",
            "arrived_at": at(starts),
            "left_at": at(starts),
            "method": "tablet",
            "reason": LATE,
        }

        def cancel(session: str = session, wait: float = n % 10 / 1000) -> httpx.Response:
            # A cancellation reads less than an attendance and would always be first.
            sleep(wait)
            return site.send("counselor", f"/sessions/{session}/cancellation", {"cause": "weather"})

        came, cancelled = pair(lambda b=attended: site.send("front_desk", path, b), cancel)
        assert cancelled.status_code == 201, cancelled.text
        if came.status_code == 201:
            # The attendance was first. Both stand; the record in a cancelled session counts nowhere and is flagged.
            first["attendance"] += 1
            assert came.json()["position"] < cancelled.json()["position"]
            assert "record_in_cancelled_session" in _flags(site, patient), n
        else:
            first["cancellation"] += 1
            assert outcome(came) == (409, "attendance.session-cancelled")
        assert _attended_before_cancelled(site, patient, session), n
    assert sum(first.values()) == ROUNDS
    assert all(first.values()), f"One always came first, so nothing raced: {first}"


def _facts(site: Site, patient: str) -> Any:
    return site.told("counselor", f"/patients/{patient}/history", params={"limit": 2000})["facts"]


def _flags(site: Site, patient: str) -> list[str]:
    flags: list[str] = site.told("counselor", f"/patients/{patient}/status")["flags"]
    return flags


def _attended_before_cancelled(site: Site, patient: str, session: str) -> bool:
    """No attendance of the session stands after its cancellation."""
    record = [f for f in _facts(site, patient) if f["type"] == "AttendanceRecorded"]
    positions = [f["position"] for f in record if f["fact"]["session_id"] == session]
    ledger = site.client.app.state.wiring.store.ledger(site.code)
    stream = f"session/{session}"
    cancelled = [e.position for e in ledger.read([stream])[stream] if type(e.fact).__name__ == "SessionCancelled"]
    return all(position < min(cancelled) for position in positions)


def test_an_attendance_races_a_move_of_its_session(site: Site, pair: Any) -> None:
    """Where the attendance is first, the admission goes with the session to its other day. Where the move is, nobody
    came to it on the day before."""
    cohort = site.cohort(capacity=ROUNDS)
    first = {"move": 0, "attendance": 0}
    for n in range(ROUNDS):
        patient, episode = site.enrolled(cohort, f"R-{n}")
        session = site.session(cohort)
        body = {**site.attended(session), "reason": LATE}
        there = {"starts_at": at(STARTED + timedelta(days=1)), "ends_at": at(ENDED + timedelta(days=1))}

        def move(session: str = session, there: Any = there, wait: float = n % 10 / 1000) -> httpx.Response:
            sleep(wait)
            return site.send("counselor", f"/sessions/{session}/rescheduling", there)

        came, moved = pair(lambda e=episode, b=body: site.send("front_desk", f"/episodes/{e}/attendance", b), move)
        assert moved.status_code == 201, moved.text
        if came.status_code == 201:
            first["attendance"] += 1
            assert came.json()["position"] < moved.json()["position"]
            assert "record_of_another_day" in _flags(site, patient), n
        else:
            first["move"] += 1
            assert outcome(came) == (409, "attendance.other-day")
        facts = _facts(site, patient)
        struck = {fact["fact"]["target"] for fact in facts if fact["type"] == "EnteredInError"}
        admitted = [f["fact"]["on"] for f in facts if f["type"] == "Admitted" and f["version"] not in struck]
        assert admitted == ([str(TODAY)] if came.status_code == 201 else []), n
    assert all(first.values()), f"One always came first, so nothing raced: {first}"


def test_a_decision_is_made_anew_when_anything_that_it_looked_at_has_moved(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold is judged beside every session on the chart's record: one of them moves between deciding and writing."""
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
    decided: list[str] = []

    def decide(stream: str, *rest: Any) -> Any:
        decision = desk_decide(stream, *rest)
        decided.append(stream)
        if decided == [f"chart/{patient}"]:
            moved = {"starts_at": at(STARTED.replace(minute=STARTED.minute + 1)), "ends_at": at(ENDED)}
            site.done("counselor", f"/sessions/{session}/rescheduling", moved)
        return decision

    desk_decide = desk.decide
    monkeypatch.setattr(desk, "decide", decide)
    site.done("counselor", f"/episodes/{episode}/holds", {"on": str(TODAY), "cause": "hospital"})
    assert decided == [f"chart/{patient}", f"session/{session}", f"chart/{patient}"]
