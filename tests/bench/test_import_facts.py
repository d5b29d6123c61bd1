"""What is imported, by one process or two, is all of the files, and the floor moves the very same rows."""

from __future__ import annotations

import pytest

from bench.floor import Floor, finished_rows
from bench.import_facts import imported, make_files, saved
from bench.lab import Lab
from tests.bench.rows import bodies, count_of, rows

FACTS = 200


def test_two_processes_import_a_file_each_and_the_floor_copies_the_very_rows(lab: Lab) -> None:
    owner, seconds = imported(lab, "ours", make_files(lab, ["north", "south"], FACTS), FACTS)
    assert seconds > 0
    found = "SELECT ledger, count(*) FROM fact WHERE type <> 'ImportCompleted' GROUP BY ledger ORDER BY ledger"
    assert rows(owner, found) == [("north", FACTS), ("south", FACTS)]
    assert b"attended" not in bodies(owner)
    floor = Floor(lab, "floor")
    floor.copy(finished_rows(owner))
    every = "SELECT * FROM fact WHERE type <> 'ImportCompleted' ORDER BY ledger, position"
    assert rows(floor.owner, every) == rows(owner, every)


def test_a_file_of_which_something_is_refused_is_no_measurement(lab: Lab) -> None:
    [file] = make_files(lab, ["north"], FACTS)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:-1], b"{}\n"]))
    with pytest.raises(SystemExit, match="199, 1"):
        imported(lab, "ours", [file], FACTS)


def test_the_peer_saves_its_events_in_batches_of_three_hundred(lab: Lab) -> None:
    owner, seconds = saved(lab, 600)
    assert seconds > 0
    assert count_of(owner, "SELECT count(*) FROM bench_events") == 600
    assert count_of(owner, "SELECT count(DISTINCT xmin::text) FROM bench_events") == 2
