"""Whatever is attended, moved, cancelled, struck and corrected in whatever order, each admission follows the first
session attended, and nothing that stands lacks its ground."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from domain.chart import fold
from domain.chart.attendance import first_attended
from domain.chart.enrollment import Admitted
from domain.record import EnteredInError, live
from domain.refused import Refused
from domain.session import CancellationCause, SessionCancelled, SessionRescheduled
from tests.domain import cast
from tests.domain.cast import (
    ANN,
    BESIDE,
    CHART,
    EPISODE,
    MONDAY,
    NEXT_MONDAY,
    TALK,
    THURSDAY,
    TUESDAY,
    ZONE,
    absent,
    attended,
    corrected,
    discharged,
    hold_started,
    local,
    not_admitted,
)
from tests.domain.given import Said, Story, given, of, said

AT: Final = "2026-04-20 12:00"
REASON: Final = "Found in the log."
SESSIONS: Final = (MONDAY, TUESDAY, THURSDAY, NEXT_MONDAY, BESIDE, TALK)

Attempt = Callable[[Story], Said]
sessions = st.sampled_from(SESSIONS)
days = st.integers(min_value=-4, max_value=9)
numbers = st.integers(min_value=0, max_value=99)


def _said(fact: Any, stream: str | None = None) -> Said:
    return said(fact, at=AT, reason=REASON, stream=stream)


def _attend(session_id: UUID, came: bool) -> Attempt:
    return lambda story: _said(attended(session_id) if came else absent(session_id))


def _move(session_id: UUID, span: int) -> Attempt:
    plan = cast.PLANNED[session_id]
    there = timedelta(days=span)
    return lambda story: _said(
        SessionRescheduled(starts_at=plan.starts_at + there, ends_at=plan.ends_at + there), f"session/{session_id}"
    )


def _cancel(session_id: UUID) -> Attempt:
    return lambda story: _said(SessionCancelled(cause=CancellationCause.OTHER), f"session/{session_id}")


def _strike(stream: str, n: int) -> Attempt:
    def attempt(story: Story) -> Said:
        versions = [entry.version for entry in live(story.streams[stream])] or [1]
        return _said(EnteredInError(target=versions[-1 - n % len(versions)]), stream)

    return attempt


def _correct(n: int, came: bool) -> Attempt:
    def attempt(story: Story) -> Said:
        records = list(story.chart.attendances.values())
        if not records:
            return _said(absent(MONDAY))
        record = records[n % len(records)]
        anew = attended(record.session_id) if came else absent(record.session_id)
        return _said(corrected(record.version, anew))

    return attempt


attempts: Final = st.one_of(
    st.builds(_attend, sessions, st.booleans()),
    st.builds(_attend, sessions, st.just(True)),
    st.builds(_move, sessions, days),
    st.builds(_move, sessions, days),
    st.builds(_cancel, sessions),
    st.builds(_strike, sessions.map(lambda key: f"session/{key}"), numbers),
    st.builds(_strike, sessions.map(lambda key: f"session/{key}"), st.just(0)),
    st.builds(_strike, st.just(CHART), numbers),
    st.builds(_correct, numbers, st.booleans()),
    st.dates(local("2026-03-01 00:00").date(), local("2026-03-14 00:00").date()).map(
        lambda on: lambda story: _said(hold_started(on.isoformat()))
    ),
    st.dates(local("2026-03-01 00:00").date(), local("2026-03-14 00:00").date()).map(
        lambda on: lambda story: _said(discharged(on.isoformat(), on.isoformat()))
    ),
    st.just(lambda story: _said(not_admitted("2026-03-06"))),
)


@settings(max_examples=150, deadline=None)
@drawn(tried=st.lists(attempts, min_size=8, max_size=30))
def test_the_admission_follows_the_first_session_attended_whatever_moves(tried: list[Attempt]) -> None:
    story = given(*cast.ENROLLED)
    for attempt in tried:
        with suppress(Refused):
            story.add(story.decided(attempt(story)))
        the_admission_is_by_the_first_session_attended(story)
    assert story.broken == []


def the_admission_is_by_the_first_session_attended(story: Story) -> None:
    chart = fold(ANN, story.streams[CHART])
    planned = story.scene(local(AT)).sessions
    admitted = [entry.fact for entry in live(story.streams[CHART]) if isinstance(entry.fact, Admitted)]
    if EPISODE not in chart.episodes or chart.episodes[EPISODE].enrollment is None:
        assert admitted == []
        return
    first = first_attended(chart, EPISODE, planned)
    if first is None:
        assert admitted == []
        return
    [admission] = admitted
    named = planned[admission.session_id]
    assert admission.on == first.program_day(ZONE) == named.program_day(ZONE)
    assert named.cancelled is None
    assert chart.attendances[admission.session_id].attended


def test_every_kind_of_move_is_recorded_at_least_once() -> None:
    """So that the histories above don't refuse all that they try."""
    story = given(*cast.ENROLLED, attended(MONDAY))
    for attempt in (_move(MONDAY, 2), _cancel(MONDAY), _strike(f"session/{MONDAY}", 0), _correct(0, False)):
        story.add(story.decided(attempt(story)))
        the_admission_is_by_the_first_session_attended(story)
    assert of(MONDAY, None).stream == f"session/{MONDAY}"
