"""The rows that are exported are there as the follower would have them, and both sides move all of them."""

from __future__ import annotations

import csv

from bench.export_rows import A_TENTH, LAST_DAY, PATIENTS_A_SESSION, SESSIONS_A_PATIENT, copied, exported, make_rows
from bench.lab import Lab
from tests.bench.rows import rows

ROWS = 2 * PATIENTS_A_SESSION * SESSIONS_A_PATIENT


def test_every_row_is_exported_and_copied(lab: Lab) -> None:
    owner, app = make_rows(lab, ROWS)
    assert copied(owner, lab.folder / "floor.tsv", ROWS) > 0
    written, seconds, peak = exported(lab, app, LAST_DAY)
    assert (written, seconds > 0, peak > 10) == (ROWS, True, True)
    with (lab.folder / "exported.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert len(table) == ROWS
    assert len({(row["patient_id"], row["session_id"]) for row in table}) == ROWS
    attended = [row for row in table if row["outcome"] == "attended"]
    assert 0.8 * ROWS < len(attended) < ROWS
    assert all(160 <= int(row["credited_minutes"]) <= 180 for row in attended)
    assert {row["session_state"] for row in table} == {"held"}
    assert rows(owner, "SELECT count(*) FROM projection.sessions") == [(2 * SESSIONS_A_PATIENT,)]
    assert exported(lab, app, A_TENTH)[0] == sum(row["program_day"] <= str(A_TENTH) for row in table)
