"""What rows of a table are refused for, which others they hold back, and what a second import makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from domain.refused import Refused
from exchange import csv_import, importing
from exchange.errors import ColumnsUnknown
from exchange.importing import Into, import_file, import_files
from store.store import Store
from tests.exchange.program_file import OPERATOR, Values, changed, exported, write
from tests.exchange.tables import SUPERVISOR, attendance_row, local, mrns, of_type, site, table, taken

CAME = {
    "mrn": "SYN-LEX-00004",
    "date": "2/18/2026",
    "start": "9:00 AM",
    "cohort": "morning  1",
    "outcome": "attended",
    "arrived": "8:56 AM",
    "left": "12:00 PM",
    "staff": "E. Staff07",
    "recorded_at": "2/18/2026 12:36 PM",
    "reason": "",
}
PATIENT = {
    "mrn": "SYN-T-1",
    "given_name": "Testa",
    "family_name": "Simulacrum-9100",
    "birth_date": "1/2/1990",
    "sex": "female",
    "first_contact": "",
    "referral_source": "",
    "carried_over": "",
    "admitted_on": "2/2/2026",
    "cohort": "Evening A 1",
    "primary_clinician": "E. Staff07",
    "from_system": "Former Records",
    "staff": "Demo Supervisor",
    "recorded_at": "3/2/2026 10:00 AM",
}
RESULT = {
    "mrn": "SYN-LEX-00004",
    "accession": "T-1",
    "collected_at": "2/18/2026 9:07 AM",
    "matrix": "urine",
    "observed": "yes",
    "panel": "",
    "analyte": "fentanyl",
    "kind": "screen",
    "outcome": "negative",
    "reported_at": "2/18/2026 9:17 AM",
    "loinc": "",
    "staff": "E. Staff07",
    "recorded_at": "2/18/2026 9:20 AM",
}


def rules(rejects: list[Values]) -> list[tuple[int, str]]:
    return [(reject["line"], reject["rule"]) for reject in rejects]


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        ({"mrn": "nobody"}, "line.unknown-patient"),
        ({"staff": "E. Staff7"}, "line.unknown-staff"),
        ({"staff": "H. Staff03"}, "act.not-permitted"),
        ({"staff": SUPERVISOR.replace("3f", "4f")}, "line.unknown-staff"),
        ({"start": "9:30 AM"}, "line.no-session"),
        ({"date": "2/14/2026"}, "line.no-session"),
        ({"date": "2/16/2026", "start": "", "cohort": "Morning 1"}, "line.several-sessions"),
        ({"cohort": "Nobody's"}, "line.unknown-cohort"),
        ({"date": "13/2/2026"}, "line.malformed"),
        ({"arrived": "3/8/2026 2:30 AM"}, "line.hour-skipped"),
        ({"outcome": "perhaps"}, "line.malformed"),
        ({"left": ""}, "attendance.times-missing"),
        ({"left": "8:00 AM"}, "attendance.left-before-arriving"),
        ({"recorded_at": ""}, "entry.late-without-reason"),
        ({"recorded_at": "2/18/2199 9:00 AM"}, "line.in-the-future"),
        ({"recorded_at": "2/20/2026 9:00 AM"}, "entry.late-without-reason"),
        ({"mrn": ""}, "line.malformed"),
        ({"family_members": "two"}, "line.malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_attendance_is_refused_alone(store: Store, tmp_path: Path, spoilt: dict[str, Any], rule: str) -> None:
    site(store, tmp_path)
    imported, rejects = taken(store, table(tmp_path / "a.csv", [{**CAME, **spoilt}, CAME]))
    assert rules(rejects) == [(2, rule)]
    assert set(rejects[0]) == {"line", "rule", "because", "input"}
    assert (imported.facts, imported.rejects) == (2, 1)  # The record, and the admission that follows.


@pytest.mark.parametrize("other", [{"date": "2/19/2026"}, {"start": "6:00 PM"}, {"cohort": "Evening A 1"}])
def test_a_session_named_by_id_is_the_one_that_the_row_describes(
    store: Store, tmp_path: Path, other: dict[str, str]
) -> None:
    site(store, tmp_path)
    [planned] = [
        line["stream"].partition("/")[2]
        for line in of_type("SessionScheduled")
        if local(line["fact"]["starts_at"]).isoformat() == "2026-02-18T09:00:00-05:00"
    ]
    row = {**CAME, "session_id": planned, "arrived": "2/18/2026 8:56 AM", "left": "2/18/2026 12:00 PM"}
    imported, rejects = taken(store, table(tmp_path / "a.csv", [{**row, **other}, row]))
    assert rules(rejects) == [(2, "line.no-session")]
    assert imported.facts == 2


def test_a_cohort_is_found_however_its_name_is_spaced(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path, charts=False)
    formed = changed(
        of_type("CohortFormed")[0], stream=f"cohort/{SUPERVISOR}", version=1, fact={"name": "Night   Owls "}
    )
    import_file(store, write(tmp_path / "cohort.ndjson", [formed]), by=OPERATOR)
    row = {**PATIENT, "carried_over": "active", "cohort": "night owls"}
    imported, rejects = taken(store, table(tmp_path / "p.csv", [row]))
    assert (imported.facts, rejects) == (2, [])


def test_a_reason_for_the_file_is_that_of_late_rows_alone(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    late = {**CAME, "date": "2/20/2026", "outcome": "no show", "arrived": "", "left": "", "recorded_at": ""}
    before = store.ledger("lexington").head().position
    _, rejects = taken(store, table(tmp_path / "a.csv", [CAME, late]), reason="taken over from paper")
    assert rejects == []
    told = {line["type"]: line["reason"] for line in exported(store)[before:][::-1]}
    assert told == {"AttendanceRecorded": None, "Admitted": None, "ImportCompleted": None}
    assert [line["reason"] for line in exported(store) if line["type"] == "AttendanceRecorded"] == [
        None,
        "taken over from paper",
    ]


def test_what_says_something_else_than_the_record_is_refused(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    taken(store, table(tmp_path / "a.csv", [CAME]))
    other = {**CAME, "left": "11:00 AM"}
    imported, rejects = taken(store, table(tmp_path / "b.csv", [CAME, other, {**CAME, "staff": "R. Staff08"}]))
    assert rules(rejects) == [(3, "line.differs"), (4, "line.differs")]
    assert (imported.facts, imported.skipped) == (0, 1)


def test_a_row_given_twice_in_one_file_comes_in_once(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    imported, rejects = taken(store, table(tmp_path / "a.csv", [CAME, CAME]))
    assert (imported.facts, imported.skipped, rejects) == (2, 1, [])


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        ({"staff": "E. Staff07"}, "act.not-permitted"),
        ({"cohort": "Nowhere"}, "line.unknown-cohort"),
        ({"cohort": ""}, "line.malformed"),
        ({"primary_clinician": "Nobody"}, "line.unknown-staff"),
        ({"admitted_on": "3/3/2026"}, "entry.in-the-future"),
        ({"first_contact": "3/1/2026 9:30 AM", "referral_source": "court", "reason": "late"}, "episode.already-open"),
        ({"carried_over": "gone"}, "line.malformed"),
        ({"carried_over": ""}, "line.malformed"),
        ({"referral_source": "court"}, "line.malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_patient_comes_in_whole_or_not(store: Store, tmp_path: Path, spoilt: dict[str, Any], rule: str) -> None:
    site(store, tmp_path, charts=False)
    before = store.ledger("lexington").head().position
    row = {**PATIENT, "carried_over": "active", **spoilt}
    imported, rejects = taken(store, table(tmp_path / "p.csv", [row]))
    assert rules(rejects) == [(2, rule)]
    assert (imported.facts, store.ledger("lexington").head().position) == (0, before)
    imported, rejects = taken(store, table(tmp_path / "p.csv", [{**PATIENT, "carried_over": "active"}]))
    assert (imported.facts, rejects) == (2, [])


def test_a_patient_on_record_is_known_by_the_number(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    line = of_type("PatientRegistered")[0]
    row = dict.fromkeys(PATIENT, "") | {"recorded_at": PATIENT["recorded_at"]}
    row |= {name: line["fact"][name] for name in ("mrn", "given_name", "family_name", "sex")}
    row |= {"birth_date": line["fact"]["birth_date"], "phone": line["fact"].get("phone", ""), "staff": line["by"]["id"]}
    imported, rejects = taken(store, table(tmp_path / "p.csv", [row, {**row, "family_name": "Else"}]))
    assert (imported.facts, imported.skipped, rules(rejects)) == (0, 1, [(3, "line.differs")])


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        ({"outcome": "maybe"}, "line.malformed"),
        ({"matrix": "hair"}, "line.other-specimen"),
        ({"kind": ""}, "line.malformed"),
        ({"analyte": "unheard-of"}, "line.malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_holds_back_the_others_of_its_specimen(
    store: Store, tmp_path: Path, spoilt: dict[str, Any], rule: str
) -> None:
    site(store, tmp_path)
    other = {**RESULT, "accession": "T-2", "collected_at": "2/20/2026 9:07 AM"}
    other |= {"reported_at": "2/20/2026 9:17 AM", "recorded_at": "2/20/2026 9:20 AM"}
    rows = [RESULT, {**RESULT, "analyte": "opiates", **spoilt}, {**RESULT, "analyte": "methadone"}, other, RESULT]
    imported, rejects = taken(store, table(tmp_path / "s.csv", rows))
    held = "line.held-back"
    assert rules(rejects) == [(2, held), (3, rule), (4, held), (6, held)]
    assert imported.facts == 3
    right = {**rows[1], **{name: {**RESULT, "analyte": "opiates"}[name] for name in spoilt}}
    imported, rejects = taken(store, table(tmp_path / "s.csv", [rows[0], right, *rows[2:]]))
    assert (imported.facts, imported.skipped, rejects) == (3, 2, [])


def test_later_rows_rest_on_a_specimen_that_was_refused(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    between = {**RESULT, "accession": "T-2"}
    rows = [{**RESULT, "observed": "perhaps"}, between, RESULT]
    imported, rejects = taken(store, table(tmp_path / "s.csv", rows))
    assert rules(rejects) == [(2, "line.malformed"), (4, "line.held-back")]
    assert imported.facts == 3


def test_results_of_rows_that_stand_apart_are_further_reports(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    first, second = {**RESULT, "panel": "fentanyl; opiates"}, {**RESULT, "analyte": "opiates"}
    between = {**RESULT, "mrn": next(iter(mrns().values()))}
    between |= {"accession": "T-9", "reported_at": "2/18/2026 9:30 AM", "recorded_at": "2/18/2026 9:31 AM"}
    path = table(tmp_path / "s.csv", [first, between, second])
    imported, rejects = taken(store, path)
    assert (imported.facts, rejects) == (3 + 3 + 1, [])
    again, rejects = taken(store, path)
    assert (again.facts, again.skipped, rejects) == (0, 3, [])
    changed = table(tmp_path / "t.csv", [first, {**second, "outcome": "positive"}])
    again, rejects = taken(store, changed)
    assert (again.facts, rules(rejects)) == (0, [(2, "line.differs"), (3, "line.differs")])


@pytest.mark.parametrize("rows_of_a_unit", [1, 2])
def test_what_is_forgotten_is_read_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_of_a_unit: int
) -> None:
    """With next to nothing kept in memory, and chunks of a few rows, the same comes in."""
    monkeypatch.setattr(csv_import, "KEPT_ENTRIES", rows_of_a_unit)
    monkeypatch.setattr(importing, "CHUNK_LINES", 9)
    site(store, tmp_path)
    lines = of_type("AttendanceRecorded")
    imported, rejects = taken(store, table(tmp_path / "a.csv", [attendance_row(line) for line in lines]))
    assert rejects == []
    admitted = of_type("Admitted")
    assert imported.facts == len(lines) + len(admitted)


def test_nothing_is_written_where_the_columns_of_a_later_file_are_unknown(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    before = store.ledger("lexington").head().position
    files = [table(tmp_path / "a.csv", [CAME]), table(tmp_path / "b.csv", [{**CAME, "shoe size": "9"}])]
    with pytest.raises(ColumnsUnknown, match="shoe_size"):
        import_files(store, files, by=OPERATOR, into=Into("lexington"))
    assert store.ledger("lexington").head().position == before


def test_a_site_that_is_not_opened_takes_no_table(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        import_file(store, table(tmp_path / "a.csv", [CAME]), by=OPERATOR, into=Into("troy"))
    assert refused.value.rule == "facility.not-opened"
    with pytest.raises(ValueError, match="name it"):
        import_file(store, tmp_path / "a.csv", by=OPERATOR)


def test_no_refusal_repeats_what_the_row_says(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    rows = [{**CAME, name: "Quillfeather"} for name in CAME if name not in ("reason", "start")]
    _, rejects = taken(store, table(tmp_path / "a.csv", rows))
    assert len(rejects) == len(rows)
    assert not any("Quillfeather" in reject["because"] for reject in rejects)
    assert all("Quillfeather" in reject["input"] for reject in rejects)
