"""`stepdown rebuild`: what it says, and how it ends."""

from __future__ import annotations

import psycopg
import pytest

from projections.catalog import PROJECTIONS
from projections.follower import Follower
from store.keys import FileKeyring
from store.store import Store
from tests.sample_program import sample
from tests.stepdown.command import run
from tests.stepdown.conftest import Program


@pytest.fixture
def followed(empty_program: Program) -> Program:
    with Store(empty_program.database.app_url, FileKeyring(empty_program.data / "master.key")) as store:
        store.ledger("lexington").restore(sample()[:400])
        Follower(store).catch_up()
    return empty_program


def test_a_row_that_differs_is_named_and_made_right(followed: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "equal" in run("rebuild", "--check").done().text
    with psycopg.connect(followed.database.superuser_url) as connection:
        [[patient]] = connection.execute(
            "DELETE FROM projection.names WHERE ctid = (SELECT min(ctid) FROM projection.names) RETURNING patient_id"
        ).fetchall()
    ended = run("rebuild", "--check")
    assert ended.code == 1
    assert f"lexington names patient_id={patient}: missing\n" in ended.text
    assert ended.err == "1 row is not what the facts say: find out why. `stepdown rebuild` makes the tables anew.\n"
    assert "equal" in run("rebuild", "census", "--check").done().text
    run("rebuild").refused("STEPDOWN_OWNER_URL")
    monkeypatch.setenv("STEPDOWN_OWNER_URL", followed.database.owner_url)
    made = run("rebuild", "names", "--json").done()
    assert made.err == "1 row was not what the facts say: find out why. The tables were replaced by right ones.\n"
    assert run("rebuild", "names").done().err == ""
    done = made.document
    assert [(one["projection"], one["position"], one["equal"]) for one in done] == [("names", 400, False)]
    assert [one["what"] for one in done[0]["differences"]] == ["missing"]
    found = run("rebuild", "--check", "--json").done().document
    assert [one["projection"] for one in found] == [projection.name for projection in PROJECTIONS]
    assert all(one["equal"] for one in found)


def test_a_fact_that_cannot_be_digested_is_no_table_s_fault_and_is_told_of_until_it_is_repaired(
    followed: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def called(kind: str) -> None:
        with psycopg.connect(followed.database.superuser_url) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("UPDATE fact SET type = %s WHERE position = 300", [kind])

    with psycopg.connect(followed.database.superuser_url) as connection:
        [[usual]] = connection.execute("SELECT type FROM fact WHERE position = 300").fetchall()
    monkeypatch.setenv("STEPDOWN_OWNER_URL", followed.database.owner_url)
    called("OfALaterVersion")
    # Folded before: the tables hold it.
    ended = run("rebuild", "--check")
    assert (ended.code, "can't be digested and isn't set aside" in ended.text) == (1, True)
    assert "1 fact can't be digested, and a rebuild leaves that out: " in ended.err
    assert "makes the tables anew" not in ended.err
    ended = run("rebuild")
    assert ended.code == 1
    assert "The tables were made anew without 1 fact that can't be digested: " in ended.err
    assert ended.err.endswith("then run `stepdown follow --retry`.\n")
    # The tables are those of all other facts, and no less is said of it.
    for words in ([], ["names", "--json"]):
        ended = run("rebuild", "--check", *words)
        assert (ended.code, "differences" in ended.text, " differ" in ended.text) == (1, bool(words), False)
        assert ended.err.startswith("1 fact can't be digested, ")
    said = run("census").done().err
    assert said.startswith("1 fact of this facility is damaged or not known to this version: ")
    called(usual)
    ended = run("rebuild", "--check")
    assert (ended.code, "set aside, and could be digested" in ended.text) == (1, True)
    assert ended.err.endswith("`stepdown rebuild` makes the tables anew.\n")
    run("follow", "--retry").done()
    assert run("rebuild", "--check").done().err == ""


def test_a_projection_that_there_is_not_is_named(followed: Program) -> None:
    run("rebuild", "censuses", "--check").refused("no projection censuses", "status, sessions")


def test_migrate_puts_its_tables_in_the_place_of_another_versions(
    followed: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPDOWN_OWNER_URL", followed.database.owner_url)
    with psycopg.connect(followed.database.superuser_url) as connection:
        connection.execute(
            "UPDATE projection.definition SET sha256 = 'of a former one' WHERE projection = 'attendance'"
        )
        connection.execute("DELETE FROM projection.attendance")
    done = run("migrate").done().text
    assert done == "Prepared: read tables of attendance, in the place of another version's.\n"
    assert "equal" in run("rebuild", "--check").done().text
    # Whoever has no master key needs none where there is nothing to make anew.
    (followed.data / "master.key").unlink()
    assert "was prepared for this version before" in run("migrate").done().text


def test_into_a_file_a_line_of_progress_is_said_now_and_then(
    followed: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("rebuild", "--check").done().err == ""
    monkeypatch.setattr("stepdown.progress.LINE_SECONDS", 0.0)
    lines = run("rebuild", "--check").done().err.splitlines()
    assert lines[-1] == "lexington: 400 of 400 facts folded."
