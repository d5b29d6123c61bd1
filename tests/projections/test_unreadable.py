"""What can't be read is set aside by every projection, however its table came about, and is never lost for good."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from domain.record import EnteredInError
from projections.beside import chosen
from projections.catalog import PROJECTIONS
from projections.digest import further
from projections.follower import Follower
from projections.rebuild import check, rebuild
from projections.retry import retry
from projections.standing import set_aside
from store.keys import FileKeyring
from store.ledger import Ledger
from store.store import Store
from tests.projections.tables import folded, positions, written
from tests.projections.test_retry import Broken, a_wrong_shape, an_unknown_kind, change, what_does_not_open
from tests.projections.test_rows import ATTENDED, CHART, DISCHARGED, ENROLLED, INQUIRED, REGISTERED
from tests.projections.test_set_aside import POISON, record
from tests.store.given import new

NAMES = sorted(projection.name for projection in PROJECTIONS)
LEDGER = "lexington"


def differences(store: Store, name: str) -> list[Any]:
    return [row for one in check(store, chosen([name])) for row in one.differences]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("broken", [an_unknown_kind, a_wrong_shape, what_does_not_open])
def test_a_projection_that_is_rebuilt_alone_sets_it_aside_as_following_does(
    store: Store, database: Any, broken: Broken, name: str
) -> None:
    """And once its cause is repaired, it is taken up there as everywhere."""
    record(store, REGISTERED, INQUIRED, ENROLLED, ATTENDED)
    store.ledger(LEDGER).append([new(CHART, 5, EnteredInError(target=4))])
    whole = folded(store.ledger(LEDGER).facts())
    with broken(database):
        Follower(store).catch_up()
        aside = set_aside(store)
        assert {one.projection for one in aside} == set(NAMES)
        assert differences(store, name) == []
        rebuild(store, database.owner_url, chosen([name]))
        assert set_aside(store) == aside
        assert differences(store, name) == []
    assert retry(store).digested == aside
    assert set_aside(store) == []
    assert written(store, LEDGER) == whole


KEY_ALTERED: dict[str, LiteralString] = {
    "a bit turned": "UPDATE chart_key SET wrapped = set_bit(wrapped, 200, 1 - get_bit(wrapped, 200)) WHERE stream = %s",
    "little left": "UPDATE chart_key SET wrapped = substring(wrapped for 5) WHERE stream = %s",
    "gone": "DELETE FROM chart_key WHERE stream = %s",
}


@pytest.mark.parametrize("how", KEY_ALTERED)
def test_a_chart_whose_key_was_altered_is_set_aside_and_the_rest_goes_on(
    store: Store, database: Any, keyring: FileKeyring, how: str
) -> None:
    record(store, REGISTERED, INQUIRED, ENROLLED, ATTENDED)
    other = f"chart/{uuid4()}"
    store.ledger(LEDGER).append([new(other, 1, replace(REGISTERED, mrn="OTHER"))])
    facts = store.ledger(LEDGER).facts()
    with psycopg.connect(database.superuser_url) as connection:
        [[key]] = connection.execute("SELECT wrapped FROM chart_key WHERE stream = %s", [CHART]).fetchall()
    change(database, KEY_ALTERED[how], CHART)
    # Another process, which has no key at hand.
    with Store(database.app_url, keyring) as fresh:
        Follower(fresh).catch_up()
        assert {one.stream for one in set_aside(fresh)} == {CHART}
        assert positions(fresh, LEDGER) == dict.fromkeys(NAMES, facts[-1].position)
        assert written(fresh, LEDGER) == folded(one for one in facts if one.stream != CHART)
        change(database, "DELETE FROM chart_key WHERE stream = %s", CHART)
        change(database, "INSERT INTO chart_key (ledger, stream, wrapped) VALUES (%s, %s, %s)", LEDGER, CHART, key)
        retry(fresh)
        assert set_aside(fresh) == []
        assert written(fresh, LEDGER) == folded(facts)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_that_lacks_it_without_saying_so_is_taken_up_with_the_others(
    store: Store, database: Any, name: str
) -> None:
    record(store, REGISTERED, INQUIRED, ENROLLED, ATTENDED, DISCHARGED)
    with an_unknown_kind(database):
        Follower(store).catch_up()
    change(database, "DELETE FROM projection.set_aside WHERE projection = %s", name)
    retry(store)
    assert differences(store, name) == []
    assert written(store, LEDGER) == folded(store.ledger(LEDGER).facts())


class TestMany:
    """The only fact of every other chart was altered."""

    MANY = 60

    @pytest.fixture(autouse=True)
    def altered(self, store: Store, database: Any) -> None:
        record(store, REGISTERED, INQUIRED, ENROLLED, POISON)
        others = [replace(REGISTERED, mrn=f"OTHER-{number}") for number in range(self.MANY)]
        store.ledger(LEDGER).append([new(f"chart/{uuid4()}", 1, other) for other in others])
        change(database, "UPDATE fact SET body = '\\x00' WHERE position > 5 AND mod(position, 2) = 0")

    @property
    def even(self) -> list[int]:
        return list(range(6, self.MANY + 6, 2))

    def test_they_are_opened_once_more_and_go_aside_with_their_batch(
        self, store: Store, database: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened = []
        usual = Ledger.opened

        def counted(ledger: Ledger, rows: Any) -> Any:
            opened.append(len(rows))
            return usual(ledger, rows)

        monkeypatch.setattr(Ledger, "opened", counted)
        head = self.MANY + 5
        ledger = store.ledger(LEDGER)
        status = chosen(["status"])
        with store.database.connection() as db:
            assert further(db, status, ledger, 0, head, 1000) == head
        assert opened == [head, *(1 for _ in range(head))]
        assert [one.position for one in set_aside(store)] == self.even
        # One transaction: the rows and the position were written with what was set aside.
        with psycopg.connect(database.superuser_url) as connection:
            [[written_by]] = connection.execute(
                "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM projection.set_aside UNION ALL "
                "SELECT xmin FROM projection.position UNION ALL SELECT xmin FROM projection.status) AS done"
            ).fetchall()
        assert written_by == 1

    @pytest.mark.parametrize("batch", [1, 7, 1000])
    def test_each_is_set_aside_and_told_of_once_beside_what_no_table_takes(
        self, store: Store, batch: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.ERROR, logger="projections.digest"):
            Follower(store, batch=batch).catch_up()
        assert positions(store, LEDGER) == dict.fromkeys(NAMES, self.MANY + 5)
        by_projection = {name: [one.position for one in set_aside(store) if one.projection == name] for name in NAMES}
        assert by_projection == {name: [5] * (name == "attendance") + self.even for name in NAMES}
        told = [record.args for record in caplog.records if record.name == "projections.digest"]
        names = [(args[0], name) for args in told if isinstance(args, tuple) for name in str(args[2]).split(", ")]
        assert sorted(names) == sorted((at, name) for name, found in by_projection.items() for at in found)
