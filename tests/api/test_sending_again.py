"""Commands sent again: the idempotency key, and the version that a decision was made on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.program import PATIENT, STARTED, Site, at, made_by

INQUIRY = {"first_contact_at": at(STARTED), "referral_source": "self", "reason": "Entered late."}


def test_the_same_key_again_gives_the_same_answer_and_records_nothing(site: Site) -> None:
    first = site.send("admissions", "/patients", PATIENT, key="k1")
    again = site.send("admissions", "/patients", PATIENT, key="k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first.headers["Location"] == again.headers["Location"]
    facts = site.told("counselor", f"/patients/{made_by(first)}/history")["facts"]
    assert len(facts) == 1


def test_what_was_made_is_found_again(site: Site) -> None:
    patient = site.patient()
    path = f"/patients/{patient}/episodes"
    first = site.send("admissions", path, INQUIRY, key="k1")
    again = site.send("admissions", path, INQUIRY, key="k1")
    assert first.headers["Location"] == again.headers["Location"]
    episode = made_by(first)
    assert site.told("counselor", f"/patients/{patient}/status")["episode"]["episode_id"] == episode


def test_the_order_of_fields_and_the_spelling_of_values_make_no_other_body(site: Site) -> None:
    site.send("admissions", "/patients", PATIENT, key="k1")
    turned = dict(reversed(list(PATIENT.items()))) | {"address": None}
    assert site.send("admissions", "/patients", turned, key="k1").status_code == 201


def test_the_same_key_with_another_body_is_refused(site: Site) -> None:
    site.send("admissions", "/patients", PATIENT, key="k1")
    other = site.send("admissions", "/patients", {**PATIENT, "mrn": "MRN-2"}, key="k1")
    assert (other.status_code, other.json()["type"]) == (422, "urn:stepdown:problem:key-reused")


def test_the_same_key_for_another_patient_is_refused_not_swallowed(site: Site) -> None:
    first, second = site.patient("M1"), site.patient("M2")
    assert site.send("admissions", f"/patients/{first}/episodes", INQUIRY, key="k1").status_code == 201
    assert site.send("admissions", f"/patients/{second}/episodes", INQUIRY, key="k1").status_code == 422


def test_a_key_is_of_one_person_and_one_route(site: Site) -> None:
    assert site.send("admissions", "/patients", PATIENT, key="k1").status_code == 201
    assert site.send("counselor", "/patients", {**PATIENT, "mrn": "M2"}, key="k1").status_code == 201
    patient = site.patient("M3")
    assert site.send("admissions", f"/patients/{patient}/episodes", INQUIRY, key="k1").status_code == 201


def test_a_refusal_is_not_kept(site: Site) -> None:
    patient, _ = site.enrolled(site.cohort_id)
    path = f"/patients/{patient}/episodes"
    assert site.send("admissions", path, INQUIRY, key="k1").json()["rule"] == "episode.already-open"
    other = site.patient("M2")
    assert site.send("admissions", f"/patients/{other}/episodes", INQUIRY, key="k1").status_code == 201


@pytest.mark.parametrize("key", [None, "", "two words", "k\u00e9y", "k" * 201])
def test_a_command_needs_a_key_that_is_one(site: Site, key: str | None) -> None:
    headers: dict[str, str | bytes] = {**site.as_("admissions")}
    if key is not None:
        headers["Idempotency-Key"] = key.encode()
    response = site.client.send("POST", "/v1/patients", json=PATIENT, headers=headers)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["header.Idempotency-Key"]


def test_the_same_command_many_times_at_once_is_carried_out_once(site: Site) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: site.send("admissions", "/patients", PATIENT, key="k1"), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["Location"] for answer in answers}) == 1


def test_a_decision_on_an_old_version_is_refused(site: Site) -> None:
    patient = site.patient()
    read = site.ask("counselor", f"/patients/{patient}/status").headers["ETag"]
    assert read == '"1"'
    path = f"/patients/{patient}/episodes"
    first = site.send("admissions", path, INQUIRY, If_Match=read)
    assert (first.status_code, first.headers["ETag"]) == (201, '"2"')
    late = site.send("admissions", path, INQUIRY, If_Match=read)
    assert (late.status_code, late.json()["type"]) == (412, "urn:stepdown:problem:changed")
    # Without quotes is understood as well; then the record itself speaks.
    current = site.send("admissions", path, INQUIRY, If_Match="2")
    assert (current.status_code, current.json()["rule"]) == (409, "episode.already-open")


def test_a_command_sent_again_is_answered_though_the_version_has_moved_on(site: Site) -> None:
    patient = site.patient()
    path = f"/patients/{patient}/episodes"
    first = site.send("admissions", path, INQUIRY, key="k1", If_Match='"1"')
    again = site.send("admissions", path, INQUIRY, key="k1", If_Match='"1"')
    assert (first.status_code, first.json()) == (201, again.json())


@pytest.mark.parametrize("version", ["*", 'W/"1"', "one", '"1", "2"'])
def test_a_version_that_is_none_is_not_understood(site: Site, version: str) -> None:
    patient = site.patient()
    response = site.send("admissions", f"/patients/{patient}/episodes", INQUIRY, If_Match=version)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "header.If-Match"
