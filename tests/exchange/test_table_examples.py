"""The example of each table in the documentation comes in as it stands, and the page names all that is known."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from docs.csv_import import ROOT, page, refusals
from exchange.csv_columns import TABLES, plain, spelt
from store.store import Store
from tests.exchange.program_file import Values, exported
from tests.exchange.tables import site, taken

EXAMPLES = ROOT / "docs" / "examples"


def added(store: Store, folder: Path, name: str, packed: bool = False) -> list[Values]:
    """What the example adds: it is copied, since the rejects are written beside it."""
    text = (EXAMPLES / f"{name}.csv").read_bytes()
    path = folder / (f"{name}.csv.gz" if packed else f"{name}.csv")
    path.write_bytes(gzip.compress(text) if packed else text)
    before = store.ledger("lexington").head().position
    imported, rejects = taken(store, path)
    assert rejects == []
    *lines, closing = exported(store)[before:]
    assert closing["type"] == "ImportCompleted"
    assert imported.facts == len(lines) == closing["fact"]["facts"]
    return lines


def test_patients(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path, charts=False)
    registered, inquiry, other, carried = added(store, tmp_path, "patients")
    assert registered["fact"] == {
        "mrn": "SYN-EX-1",
        "given_name": "Testa",
        "family_name": "Simulacrum-9001",
        "birth_date": "1999-11-13",
        "sex": "female",
        "phone": "555-0101",
        "address": "1 Synthetic Row\nLexington",
        "emergency_contact": "Testo 555-0102",
    }
    assert registered["recorded_elsewhere_at"] == "2026-03-02T15:00:00.000000Z"
    assert registered["by"]["role"] == "intake_clinician"
    assert inquiry["fact"] | {"episode_id": ""} == {
        "episode_id": "",
        "first_contact_at": "2026-03-02T09:30:00-05:00",
        "referral_source": "court",
    }
    assert inquiry["stream"] == registered["stream"] != other["stream"] == carried["stream"]
    assert (carried["type"], carried["fact"]["admitted_on"]) == ("EpisodeCarriedOver", "2026-02-02")
    assert (carried["by"]["name"], carried["source"]) == ("Demo Supervisor", "import")


def test_attendance(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    came, admitted, stayed_away = added(store, tmp_path, "attendance", packed=True)
    assert came["fact"]["arrived_at"] == "2026-02-18T08:56:00-05:00"
    assert came["fact"]["session_id"] == "f3dbb40e-c6a7-4778-8981-a140bd8c28a3"
    assert (admitted["type"], admitted["fact"]["on"]) == ("Admitted", "2026-02-18")
    assert admitted["causation_id"] == f"{came['stream']}@{came['version']}"
    assert (stayed_away["fact"]["outcome"], stayed_away["reason"]) == ("absent_unexcused", "sheet was mislaid")


def test_screenings(store: Store, tmp_path: Path) -> None:
    site(store, tmp_path)
    ordered, collected, presumptive, definitive, validity = added(store, tmp_path, "screenings")
    assert (ordered["fact"]["panel"], ordered["fact"]["random"]) == (["amphetamines", "fentanyl"], True)
    assert (collected["fact"]["accession"], collected["fact"]["observed"]) == ("EX-1", True)
    assert [one["loinc"] for one in presumptive["fact"]["analytes"]] == ["19261-7", "58379-9"]
    assert presumptive["by"]["name"] == "E. Staff07"
    assert definitive["fact"]["analytes"][0]["value_ng_ml"] == 10
    assert definitive["by"] == {"id": "system", "name": "Lab interface", "role": "lab", "credential": None}
    assert definitive["recorded_elsewhere_at"] == "2026-02-20T00:07:00.000000Z"
    assert validity["fact"]["creatinine_mg_dl"] == 212.8


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_two_columns_of_a_table_are_spelt_alike(table: object) -> None:
    [found] = [one for one in TABLES if one is table]
    spellings = [name for column in found.columns for name in (column.name, *column.spellings)]
    assert len(spellings) == len(set(spellings)) == len(spelt(found))
    assert [plain(name) for name in spellings] == spellings


def test_the_page_names_every_column_and_every_refusal() -> None:
    text = page()
    assert all(f"| `{column.name}` |" in text for table in TABLES for column in table.columns)
    rules = {rule for rule, _ in refusals()}
    assert {"line.differs", "line.unknown-patient", "line.hour-twice", "line.held-back"} <= rules
    assert all(f"| `{rule}` |" in text for rule in {"line.malformed", *rules})
