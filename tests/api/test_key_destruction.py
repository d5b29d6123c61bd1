"""The end of a chart over HTTP: destroyed under authority, gone for whoever asks, missed by nobody else's work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from projections.follower import lag
from store.store import Store
from tests.api.program import CONSENT, LATE, PATIENT, PERSONAL, TODAY, Site, chart

AUTHORITY = "Schedule of retention, seven years over"
COURT = "Fayette Circuit Court, 26-CI-00417"


def destroy(site: Site, patient: str, *, purpose: str | None = "operations", role: str = "compliance_officer") -> Any:
    headers = {} if purpose is None else {"Purpose_Of_Use": purpose}
    body = {"patient_id": patient, "authority": AUTHORITY}
    return site.send(role, f"/facilities/{site.code}/key-destructions", body, **headers)


def refused(response: Any) -> str:
    assert response.status_code == 409, response.text
    rule: str = response.json()["rule"]
    return rule


@pytest.fixture
def gone(site: Site) -> dict[str, str]:
    """The ids of a chart with a story, discharged and destroyed."""
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.hold(session)
    site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session))
    screening = site.made("counselor", f"/episodes/{episode}/screenings", {"panel": ["opiates"], "random": True})
    consent = site.made("counselor", f"/patients/{patient}/consents", CONSENT)
    assert refused(destroy(site, patient)) == "key.open-episode"
    leaving = {"on": str(TODAY), "last_service_on": str(TODAY), "reason": "dropped_out"}
    site.done("counselor", f"/episodes/{episode}/discharge", {**leaving, "entry_reason": LATE, "reason": "dropped_out"})
    assert destroy(site, patient).status_code == 201
    return {"patient": patient, "episode": episode, "session": session, "screening": screening, "consent": consent}


QUESTIONS = ("status", "history", "screenings", "disclosures", "compliance")


def asked(site: Site, patient: str, question: str, **params: Any) -> Any:
    params |= {"basis": "part2"} if question == "disclosures" else {}
    return site.ask("compliance_officer", f"/patients/{patient}/{question}", params=params)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.usefixtures("follower")
def test_whoever_asks_for_it_is_told_that_it_was_destroyed_and_that_is_on_record(
    site: Site, gone: dict[str, str], question: str
) -> None:
    reads = [line for line in site.accesses() if line["type"] == "ChartRead"]
    for params in ({}, {"as_of": str(TODAY)}, {"known_at": "2100-01-01T00:00:00Z"}):
        response = asked(site, gone["patient"], question, **params)
        assert response.status_code == 410, response.text
        problem = response.json()
        assert problem["type"] == "urn:stepdown:problem:destroyed"
        assert "destroyed under authority" in problem["detail"]
        assert not any(word in response.text for word in PERSONAL)
    read = [line["fact"] for line in site.accesses() if line["type"] == "ChartRead"][len(reads) :]
    assert [(fact["patient_id"], fact["what"], fact["at_version"]) for fact in read] == [
        (gone["patient"], f"read_{question}", 0)
    ] * 3


@pytest.mark.usefixtures("follower")
def test_a_document_that_is_at_hand_is_sent_no_more(site: Site) -> None:
    patient = site.patient()
    for _ in range(3):
        assert asked(site, patient, "status").status_code == 200
    assert destroy(site, patient).status_code == 201
    assert asked(site, patient, "status").status_code == 410


def test_commands_on_it_are_refused_by_name(site: Site, gone: dict[str, str]) -> None:
    today = {"on": str(TODAY)}
    commands = [
        ("counselor", f"/patients/{gone['patient']}/amendments", {"what": "The date.", **today}),
        ("admissions", f"/patients/{gone['patient']}/identity-correction", {"family_name": "Lark", "reason": LATE}),
        ("counselor", f"/episodes/{gone['episode']}/triggers", {"text": "payday"}),
        ("counselor", f"/screenings/{gone['screening']}/review", today),
        ("counselor", f"/consents/{gone['consent']}/revocation", today),
        ("supervisor", f"/events/{chart(gone['patient'])}@1/entered-in-error", {"reason": "Wrong person."}),
        ("counselor", f"/sessions/{gone['session']}/arrivals", {"patient_id": gone["patient"]}),
    ]
    for role, path, body in commands:
        assert refused(site.send(role, path, body)) == "chart.destroyed", path
    line = {"patient_id": gone["patient"], "outcome": "absent_unexcused"}
    roster = site.send("counselor", f"/sessions/{gone['session']}/roster", {"lines": [line], "reason": LATE})
    assert refused(roster)
    assert [one["rule"] for one in roster.json()["lines"]] == ["chart.destroyed"]
    assert refused(destroy(site, gone["patient"])) == "key.already-destroyed"
    held = {"patient_id": gone["patient"], "on": str(TODAY), "authority": COURT}
    hold = site.send("compliance_officer", f"/facilities/{site.code}/legal-holds", held)
    assert refused(hold) == "legal-hold.unknown-chart"


def test_a_command_that_is_sent_again_still_gets_its_first_receipt(site: Site) -> None:
    first = site.send("admissions", "/patients", PATIENT, key="once")
    patient = first.json()["stream"].partition("/")[2]
    assert destroy(site, patient).status_code == 201
    again = site.send("admissions", "/patients", PATIENT, key="once")
    assert (again.status_code, again.json()) == (201, first.json())


@pytest.mark.usefixtures("follower")
def test_look_ups_find_nobody_and_the_number_stays_taken(site: Site, gone: dict[str, str]) -> None:
    name = f"{PATIENT['given_name']} {PATIENT['family_name']}"
    for params in ({"mrn": PATIENT["mrn"]}, {"name": name}):
        assert site.told("admissions", "/patients", params=params)["patients"] == []
    assert refused(site.send("admissions", "/patients", PATIENT)) == "patient.mrn-in-use"
    namesake = site.patient("MRN-8")
    position = site.told("counselor", f"/facilities/{site.code}/census", params={"known_at": "2100-01-01T00:00:00Z"})
    seen = {"name": name, "at_least": f"{site.code}:{position['position']}"}
    found = site.told("admissions", "/patients", params=seen)["patients"]
    assert [patient["patient_id"] for patient in found] == [namesake]


@pytest.mark.usefixtures("follower")
def test_everybody_elses_lists_go_on(site: Site, gone: dict[str, str], store: Store) -> None:
    other, episode = site.enrolled(site.cohort_id, "MRN-2")
    site.done("counselor", f"/episodes/{episode}/attendance", site.attended(gone["session"]))
    head = f"{site.code}:{store.ledger(site.code).head().position}"
    census = site.told("counselor", f"/facilities/{site.code}/census", params={"at_least": head})
    assert [row["patient_id"] for row in census["rows"]] == [other]
    assert lag(store).set_aside == 0
    roster = site.told("counselor", f"/sessions/{gone['session']}/roster")
    assert [row["patient_id"] for row in roster["patients"]] == [other]
    iso = TODAY.isocalendar()
    week = f"{iso.year}-W{iso.week:02}"
    path = f"/facilities/{site.code}/reports/weekly"
    report = site.told("compliance_officer", path, params={"week": week})
    assert report["charts_destroyed"] == 1
    assert {row["subject_id"] for row in report["rows"] if row["subject"] == "patient"} == {other}
    site.done("counselor", f"/sessions/{site.session(site.cohort_id)}/cancellation", {"cause": "weather"})
    facts = site.ask("compliance_officer", f"/ledgers/{site.code}/facts", params={"limit": 2000})
    lines = [line for line in facts.text.splitlines() if gone["patient"] in line]
    assert sum('"fact"' not in line for line in lines) > 5
    assert not any(word in facts.text for word in (PATIENT["mrn"],))


def test_a_destruction_says_by_whom_for_what_and_by_what_right(site: Site) -> None:
    patient = site.patient()
    silent = destroy(site, patient, purpose=None)
    assert silent.status_code == 422
    assert [error["field"] for error in silent.json()["errors"]] == ["header.Purpose-Of-Use"]
    assert destroy(site, patient, purpose="audit").status_code == 403
    assert destroy(site, patient, role="counselor").status_code == 403
    receipt = destroy(site, patient)
    assert receipt.status_code == 201
    assert receipt.json()["stream"] == f"facility/{site.code}"
    route = site.client.send("GET", "/openapi.json").json()["paths"]["/v1/facilities/{code}/key-destructions"]["post"]
    assert route["operationId"] == "destroy_key"
    [purpose] = [one for one in route["parameters"] if one["name"] == "Purpose-Of-Use"]
    assert purpose["required"]


def test_a_chart_under_hold_stays_until_it_is_released(site: Site) -> None:
    patient = site.patient()
    body = {"patient_id": patient, "on": str(TODAY), "authority": COURT}
    site.done("compliance_officer", f"/facilities/{site.code}/legal-holds", body)
    assert refused(destroy(site, patient)) == "key.legal-hold"
    site.done("compliance_officer", f"/facilities/{site.code}/legal-hold-releases", body)
    assert destroy(site, patient).status_code == 201


def test_a_chart_that_was_merged_into_one_under_hold_stays(site: Site) -> None:
    """Through a third one as well."""
    charts = [site.patient(f"MRN-{n}") for n in range(3)]
    for stays, merged in ((charts[1], charts[0]), (charts[2], charts[1])):
        site.done("supervisor", f"/patients/{stays}/merge", {"from_chart": merged})
    body = {"patient_id": charts[2], "on": str(TODAY), "authority": COURT}
    site.done("compliance_officer", f"/facilities/{site.code}/legal-holds", body)
    for patient in charts[:2]:
        assert refused(destroy(site, patient)) == "key.joined-legal-hold"
    site.done("compliance_officer", f"/facilities/{site.code}/legal-hold-releases", body)
    for patient in charts:
        assert destroy(site, patient).status_code == 201


def test_an_inquiry_and_the_end_of_the_chart_race(site: Site) -> None:
    """Whoever opens an episode first keeps the chart; whoever destroys it first leaves nothing to open."""
    inquiry = {"first_contact_at": f"{TODAY}T00:00:01-05:00", "referral_source": "self", "reason": LATE}
    with ThreadPoolExecutor(2) as threads:
        for n in range(25):
            patient, start = site.patient(f"MRN-{n}"), Barrier(2)

            def ask(patient: str = patient, start: Barrier = start) -> Any:
                start.wait()
                return site.send("admissions", f"/patients/{patient}/episodes", inquiry)

            def end(patient: str = patient, start: Barrier = start) -> Any:
                start.wait()
                return destroy(site, patient)

            opened, ended = (call.result() for call in [threads.submit(ask), threads.submit(end)])
            if opened.status_code == 201:
                assert refused(ended) == "key.open-episode"
                assert asked(site, patient, "history").status_code == 200
            else:
                assert (refused(opened), ended.status_code) == ("chart.destroyed", 201)
                assert asked(site, patient, "history").status_code == 410
