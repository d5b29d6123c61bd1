"""Report rows as files."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest

from domain.compliance.verdict import Row, Verdict
from exchange.rows import as_csv, as_json, as_ndjson, canonical, canonical_sha256

ROW = Row(
    rule="HRS-1",
    subject="patient",
    subject_id="115a3c98-7844-4b16-bbe9-d8b2dd2dcf49",
    period_start=date(2026, 3, 2),
    period_end=date(2026, 3, 8),
    verdict=Verdict.NOT_MET,
    value=520,
    of=540,
    evidence=("chart/1@12", "session/2@3"),
    missing=("attendance record in session/9",),
    figures=(("excused", 1),),
)
CANONICAL = (
    b'{"rule":"HRS-1","subject":"patient","subject_id":"115a3c98-7844-4b16-bbe9-d8b2dd2dcf49",'
    b'"period_start":"2026-03-02","period_end":"2026-03-08","verdict":"not_met","value":520,"of":540,'
    b'"evidence":["chart/1@12","session/2@3"]}\n'
)


def test_the_canonical_form_has_columns_in_order_no_spaces_and_a_line_feed_after_each_row() -> None:
    assert canonical([ROW, ROW]) == CANONICAL * 2
    assert canonical_sha256([ROW]) == sha256(CANONICAL).hexdigest()
    assert canonical([]) == b""


def test_json_forms_add_what_was_missing_and_the_figures_beside() -> None:
    [line] = as_ndjson([ROW]).splitlines()
    assert json.loads(line) == {
        **json.loads(CANONICAL),
        "missing": ["attendance record in session/9"],
        "figures": {"excused": 1},
    }
    assert json.loads(as_json({"report": "weekly"}, [ROW])) == {"report": "weekly", "rows": [json.loads(line)]}


def test_csv_has_a_header_and_plain_integers() -> None:
    header, row = as_csv([ROW]).decode().splitlines()
    assert header == "rule,subject,subject_id,period_start,period_end,verdict,value,of,evidence"
    assert row == (
        "HRS-1,patient,115a3c98-7844-4b16-bbe9-d8b2dd2dcf49,2026-03-02,2026-03-08,not_met,520,540,"
        "chart/1@12 session/2@3"
    )


@pytest.mark.parametrize(
    ("begins", "shown"),
    [("=", "'="), ("+", "'+"), ("-", "'-"), ("@", "'@"), ("\t=", "' ="), ("\r=", "' ="), ("\n", " "), ("x=", "x=")],
)
def test_no_spreadsheet_runs_a_cell(begins: str, shown: str) -> None:
    row = replace(ROW, subject_id=f"{begins}cmd|' /C calc'!A0", value=-1)
    [cells] = csv.DictReader(io.StringIO(as_csv([row]).decode(), newline=""))
    assert cells["subject_id"] == f"{shown}cmd|' /C calc'!A0"
    assert cells["value"] == "-1"
