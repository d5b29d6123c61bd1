"""Over HTTP: waiting, detox, the state's data set, step-up, relapse and self-help, alumni, sober living."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.program import ASSESSMENT, DAY, TODAY, Site

YESTERDAY: dict[str, Any] = {"on": str(DAY)}
NOW: dict[str, Any] = {"on": str(TODAY)}


@pytest.fixture
def active(site: Site) -> tuple[str, str]:
    """Patient and episode, in treatment since yesterday."""
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.hold(session)
    site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
    return patient, episode


def state(site: Site, patient: str) -> str:
    shown: str = site.told("counselor", f"/patients/{patient}/status")["episode"]["state"]
    return shown


def refused(site: Site, role: str, path: str, body: Any) -> str:
    response = site.send(role, path, {"reason": "Late."} | body)
    assert response.status_code == 409, response.text
    rule: str = response.json()["rule"]
    return rule


def test_through_detox_and_the_waiting_list_into_the_program(site: Site) -> None:
    patient = site.patient()
    episode = site.suitable(patient)
    care = f"/episodes/{episode}"
    site.done("intake_clinician", f"{care}/detox-referrals", {"provider": "Landmark", **YESTERDAY})
    assert state(site, patient) == "detox_referred"
    assert refused(site, "admissions", f"{care}/waitlist", NOW) == "episode.transition"
    site.done("intake_clinician", f"{care}/detox-answers", {"accepted": False, **YESTERDAY})
    assert state(site, patient) == "assessed"
    referral = {"provider": "Harbor Detox", "third_party": True, "accepted": True, **YESTERDAY}
    site.done("intake_clinician", f"{care}/detox-referrals", referral)
    assert refused(site, "intake_clinician", f"{care}/detox-answers", {"accepted": True, **NOW}) == "detox.not-referred"
    site.done("intake_clinician", f"{care}/intake-assessments", ASSESSMENT | NOW)
    site.done("admissions", f"{care}/waitlist", NOW)
    assert state(site, patient) == "waitlisted"
    site.done("admissions", f"{care}/enrollment", site.enrollment(site.cohort_id) | NOW)
    assert state(site, patient) == "enrolled"


def test_an_assessment_that_cannot_be_is_refused(site: Site) -> None:
    patient = site.patient()
    episode = site.suitable(patient)
    path = f"/episodes/{episode}/intake-assessments"
    for wrong, rule in (
        ({"edition": "2"}, "assessment.edition"),
        ({"indicated_level": "2"}, "assessment.level"),
        ({"diagnoses": ["alcohol"]}, "assessment.diagnosis"),
        ({"substances": ["alcohol", "alcohol"]}, "assessment.substances"),
    ):
        assert refused(site, "counselor", path, ASSESSMENT | wrong) == rule


def test_items_of_the_data_set_with_their_codes(site: Site, active: tuple[str, str]) -> None:
    patient, episode = active
    path = f"/episodes/{episode}/teds-items"
    items = {"EMPLOY": 1, "SUB1": 2, "PREG": -9, "CBSA": 30460}
    site.done("case_manager", path, {"occasion": "admission", "items": items})
    fact = site.told("counselor", f"/patients/{patient}/history")["facts"][-1]["fact"]
    assert fact == {"episode_id": episode, "occasion": "admission", "items": items}
    assert refused(site, "case_manager", path, {"occasion": "admission", "items": {"EMPLOY": 5}}) == "teds.code"
    assert (
        refused(site, "case_manager", path, {"occasion": "admission", "items": {"LOS": 5}}) == "teds.not-at-admission"
    )
    assert refused(site, "case_manager", path, {"occasion": "admission", "items": {}}) == "teds.no-items"
    for wrong in ({"HEIGHT": 1}, {"EMPLOY": "1"}, {"EMPLOY": -10}, {"employ": 1}):
        response = site.send("case_manager", path, {"occasion": "admission", "items": wrong})
        assert response.status_code == 422, wrong


def test_the_codes_are_told_in_the_document(site: Site) -> None:
    document = site.client.send("GET", "/openapi.json").json()
    items = document["components"]["schemas"]["TedsItems"]
    assert "required" not in items
    assert "-9 for missing, or 1 to 4." in str(items["properties"]["EMPLOY"])


def test_step_up_relapse_and_self_help(site: Site, active: tuple[str, str]) -> None:
    patient, episode = active
    care = f"/episodes/{episode}"
    site.done("counselor", f"{care}/relapses", NOW)
    site.done("counselor", f"{care}/self-help", {"frequency": "twice a week", **NOW})
    site.done("counselor", f"{care}/step-ups", {"to_level": "2.5", **NOW})
    shown = site.told("counselor", f"/patients/{patient}/status")
    assert (shown["episode"]["state"], shown["episode"]["level_of_care"]) == ("active", "2.5")
    assert "relapse_reported" in shown["flags"]
    assert refused(site, "counselor", f"{care}/step-ups", {"to_level": "1.5", **NOW}) == "step-up.lower-level"


def test_alumni_and_sober_living(site: Site, active: tuple[str, str]) -> None:
    patient, episode = active
    care = f"/episodes/{episode}"
    assert refused(site, "alumni_coordinator", f"{care}/alumni", NOW) == "alumni.not-discharged"
    site.done("alumni_coordinator", f"{care}/sober-living", {"residence": "Willow House", **YESTERDAY})
    leaving = {"last_service_on": str(DAY), "reason": "dropped_out", **NOW}
    discharge = site.done("counselor", f"{care}/discharge", leaving).json()
    site.done("alumni_coordinator", f"{care}/alumni", NOW)
    site.done("alumni_coordinator", f"{care}/alumni-contacts", {"outcome": "reached", **NOW})
    site.done("alumni_coordinator", f"{care}/sober-living/end", NOW)
    assert refused(site, "alumni_coordinator", f"{care}/sober-living/end", NOW) == "sober-living.not-placed"
    name = f"/events/{discharge['stream']}@{discharge['version']}/voiding"
    assert refused(site, "supervisor", name, {"reason": "Another patient."}) == "discharge.rested-upon"
    assert state(site, patient) == "discharged"
