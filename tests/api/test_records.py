"""Consent, disclosure, break-glass, amendments and the identity of a patient, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.api.program import CONSENT, NOW, TODAY, Site, at

TOLD = {"recipient": "A county court", "purpose": "court order compliance", "what": "attendance", "basis": "consent"}


def refused(site: Site, role: str, path: str, body: object) -> str:
    response = site.send(role, path, body)
    assert response.status_code == 409, response.text
    rule: str = response.json()["rule"]
    return rule


def test_what_is_told_by_consent_is_accounted_for(site: Site) -> None:
    patient = site.patient()
    assert refused(site, "counselor", f"/patients/{patient}/disclosures", TOLD) == "disclosure.not-covered"
    consent = site.made("counselor", f"/patients/{patient}/consents", CONSENT)
    site.done("counselor", f"/patients/{patient}/disclosures", {**TOLD, "consent_id": consent})
    exception = {**TOLD, "basis": "court_order", "purpose": "subpoena"}
    site.done("compliance_officer", f"/patients/{patient}/disclosures", exception)
    site.done("counselor", f"/consents/{consent}/revocation", {"on": str(TODAY)})
    assert refused(site, "counselor", f"/patients/{patient}/disclosures", TOLD) == "disclosure.not-covered"

    part2 = site.told("compliance_officer", f"/patients/{patient}/disclosures", params={"basis": "part2"})
    [row] = part2["disclosures"]
    assert (row["recipient"], row["basis"], row["consent_id"]) == ("A county court", "consent", consent)
    assert row["by"]["id"] == site.person("counselor").id
    assert row["on"] == part2["as_of"] == str(TODAY)
    assert part2["from_on"][:4] == str(TODAY.year - 3)
    hipaa = site.told("compliance_officer", f"/patients/{patient}/disclosures", params={"basis": "hipaa"})
    assert [row["purpose"] for row in hipaa["disclosures"]] == ["subpoena"]


def test_an_accounting_leaves_an_access_record_before_it_is_answered(site: Site) -> None:
    patient = site.patient()
    site.told("auditor", f"/patients/{patient}/disclosures", params={"basis": "hipaa"}, Purpose_Of_Use="audit")
    read = site.accesses()[-1]
    assert (read["type"], read["fact"]["patient_id"]) == ("ChartRead", patient)
    assert read["fact"]["what"] == "read_disclosures"


@pytest.mark.parametrize("role", ["front_desk", "admissions", "administrator"])
def test_not_everybody_may_see_an_accounting(site: Site, role: str) -> None:
    path = f"/patients/{site.patient()}/disclosures"
    assert site.ask(role, path, params={"basis": "part2"}).status_code == 403


def test_an_accounting_is_of_a_patient_and_of_one_law(site: Site) -> None:
    path = f"/patients/{site.patient()}/disclosures"
    assert site.ask("counselor", path).status_code == 422
    assert site.ask("counselor", path, params={"basis": "gdpr"}).status_code == 422
    unknown = site.ask("counselor", f"/patients/{uuid4()}/disclosures", params={"basis": "part2"})
    assert unknown.status_code == 404


def test_the_glass_is_broken_and_reviewed(site: Site) -> None:
    patient = site.patient()
    body = {"reason": "Unconscious.", "nature": "overdose", "until": at(NOW + timedelta(hours=1))}
    opened = site.send("counselor", f"/patients/{patient}/break-glass", body)
    assert opened.status_code == 201, opened.text
    version = opened.json()["version"]
    review = f"/patients/{patient}/break-glass/{version}/review"
    finding = {"finding": "Within the rules.", "on": str(TODAY)}
    assert site.send("counselor", review, finding).status_code == 403
    site.done("compliance_officer", review, finding)
    assert refused(site, "compliance_officer", review, finding) == "break-glass.already-reviewed"
    longer = {**body, "until": at(NOW + timedelta(hours=30))}
    assert refused(site, "counselor", f"/patients/{patient}/break-glass", longer) == "break-glass.too-long"


def test_an_amendment_is_asked_for_and_answered(site: Site) -> None:
    amendments = f"/patients/{site.patient()}/amendments"
    on = {"on": str(TODAY)}
    assert refused(site, "counselor", f"{amendments}/acceptance", on) == "amendment.not-requested"
    site.done("counselor", amendments, {"what": "The first drink was at sixteen.", **on})
    site.done("counselor", f"{amendments}/denial", {"why": "It says what was said.", **on})
    assert refused(site, "counselor", f"{amendments}/acceptance", on) == "amendment.not-requested"


def found(site: Site, mrn: str) -> list[tuple[str, str]]:
    patients = site.told("admissions", "/patients", params={"mrn": mrn})["patients"]
    return [(patient["patient_id"], patient["family_name"]) for patient in patients]


def test_a_corrected_number_finds_the_patient_and_the_former_one_is_free(site: Site) -> None:
    patient = site.patient("A-1")
    path = f"/patients/{patient}/identity-correction"
    other = site.patient("A-2")
    assert refused(site, "admissions", path, {"mrn": "a-2", "reason": "Mistyped."}) == "patient.mrn-in-use"
    assert refused(site, "admissions", path, {"mrn": "A-3"}) == "correction.without-reason"
    corrected = site.done("admissions", path, {"mrn": "A-3", "family_name": "Lark", "reason": "Mistyped."}).json()
    assert found(site, "A-3") == [(patient, "Lark")]
    assert found(site, "A-1") == []
    third = site.patient("A-1")
    assert found(site, "A-1") == [(third, "Quillfeather")]
    # The number that it would get back is another patient's by now.
    strike = f"/events/chart/{patient}@{corrected['version']}/entered-in-error"
    assert refused(site, "supervisor", strike, {"reason": "It was right."}) == "patient.mrn-in-use"
    site.done("admissions", f"/patients/{third}/identity-correction", {"mrn": "A-4", "reason": "Taken by mistake."})
    site.done("supervisor", strike, {"reason": "It was right."})
    assert found(site, "A-1") == [(patient, "Quillfeather")]
    assert found(site, "A-3") == []
    assert found(site, "A-2") == [(other, "Quillfeather")]
