"""The follower in the process of a server: a fault of it is told, and it begins again."""

from __future__ import annotations

import threading

import pytest

from projections.follower import Follower
from stepdown.commands import serving
from store.store import Store


def test_a_fault_of_the_follower_is_told_without_its_words_and_it_begins_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serving, "_PAUSE_SECONDS", 0.01)
    runs: list[None] = []

    def run(self: Follower, stop: threading.Event) -> None:
        runs.append(None)
        if len(runs) < 3:
            raise KeyError("R. Ames")
        stop.set()

    monkeypatch.setattr(Follower, "run", run)
    serving._follow(Follower(store).run, threading.Event())
    assert len(runs) == 3
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "ended the follower, KeyError" in caplog.text
    assert "Ames" not in caplog.text
