"""Consent, disclosure, break-glass, amendments and the identity of a patient, over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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


# ---- merging


def opened(site: Site, patient: str) -> str:
    """The episode that an inquiry opens."""
    body = {"first_contact_at": at(NOW - timedelta(hours=1)), "referral_source": "self"}
    return site.made("admissions", f"/patients/{patient}/episodes", body)


def last(site: Site, patient: str) -> dict[str, object]:
    facts = site.told("counselor", f"/patients/{patient}/history")["facts"]
    fact: dict[str, object] = facts[-1]
    return fact


def test_two_charts_of_one_patient_are_merged_and_separated_in_one_transaction(site: Site) -> None:
    stays, goes = site.patient("A-1"), site.patient("A-2")
    episode = opened(site, stays)
    merged = site.done("supervisor", f"/patients/{stays}/merge", {"from_chart": goes}).json()
    assert merged["stream"] == f"chart/{stays}"
    half, other = last(site, stays), last(site, goes)
    assert (half["type"], other["type"]) == ("ChartsMerged", "MergedInto")
    assert half["recorded_at"] == other["recorded_at"]
    assert merged["position"] == other["position"]
    assert other["causation_id"] == f"chart/{stays}@{merged['version']}"

    history = site.told("counselor", f"/patients/{goes}/history")
    assert history["status"]["merged_into"] == f"chart/{stays}"
    assert site.told("counselor", f"/patients/{goes}/status")["merged_into"] == f"chart/{stays}"
    assert site.told("counselor", f"/patients/{stays}/status")["took_over"] == [f"chart/{goes}"]
    assert site.told("counselor", f"/patients/{stays}/screenings")["took_over"] == [f"chart/{goes}"]
    assert site.told("counselor", f"/patients/{goes}/screenings")["merged_into"] == f"chart/{stays}"
    assert [key for key, _ in found(site, "A-1")] == [key for key, _ in found(site, "A-2")] == [stays]
    body = {"first_contact_at": at(NOW - timedelta(hours=1)), "referral_source": "self"}
    response = site.send("admissions", f"/patients/{goes}/episodes", body)
    assert (response.status_code, response.json()["rule"]) == (409, "chart.merged")
    assert f"chart/{stays}" in response.json()["detail"]

    # From either side.
    strike = f"/events/chart/{goes}@{other['version']}/entered-in-error"
    assert site.send("counselor", strike, {"reason": "Two people."}).status_code == 409
    site.done("administrator", strike, {"reason": "They are two people."})
    assert last(site, stays)["type"] == last(site, goes)["type"] == "EnteredInError"
    assert last(site, stays)["recorded_at"] == last(site, goes)["recorded_at"]
    assert "merged_into" not in site.told("counselor", f"/patients/{goes}/status")
    assert [key for key, _ in found(site, "A-2")] == [goes]
    opened(site, goes)
    assert refused(site, "supervisor", f"/patients/{stays}/merge", {"from_chart": goes}) == "merge.both-open"
    site.done("admissions", f"/episodes/{episode}/not-admitted", {"on": str(TODAY), "cause": "went elsewhere"})
    assert refused(site, "supervisor", f"/patients/{stays}/merge", {"from_chart": goes}) == "merge.open-episode"
    site.done("supervisor", f"/patients/{goes}/merge", {"from_chart": stays})
    assert [key for key, _ in found(site, "A-1")] == [goes]


def test_a_merger_sent_again_is_recorded_once(site: Site) -> None:
    stays, goes = site.patient("A-1"), site.patient("A-2")
    sent = [site.send("supervisor", f"/patients/{stays}/merge", {"from_chart": goes}, key="merge") for _ in range(2)]
    assert [response.status_code for response in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    assert last(site, goes)["version"] == 2


def test_a_fact_and_a_merger_at_the_same_moment_do_not_both_get_in(site: Site) -> None:
    stays, goes = site.patient("A-1"), site.patient("A-2")
    body = {"first_contact_at": at(NOW - timedelta(hours=1)), "referral_source": "self"}
    with ThreadPoolExecutor(2) as pool:
        merging = pool.submit(site.send, "supervisor", f"/patients/{stays}/merge", {"from_chart": goes})
        inquiry = pool.submit(site.send, "admissions", f"/patients/{goes}/episodes", body)
        answers = sorted((merging.result().status_code, inquiry.result().status_code))
    assert answers == [201, 409]


# ---- two sites


def test_open_episodes_at_two_sites_are_flagged_where_they_are_linked(site: Site) -> None:
    there = Site(site.client, site.tokens, code="louisville")
    there.open("admissions", "counselor")
    here, other = site.patient("A-1"), there.patient("L-1")
    opened(site, here)
    link = {"ledger": "louisville", "patient_id": other, "basis": "The patient says so, and signed for it."}
    assert site.told("counselor", f"/patients/{here}/status")["flags"] == []
    unknown = {**link, "patient_id": here}
    assert refused(site, "supervisor", f"/patients/{here}/links", unknown) == "link.unknown-chart"
    nowhere = {**link, "ledger": "nowhere"}
    assert refused(site, "supervisor", f"/patients/{here}/links", nowhere) == "link.unknown-chart"
    linked = site.done("supervisor", f"/patients/{here}/links", link).json()
    assert refused(site, "supervisor", f"/patients/{here}/links", link) == "link.already-linked"
    assert site.told("counselor", f"/patients/{here}/status")["flags"] == []

    before = site.told("counselor", f"/patients/{here}/status")["known_at"]
    episode = opened(there, other)
    assert site.told("counselor", f"/patients/{here}/status")["flags"] == ["open_elsewhere"]
    assert site.told("counselor", f"/patients/{here}/history")["status"]["flags"] == ["open_elsewhere"]
    # The other site's access record says who has looked at its chart, from here.
    read = [line for line in there.accesses() if line["type"] == "ChartRead"][-2:]
    assert [line["fact"]["what"] for line in read] == ["read_status", "read_history"]
    assert {line["fact"]["patient_id"] for line in read} == {other}
    assert {line["by"]["id"] for line in read} == {site.person("counselor").id}
    known = {"known_at": before}
    assert site.told("counselor", f"/patients/{here}/status", params=known)["flags"] == []
    # The other site has made no link: it learns nothing.
    assert there.told("counselor", f"/patients/{other}/status")["flags"] == []

    there.done("admissions", f"/episodes/{episode}/not-admitted", {"on": str(TODAY), "cause": "went elsewhere"})
    assert site.told("counselor", f"/patients/{here}/status")["flags"] == []
    opened(there, other)
    assert site.told("counselor", f"/patients/{here}/status")["flags"] == ["open_elsewhere"]
    strike = f"/events/chart/{here}@{linked['version']}/entered-in-error"
    site.done("supervisor", strike, {"reason": "Somebody else."})
    assert site.told("counselor", f"/patients/{here}/status")["flags"] == []
