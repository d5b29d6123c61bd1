"""Bytes are counted of what was written, all of it."""

from __future__ import annotations

import psycopg

from bench.lab import Lab
from bench.storage import FACTS_A_CHART, TABLES, Sizes, counted, parts, peer_tables, shown, write, write_peer
from store.migrate import migrate


def test_each_fact_is_a_command_of_its_own_and_everything_is_counted(lab: Lab) -> None:
    owner, app = lab.make_database("bench_storage")
    migrate(owner, "stepdown")
    write(lab, app, charts=2)
    facts, payload = counted(owner)
    assert facts == 2 * FACTS_A_CHART
    with psycopg.connect(owner) as connection:
        rows = {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]  # noqa: S608 names of ours
            for name in TABLES
        }
    assert rows == {"fact": facts, "idempotency": facts, "chart_key": 2, "claim": 4, "ledger": 1}
    sizes = parts(owner, TABLES)
    with psycopg.connect(owner) as connection:
        [[total]] = connection.execute(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [list(TABLES)],
        ).fetchall()
    assert sum(sizes.values()) == int(total)
    assert payload < sizes["fact"]


def test_the_peer_keeps_as_many_events_for_as_many_charts(lab: Lab) -> None:
    owner, _ = lab.make_database("bench_storage_peer")
    write_peer(owner, lab.seed, charts=2)
    with psycopg.connect(owner) as connection:
        found = connection.execute("SELECT originator_id, count(*) FROM bench_events GROUP BY 1").fetchall()
    assert [events for _, events in found] == [FACTS_A_CHART, FACTS_A_CHART]
    assert "bench_events_pkey" in parts(owner, peer_tables(owner))


def test_bytes_are_shown_a_fact_and_held_against_the_bar() -> None:
    lines = shown(Sizes(facts=10, payload=1000, ours={"fact": 1500, "fact_pkey": 600}, peer={"events": 2000}))
    assert lines[2] == "| 10 | 100 | 200 | 210 | 2.10 | 1.050 | ≤ 1.05 reached |"
    assert lines[-1] == "The peer's: events 200.0."
