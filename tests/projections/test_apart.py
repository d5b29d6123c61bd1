"""Streams folded apart from each other, in whatever order and by several processes, give the rows of following."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import apart, hands
from projections.apart import Done, Task
from projections.beside import Beside, Hands, beside
from projections.catalog import PROJECTIONS
from projections.compare import Difference, compare
from projections.follower import Follower
from projections.projection import AS_PROJECTOR, Projection
from projections.rebuild import check, rebuild
from projections.retry import retry
from stepdown.opening import another
from store.errors import StoreError
from store.keys import FileKeyring
from store.store import Store
from tests.projections.tables import folded, positions, set_aside, written
from tests.projections.test_rebuild import rebuilt_meanwhile
from tests.projections.test_retry import change
from tests.projections.test_rows import CHART, INQUIRED, REGISTERED, SCHEDULED
from tests.projections.test_set_aside import POISON, UNSPEAKABLE
from tests.sample_program import partly_elsewhere
from tests.store.given import new

NAMES = [projection.name for projection in PROJECTIONS]
LEDGER = "lexington"


@pytest.fixture(scope="module")
def place(make_database: Callable[[], Any]) -> Any:
    return make_database()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "master.key"


@pytest.fixture(scope="module")
def recorded(place: Any, key: Path) -> Iterator[Store]:
    """The sample program, followed a few hundred facts at a time."""
    with Store(place.app_url, FileKeyring(key)) as store:
        store.ledger(LEDGER).restore(partly_elsewhere())
        Follower(store, batch=300).catch_up()
        yield store


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are begun for however few facts."""
    monkeypatch.setattr(hands, "PAYS", 0)


def in_any_order(fresh: Beside, chance: Random) -> Hands:
    """The tasks cut into pieces anew, and shuffled."""

    def fold(projections: Sequence[Projection], tasks: Sequence[Task]) -> Iterator[Done]:
        streams = [stream for task in tasks for stream in task.streams]
        chance.shuffle(streams)
        while streams:
            some = tuple(streams.pop() for _ in range(min(len(streams), chance.randint(1, 60))))
            task = Task(tasks[0].ledger, tasks[0].upto, some, 1)
            yield task, apart.fold_apart(fresh.db, projections, fresh.store.ledger(task.ledger), task)

    return fold


def differences(store: Store, projections: Sequence[Projection], chance: Random) -> list[Difference]:
    """Of the followed tables from those that are folded apart."""
    ledger = store.ledger(LEDGER)
    with beside(store, projections) as fresh:
        goal = {projection.name: len(partly_elsewhere()) for projection in projections}
        fresh.fold(ledger, goal, hands=in_any_order(fresh, chance))
        return [row for one in compare(fresh, ledger) for row in one.differences]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_in_any_order_and_any_pieces_they_give_the_same_rows(recorded: Store, seed: int) -> None:
    assert differences(recorded, PROJECTIONS, Random(seed)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_projection_alone_gives_the_same_rows(recorded: Store, name: str) -> None:
    [one] = [projection for projection in PROJECTIONS if projection.name == name]
    assert differences(recorded, [one], Random(7)) == []


def test_every_stream_is_in_one_task_and_none_is_much_too_long(recorded: Store) -> None:
    tasks = list(apart.tasks_of(recorded.ledger(LEDGER), len(partly_elsewhere()), 500))
    streams = [stream for task in tasks for stream in task.streams]
    assert sorted(streams) == sorted({fact.stream for fact in partly_elsewhere()})
    assert sum(task.facts for task in tasks) == len(partly_elsewhere())
    assert all(task.facts <= 500 or len(task.streams) == 1 for task in tasks)


def made_of(place: Any) -> list[Any]:
    """Indexes, keys, policies, rights, and whose rows are secured."""
    with psycopg.connect(place.owner_url) as connection:
        return connection.execute(
            """
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'projection'
            UNION ALL
            SELECT conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'projection'::regnamespace
            UNION ALL SELECT policies::text FROM pg_policies AS policies WHERE schemaname = 'projection'
            UNION ALL SELECT relname || relrowsecurity || relacl::text FROM pg_class
            WHERE relnamespace = 'projection'::regnamespace AND relkind = 'r'
            ORDER BY 1
            """
        ).fetchall()


def estimated(place: Any, table: str) -> int:
    """How many rows the planner takes a live table for."""
    with psycopg.connect(place.owner_url) as connection:
        [[rows]] = connection.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass('projection.' || %s)", [table]
        ).fetchall()
        return int(rows)


def test_of_a_sound_record_no_part_has_to_be_folded_with_care(recorded: Store) -> None:
    with beside(recorded, PROJECTIONS) as fresh:
        [begun] = fresh.begin(recorded.ledger(LEDGER), dict.fromkeys(NAMES, len(partly_elsewhere())), batch=500)
    assert (begun.upto, begun.left) == (len(partly_elsewhere()), [])


@pytest.mark.usefixtures("always")
def test_several_processes_make_the_tables_that_one_makes(recorded: Store, place: Any, key: Path) -> None:
    told: list[tuple[str, int, int]] = []
    made = made_of(place)
    found = rebuild(
        recorded,
        place.owner_url,
        PROJECTIONS,
        batch=400,
        told=lambda *how_far: told.append(how_far),
        reopen=partial(another, place.app_url, key),
    )
    assert [(one.projection, one.differences) for one in found] == [(name, []) for name in NAMES]
    assert written(recorded, LEDGER) == folded(partly_elsewhere())
    assert positions(recorded, LEDGER) == dict.fromkeys(NAMES, len(partly_elsewhere()))
    assert told == sorted(told)
    assert told[-1] == (LEDGER, len(partly_elsewhere()), len(partly_elsewhere()))
    assert made_of(place) == made


@pytest.mark.usefixtures("always")
def test_several_processes_lose_and_double_nothing_while_facts_are_written(
    make_database: Callable[[], Any], key: Path
) -> None:
    own = make_database()
    with Store(own.app_url, FileKeyring(key)) as store:
        rebuilt_meanwhile(store, own, partial(another, own.app_url, key), times=2)


def end_itself(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def another_that_dies(url: str, key: Path) -> Store:
    """Opens the store in the other process, and has it killed at its first streams."""
    hands.fold_apart = end_itself
    return another(url, key)


@pytest.mark.usefixtures("always")
def test_when_one_of_them_is_killed_the_live_tables_stay(recorded: Store, place: Any, key: Path) -> None:
    with pytest.raises(StoreError, match="ended before its time"):
        rebuild(recorded, place.owner_url, PROJECTIONS, reopen=partial(another_that_dies, place.app_url, key))
    assert written(recorded, LEDGER) == folded(partly_elsewhere())
    assert positions(recorded, LEDGER) == dict.fromkeys(NAMES, len(partly_elsewhere()))
    rebuild(recorded, place.owner_url, PROJECTIONS, reopen=partial(another, place.app_url, key))
    assert [row for one in check(recorded, PROJECTIONS) for row in one.differences] == []


def another_of_a_later_version(url: str, key: Path) -> Store:
    raise StoreError("Another version was installed meanwhile: begin again with that one.")


def another_that_stumbles(url: str, key: Path) -> Store:
    raise KeyError("Quillfeather")


@pytest.mark.usefixtures("always")
def test_what_stops_one_of_them_is_said_by_the_one_that_leads(recorded: Store, place: Any, key: Path) -> None:
    with pytest.raises(StoreError, match="begin again with that one"):
        rebuild(recorded, place.owner_url, PROJECTIONS, reopen=partial(another_of_a_later_version, place.app_url, key))
    with pytest.raises(StoreError, match="KeyError") as caught:
        rebuild(recorded, place.owner_url, PROJECTIONS, reopen=partial(another_that_stumbles, place.app_url, key))
    assert "Quillfeather" not in str(caught.value)
    assert written(recorded, LEDGER) == folded(partly_elsewhere())


def test_one_that_outlived_its_rebuild_writes_nothing_into_the_tables_of_the_next(recorded: Store) -> None:
    with beside(recorded, PROJECTIONS) as former:
        with former.db.transaction():
            former.db.execute(AS_PROJECTOR)
            build = hands._which(former)
        [task] = apart.tasks_of(recorded.ledger(LEDGER), 50, 1000)
        hands._fold(recorded, former, PROJECTIONS, task, build)
        with former.db.transaction():
            former.db.execute(AS_PROJECTOR)
            assert former.db.execute("SELECT count(*) > 0 FROM pg_temp.names").fetchone() == (True,)
        with pytest.raises(StoreError, match="Another rebuild has begun"):
            hands._fold(recorded, former, PROJECTIONS, task, build + 1)


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE fact SET body = '\\x00' WHERE position IN (700, 1100, 1101)",
        "UPDATE fact SET type = 'OfALaterVersion' WHERE position IN (1, 900, 2500)",
    ],
)
def test_what_cannot_be_digested_is_set_aside_as_in_following(
    make_database: Callable[[], Any], key: Path, broken: Any
) -> None:
    """And once its cause is repaired, taking it up again gives what a rebuild gives."""
    own = make_database()
    with Store(own.app_url, FileKeyring(key)) as store:
        store.ledger(LEDGER).restore(partly_elsewhere())
        with psycopg.connect(own.superuser_url) as connection:
            rows = connection.execute("SELECT position, type, body FROM fact").fetchall()
        whole = {position: (kind, body) for position, kind, body in rows}
        change(own, broken)
        Follower(store, batch=400).catch_up()
        aside = set_aside(store, LEDGER)
        assert len({row[1] for row in aside}) >= 3
        followed = written(store, LEDGER)
        rebuild(store, own.owner_url, PROJECTIONS)
        assert (set_aside(store, LEDGER), written(store, LEDGER)) == (aside, followed)
        for _, position, *_ in aside:
            kind, body = whole[position]
            change(own, "UPDATE fact SET type = %s, body = %s WHERE position = %s", kind, body, position)
        assert retry(store).left == []
        assert written(store, LEDGER) == folded(partly_elsewhere())


@pytest.mark.usefixtures("always")
def test_what_no_table_can_hold_is_set_aside_as_in_following(make_database: Callable[[], Any], key: Path) -> None:
    """Whole streams are copied in at once; those among which one stumbles are folded with care, once there are keys."""
    own = make_database()
    with Store(own.app_url, FileKeyring(key)) as store:
        ledger, last = store.ledger(LEDGER), len(partly_elsewhere())
        ledger.restore(partly_elsewhere())
        ledger.append([new(f"session/{uuid4()}", 1, UNSPEAKABLE), new(f"session/{uuid4()}", 1, SCHEDULED)])
        ledger.append(
            [new(CHART, version, fact) for version, fact in enumerate((REGISTERED, INQUIRED, POISON), start=1)]
        )
        Follower(store, batch=400).catch_up()
        aside, followed, stand = set_aside(store, LEDGER), written(store, LEDGER), positions(store, LEDGER)
        assert [row[:2] for row in aside] == [("sessions", last + 1), ("attendance", last + 5)]
        # All in one part, which is folded when there are keys; or in several, of which most are sound.
        for reopen, batch in ((None, 20_000), (partial(another, own.app_url, key), 400)):
            found = rebuild(store, own.owner_url, PROJECTIONS, batch=batch, reopen=reopen)
            assert [row for one in found for row in one.differences] == []
            assert (set_aside(store, LEDGER), written(store, LEDGER)) == (aside, followed)
            assert positions(store, LEDGER) == stand
            # The planner knows of the rows that came last, too.
            assert estimated(own, "attendance") == len(followed.attendance)


@pytest.mark.parametrize("poison", [[UNSPEAKABLE], [REGISTERED, INQUIRED, POISON]], ids=["a text", "a number"])
def test_one_fact_that_does_not_fit_is_not_copied_in_another_shape(
    make_database: Callable[[], Any], key: Path, poison: list[Any]
) -> None:
    own = make_database()
    with Store(own.app_url, FileKeyring(key)) as store:
        stream = CHART if poison[-1] is POISON else f"session/{uuid4()}"
        store.ledger(LEDGER).append([new(stream, version, fact) for version, fact in enumerate(poison, start=1)])
        with beside(store, PROJECTIONS) as fresh:
            [begun] = fresh.begin(store.ledger(LEDGER), dict.fromkeys(NAMES, len(poison)))
        assert [task.streams for task in begun.left] == [(stream,)]
