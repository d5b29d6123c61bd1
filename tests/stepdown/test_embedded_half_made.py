"""A start is cut off anywhere: the next one works, with what was there before, and clears away what was half made."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from stepdown.embedded import Embedded
from tests.stepdown.using import (
    USER,
    descendants,
    eventually,
    left_half_made,
    runs,
    script,
    works,
)

# Ends by kill -9 right before it comes to a line of ours for the first time; without one it tells which it came to.
TRACED = """
import os, signal, sys
from pathlib import Path
import stepdown.embedded
from stepdown.embedded import Embedded
ours = str(Path(stepdown.embedded.__file__).parent)
last = sys.argv[2]
reached = {}
def trace(frame, event, _):
    if not frame.f_code.co_filename.startswith(ours):
        return None
    if event == "line":
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}:{frame.f_lineno}"
        reached[place] = None
        if place == last:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace
sys.settrace(trace)
embedded = Embedded.start(Path(sys.argv[1]), durable=False)
sys.settrace(None)
print(*reached, flush=True)
"""


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    seed: int = request.config.getoption("--seed")
    return seed


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many are killed; in the long form there is one for every line."""
    return 1000 if request.config.getoption("--full") else 4


# Here a new database becomes whole: passwords first, then the cluster under its name.
CRITICAL = ("cluster.py:_keep:", "cluster.py:_sync:", "server.py:start:")


def chosen(seed: int, places: list[str], count: int) -> list[str]:
    """So many of the lines, one in two a critical one; all of them when there are fewer."""
    choice = random.Random(seed)
    critical = [place for place in places if place.startswith(CRITICAL)]
    first = choice.sample(critical, min(count // 2, len(critical)))
    others = [place for place in places if place not in first]
    return first + choice.sample(others, min(count - len(first), len(others)))


def lines_of_a_start(data: Path) -> list[str]:
    with script(TRACED, data, "") as process:
        said, complaints = process.communicate(timeout=60)
    assert complaints == ""
    places: list[str] = said.split()
    return places


def is_killed_at(data: Path, place: str) -> None:
    with script(TRACED, data, place) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, f"{place} wasn't reached"


def made(data: Path) -> None:
    with Embedded.start(data, durable=False) as embedded, psycopg.connect(embedded.owner_url) as db:
        db.execute("CREATE TABLE kept AS SELECT 7 AS a")


def starts(data: Path, place: str) -> None:
    """It starts, nothing half made is left, and when it is left no process is."""
    with Embedded.start(data, durable=False) as embedded:
        assert works(embedded), place
        assert left_half_made(data) == [], place
    assert not runs(data), place


def test_a_first_start_that_is_killed_at_any_line_is_made_good_by_the_next(
    tmp_path: Path, seed: int, kills: int
) -> None:
    places = lines_of_a_start(tmp_path / "whole")
    assert {"cluster.py", "server.py", "__init__.py", "account.py"} <= {place.partition(":")[0] for place in places}
    for number, place in enumerate(chosen(seed, places, kills)):
        data = tmp_path / str(number)
        is_killed_at(data, place)
        starts(data, place)


def test_a_later_start_that_is_killed_at_any_line_loses_nothing(tmp_path: Path, seed: int, kills: int) -> None:
    made(tmp_path)
    places = lines_of_a_start(tmp_path)
    assert {"server.py", "__init__.py", "account.py"} <= {place.partition(":")[0] for place in places}
    for place in chosen(seed, places, kills):
        is_killed_at(tmp_path, place)
        with Embedded.start(tmp_path, durable=False) as embedded, psycopg.connect(embedded.owner_url) as db:
            assert db.execute("SELECT a FROM kept").fetchall() == [(7,)], place
        assert not runs(tmp_path), place


@pytest.mark.parametrize("killed", ["we", "its programs", "all"])
def test_while_a_database_is_made_anything_may_be_killed_at_any_moment(
    tmp_path: Path, seed: int, kills: int, killed: str
) -> None:
    choice = random.Random(f"{seed} {killed}")
    for number in range(min(kills // 3, 30)):
        data = tmp_path / str(number)
        after = choice.uniform(0.0, 0.4)
        with script(USER, data) as process:
            assert eventually(lambda place=data: any(place.glob("postgres/new-*")))  # type: ignore[misc]
            time.sleep(after)
            programs = descendants(process.pid)
            if killed != "its programs":
                process.kill()
            if killed != "we":
                for program in programs:
                    with suppress(ProcessLookupError):
                        os.kill(program, signal.SIGKILL)
            _, complaints = process.communicate(timeout=60)
        if process.returncode == 1:
            assert "Postgres couldn't make a database in" in complaints or "Postgres didn't start" in complaints
            assert left_half_made(data) == []
            assert not runs(data)
        starts(data, f"{killed} killed {after} s after it began")


def test_initdb_that_was_left_alone_is_waited_for(tmp_path: Path) -> None:
    with script(USER, tmp_path) as process:
        assert eventually(lambda: any(tmp_path.glob("postgres/new-*/cluster/base")))
        process.kill()
        process.communicate(timeout=60)
    assert not (tmp_path / "postgres/cluster").exists()
    # initdb, which nobody killed, still writes: the next start waits for its end and begins anew.
    assert runs(tmp_path)
    starts(tmp_path, "initdb")
