"""Files and reports of a site where a chart was destroyed: they go on without it, and say that they do."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.chart import fold
from domain.claims import MRN
from domain.key_destruction import KeyDestroyed
from domain.legal_hold import LegalHoldReleased, LegalHoldSet
from domain.record import Envelope, Person, Source, stream_name, stream_uuid
from domain.staff import StaffCredentialed
from domain.week import Week
from exchange import replay, reports, screenings
from exchange.errors import NotRestored
from exchange.exporting import export_facts
from exchange.importing import import_file
from exchange.reports import Question
from exchange.restoring import restore_file
from projections import room
from store.append import NewFact
from store.keys import FileKeyring
from store.store import Store
from tests.exchange.program_file import FACTS, OPERATOR, SAMPLE, Values, exported, read_rejects, sample_lines, write

SITE = "facility/lexington"
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
OFFICER = Person(f"staff/{UUID(int=0xC0)}", "C. Omply", "compliance_officer")
REGISTRAR = Person(f"staff/{UUID(int=0xC1)}", "O. Registrar", "administrator")
COURT = "Fayette Circuit Court, 26-CI-00417"
ADDED = 4
"""Facts of the site about it: the officer, a hold, its release, the destruction."""


def site_facts(patient_id: UUID) -> list[tuple[Person, Any]]:
    on = datetime(2026, 6, 1, tzinfo=UTC).date()
    listed = StaffCredentialed(
        staff_id=UUID(int=0xC0), name=OFFICER.name, role=OFFICER.role, credential=None, valid_from=on.replace(year=2020)
    )
    return [
        (REGISTRAR, listed),
        (OFFICER, LegalHoldSet(patient_id=patient_id, on=on, authority=COURT)),
        (OFFICER, LegalHoldReleased(patient_id=patient_id, on=on, authority=COURT)),
        (OFFICER, KeyDestroyed(patient_id=patient_id, authority="Schedule of retention")),
    ]


def destroy(store: Store, patient_id: UUID) -> None:
    ledger, chart = store.ledger("lexington"), stream_name("chart", patient_id)
    version = len(ledger.read([SITE])[SITE])
    at = len(ledger.read([chart])[chart])
    for by, fact in site_facts(patient_id):
        envelope = Envelope(by=by, source=Source.API, correlation_id=UUID(int=1), reason="Told in a test.")
        reads = {SITE: version, chart: at}
        version += 1
        ledger.append([NewFact(stream=SITE, version=version, envelope=envelope, fact=fact)], reads=reads)


def discharged(store: Store) -> UUID:
    """Somebody of the sample who attended, was discharged, and has a screening."""
    ledger = store.ledger("lexington")
    for stream, entries in ledger.read(ledger.streams("chart")).items():
        chart = fold(stream_uuid(stream), entries)
        if chart.attendances and chart.screenings and all(e.discharge for e in chart.episodes.values()):
            return chart.patient_id
    raise AssertionError("The sample has somebody like this.")


@pytest.fixture
def patient(store: Store) -> UUID:
    """The sample program, in which this patient's chart was destroyed."""
    restore_file(store, SAMPLE, by=OPERATOR)
    found = discharged(store)
    destroy(store, found)
    return found


@pytest.fixture
def elsewhere(make_database: Callable[[], Any], keyring: FileKeyring) -> Iterator[Store]:
    with Store(make_database().app_url, keyring, pool_size=4) as opened:
        yield opened


def of(patient: UUID) -> list[Values]:
    return [line for line in sample_lines() if line["stream"] == stream_name("chart", patient)]


def test_an_export_says_of_its_facts_what_stands_in_plain(store: Store, patient: UUID) -> None:
    out = io.BytesIO()
    written = export_facts(store, "lexington", out=out)
    lines, own = exported(store), of(patient)
    assert written.rows == len(lines) == FACTS + 1 + ADDED
    assert written.destroyed == len(own) > 5
    assert [line["position"] for line in lines] == list(range(1, len(lines) + 1))
    hollow = [line for line in lines if "fact" not in line]
    plain = ("ledger", "position", "stream", "version", "type", "recorded_at")
    assert hollow == [{name: line[name] for name in plain} for line in own]
    text = out.getvalue()
    identity = next(line["fact"] for line in own if line["type"] == "PatientRegistered")
    assert identity["mrn"].encode() not in text
    others = [line for line in sample_lines() if line["stream"] != own[0]["stream"]]
    assert [line for line in lines[:FACTS] if "fact" in line] == others


def test_it_is_restored_elsewhere_and_comes_out_the_same(
    store: Store, patient: UUID, elsewhere: Store, tmp_path: Path
) -> None:
    lines = exported(store)
    restore_file(elsewhere, write(tmp_path / "whole.ndjson", lines), by=OPERATOR)
    assert exported(elsewhere)[:-1] == lines
    assert elsewhere.ledger("lexington").destroyed() == {stream_name("chart", patient)}


def test_a_line_without_its_fact_is_restored_only_where_its_chart_was_destroyed(
    store: Store, patient: UUID, elsewhere: Store, tmp_path: Path
) -> None:
    lines = [line for line in exported(store) if line["type"] != "KeyDestroyed"]
    first = of(patient)[0]["position"]
    with pytest.raises(NotRestored, match=rf"^Line {first}: Its fact is missing"):
        restore_file(elsewhere, write(tmp_path / "broken.ndjson", lines), by=OPERATOR)
    for spoiled in (
        {**lines[first - 1], "version": 0},
        {**lines[first - 1], "stream": SITE},
        {**lines[first - 1], "recorded_at": "yesterday"},
        {**lines[first - 1], "type": "SessionHeld"},
        {**lines[first - 1], "more": 1},
    ):
        path = write(tmp_path / "spoiled.ndjson", [*lines[: first - 1], spoiled, *lines[first:]])
        with pytest.raises(NotRestored, match=rf"^Line {first}: "):
            restore_file(elsewhere, path, by=OPERATOR)
    assert elsewhere.ledgers() == []


def test_it_is_imported_into_its_own_ledger_without_a_change(store: Store, patient: UUID, tmp_path: Path) -> None:
    before = exported(store)
    done = import_file(store, write(tmp_path / "own.ndjson", before), by=OPERATOR)
    assert (done.facts, done.rejects, done.destroyed) == (0, 0, len(of(patient)))
    assert exported(store) == before


def test_it_is_imported_into_another_without_what_is_gone(
    store: Store, patient: UUID, elsewhere: Store, tmp_path: Path
) -> None:
    """The holds and the end of a chart that a file tells nothing of come in; so do all others."""
    lines = [line for line in exported(store) if line["type"] != "LedgerRestored"]
    rejects = tmp_path / "rejects.ndjson"
    done = import_file(elsewhere, write(tmp_path / "other.ndjson", lines), by=OPERATOR, rejects=rejects)
    assert read_rejects(rejects) == []
    own = len(of(patient))
    assert (done.facts, done.destroyed) == (FACTS - own + ADDED, own)
    there = elsewhere.ledger("lexington")
    assert there.destroyed() == {stream_name("chart", patient)}
    assert len(there.streams("chart")) == len(store.ledger("lexington").streams("chart"))
    again = import_file(elsewhere, tmp_path / "other.ndjson", by=OPERATOR)
    assert (again.facts, again.rejects) == (0, 0)


def test_an_older_file_brings_nothing_of_it_back(store: Store, patient: UUID, tmp_path: Path) -> None:
    """All others are in already; of the destroyed chart every line is refused, the first by name."""
    rejects = tmp_path / "rejects.ndjson"
    done = import_file(store, SAMPLE, by=OPERATOR, rejects=rejects)
    own = of(patient)
    assert (done.facts, done.rejects) == (0, len(own))
    assert {line["rule"] for line in read_rejects(rejects)} == {"chart.destroyed"}
    assert store.ledger("lexington").read([own[0]["stream"]])[own[0]["stream"]] == []


def test_a_file_that_ends_a_chart_which_is_here_ends_it(
    store: Store, patient: UUID, elsewhere: Store, tmp_path: Path
) -> None:
    import_file(elsewhere, SAMPLE, by=OPERATOR)
    chart = stream_name("chart", patient)
    assert elsewhere.ledger("lexington").read([chart])[chart]
    lines = [line for line in exported(store) if line["type"] != "LedgerRestored"]
    done = import_file(elsewhere, write(tmp_path / "later.ndjson", lines), by=OPERATOR)
    assert (done.facts, done.rejects) == (ADDED, 0)
    assert elsewhere.ledger("lexington").read([chart])[chart] == []
    assert elsewhere.ledger("lexington").holder(MRN, of(patient)[0]["fact"]["mrn"]) == chart


def test_reports_go_on_without_it_and_count_it(store: Store, patient: UUID, restored: Store) -> None:
    episode = fold(patient, restored.ledger("lexington").read([stream_name("chart", patient)]).popitem()[1]).episodes
    [first, *_] = [known.admission.on for known in episode.values() if known.admission is not None]
    week = Week.of(first)
    before = reports.answer(restored, "lexington", week, now=NOW)
    after = reports.answer(store, "lexington", week, now=NOW)
    assert (before.header.charts_destroyed, after.header.charts_destroyed) == (0, 1)
    assert after.header.record()["charts_destroyed"] == 1
    assert any(row.subject_id == str(patient) for row in before.rows)
    kept = [row for row in before.rows if row.subject == "patient" and row.subject_id != str(patient)]
    assert [row for row in after.rows if row.subject == "patient"] == kept
    known_at = before.header.known_at
    early = restored.ledger("lexington").facts(limit=1)[0].recorded_at
    # At a cut before the chart began there was nothing of it that could be missed; later ones miss it, also those
    # before it was destroyed.
    assert (
        reports.answer(store, "lexington", week, now=NOW, asked=Question(known_at=early)).header.charts_destroyed == 0
    )
    assert (
        reports.answer(store, "lexington", week, now=NOW, asked=Question(known_at=known_at)).header.charts_destroyed
        == 1
    )


def test_rosters_and_histories_go_on_without_it(store: Store, patient: UUID, restored: Store) -> None:
    sessions = {UUID(line["fact"]["session_id"]) for line in of(patient) if line["type"] == "AttendanceRecorded"}
    for session in sorted(sessions)[:3]:
        before = room.answer(restored, "lexington", session, now=NOW)
        after = room.answer(store, "lexington", session, now=NOW)
        assert before is not None
        assert after is not None
        assert patient in before.patient_ids
        assert set(after.patient_ids) == set(before.patient_ids) - {patient}
    for answer in (replay.answer, screenings.answer):
        assert answer(store, "lexington", patient, now=NOW) is None
    known = replace(store.ledger("lexington").head())
    assert replay.answer(store, "lexington", patient, now=NOW, known_at=known.recorded_at) is None
