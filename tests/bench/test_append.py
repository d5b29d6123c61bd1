"""Contenders write what they say: a unit is a row, ours are encrypted under an idempotency key, the peer's are not."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Final

import pytest

from bench.append_command import Commanding
from bench.append_contenders import Appending
from bench.append_roster import Rosters
from bench.caseload import caseload, in_turns
from bench.floor import Floor
from bench.lab import Lab
from bench.synthetic import SEATS
from domain.record import stream_kind
from tests.bench.rows import bodies, count_of, rows

PLAIN = b"attended"
"""Stands in every attendance that was attended."""


def test_each_unit_of_the_floor_is_a_row(lab: Lab) -> None:
    floor = Floor(lab, "floor")
    for _ in range(2):
        with floor.inserts(["north", "south"]) as works:
            for work in works * 3:
                work()
    assert rows(floor.owner, "SELECT ledger, count(*) FROM fact GROUP BY ledger ORDER BY ledger") == [
        ("north", 6),
        ("south", 6),
    ]


def test_a_roster_of_the_floor_is_one_statement_of_twelve_rows(lab: Lab) -> None:
    floor = Floor(lab, "floor")
    with floor.rosters("north", SEATS) as [work]:
        work()
        work()
    assert count_of(floor.owner, "SELECT count(*) FROM fact") == 2 * SEATS
    assert count_of(floor.owner, "SELECT count(DISTINCT xmin::text) FROM fact") == 2
    assert count_of(floor.owner, "SELECT count(DISTINCT stream) FROM fact") == SEATS


def test_each_unit_of_ours_is_an_encrypted_fact_under_an_idempotency_key(lab: Lab) -> None:
    appending = Appending(lab, ledgers=2)
    for _ in range(2):
        with appending.works("ours", 3) as works:
            for work in works * 3:
                work()
    found = "SELECT ledger, count(*), max(position) FROM fact GROUP BY ledger ORDER BY ledger"
    assert rows(appending.owner, found) == [("bench-01", 12, 12), ("bench-02", 6, 6)]
    assert count_of(appending.owner, "SELECT count(*) FROM idempotency") == 18
    assert PLAIN not in bodies(appending.owner)


def test_each_unit_of_the_peer_is_a_plain_event_of_its_ledgers_own_table(lab: Lab) -> None:
    appending = Appending(lab, ledgers=2)
    with appending.works("peer", 3) as works:
        for work in works * 3:
            work()
    # Every chart has its opening besides.
    assert count_of(appending.peer_owner, 'SELECT count(*) FROM "bench-01_events"') == 2 * (1 + 3)
    states = rows(appending.peer_owner, 'SELECT state FROM "bench-02_events" ORDER BY originator_version')
    assert len(states) == 1 + 3
    assert all(PLAIN in state for (state,) in states[1:])


def test_a_caseload_is_charts_in_the_midst_of_care_with_the_same_sessions_to_come() -> None:
    made = caseload("north", seed=1, groups=2, weeks=4)
    sizes = Counter(fact.stream for fact in made.facts if stream_kind(fact.stream) == "chart")
    assert len(sizes) == 2 * SEATS
    assert 65 <= sum(sizes.values()) / len(sizes) <= 75
    for group in made.groups:
        sessions = {tuple(fact.session_id for fact in case.to_come) for case in group.cases}
        assert len(sessions) == 1


def test_charts_take_turns_and_running_out_of_what_is_to_come_is_an_error() -> None:
    turns = in_turns(["a", "b"], 2)
    assert list(islice(turns, 4)) == [(0, "a"), (0, "b"), (1, "a"), (1, "b")]
    with pytest.raises(RuntimeError, match="used up"):
        next(turns)


def test_each_unit_of_ours_is_a_whole_command_on_a_chart_of_about_a_hundred_facts(lab: Lab) -> None:
    commanding = Commanding(lab, writers=2, groups=1)
    with commanding.works() as works:
        assert len(commanding.first) == 1
        before = count_of(commanding.owner, "SELECT count(*) FROM fact")
        for work in works * 3:
            work()
    assert count_of(commanding.owner, "SELECT count(*) FROM fact") == before + 6
    # The first round over the charts is on record too.
    assert count_of(commanding.owner, "SELECT count(*) FROM idempotency") == 2 * SEATS + 6
    sizes = [size for _, size in rows(commanding.owner, _CHARTS)]
    assert len(sizes) == 2 * SEATS
    assert 80 <= sum(sizes) / len(sizes) <= 110
    assert PLAIN not in bodies(commanding.owner)


_CHARTS: Final = "SELECT stream, count(*) FROM fact WHERE stream LIKE 'chart/%' GROUP BY stream"


def test_each_unit_of_the_peer_is_an_event_more_on_an_aggregate_that_it_got(lab: Lab) -> None:
    commanding = Commanding(lab, writers=2)
    with commanding.peer_works() as works:
        before = count_of(commanding.peer_owner, "SELECT count(*) FROM bench_events")
        for work in works * 3:
            work()
    assert count_of(commanding.peer_owner, "SELECT count(*) FROM bench_events") == before + 6
    latest = rows(commanding.peer_owner, "SELECT max(originator_version) FROM bench_events GROUP BY originator_id")
    assert sorted({version for (version,) in latest}) == [85, 86]


def test_a_roster_of_ours_is_one_transaction_of_twelve_facts(lab: Lab) -> None:
    rosters = Rosters(lab, groups=2)
    with rosters.works() as [work]:
        before = count_of(rosters.owner, "SELECT count(*) FROM fact")
        work()
        work()
    assert count_of(rosters.owner, "SELECT count(*) FROM fact") == before + 2 * SEATS
    assert count_of(rosters.owner, "SELECT count(*) FROM idempotency") == 2 + 2
    together = (
        "SELECT count(*), count(DISTINCT stream) FROM fact WHERE recorded_at = (SELECT max(recorded_at) FROM fact)"
    )
    assert rows(rosters.owner, together) == [(SEATS, SEATS)]


def test_a_roster_of_the_peer_is_twelve_aggregates_saved_at_once(lab: Lab) -> None:
    rosters = Rosters(lab, groups=1)
    with rosters.peer_works() as [work]:
        before = count_of(rosters.peer_owner, "SELECT count(*) FROM bench_events")
        work()
    assert count_of(rosters.peer_owner, "SELECT count(*) FROM bench_events") == before + SEATS
    written = "SELECT count(*) FROM bench_events GROUP BY xmin::text ORDER BY max(notification_id) DESC LIMIT 1"
    assert count_of(rosters.peer_owner, written) == SEATS
