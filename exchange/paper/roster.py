"""The sheet of a session to be signed by hand: who is expected, with room for signature and times. A staff copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from domain.facility import Facility
from domain.record import stream_name
from domain.sheet import RECORDED
from domain.site import fold_cohort, fold_facility
from exchange.cut import utc_text
from exchange.paper.document import Column, Document, Fact, Form, Section, Table, Words
from exchange.paper.telling import count, day_told, instant_told
from exchange.paper.writing import write
from projections.room import Sheet
from store.store import Store

SPARE_PATIENTS: Final = 3
SPARE_STAFF: Final = 2
"""Lines without a name, for whoever comes besides."""

STAFF_COPY: Final = (
    "Staff copy. It names patients of a program for substance use disorders (42 CFR Part 2): keep it out of every "
    "patient's chart, and show nobody the names of others."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a session is held: the site as it stands, and what the session's cohort is called."""

    code: str
    facility: Facility
    cohort: str | None


def printed_roster(store: Store, code: str, session_id: UUID, sheet: Sheet, form: Form) -> bytes:
    """The sheet for signing; at one position it has the same bytes."""
    ledger = store.ledger(code)
    site = stream_name("facility", code)
    cohort_id = sheet.document["session"]["cohort_id"]
    streams = [site] if cohort_id is None else [site, stream_name("cohort", UUID(cohort_id))]
    found = ledger.read(streams, upto=sheet.position)
    cohort = None if cohort_id is None else fold_cohort(UUID(cohort_id), found[streams[1]]).name
    place = Place(code=code, facility=fold_facility(found[site]), cohort=cohort)
    return write(roster_document(session_id, sheet, place), form)


def roster_document(session_id: UUID, sheet: Sheet, place: Place) -> Document:
    """`sheet` names the patients; the document is put together from it alone."""
    if sheet.known_at is None:
        raise LookupError("A session is on record with a time.")
    told: Mapping[str, Any] = sheet.document
    session = told["session"]
    on, name = date.fromisoformat(told["on"]), place.facility.name or place.code
    planned = f"{_clock(session['starts_at'])} to {_clock(session['ends_at'])}"
    kind = ", ".join(_words(session[key]) for key in ("kind", "modality"))
    facts = [
        Fact(label="Session", value=f"{day_told(on)}, {planned}"),
        Fact(label="Kind", value=kind),
        *(Fact(label=label.capitalize(), value=session[label]) for label in ("topic", "room") if session[label]),
        Fact(label="State", value=_words(session["state"])),
        Fact(label="On this sheet", value=_counted(len(told["patients"]), told["counts"]["expected"])),
        Fact(label="Known at", value=instant_told(sheet.known_at, place.facility.clock)),
        Fact(label="Position", value=f"{sheet.position} in the ledger {place.code}"),
        Fact(label="Session's id", value=str(session_id), code=True),
    ]
    of_cohort = "" if place.cohort is None else f", cohort {place.cohort}"
    return Document(
        title=f"Sign-in sheet, {on} {planned}",
        subtitle=f"{name}{of_cohort}",
        facts=tuple(facts),
        sections=(_patients(told), _staff(told)),
        stand=(
            f"{place.code} · sign-in sheet · session {session_id} · known at {utc_text(sheet.known_at)}"
            f" · position {sheet.position}",
            "Staff copy",
        ),
        stands_at=sheet.known_at,
        warning=STAFF_COPY,
    )


def _patients(told: Mapping[str, Any]) -> Section:
    columns = (
        Column(head="Patient", share=4),
        Column(head="MRN", share=3),
        Column(head="Signature", share=5, to_fill=True),
        Column(head="Came", share=2),
        Column(head="Left", share=2),
    )
    rows = [(_called(one), one["mrn"] or "", "", *_times(one)) for one in told["patients"]]
    rows += [("", "", "", "", "")] * SPARE_PATIENTS
    words = Words(text="Each signs for themselves, and for no other. Times that were noted at the door are printed.")
    return Section(title="Patients", blocks=(words, _by_hand("Sign here", columns, rows)))


def _staff(told: Mapping[str, Any]) -> Section:
    columns = (
        Column(head="Staff", share=4),
        Column(head="Role", share=3),
        Column(head="Signature", share=5, to_fill=True),
        Column(head="Came", share=2),
        Column(head="Left", share=2),
    )
    rows = [
        (one["name"] or one["staff_id"], _words(one["role"]), "", _clock(one["arrived_at"]), _clock(one["left_at"]))
        for one in told["staff"]
    ]
    rows += [("", "", "", "", "")] * SPARE_STAFF
    return Section(title="Staff", blocks=(_by_hand("Who was in the room", columns, rows),))


def _by_hand(caption: str, columns: tuple[Column, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    return Table(caption=caption, columns=columns, rows=tuple(rows), by_hand=True)


def _counted(named: int, expected: int) -> str:
    """How many names there are, and which of them the cohort lets expect: those who came besides, or are on record
    without a cohort, stand on the sheet as well."""
    if not named:
        return "no patient so far"
    if expected == named:
        return f"{count(named, 'patient')}, as expected"
    if not expected:
        return f"{count(named, 'patient')}, expected by no cohort"
    return f"{count(named, 'patient')}: {expected} expected, {named - expected} besides"


def _called(patient: Mapping[str, Any]) -> str:
    names = [name for name in (patient["family_name"], patient["given_name"]) if name]
    return ", ".join(names) or str(patient["patient_id"])


def _times(patient: Mapping[str, Any]) -> tuple[str, str]:
    if patient["state"] == RECORDED and patient["arrived_at"] is None:
        return "absent", ""
    return _clock(patient["arrived_at"]), _clock(patient["left_at"])


def _clock(at: str | None) -> str:
    """`18:02`, on the facility's wall."""
    return "" if at is None else f"{datetime.fromisoformat(at):%H:%M}"


def _words(name: str) -> str:
    return name.replace("_", " ")
