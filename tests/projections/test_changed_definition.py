"""A later version, one of whose folds is another, beside the one that is at work: processes of both, on one database.

This process is the former version. In the later one, attendance counts a hundred family members more.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.record import stream_uuid
from projections import census, sessions, status
from projections.catalog import PROJECTIONS
from projections.cut import Behind
from projections.follower import Follower, lag
from projections.rebuild import check
from store.errors import SchemaMismatch
from store.keys import FileKeyring
from store.store import Store
from tests.projections.tables import ATTENDANCE, folded, positions, query, written
from tests.projections.test_rebuild_killed import until_it_is_gone
from tests.projections.test_rows import REGISTERED
from tests.sample_program import sample
from tests.store.given import new

LEDGER = "lexington"
FACTS = sample()[:1500]
NAMES = [projection.name for projection in PROJECTIONS]
PATIENT = next(stream_uuid(fact.stream) for fact in FACTS if fact.stream.startswith("chart/"))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ON = date(2026, 3, 2)
MORE = 100
NEW = "5b3a2d3e-6f0d-4a57-9d55-1f3f6a1f7c77"
SESSIONS = [
    session
    for session in folded(FACTS).sessions.values()
    if session.starts_at is not None and session.starts_at.astimezone(ZoneInfo("America/New_York")).date() == ON
]
"""Those of the day."""

LATER = """
import json, sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID
from projections import definition

usual = definition.define

def later(name, apply, **said):
    made = usual(name, apply, **said)
    if name != "attendance":
        return made

    def counted(cursor, ledger, facts):
        apply(cursor, ledger, facts)
        more = "UPDATE projection.attendance SET family_members = family_members + 100 WHERE family_members < 100"
        cursor.execute(more)

    return replace(made, definition="of the later version", apply=counted)

definition.define = later

from projections import census, sessions, status
from projections.catalog import PROJECTIONS
from projections.cut import Behind
from projections.follower import Follower, lag
from projections.prepare import prepare
from projections.rebuild import check, renew
from store.errors import SchemaMismatch
from store.keys import FileKeyring
from store.store import Store

app, owner, key, patient, on = sys.argv[1:]
now = datetime(2026, 6, 1, 12, tzinfo=UTC)

with Store(app, FileKeyring(Path(key))) as store:
    def follow():
        Follower(store).catch_up()

    asked = {
        "prepare": lambda: prepare(owner, "stepdown"),
        "status": lambda: status.answer(store, "lexington", UUID(patient), now=now).document,
        "census": lambda: len(census.answer(store, "lexington", now=now).rows),
        "sessions": lambda: len(sessions.answer(store, "lexington", on=date.fromisoformat(on)).rows),
        "lag": lambda: lag(store).events,
        "follow": follow,
        "renew": lambda: renew(store, owner, batch=40),
        "check": lambda: [str(row) for one in check(store, PROJECTIONS) for row in one.differences],
    }
    for line in sys.stdin:
        try:
            found = asked[line.strip()]()
        except (Behind, SchemaMismatch) as error:
            found = type(error).__name__
        print(json.dumps(found), flush=True)
"""


class Later:
    """A process of the later version."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()

    def told(self, what: str) -> Any:
        self.ask(what)
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


@contextmanager
def later(place: Any, key: Path) -> Iterator[Later]:
    with subprocess.Popen(
        [sys.executable, "-c", LATER, place.app_url, place.owner_url, str(key), str(PATIENT), ON.isoformat()],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Later(process)
        finally:
            process.kill()


@pytest.fixture
def place(make_database: Callable[[], Any]) -> Any:
    return make_database()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


@pytest.fixture
def former(place: Any, key: Path) -> Iterator[Store]:
    with Store(place.app_url, FileKeyring(key)) as store:
        store.ledger(LEDGER).restore(FACTS)
        Follower(store).catch_up()
        yield store


def family_members(store: Store) -> set[int]:
    return {row[6] // MORE for row in query(store, LEDGER, ATTENDANCE)}


def test_the_former_version_serves_until_the_tables_of_the_later_one_are_in(
    former: Store, place: Any, key: Path
) -> None:
    known = status.answer(former, LEDGER, PATIENT, now=NOW)
    assert known is not None
    with later(place, key) as other:
        assert other.told("prepare") == []
        # The tables aren't the later version's: one chart it folds from the ledger, and lists it doesn't show.
        assert other.told("status") == known.document
        assert other.told("sessions") == "Behind"
        assert other.told("lag") == len(FACTS)
        assert other.told("follow") == "SchemaMismatch"
        # Meanwhile the former one goes on as if nothing were.
        former.ledger(LEDGER).append([new(f"chart/{NEW}", 1, replace(REGISTERED, mrn="MRN-1500"))])
        Follower(former).catch_up()
        assert census.answer(former, LEDGER, now=NOW).position == len(FACTS) + 1
        assert len(sessions.answer(former, LEDGER, on=ON).rows) == len(SESSIONS) > 1
        assert written(former, LEDGER) == folded(former.ledger(LEDGER).facts())
        assert family_members(former) == {0}
        assert other.told("renew") == ["attendance"]
        # Now it is the other way round.
        assert other.told("sessions") == len(SESSIONS)
        assert other.told("lag") == 0
        assert other.told("check") == []
        assert family_members(former) == {1}
        with pytest.raises(Behind):
            sessions.answer(former, LEDGER, on=ON)
        with pytest.raises(SchemaMismatch):
            Follower(former).catch_up()
        assert lag(former).events == len(FACTS) + 1
        again = status.answer(former, LEDGER, PATIENT, now=NOW)
        assert again is not None
        assert {**again.document, "known_at": None, "position": None} == {
            **known.document,
            "known_at": None,
            "position": None,
        }


def test_whenever_it_is_killed_the_tables_are_of_one_version_and_whole(
    former: Store, place: Any, key: Path, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(pytestconfig.option.seed)
    whole, versions = folded(FACTS), []
    for _ in range(4):
        with later(place, key) as other:
            assert other.told("prepare") == []
            other.ask("renew")
            time.sleep(chance.uniform(0.02, 1.2))
            other.process.send_signal(signal.SIGKILL)
            assert other.process.wait() == -signal.SIGKILL
        until_it_is_gone(place)
        assert positions(former, LEDGER) == dict.fromkeys(NAMES, len(FACTS))
        [version] = family_members(former)
        versions.append(version)
        there = written(former, LEDGER)
        assert (there.status, there.census, there.sessions) == (whole.status, whole.census, whole.sessions)
        assert there.attendance == {
            key: replace(record, family_members=record.family_members + version * MORE)
            for key, record in whole.attendance.items()
        }
        if version == 0:
            assert [row for one in check(former, PROJECTIONS) for row in one.differences] == []
            assert len(sessions.answer(former, LEDGER, on=ON).rows) == len(SESSIONS)
    assert versions == sorted(versions)
    with later(place, key) as other:
        assert other.told("renew") == ([] if versions[-1] else ["attendance"])
        assert other.told("check") == []
    assert family_members(former) == {1}
