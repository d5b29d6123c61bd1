"""A patient is found by number or by name, and nothing by which they are found says who they are."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from store.store import Store
from tests.api.program import NOW, PATIENT, PERSONAL, Site, at
from tests.conftest import Database

pytestmark = pytest.mark.usefixtures("follower")


def named(site: Site, name: str, role: str = "front_desk") -> list[str]:
    position = site.client.app.state.wiring.store.ledger(site.code).head().position
    params = {"name": name, "at_least": f"{site.code}:{position}"}
    return [patient["patient_id"] for patient in site.told(role, "/patients", params=params)["patients"]]


@pytest.mark.parametrize(
    "name",
    ["Ottoline Quillfeather", "quillfeather, OTTOLINE", "  Óttoline   Quill-feather ".replace("l-f", "lf")],
)
def test_a_patient_is_found_by_name_however_it_is_written(site: Site, name: str) -> None:
    patient = site.patient()
    assert named(site, name) == [patient]


@pytest.mark.parametrize("name", ["Ottoline", "Quillfeather", "Otto Quillfeather", "Ottoline Q", "-", "%", "' OR 1=1"])
def test_a_part_of_a_name_finds_nobody(site: Site, name: str) -> None:
    site.patient()
    assert named(site, name) == []


def test_everybody_of_one_name_is_found_and_on_record_as_seen(site: Site) -> None:
    patients = [site.patient("A-1"), site.patient("A-2")]
    assert sorted(named(site, "Ottoline Quillfeather")) == sorted(patients)
    search = site.accesses()[-1]
    assert (search["type"], sorted(search["fact"]["patient_ids"])) == ("SearchMade", sorted(patients))
    assert not any(word in str(search) for word in PERSONAL)


def test_a_corrected_name_finds_the_patient_and_the_former_one_does_not(site: Site) -> None:
    patient = site.patient()
    body = {"family_name": "Núñez-O'Brien", "reason": "Married."}
    corrected = site.done("admissions", f"/patients/{patient}/identity-correction", body).json()
    assert named(site, "ottoline nunez obrien") == [patient]
    assert named(site, "Ottoline Quillfeather") == []
    strike = f"/events/chart/{patient}@{corrected['version']}/entered-in-error"
    site.done("supervisor", strike, {"reason": "Somebody else married."})
    assert named(site, "Ottoline Quillfeather") == [patient]
    assert named(site, "ottoline nunez obrien") == []


def test_the_name_of_a_merged_chart_finds_the_one_that_stays(site: Site) -> None:
    stays = site.patient("A-1")
    goes = site.made("admissions", "/patients", {**PATIENT, "mrn": "A-2", "given_name": "Otty"})
    site.done("supervisor", f"/patients/{stays}/merge", {"from_chart": goes})
    assert named(site, "Otty Quillfeather") == [stays]
    assert named(site, "Ottoline Quillfeather") == [stays]


@pytest.mark.parametrize("params", [{}, {"mrn": "A-1", "name": "Ottoline Quillfeather"}, {"name": ""}])
def test_either_a_number_or_a_name_is_asked_for(site: Site, params: dict[str, str]) -> None:
    response = site.ask("front_desk", "/patients", params=params)
    assert response.status_code == 422
    assert not any(word in response.text for word in PERSONAL)


def test_not_everybody_may_look_for_a_patient(site: Site) -> None:
    assert site.ask("lab", "/patients", params={"name": "Ottoline Quillfeather"}).status_code == 403


def test_no_table_holds_a_name(site: Site, store: Store, database: Database) -> None:
    patient = site.patient()
    site.done("counselor", f"/patients/{patient}/disclosures", {**TOLD, "recipient": "Ottoline's employer"})
    site.done("counselor", f"/patients/{patient}/break-glass", {**OPENED, "reason": "Ottoline is unconscious."})
    site.done("admissions", f"/patients/{patient}/identity-correction", {"given_name": "Otty", "reason": "Ottoline."})
    assert named(site, "Otty Quillfeather") == [patient]
    with psycopg.connect(database.superuser_url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'projection')"
        ).fetchall()
        assert ("projection", "names") in tables
        for table in tables:
            rows = connection.execute(sql.SQL("SELECT line::text FROM {} line").format(sql.Identifier(*table)))
            text = str(rows.fetchall())
            for word in (*PERSONAL, "Otty"):
                assert word not in text, table
                assert word.encode().hex() not in text, table


TOLD = {"purpose": "subpoena", "what": "attendance", "basis": "court_order"}
OPENED = {"nature": "overdose", "until": at(NOW + timedelta(hours=1))}
