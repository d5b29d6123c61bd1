"""Tables written from random live records, in whatever way people write them, bring in the same facts: also when the
import is cut off half-way and run again, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange import importing, ledger_import
from exchange.importing import Stage
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import Values, changed, exported, sample_lines
from tests.exchange.tables import attendance_row, local, mrns, of_type, said, site, table, taken

EXAMPLES = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
REPORTS = ("PresumptiveReported", "DefinitiveReported")
SPECIMEN = ("ScreeningOrdered", "SpecimenCollected", "ValidityReported", *REPORTS)


class Interrupted(Exception):
    """Somebody pulled the plug."""


Site = Callable[[bool], Store]


@pytest.fixture
def fresh(database: Database, keyring: FileKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the site anew, on an emptied database, with batches and chunks so small that any import has several."""
    monkeypatch.setattr(importing, "CHUNK_LINES", 7)
    monkeypatch.setattr(ledger_import, "BATCH_FACTS", 5)
    with ExitStack() as opened:

        def make(charts: bool) -> Store:
            opened.close()
            database.empty()
            store = opened.enter_context(Store(database.app_url, keyring, pool_size=4))
            site(store, tmp_path, charts=charts)
            return store

        yield make


def brought_in(store: Store, path: Path, rows: int, cut: int) -> list[Values]:
    """What the table adds: cut off after so many rows, run again to the end, and once more."""
    before = store.ledger("lexington").head().position

    def progress(stage: Stage, done: int, _of: int) -> None:
        if stage is Stage.RECORDING and done > cut:
            raise Interrupted

    if cut < rows:
        with pytest.raises(Interrupted):
            taken(store, path, progress=progress)
    imported, rejects = taken(store, path)
    assert rejects == []
    lines = exported(store)[before:]
    again, rejects = taken(store, path)
    assert (again.facts, again.skipped, rejects) == (0, rows, [])
    assert len(exported(store)) == before + len(lines)
    assert imported.facts == 0 or lines[-1]["type"] == "ImportCompleted"
    return [line for line in lines if line["type"] != "ImportCompleted"]


# ---- attendance


@st.composite
def written(draw: st.DrawFn) -> dict[str, Any]:
    """A way to write a file."""
    return {
        "mark": draw(st.sampled_from([",", ";", "\t"])),
        "bom": draw(st.booleans()),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
    }


def us(instant: str, seconds: bool = True) -> str:
    at = local(instant)
    fraction = f":{at:%S}" if seconds else ""
    return f"{at.month}/{at.day}/{at.year} {at:%I:%M}{fraction} {at:%p}"


def as_people_write(line: Values, sessions: dict[str, Values]) -> dict[str, Any]:
    """A row without ids, in the sheet's own dates and times."""
    row, fact = attendance_row(line), line["fact"]
    session = sessions[fact["session_id"]]
    starts = local(session["starts_at"])
    row |= {"session_id": "", "date": f"{starts:%m/%d/%Y}", "start": f"{starts:%I:%M%p}".lower()}
    row["cohort"] = COHORTS.get(session.get("cohort_id", ""), "")
    for name, field in (("arrived", "arrived_at"), ("left", "left_at")):
        row[name] = f"{local(fact[field]):%I:%M %p}" if field in fact else ""
    row["staff"] = line["by"]["name"]
    return row


COHORTS = {
    line["stream"].removeprefix("cohort/"): line["fact"]["name"]
    for line in sample_lines()
    if line["type"] == "CohortFormed"
}


def plans() -> dict[str, Values]:
    """Session → its plan, as far as the first months tell."""
    found: dict[str, Values] = {}
    for line in of_type("SessionScheduled", "SessionRescheduled"):
        key = line["stream"].removeprefix("session/")
        found[key] = found.get(key, {}) | line["fact"]
    return found


@given(st.data(), written())
@EXAMPLES
def test_attendance(fresh: Site, tmp_path: Path, data: st.DataObject, how: dict[str, Any]) -> None:
    records, sessions = of_type("AttendanceRecorded"), plans()
    chosen = data.draw(st.lists(st.sampled_from(range(len(records))), min_size=1, max_size=60, unique=True))
    lines = [records[n] for n in chosen]
    rows = []
    for line in lines:
        words = data.draw(st.booleans()) and sessions[line["fact"]["session_id"]].get("cohort_id") is not None
        rows.append(as_people_write(line, sessions) if words else attendance_row(line))
    store = fresh(True)
    path = table(tmp_path / data.draw(st.sampled_from(["a.csv", "a.csv.gz"])), rows, **how)
    added = brought_in(store, path, len(rows), data.draw(st.integers(0, len(rows))))
    assert said(added, "AttendanceRecorded") == said(lines, "AttendanceRecorded")
    check_admissions(exported(store), sessions)


def check_admissions(lines: list[Values], sessions: dict[str, Values]) -> None:
    """Live are those, and only those, of the first session attended of each chart, whatever came first."""
    first: dict[str, datetime] = {}
    for line in lines:
        if line["type"] == "AttendanceRecorded" and line["fact"]["outcome"] == "attended":
            at = local(sessions[line["fact"]["session_id"]]["starts_at"])
            first[line["stream"]] = min(at, first.get(line["stream"], at))
    struck = {(line["stream"], line["fact"]["target"]) for line in lines if line["type"] == "EnteredInError"}
    admitted = {
        line["stream"]: line["fact"]["on"]
        for line in lines
        if line["type"] == "Admitted" and (line["stream"], line["version"]) not in struck
    }
    assert admitted == {chart: str(at.date()) for chart, at in first.items()}


# ---- patients

_NAME = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=12).map(str.strip)


@given(st.data(), written())
@EXAMPLES
def test_patients(fresh: Site, tmp_path: Path, data: st.DataObject, how: dict[str, Any]) -> None:
    registered, inquiries = of_type("PatientRegistered"), of_type("InquiryReceived")
    chosen = data.draw(st.lists(st.sampled_from(range(len(registered))), min_size=1, max_size=20, unique=True))
    expected, rows = [], []
    for n in chosen:
        name = data.draw(_NAME.filter(bool))
        line = changed(
            registered[n], fact={"given_name": name, "address": data.draw(st.sampled_from(["a\nb", '"', "x;y,z"]))}
        )
        [inquiry] = [one for one in inquiries if one["stream"] == line["stream"]]
        fact = line["fact"]
        row = {name: fact.get(name, "") for name in ("mrn", "given_name", "family_name", "sex", "phone", "address")}
        row |= {"DOB": us(fact["birth_date"] + "T12:00:00-05:00").split()[0], "Staff": line["by"]["name"]}
        row |= {"Recorded At": us(line["recorded_at"]), "First Contact": "", "Referral Source": ""}
        expected.append(line)
        if data.draw(st.booleans()):
            # Both are recorded at the time of the row.
            row["First Contact"] = us(inquiry["fact"]["first_contact_at"])
            row["Referral Source"] = inquiry["fact"]["referral_source"]
            expected.append(inquiry)
        rows.append(row)
    store = fresh(False)
    path = table(tmp_path / "p.csv", rows, **how)
    added = brought_in(store, path, len(rows), data.draw(st.integers(0, len(rows))))
    assert anonymous(said(added, "PatientRegistered", "InquiryReceived")) == anonymous(
        said(expected, "PatientRegistered", "InquiryReceived")
    )
    charts = {line["fact"].get("mrn"): line["stream"] for line in added if line["type"] == "PatientRegistered"}
    again = fresh(False)
    brought_in(again, path, len(rows), len(rows))
    assert charts == {
        line["fact"]["mrn"]: line["stream"] for line in exported(again) if line["type"] == "PatientRegistered"
    }


def anonymous(told: list[Any]) -> list[Any]:
    """Without the chart, whose id a table doesn't say."""
    return sorted((one[1:] for one in told), key=str)


# ---- screenings


def specimen_rows(screening: str) -> tuple[list[Values], list[dict[str, Any]]]:
    """The facts of a screening, and its rows: the collection, then each report, then the validity."""
    lines = [line for line in of_type(*SPECIMEN) if line["fact"]["screening_id"] == screening]
    [ordered] = [line for line in lines if line["type"] == "ScreeningOrdered"]
    [collected] = [line for line in lines if line["type"] == "SpecimenCollected"]
    fact = collected["fact"]
    every = {
        "mrn": mrns()[collected["stream"]],
        "accession": fact["accession"],
        "collected at": us(fact["collected_at"]),
        "matrix": fact["matrix"],
        "observed": "yes" if fact["observed"] else "N",
    }
    first = {**every, "staff": collected["by"]["name"], "recorded_at": collected["recorded_at"]}
    rows = [
        {**first, "panel": "; ".join(ordered["fact"]["panel"]), "random": "x" if ordered["fact"]["random"] else "no"}
    ]
    for line in lines:
        by = {"staff": line["by"]["name"] if line["by"]["role"] != "lab" else first["staff"]}
        by["recorded_at"] = line["recorded_at"]
        if line["type"] == "ValidityReported":
            measured = {name: value for name, value in line["fact"].items() if not name.endswith("_id")}
            rows.append({**every, **by, **{name: _cell(value) for name, value in measured.items()}})
        for result in line["fact"].get("analytes", ()):
            told = {name: _cell(value) for name, value in result.items()}
            kind = "definitive" if line["type"] == "DefinitiveReported" else "Screen"
            rows.append({**every, **by, **told, "kind": kind, "reported_at": line["fact"]["at"]})
    return lines, rows


def _cell(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value


COLLECTED = [line["fact"]["screening_id"] for line in of_type("SpecimenCollected")]


@given(st.data(), written())
@EXAMPLES
def test_screenings(fresh: Site, tmp_path: Path, data: st.DataObject, how: dict[str, Any]) -> None:
    chosen = data.draw(st.lists(st.sampled_from(COLLECTED), min_size=1, max_size=12, unique=True))
    expected: list[Values] = []
    rows: list[dict[str, Any]] = []
    for screening in chosen:
        lines, told = specimen_rows(screening)
        expected += lines
        rows += told
    store = fresh(True)
    path = table(tmp_path / "s.csv", rows, **how)
    added = brought_in(store, path, len(rows), data.draw(st.integers(0, len(rows))))
    for kind in SPECIMEN[1:]:
        assert said(added, kind) == said(expected, kind)
    # Who ordered, a table doesn't say: it is whoever collected.
    ordered = [said(lines, "ScreeningOrdered") for lines in (added, expected)]
    assert [one[:3] for one in ordered[0]] == [one[:3] for one in ordered[1]]
