"""The read tables are made anew by ours, the same rows are read by the floor, and the peer has a row a chart."""

from __future__ import annotations

from functools import partial

from psycopg.conninfo import make_conninfo

from bench import rebuild
from bench.lab import Lab
from tests.bench.rows import count_of, rows


def test_all_of_a_small_record(lab: Lab) -> None:
    place, facts = rebuild.made(lab, 4_000)
    assert facts == count_of(place.owner, "SELECT count(*) FROM fact")
    before = rows(place.owner, "SELECT oid FROM pg_class WHERE relname IN ('attendance', 'status') ORDER BY relname")
    [alone] = rebuild.together([partial(rebuild.rebuilt, place, ["attendance"])])
    after = rows(place.owner, "SELECT oid FROM pg_class WHERE relname IN ('attendance', 'status') ORDER BY relname")
    assert (before[0] != after[0], before[1] == after[1]) == (True, True)
    halves = rebuild.together([partial(rebuild.read, place, 0, 2000), partial(rebuild.read, place, 2000, facts)])
    assert all(one.seconds > 0 for one in (alone, *halves))
    assert all(20 < one.megabytes < 1_000 for one in (alone, *halves))


def test_the_peer_has_seen_every_fact(lab: Lab) -> None:
    assert rebuild.peer_seconds(lab, 300, "peer") > 0
    owner = make_conninfo(lab.server.owner_url, dbname="peer")
    assert rows(owner, "SELECT sessions FROM peer_status") == [(99,)] * 3
