"""Who follows, how far the tables are, what was set aside: as an operator sees and mends it."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import LiteralString

import psycopg

from domain.facility import FacilityOpened
from projections.catalog import PROJECTIONS
from projections.follower import Follower
from projections.position import lag
from store.keys import FileKeyring
from store.store import Store
from tests.stepdown.command import WAIT_SECONDS, run, run_apart, serving
from tests.stepdown.conftest import Program
from tests.store.given import holiday, new

OPENED = FacilityOpened(code="lexington", name="Lexington", zone="America/New_York")
TAKEN_OVER_SECONDS = 2.0


def store_of(program: Program) -> Store:
    return Store(program.database.app_url, FileKeyring(program.data / "master.key"))


def change(program: Program, statement: LiteralString) -> None:
    with psycopg.connect(program.database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(statement)


def until_current(store: Store, seconds: float) -> None:
    end = time.monotonic() + seconds
    while lag(store).events:
        assert time.monotonic() < end, lag(store)
        time.sleep(0.01)


def test_a_standby_takes_over_within_two_seconds_of_a_kill(empty_program: Program, tmp_path: Path) -> None:
    variables = empty_program.variables
    with store_of(empty_program) as store:
        ledger = store.ledger("lexington")
        ledger.append([new("facility/lexington", 1, OPENED)])
        with serving("follow", cwd=tmp_path, **variables) as first:
            first.is_at_work("Following")
            until_current(store, WAIT_SECONDS)
            with serving("follow", cwd=tmp_path, **variables) as second:
                second.is_at_work("Standing by, since another process follows")
                assert "Following" not in second.err
                first.process.kill()
                first.process.wait()
                ledger.append([holiday(version=2)])
                until_current(store, TAKEN_OVER_SECONDS)
                second.is_at_work("Following")
                assert second.process.poll() is None


def poisoned(program: Program) -> None:
    with store_of(program) as store:
        store.ledger("lexington").append([new("facility/lexington", 1, OPENED)])
        store.ledger("lexington").append([holiday(version=2)])
        change(program, "UPDATE fact SET type = 'OfALaterVersion' WHERE position = 2")
        Follower(store).catch_up()


def test_what_was_set_aside_is_shown_with_its_reason_and_taken_up_again(empty_program: Program) -> None:
    poisoned(empty_program)
    shown = run("follow", "--status").done().text
    assert "OfALaterVersion" in shown
    assert "isn't of a" in shown
    document = run("follow", "--status", "--json").done().document
    names = sorted(projection.name for projection in PROJECTIONS)
    assert [one["projection"] for one in document["set_aside"]] == names
    assert all("isn't of a shape that is known" in one["reason"] for one in document["set_aside"])
    assert [(one["position"], one["events"], one["set_aside"]) for one in document["projections"]] == [(2, 0, 1)] * len(
        names
    )
    ended = run("follow", "--retry")
    assert ended.code == 1
    assert "Still set aside: 1 fact." in ended.err
    change(empty_program, "UPDATE fact SET type = 'HolidayDeclared' WHERE position = 2")
    assert run("follow", "--retry").done().text == "Taken up again: 1 fact.\n"
    assert run("follow", "--retry", "--json").done().document == {"digested": [], "left": []}
    assert run("follow", "--status", "--json").done().document["set_aside"] == []


def test_a_fact_that_was_set_aside_is_one_row_that_names_the_projections(empty_program: Program) -> None:
    poisoned(empty_program)
    [row] = _aside_rows()
    assert row[2] == "all"
    change(empty_program, "DELETE FROM projection.set_aside WHERE projection NOT IN ('names', 'status')")
    [row] = _aside_rows()
    assert row[2:4] == ["names,", "status"]


def _aside_rows() -> list[list[str]]:
    """Of the table of what was set aside those that begin a row, in words."""
    _, _, table = run("follow", "--status").done().text.partition("Set aside")
    return [words for line in table.splitlines() if (words := line.split())[:1] == ["lexington"]]


def test_while_a_process_follows_it_is_taken_up_again_beside_it(empty_program: Program, tmp_path: Path) -> None:
    poisoned(empty_program)
    change(empty_program, "UPDATE fact SET type = 'HolidayDeclared' WHERE position = 2")
    with serving("follow", cwd=tmp_path, **empty_program.variables) as follower:
        follower.is_at_work("Following")
        run_apart("follow", "--retry", cwd=tmp_path, **empty_program.variables).done()
        with store_of(empty_program) as store:
            store.ledger("lexington").append([holiday(version=3)])
            until_current(store, WAIT_SECONDS)
            assert lag(store).set_aside == 0


def test_options_that_contradict_each_other_are_not_understood(empty_program: Program) -> None:
    run("follow", "--status", "--retry").not_understood("--retry")
    run("follow", "--json").not_understood("--status")


def attended(followed: bool, standing_by: int) -> None:
    """Waits until that is what is said of who follows."""
    end = time.monotonic() + WAIT_SECONDS
    wanted = {"followed": followed, "standing_by": standing_by}
    while not wanted.items() <= (document := run("follow", "--status", "--json").done().document).items():
        assert time.monotonic() < end, document
        time.sleep(0.05)


def test_who_follows_and_who_stands_by_is_shown(empty_program: Program, tmp_path: Path) -> None:
    attended(False, 0)
    nobody = run("follow", "--status").done().text
    assert "Nobody follows: start `stepdown serve` or `stepdown follow`; nobody stands by.\n" in nobody
    with serving("follow", cwd=tmp_path, **empty_program.variables) as first:
        first.is_at_work("Following")
        attended(True, 0)
        with serving("follow", cwd=tmp_path, **empty_program.variables) as second:
            second.is_at_work("Standing by")
            attended(True, 1)
            assert "A process follows; one more stands by.\n" in run("follow", "--status").done().text
            first.ends_by(signal.SIGTERM)
            second.is_at_work("Following")
            attended(True, 0)
            second.ends_by(signal.SIGTERM)
            attended(False, 0)
