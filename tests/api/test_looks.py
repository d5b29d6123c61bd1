"""Who looked at a chart, when, why and at which version; and where what a command made is read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.api.program import CONSENT, DAY, PATIENT, PERSONAL, Site, made_by


def looks(site: Site, patient: str, role: str = "compliance_officer", **params: Any) -> list[tuple[Any, ...]]:
    answer = site.told(role, f"/patients/{patient}/access", params=params)
    return [(look["by"]["role"], look["what"], look["purpose"], look["at_version"]) for look in answer["looks"]]


def test_who_looked_at_a_chart_is_told_the_newest_last(site: Site) -> None:
    patient, _ = site.enrolled(site.cohort_id)
    other = site.patient("MRN-2")
    site.told("counselor", f"/patients/{patient}/status", Purpose_Of_Use="treatment")
    site.told("counselor", f"/patients/{other}/status")
    site.told("front_desk", "/patients", params={"mrn": PATIENT["mrn"]})
    assert looks(site, patient) == [
        ("counselor", "read_status", "treatment", 5),
        ("front_desk", "find_patients", "operations", None),
    ]
    # The look itself is on record, and stands in the next answer.
    assert looks(site, patient)[-1] == ("compliance_officer", "read_access", "operations", 5)
    assert [what for _, what, _, _ in looks(site, other)] == ["read_status"]


def test_the_answer_says_where_it_stands_and_nothing_of_the_patient(site: Site) -> None:
    patient = site.patient()
    site.told("counselor", f"/patients/{patient}/status")
    answer = site.ask("counselor", f"/patients/{patient}/access")
    document = answer.json()
    assert (document["patient_id"], document["facility"], document["position"]) == (patient, site.code, 1)
    [look] = document["looks"]
    [line] = site.accesses()[:1]
    assert look["event"] == f"{line['stream']}@{line['version']}"
    assert datetime.fromisoformat(look["at"]) == datetime.fromisoformat(line["recorded_at"])
    assert look["by"]["id"] == site.person("counselor").id
    assert not any(word in answer.text for word in PERSONAL)


def test_a_chart_that_nobody_has_looked_at_says_so(site: Site) -> None:
    document = site.told("counselor", f"/patients/{site.patient()}/access")
    assert (document["looks"], document["position"], document["known_at"]) == ([], 0, None)


def test_it_is_paged_and_cut(site: Site) -> None:
    patient = site.patient()
    for _ in range(5):
        site.told("counselor", f"/patients/{patient}/status")
        site.told("counselor", f"/patients/{site.patient(str(uuid4()))}/status")
    times = [look["at"] for look in site.told("counselor", f"/patients/{patient}/access")["looks"]]
    paged: list[str] = []
    after = 0
    while True:
        params = {"limit": 2, "after": after, "known_at": times[-1]}
        page = site.told("counselor", f"/patients/{patient}/access", params=params)
        paged += [look["at"] for look in page["looks"]]
        if page["next_after"] is None:
            break
        assert len(page["looks"]) == 2
        after = page["next_after"]
    assert paged == times
    assert len(times) == 5
    second = {"known_at": times[1]}
    assert [look["at"] for look in site.told("counselor", f"/patients/{patient}/access", params=second)["looks"]] == (
        times[:2]
    )
    early = (datetime.fromisoformat(times[0]) - timedelta(microseconds=1)).isoformat()
    assert site.told("counselor", f"/patients/{patient}/access", params={"known_at": early})["looks"] == []
    later = site.told("counselor", f"/patients/{patient}/access", params={"known_at": "2100-01-01T00:00:00Z"})
    assert later["asked_known_at"] == "2100-01-01T00:00:00Z"


def test_an_auditor_asks_for_an_audit_and_the_front_desk_not_at_all(site: Site) -> None:
    patient = site.patient()
    path = f"/patients/{patient}/access"
    assert site.ask("auditor", path, Purpose_Of_Use="audit").status_code == 200
    assert site.ask("auditor", path).status_code == 403
    assert site.ask("front_desk", path).status_code == 403
    assert site.denials()[-1][0] == "read_access"
    assert site.ask("counselor", f"/patients/{uuid4()}/access").status_code == 404
    assert site.ask("counselor", path, params={"as_of": str(DAY)}).status_code == 422


# ---- where what was made is read


@pytest.fixture
def made(site: Site) -> dict[str, Any]:
    """What commands make, by the address that says so."""
    patient, episode = site.enrolled(site.cohort_id)
    screening = site.done("counselor", f"/episodes/{episode}/screenings", {"panel": ["opiates"], "random": False})
    body = {"to_level": "1", "weekly_minutes": 180, "effective_on": str(DAY), "criteria": ["stable"], "on": str(DAY)}
    session = site.session(site.cohort_id)
    site.hold(session)
    site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session))
    step_down = site.done("counselor", f"/episodes/{episode}/step-downs", body)
    consent = site.done("counselor", f"/patients/{patient}/consents", CONSENT)
    return {"patient": patient, "answers": [screening, step_down, consent]}


def test_a_location_is_an_address_that_answers(site: Site, made: dict[str, Any]) -> None:
    for answer in made["answers"]:
        location = answer.headers["Location"]
        found = site.told("counselor", location.removeprefix("/v1"))
        assert found == {"facility": site.code, "patient_id": made["patient"], "stream": f"chart/{made['patient']}"}
    registered = site.done("admissions", "/patients", {**PATIENT, "mrn": "MRN-9"})
    assert site.ask("admissions", registered.headers["Location"].removeprefix("/v1")).status_code == 200
    body = {"first_contact_at": f"{DAY}T12:00:00-05:00", "referral_source": "self"}
    inquiry = site.done("admissions", f"/patients/{made_by(registered)}/episodes", body)
    assert site.ask("admissions", inquiry.headers["Location"].removeprefix("/v1")).status_code == 200


def test_a_session_is_read_by_its_roster_and_a_cohort_in_its_list(site: Site) -> None:
    plan = {"kind": "group", "starts_at": f"{DAY}T12:00:00-05:00", "ends_at": f"{DAY}T15:00:00-05:00"}
    session = site.done("counselor", f"/facilities/{site.code}/sessions", {**plan, "modality": "in_person"})
    assert site.ask("counselor", session.headers["Location"].removeprefix("/v1")).status_code == 200
    formed = {"name": "B", "program": "iop", "weekdays": ["mon"], "starts": "09:00", "ends": "12:00", "capacity": 2}
    cohort = site.done("counselor", f"/facilities/{site.code}/cohorts", {**formed, "on": str(DAY)})
    assert "Location" not in cohort.headers
    listed = site.told("counselor", f"/facilities/{site.code}/cohorts")["cohorts"]
    assert cohort.json()["stream"].removeprefix("cohort/") in [one["cohort_id"] for one in listed]


def test_whose_an_episode_is_leaves_an_access_fact(site: Site, made: dict[str, Any]) -> None:
    site.told("counselor", made["answers"][0].headers["Location"].removeprefix("/v1"))
    assert [(line["fact"]["what"], line["fact"]["patient_ids"]) for line in site.accesses()] == [
        ("find_screening", [made["patient"]])
    ]
    for what in ("episodes", "screenings", "step-downs", "consents"):
        assert site.ask("counselor", f"/{what}/{UUID(int=7)}").status_code == 404
