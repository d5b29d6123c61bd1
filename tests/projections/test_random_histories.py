"""Whatever is on record: replay at a cut says what tables built from the facts up to it say; however following is cut
into batches, and cut off, the tables are those of a rebuild."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from itertools import pairwise
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.record import Recorded, stream_kind, stream_uuid
from projections import census, digest, status
from projections.catalog import PROJECTIONS
from projections.follower import Follower
from projections.rebuild import check
from store.errors import Unavailable
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.domain.compliance.histories import History, fortnights, full_rooms, weeks_of_care
from tests.domain.program import ZONE
from tests.projections.tables import folded, positions, written
from tests.random_ledgers import joined, ledger_of

LEDGER = "lexington"
NAMES = [projection.name for projection in PROJECTIONS]
HISTORIES = st.one_of(weeks_of_care(), fortnights(), full_rooms())
LOOSE = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def place(make_database: Callable[[], Database]) -> Database:
    return make_database()


@pytest.fixture(scope="module")
def other_place(make_database: Callable[[], Database]) -> Database:
    return make_database()


def patients(facts: list[Recorded]) -> list[UUID]:
    return sorted({stream_uuid(fact.stream) for fact in facts if stream_kind(fact.stream) == "chart"})


def cut_in(facts: list[Recorded], number: int) -> int:
    """The position of the last fact recorded at the instant of the one with that number: a cut goes by time."""
    for one, following in pairwise(facts[number - 1 :]):
        if following.recorded_at > one.recorded_at:
            return one.position
    return facts[-1].position


@LOOSE
@given(history=HISTORIES, data=st.data())
def test_replay_at_any_cut_says_what_tables_say_that_hold_only_those_facts(
    place: Database, other_place: Database, keyring: FileKeyring, history: History, data: st.DataObject
) -> None:
    # What was destroyed since can't be replayed, and is in such tables: that is tested by itself.
    joined(history.program, lambda sides: data.draw(st.integers(0, sides - 1)), destroyed=False)
    facts = ledger_of(history.program)
    cut = cut_in(facts, data.draw(st.integers(1, len(facts)), label="cut"))
    on = data.draw(st.sampled_from([history.as_of, history.week.sunday, history.week.monday]), label="as of")
    then, noon = facts[cut - 1].recorded_at, datetime.combine(on, time(12), ZONE)
    place.empty()
    other_place.empty()
    with Store(place.app_url, keyring, pool_size=3) as whole, Store(other_place.app_url, keyring, pool_size=3) as part:
        whole.ledger(LEDGER).restore(facts)
        part.ledger(LEDGER).restore(facts[:cut])
        Follower(part, batch=data.draw(st.integers(1, 60), label="batch")).catch_up()
        assert written(part, LEDGER) == folded(facts[:cut])
        for patient_id in patients(facts):
            replayed = status.answer(whole, LEDGER, patient_id, now=noon, as_of=on, known_at=then)
            shown = status.answer(part, LEDGER, patient_id, now=noon, as_of=on)
            assert (replayed is None) == (shown is None)
            if replayed is not None and shown is not None:
                assert shown.cut is not None, "from the tables"
                assert (shown.document, shown.version) == (replayed.document, replayed.version)
        listed = census.answer(whole, LEDGER, now=noon, as_of=on, known_at=then)
        here = census.answer(part, LEDGER, now=noon, as_of=on)
        assert (here.rows, here.as_of) == (listed.rows, listed.as_of)


class Cut:
    """Cuts the follower's connection off, as a kill does: now before a batch is committed, now right after."""

    def __init__(self, moments: list[int]) -> None:
        self._left = list(moments)
        self._before = digest._advance

    def before(self, db: Any, *given: Any) -> None:
        self._before(db, *given)
        self.strike(db)

    def after(self, follow: Callable[..., None]) -> Callable[..., None]:
        def followed(follower: Follower, db: Any, *given: Any) -> None:
            follow(follower, db, *given)
            self.strike(db)

        return followed

    def strike(self, db: Any) -> None:
        if self._left and not self._left[0]:
            self._left.pop(0)
            db.pgconn.finish()
            raise psycopg.OperationalError("the connection is lost")
        if self._left:
            self._left[0] -= 1


@LOOSE
@given(history=HISTORIES, data=st.data())
def test_following_in_any_batches_and_cut_off_at_any_moment_is_a_rebuild(
    place: Database, keyring: FileKeyring, history: History, data: st.DataObject
) -> None:
    joined(history.program, lambda sides: data.draw(st.integers(0, sides - 1)))
    facts = ledger_of(history.program)
    sizes = st.integers(1, 40)
    cut = Cut(data.draw(st.lists(st.integers(0, 6), max_size=5), label="cut off"))
    place.empty()
    with Store(place.app_url, keyring, pool_size=3) as store:
        store.ledger(LEDGER).restore(facts)
        with (
            patch.object(digest, "_advance", cut.before),
            patch.object(Follower, "_further", cut.after(Follower._further)),
        ):
            while True:
                try:
                    Follower(store, batch=data.draw(sizes, label="batch")).catch_up()
                    break
                except Unavailable:
                    continue
        assert positions(store, LEDGER) == dict.fromkeys(NAMES, len(facts))
        assert [row for one in check(store, PROJECTIONS) for row in one.differences] == []
        assert written(store, LEDGER) == folded(store.ledger(LEDGER).facts(limit=len(facts)))
