"""What an import refuses, line by line, beside what any door refuses: by which rule, in which words."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from domain.claims import SEAT, Seat
from exchange import ledger_import
from exchange.importing import import_file
from exchange.lines import LINE_BYTES
from store.store import Store
from tests.exchange.program_file import (
    FACTS,
    OPERATOR,
    Values,
    changed,
    exported,
    first_of,
    read_rejects,
    sample_lines,
    write,
)

BEGINNING = 60
"""Lines of the sample in which a facility is opened, cohorts are formed and the first patients come in."""

FILES = UUID("5c1d7a36-0c1b-5a39-9a56-6d2ac0b54f0e")
"""Namespace of the streams of files."""

PATIENT = first_of(sample_lines(), "PatientRegistered")


def refused(store: Store, tmp_path: Path, lines: list[Any]) -> dict[int, tuple[str, str]]:
    """Line number → rule and reason."""
    rejects = tmp_path / "rejects.ndjson"
    import_file(store, write(tmp_path / "file.ndjson", lines), by=OPERATOR, rejects=rejects)
    return {reject["line"]: (reject["rule"], reject["because"]) for reject in read_rejects(rejects)}


def without(line: Values, *names: str) -> Values:
    return {name: value for name, value in line.items() if name not in names}


MALFORMED: dict[str, tuple[Callable[[Values], Any], str]] = {
    "no JSON": (lambda line: json.dumps(line).encode()[:-1], "JSON object"),
    "no object": (lambda _: b"[1, 2]", "JSON object"),
    "an unknown type": (lambda line: changed(line, type="PatientAbducted"), "`type`"),
    "an unknown field": (lambda line: changed(line, colour="blue"), "`colour`"),
    "an unknown field of the fact": (lambda line: changed(line, fact={"colour": "blue"}), "`colour`"),
    "a field missing": (lambda line: line | {"fact": without(line["fact"], "mrn")}, "`mrn`"),
    "a field of another type": (lambda line: changed(line, fact={"birth_date": 7}), "`birth_date`"),
    "a naive time": (lambda line: changed(line, recorded_at="2026-02-01T12:00:00"), "`recorded_at`"),
    "a wrong kind of stream": (lambda line: changed(line, stream=line["stream"].replace("chart", "session")), "stream"),
    "no stream at all": (lambda line: changed(line, stream="chart"), "`stream`"),
    "version nought": (lambda line: changed(line, version=0), "`version`"),
    "no ledger": (lambda line: without(line, "ledger"), "`ledger`"),
    "no time of recording": (lambda line: without(line, "recorded_at"), "`recorded_at`"),
    "nobody": (lambda line: without(line, "by"), "`by`"),
    "too long": (lambda line: changed(line, fact={"address": "x" * LINE_BYTES}), "longer"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_line_is_refused_and_the_field_is_named(store: Store, tmp_path: Path, name: str) -> None:
    spoil, field = MALFORMED[name]
    lines: list[Any] = sample_lines()[:BEGINNING]
    number = PATIENT["position"]
    lines[number - 1] = spoil(PATIENT)
    found = refused(store, tmp_path, lines)
    rule, because = found.pop(number)
    assert rule == "line.malformed"
    assert field in because
    # Whoever can't be read out of the line has a gap instead; a line of another stream holds back that one.
    assert {rule for rule, _ in found.values()} <= {"line.held-back", "line.version-gap", "patient.not-registered"}
    of_chart = [n for n, line in enumerate(lines, 1) if isinstance(line, dict) and line["stream"] == PATIENT["stream"]]
    assert sorted(found) == [n for n in of_chart if n > number]


def test_nothing_personal_is_in_a_reason(store: Store, tmp_path: Path) -> None:
    lines: list[Any] = sample_lines()[:BEGINNING]
    lines[PATIENT["position"] - 1] = changed(PATIENT, fact={"birth_date": "Quillfeather", "sex": 7})
    for _, because in refused(store, tmp_path, lines).values():
        for value in ("Quillfeather", PATIENT["fact"]["mrn"], PATIENT["fact"]["family_name"]):
            assert value not in because


def test_a_version_must_be_the_next_of_its_stream(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()[:16]
    found = refused(store, tmp_path, [*lines[:2], *lines[3:]])
    assert found[3] == ("line.version-gap", "This stream is at version 2: give version 3 first.")
    assert {found[n] for n in range(4, 16)} == {
        ("line.held-back", "Line 3 of the same stream was refused: put that right first.")
    }
    assert store.ledger("lexington").head().position == 2 + 1


def test_a_line_that_is_in_with_another_content_is_refused_and_holds_back_its_stream(
    store: Store, tmp_path: Path
) -> None:
    lines = sample_lines()[:16]
    import_file(store, write(tmp_path / "first.ndjson", lines[:15]), by=OPERATOR)
    lines[9]["by"]["name"] = "Somebody Else"
    found = refused(store, tmp_path, lines)
    assert found == {
        10: ("line.differs", "Version 10 of this stream is on record and says something else."),
        16: ("line.held-back", "Line 10 of the same stream was refused: put that right first."),
    }


@pytest.mark.parametrize(
    "values",
    [{"position": 9}, {"recorded_at": "2026-01-08T13:00:00Z"}, {"recorded_elsewhere_at": "2026-01-01T00:00:00Z"}],
)
def test_position_and_times_of_recording_are_no_content(store: Store, tmp_path: Path, values: Values) -> None:
    lines = sample_lines()[:16]
    import_file(store, write(tmp_path / "first.ndjson", lines), by=OPERATOR)
    again = import_file(store, write(tmp_path / "again.ndjson", [line | values for line in lines]), by=OPERATOR)
    assert (again.facts, again.skipped, again.rejects) == (0, 16, 0)


def test_a_line_that_is_twice_in_a_file_is_in_once(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()[:16]
    imported = import_file(store, write(tmp_path / "twice.ndjson", [*lines, *lines]), by=OPERATOR)
    assert (imported.facts, imported.skipped, imported.rejects) == (16, 16, 0)


def test_access_records_are_not_imported(store: Store, tmp_path: Path) -> None:
    read = {
        **changed(sample_lines()[0], ledger="lexington.access", type="ChartRead"),
        "stream": "access/0198c2aa-0000-7000-8000-000000000001",
        "fact": {
            "patient_id": PATIENT["stream"].partition("/")[2],
            "what": "status",
            "purpose": "treatment",
            "at_version": 1,
        },
    }
    found = refused(store, tmp_path, [*sample_lines()[:16], read, changed(read, ledger="lexington")])
    assert {number: rule for number, (rule, _) in found.items()} == {17: "line.access-record", 18: "line.access-record"}
    assert store.ledgers() == ["lexington"]


def own_record(stream: UUID, type_: str, **fact: Any) -> Values:
    """A line about a file, made up."""
    operator = {"id": OPERATOR.id, "name": OPERATOR.name, "role": OPERATOR.role, "credential": None}
    first = without(sample_lines()[0], "fact")
    return first | {"stream": f"import/{stream}", "type": type_, "by": operator, "fact": fact}


def test_a_file_does_not_make_up_what_its_ledger_took_in(store: Store, tmp_path: Path) -> None:
    digest = "ab" * 32
    counts = {"facts": 9000, "rejects": 0}
    lines = [
        own_record(uuid4(), "ImportCompleted", file_sha256=digest, **counts),
        own_record(uuid5(FILES, digest.upper()), "ImportCompleted", file_sha256=digest.upper(), **counts),
        own_record(uuid5(FILES, "any"), "ImportCompleted", file_sha256="any", **counts),
        own_record(uuid5(FILES, digest), "LedgerRestored", file_sha256=digest, facts=9000),
        own_record(uuid5(FILES, digest), "ImportCompleted", file_sha256=digest, **counts),
        own_record(uuid5(FILES, "cd" * 32), "ImportCompleted", file_sha256="cd" * 32, **counts),
    ]
    found = refused(store, tmp_path, [*sample_lines()[:16], *lines])
    assert {number: rule for number, (rule, _) in found.items()} == {
        17: "line.import-record",
        18: "line.import-record",
        19: "line.import-record",
        20: "line.restore-record",
        21: "line.held-back",
    }
    own = [line for line in exported(store) if line["stream"].startswith("import/")]
    assert [line["fact"]["file_sha256"] for line in own][:-1] == ["cd" * 32]


def test_a_site_that_was_not_opened_takes_nothing(store: Store, tmp_path: Path) -> None:
    found = refused(store, tmp_path, [changed(PATIENT, ledger="nowhere")])
    assert {rule for rule, _ in found.values()} == {"facility.not-opened"}
    assert store.ledgers() == []


def test_lateness_is_judged_by_the_lines_own_time_of_recording(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()[:BEGINNING]
    inquiry = first_of(lines, "InquiryReceived")
    later = changed(inquiry, recorded_at="2026-06-01T12:00:00Z")
    lines[inquiry["position"] - 1] = later
    found = refused(store, tmp_path, lines)
    assert found[inquiry["position"]][0] == "entry.late-without-reason"


def test_what_had_not_happened_when_it_was_recorded_is_refused(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()[:BEGINNING]
    inquiry = first_of(lines, "InquiryReceived")
    lines[inquiry["position"] - 1] = changed(inquiry, recorded_at="2026-01-08T12:00:00Z")
    assert refused(store, tmp_path, lines)[inquiry["position"]][0] == "entry.in-the-future"


@pytest.mark.parametrize("name", ["recorded_at", "recorded_elsewhere_at"])
def test_what_is_said_to_be_recorded_in_the_future_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    """With the fact as far ahead as its recording: by the line's own clock it has just happened."""
    lines = sample_lines()[:BEGINNING]
    inquiry = first_of(lines, "InquiryReceived")
    ahead = (store.database.now() + timedelta(minutes=10)).isoformat()
    lines[inquiry["position"] - 1] = changed(inquiry, **{name: ahead}, fact={"first_contact_at": ahead})
    rule, because = refused(store, tmp_path, lines)[inquiry["position"]]
    assert rule == "line.in-the-future"
    assert f"`{name}`" in because
    assert all(line["stream"] != inquiry["stream"] or line["version"] < inquiry["version"] for line in exported(store))


def test_a_clock_that_is_a_little_ahead_is_let_pass(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()[:BEGINNING]
    inquiry = first_of(lines, "InquiryReceived")
    ahead = (store.database.now() + timedelta(minutes=4)).isoformat()
    lines[inquiry["position"] - 1] = changed(inquiry, recorded_at=ahead, reason="Found on paper.")
    assert inquiry["position"] not in refused(store, tmp_path, lines)


def test_a_line_that_is_in_is_skipped_whenever_it_is_said_to_be_recorded(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()[:16]
    import_file(store, write(tmp_path / "first.ndjson", lines), by=OPERATOR)
    ahead = (store.database.now() + timedelta(days=1)).isoformat()
    again = write(tmp_path / "again.ndjson", [line | {"recorded_at": ahead} for line in lines])
    assert import_file(store, again, by=OPERATOR).skipped == 16


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_at_the_end_of_the_calendar_is_refused_like_any_other(store: Store, tmp_path: Path, at: str) -> None:
    lines = sample_lines()[:BEGINNING]
    inquiry = first_of(lines, "InquiryReceived")
    lines[inquiry["position"] - 1] = changed(inquiry, recorded_at=at, fact={"first_contact_at": at})
    assert inquiry["position"] in refused(store, tmp_path, lines)


def test_a_record_number_is_one_patients(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    other = first_of(lines[PATIENT["position"] :], "PatientRegistered")
    other["fact"]["mrn"] = PATIENT["fact"]["mrn"].lower()
    found = refused(store, tmp_path, lines)
    assert found[other["position"]][0] == "patient.mrn-in-use"
    held = {lines[number - 1]["stream"] for number in found}
    assert held == {other["stream"]}


def test_an_accession_number_is_one_patients(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    first = first_of(lines, "SpecimenCollected")
    elsewhere = [line for line in lines if line["type"] == "SpecimenCollected" and line["stream"] != first["stream"]]
    elsewhere[0]["fact"]["accession"] = f" {first['fact']['accession'].lower()}"
    found = refused(store, tmp_path, lines)
    assert found[elsewhere[0]["position"]][0] == "screening.accession-in-use"
    assert {lines[number - 1]["stream"] for number in found} == {elsewhere[0]["stream"]}


def test_a_record_number_that_the_ledger_has_is_refused_in_a_later_file(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    other = first_of(lines[BEGINNING:], "PatientRegistered")
    import_file(store, write(tmp_path / "first.ndjson", lines[:BEGINNING]), by=OPERATOR)
    later = changed(other, fact={"mrn": PATIENT["fact"]["mrn"]})
    assert refused(store, tmp_path, [later])[1][0] == "patient.mrn-in-use"


def test_a_cohort_takes_no_more_than_it_has_seats(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    for line in lines:
        if line["type"] == "CohortFormed":
            line["fact"]["capacity"] = 2
    cohorts = {line["stream"].partition("/")[2] for line in lines if line["type"] == "CohortFormed"}
    found = refused(store, tmp_path, lines)
    full = [number for number, (rule, _) in found.items() if rule == "cohort.full"]
    assert full
    assert {lines[number - 1]["type"] for number in full} <= {"Enrolled", "CohortAssigned"}
    ledger = store.ledger("lexington")
    taken = {key: ledger.held(SEAT, [Seat(UUID(key), n).value for n in (1, 2, 3)]) for key in cohorts}
    assert all(len(held) == len(set(held.values())) <= 2 for held in taken.values())
    sitting: dict[str, set[str]] = {key: set() for key in cohorts}
    at_most = 0
    for line in exported(store):
        chart, fact = line["stream"], line["fact"]
        if line["type"] in ("Enrolled", "CohortAssigned", "Discharged", "NotAdmitted"):
            for seated in sitting.values():
                seated.discard(chart)
        if line["type"] in ("Enrolled", "CohortAssigned"):
            sitting[fact["cohort_id"]].add(chart)
            at_most = max(at_most, len(sitting[fact["cohort_id"]]))
    assert at_most == 2
    assert {key: set(held.values()) for key, held in taken.items()} == sitting


def test_all_that_is_refused_for_lack_of_a_facility_is_written_out(store: Store, tmp_path: Path) -> None:
    """More lines than wait for a batch, none of them added."""
    lines = sample_lines()[1:]
    found = refused(store, tmp_path, lines + lines)
    assert len(found) == 2 * (FACTS - 1)
    assert store.ledgers() == []


@pytest.mark.parametrize("batch", [1, 3, 40])
def test_what_is_held_back_does_not_depend_on_how_lines_fall_into_batches(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """A batch may still be on its way when the lines that its refused ones hold back are judged."""
    lines = sample_lines()[:300]
    lines[PATIENT["position"] - 1] = changed(PATIENT, fact={"mrn": " "})
    later = [line["position"] for line in lines if line["stream"] == PATIENT["stream"]][1:]
    monkeypatch.setattr(ledger_import, "BATCH_FACTS", batch)
    found = refused(store, tmp_path, lines)
    assert found.pop(PATIENT["position"])[0] == "patient.mrn-missing"
    because = f"Line {PATIENT['position']} of the same stream was refused: put that right first."
    assert found == dict.fromkeys(later, ("line.held-back", because))
