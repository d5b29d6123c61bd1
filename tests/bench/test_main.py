"""Which benchmarks run, and what is written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bench import __main__ as command
from bench.lab import FULL, Effort, Lab


class Stub:
    """A benchmark that only notes with which seed it ran."""

    def __init__(self) -> None:
        self.seeds: list[int] = []

    def run(self, lab: Lab) -> list[str]:
        self.seeds.append(lab.seed)
        return ["| a | ≥ 1 reached | ≤ 2 missed |", "", "It was missed."]


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lab: Lab) -> dict[str, Stub]:
    """Two, run in the tests' own lab; results go to a folder of the test."""

    @contextmanager
    def in_the_lab(_folder: Path, *, seed: int, effort: Effort, facts: int | None) -> Iterator[Lab]:
        yield replace(lab, seed=seed, effort=effort, facts=facts)

    stubs = {"B1": Stub(), "B2": Stub()}
    monkeypatch.setattr(command, "BENCHMARKS", {key: ("a stub", stub.run) for key, stub in stubs.items()})
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results.md")
    monkeypatch.setattr(command, "lab", in_the_lab)
    return stubs


def test_a_full_run_of_all_is_written_down_with_machine_seed_and_versions(
    benchmarks: dict[str, Stub], tmp_path: Path
) -> None:
    command.main(["--seed", "7"])
    assert [stub.seeds for stub in benchmarks.values()] == [[7], [7]]
    written = (tmp_path / "results.md").read_text(encoding="utf-8")
    for part in (
        "Seed: 7",
        f"Rounds: {FULL.rounds}, {FULL.seconds:g} s",
        "cores",
        "Python 3.",
        "Postgres ",
        "psycopg 3",
    ):
        assert part in written
    assert written.index("## B1: a stub\n\n| a ") < written.index("## B2: a stub\n\n| a ")
    assert written.endswith("Bars reached: 2 of 4. Missed: B1 (1), B2 (1).\n")


@pytest.mark.parametrize(("words", "ran"), [(["--quick"], 2), (["B2"], 1), (["--quick", "B2"], 1)])
def test_less_than_that_is_written_nowhere(
    words: list[str], ran: int, benchmarks: dict[str, Stub], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(words)
    assert sum(len(stub.seeds) for stub in benchmarks.values()) == ran
    assert capsys.readouterr().out.count("| a |") == ran
    assert not (tmp_path / "results.md").exists()


def test_an_unknown_benchmark_is_a_mistake_of_usage(
    benchmarks: dict[str, Stub], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["B7"])
    assert ended.value.code == 2
    assert "no benchmark is called B7: take some of B1 B2" in capsys.readouterr().err
    assert not any(stub.seeds for stub in benchmarks.values())
