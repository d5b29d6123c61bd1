"""Strikes and corrections: everything stays readable, and what counts follows from what was recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.record import (
    EnteredInError,
    Entry,
    Envelope,
    Recorded,
    Source,
    live,
    replaced_by,
    standing,
    stream_kind,
    stream_name,
    stream_uuid,
    struck,
)
from tests.domain.cast import ANN, COUNSELOR, MONDAY, absent, attended, corrected

ENVELOPE = Envelope(by=COUNSELOR, source=Source.WEB, correlation_id=UUID(int=0))


def recorded(*facts: Any) -> list[Entry]:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return [Entry(version=n, recorded_at=at, envelope=ENVELOPE, fact=fact) for n, fact in enumerate(facts, start=1)]


def versions(entries: list[Entry]) -> list[int]:
    return [entry.version for entry in entries]


FIRST, SECOND, THIRD = attended(MONDAY), corrected(1, absent(MONDAY)), corrected(2, attended(MONDAY))


def test_what_is_struck_counts_for_nothing() -> None:
    entries = recorded(FIRST, EnteredInError(target=1))
    assert struck(entries) == {1}
    assert standing(entries) == []
    assert live(entries) == []


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    entries = recorded(FIRST, SECOND)
    assert replaced_by(entries) == {1: 2}
    assert versions(standing(entries)) == [1, 2]
    assert versions(live(entries)) == [2]


def test_the_correction_of_a_correction_takes_its_place() -> None:
    entries = recorded(FIRST, SECOND, THIRD)
    assert replaced_by(entries) == {1: 2, 2: 3}
    assert versions(live(entries)) == [3]


def test_striking_a_correction_brings_back_what_it_replaced() -> None:
    assert versions(live(recorded(FIRST, SECOND, EnteredInError(target=2)))) == [1]


def test_striking_the_correction_of_a_correction_brings_back_the_first_correction() -> None:
    entries = recorded(FIRST, SECOND, THIRD, EnteredInError(target=3))
    assert replaced_by(entries) == {1: 2}
    assert versions(live(entries)) == [2]


def test_a_correction_may_be_struck_and_made_anew() -> None:
    assert versions(live(recorded(FIRST, SECOND, EnteredInError(target=2), corrected(1, absent(MONDAY))))) == [4]


def test_streams_are_named_by_kind_and_key() -> None:
    assert stream_name("chart", ANN) == f"chart/{ANN}"
    assert (stream_kind(f"chart/{ANN}"), stream_uuid(f"chart/{ANN}")) == ("chart", ANN)
    with pytest.raises(ValueError, match="hexadecimal"):
        stream_uuid("facility/lexington")


def test_an_event_is_named_by_stream_and_version() -> None:
    entry = Recorded(
        version=12,
        recorded_at=datetime(2026, 3, 2, tzinfo=UTC),
        envelope=ENVELOPE,
        fact=FIRST,
        ledger="lexington",
        position=4,
        stream=f"chart/{ANN}",
    )
    assert entry.name == f"chart/{ANN}@12"
