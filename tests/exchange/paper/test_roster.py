"""The sheet of a session to be signed, out of a real ledger: who is on it, what is left to be written by hand."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID

import pytest
from pypdf import PdfReader

from domain.session import SessionScheduled
from exchange.paper.document import Form, Table
from exchange.paper.roster import SPARE_PATIENTS, SPARE_STAFF, STAFF_COPY, Place, printed_roster, roster_document
from exchange.paper.writing import write
from projections import room
from projections.room import Sheet
from store.store import Store
from tests.exchange.paper.given import HOSTILE, text_of
from tests.sample_program import sample, site_of

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
GROUP = UUID("929c56b0-08dd-48e9-aaef-4ea197417424")
"""Held on Monday, 13 April 2026 from 19:00 to 21:00 for the cohort Evening A 1."""


@pytest.fixture
def sheet(restored: Store) -> Sheet:
    found = room.answer(restored, "lexington", GROUP, now=NOW)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def place() -> Place:
    return Place(code="lexington", facility=site_of(sample()).facility, cohort="Evening A 1")


def table(sheet: Sheet, place: Place, title: str) -> Table:
    [section] = [one for one in roster_document(GROUP, sheet, place).sections if one.title == title]
    found = section.blocks[-1]
    assert isinstance(found, Table)
    return found


def test_it_names_who_is_on_the_sheet_with_room_to_sign_and_a_few_lines_more(sheet: Sheet, place: Place) -> None:
    patients = sheet.document["patients"]
    assert len(patients) == 3
    found = table(sheet, place, "Patients")
    named = [(f"{one['family_name']}, {one['given_name']}", one["mrn"], "") for one in patients]
    assert [line[:3] for line in found.rows] == [*named, *[("", "", "")] * SPARE_PATIENTS]
    assert [column.head for column in found.columns if column.to_fill] == ["Signature"]
    assert found.by_hand


def test_it_prints_the_times_that_are_known_and_leaves_the_others_to_ink(sheet: Sheet, place: Place) -> None:
    assert [line[3:] for line in table(sheet, place, "Patients").rows][:3] == [("19:00", "21:00")] * 3
    first, second, third = sheet.document["patients"]
    absent = {**first, "arrived_at": None, "left_at": None, "outcome": "absent_excused"}
    expected = {**second, "state": "expected", "arrived_at": None, "left_at": None}
    here = {**third, "state": "in_the_room", "left_at": None}
    changed = replace(sheet, document={**sheet.document, "patients": [absent, expected, here]})
    lines = table(changed, place, "Patients").rows
    assert [line[3:] for line in lines[:3]] == [("absent", ""), ("", ""), ("19:00", "")]
    assert not any("excused" in cell for line in lines for cell in line)


def head(sheet: Sheet, place: Place) -> str:
    [said] = [fact.value for fact in roster_document(GROUP, sheet, place).facts if fact.label == "On this sheet"]
    return said


def test_the_head_counts_the_names_below_and_says_which_were_expected(sheet: Sheet, place: Place) -> None:
    one = sheet.document["patients"][0]

    def of(*expected: bool) -> Sheet:
        patients = [{**one, "expected": due} for due in expected]
        counts = {**sheet.document["counts"], "expected": sum(expected)}
        return replace(sheet, document={**sheet.document, "patients": patients, "counts": counts})

    assert head(of(True, True, True), place) == "3 patients, as expected"
    assert head(of(True), place) == "1 patient, as expected"
    assert head(of(True, False, True, False), place) == "4 patients: 2 expected, 2 besides"
    assert head(of(False), place) == "1 patient, expected by no cohort"
    assert head(of(), place) == "no patient so far"


def test_the_head_is_true_of_sessions_of_all_the_sample(
    restored: Store, place: Place, pytestconfig: pytest.Config
) -> None:
    """Of every seventh, in full form of each: cohorts take turns with fewer than that."""
    sessions = [UUID(f.stream.removeprefix("session/")) for f in sample() if isinstance(f.fact, SessionScheduled)]
    besides = 0
    for session_id in sessions if pytestconfig.option.full else sessions[::7]:
        found = room.answer(restored, "lexington", session_id, now=NOW)
        assert found is not None
        said = head(found, place)
        named = [line for line in table(found, place, "Patients").rows if line[0]]
        assert said.startswith(f"{len(named)} patient" if named else "no patient")
        besides += " besides" in said
    assert besides


def test_staff_signs_too(sheet: Sheet, place: Place) -> None:
    lines = table(sheet, place, "Staff").rows
    assert [line[:2] for line in lines] == [
        ("R. Staff06", "lead"),
        ("E. Staff07", "co lead"),
        *[("", "")] * SPARE_STAFF,
    ]


@pytest.mark.parametrize("form", Form)
def test_what_is_printed_says_what_it_is_and_that_it_is_a_staff_copy(restored: Store, sheet: Sheet, form: Form) -> None:
    written = printed_roster(restored, "lexington", GROUP, sheet, form)
    if form is Form.PDF:
        text = text_of(written)
        assert all("Staff copy" in page.extract_text() for page in PdfReader(BytesIO(written)).pages)
    else:
        parsed = ET.fromstring(written.removeprefix(b"<!DOCTYPE html>\n"))
        text = " ".join(" ".join(parsed.itertext()).split())
    for said in (
        "Sign-in sheet, 2026-04-13 19:00 to 21:00",
        "Lexington IOP (synthetic), cohort Evening A 1",
        "Monday, April 13, 2026",
        STAFF_COPY,
        str(GROUP),
        f"position {sheet.position}",
        "Syntheticson-0006, Notreal",
        "SYN-LEX-00006",
    ):
        assert said in text


def test_at_one_position_it_has_the_same_bytes_whenever_it_is_asked_for(restored: Store) -> None:
    for form in Form:
        on_time, later = (
            printed_roster(restored, "lexington", GROUP, found, form)
            for now in (datetime(2026, 4, 13, 23, tzinfo=UTC), NOW)
            if (found := room.answer(restored, "lexington", GROUP, now=now)) is not None
        )
        assert on_time == later


def test_a_session_without_a_cohort_has_a_sheet_too(restored: Store) -> None:
    alone = next(
        UUID(fact.stream.removeprefix("session/"))
        for fact in sample()
        if isinstance(fact.fact, SessionScheduled) and fact.fact.cohort_id is None
    )
    found = room.answer(restored, "lexington", alone, now=NOW)
    assert found is not None
    assert b"cohort " not in printed_roster(restored, "lexington", alone, found, Form.HTML).split(b"<main>")[0]


def test_whatever_people_are_called_the_sheet_is_whole(sheet: Sheet, place: Place) -> None:
    one = sheet.document["patients"][0]
    patients = [{**one, "family_name": name, "given_name": name, "mrn": name[:40]} for name in HOSTILE]
    staff = [{**sheet.document["staff"][0], "name": name} for name in HOSTILE]
    session = {**sheet.document["session"], "topic": HOSTILE[0], "room": HOSTILE[1]}
    told = {**sheet.document, "patients": patients, "staff": staff, "session": session}
    document = roster_document(GROUP, replace(sheet, document=told), replace(place, cohort=HOSTILE[2]))
    page = ET.fromstring(write(document, Form.HTML).removeprefix(b"<!DOCTYPE html>\n"))
    assert len(page.findall(".//tbody/tr")) == 2 * len(HOSTILE) + SPARE_PATIENTS + SPARE_STAFF
    assert not list(page.iter("script"))
    assert PdfReader(BytesIO(write(document, Form.PDF))).trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_who_has_no_name_on_record_is_called_by_id(sheet: Sheet, place: Place) -> None:
    one = {**sheet.document["patients"][0], "family_name": None, "given_name": None, "mrn": None}
    changed = replace(sheet, document={**sheet.document, "patients": [one]})
    assert table(changed, place, "Patients").rows[0][:2] == (one["patient_id"], "")
