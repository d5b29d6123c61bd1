"""A fact whose name and fields have changed since it was stored or written into a file: read everywhere as it is now.

A made-up past: an attendance was once an `AttendanceTaken`, which said `present` where it says `outcome` today, and
left out how it was taken.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from domain.chart.attendance import AttendanceRecorded
from domain.record import Recorded, stream_uuid
from exchange.importing import import_file
from exchange.replay import answer
from exchange.restoring import restore_file
from projections import status
from projections.follower import Follower
from store.body import encode_body
from store.errors import ShapeError
from store.looking import NamingCharts
from store.sealing import bound
from store.store import Store
from store.upcasts import UPCASTS
from tests.conftest import Database
from tests.exchange.program_file import OPERATOR, Values, exported, sample_lines, write
from tests.projections.tables import folded, set_aside, written

OLD = "AttendanceTaken"
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def as_it_was(fact: Values) -> Values:
    """Nobody was excused then."""
    kept = {name: value for name, value in fact.items() if name not in ("outcome", "method")}
    return kept | {"present": fact["outcome"] == "attended"}


def as_it_is(fact: Values) -> tuple[str, Values]:
    outcome = "attended" if fact["present"] else "absent_unexcused"
    kept = {name: value for name, value in fact.items() if name != "present"}
    return "AttendanceRecorded", kept | {"outcome": outcome, "method": "unknown"}


@pytest.fixture
def upcast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(UPCASTS, OLD, as_it_is)


def old_lines(lines: list[Values]) -> list[Values]:
    """Every attendance of the file as it was written then."""
    return [
        line | {"type": OLD, "fact": as_it_was(line["fact"])} if line["type"] == "AttendanceRecorded" else line
        for line in lines
    ]


def read_now(lines: list[Values]) -> list[Values]:
    """What such lines say today."""
    today = []
    for line in old_lines(lines):
        if line["type"] == OLD:
            name, fact = as_it_is(line["fact"])
            line = line | {"type": name, "fact": fact}
        today.append(line)
    return today


def of(line: Values) -> Any:
    return line["stream"], line["version"], line["type"], {k: v for k, v in line["fact"].items() if v is not None}


@pytest.mark.usefixtures("upcast")
def test_a_file_from_then_is_imported_as_what_it_says_today(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()[:700]
    imported = import_file(store, write(tmp_path / "old.ndjson", old_lines(lines)), by=OPERATOR)
    assert imported.rejects == 0
    assert imported.facts == len(lines)
    assert [of(line) for line in exported(store)[:-1]] == [of(line) for line in read_now(lines)]
    again = import_file(store, write(tmp_path / "now.ndjson", read_now(lines)), by=OPERATOR)
    assert (again.facts, again.skipped, again.rejects) == (0, len(lines), 0)


@pytest.mark.usefixtures("upcast")
def test_a_file_from_then_is_restored_as_what_it_says_today(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    file = tmp_path / "old.ndjson.gz"
    file.write_bytes(gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in old_lines(lines))))
    restore_file(store, file, by=OPERATOR)
    assert [of(line) for line in exported(store)[:-1]] == [of(line) for line in read_now(lines)]


def test_what_no_version_knows_is_refused_as_such(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path / "old.ndjson", old_lines(sample_lines()))
    with pytest.raises(Exception, match="install a later version"):
        restore_file(store, file, by=OPERATOR)


def stored_as_then(store: Store, database: Database) -> int:
    """The sample program, restored, with every row of an attendance as it would have been stored then."""
    ledger = store.ledger("lexington")
    restore_file(store, Path(__file__).parents[1] / "sample" / "lexington.ndjson.gz", by=OPERATOR)
    records = [fact for fact in ledger.facts(limit=10_000) if isinstance(fact.fact, AttendanceRecorded)]
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for record in records:
            connection.execute(
                "UPDATE fact SET type = %s, body = %s WHERE ledger = 'lexington' AND position = %s",
                [OLD, _sealed(store, record), record.position],
            )
    return len(records)


def _sealed(store: Store, record: Recorded) -> bytes:
    ledger = store.ledger("lexington")
    values = orjson.loads(encode_body(record.envelope, record.fact))
    values["fact"] = as_it_was(values["fact"])
    key = ledger._keys.one(record.stream)
    place = bound("fact", ledger.name) + bound(record.stream, str(record.version), OLD)
    return key.seal(orjson.dumps(values), place)


@pytest.mark.usefixtures("upcast")
def test_rows_stored_then_are_read_projected_replayed_and_found(store: Store, database: Database) -> None:
    assert stored_as_then(store, database) > 500
    ledger = store.ledger("lexington")
    lines = read_now(sample_lines())
    assert [of(line) for line in exported(store)[:-1]] == [of(line) for line in lines]
    Follower(store).catch_up()
    assert set_aside(store, "lexington") == []
    assert written(store, "lexington") == folded(ledger.facts(limit=10_000))
    record = next(line for line in lines if line["type"] == "AttendanceRecorded")
    patient = stream_uuid(record["stream"])
    from_tables = status.answer(store, "lexington", patient, now=NOW)
    replayed = answer(store, "lexington", patient, now=NOW)
    assert from_tables is not None
    assert replayed is not None
    assert from_tables.document == replayed.status
    assert orjson.loads(replayed.lines[record["version"] - 1])["type"] == "AttendanceRecorded"
    session = f"session/{record['fact']['session_id']}"
    looking = NamingCharts(ledger, session, ("AttendanceRecorded",), 0)
    assert looking.upto(ledger.head().position) == {
        line["stream"] for line in lines if line["fact"].get("session_id") == record["fact"]["session_id"]
    }


def test_rows_stored_then_are_not_guessed_at_without_an_upcast(store: Store, database: Database) -> None:
    stored_as_then(store, database)
    with pytest.raises(ShapeError, match="install a later version"):
        store.ledger("lexington").facts(limit=10_000)
