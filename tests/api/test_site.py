"""The site over HTTP: its staff list and its cohorts, what it offers, credentials that end, legal holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api.program import BEFORE, DAY, PERSONAL, TODAY, Site

OFFER: dict[str, Any] = {
    "program": "iop",
    "level_of_care": "2.1",
    "blocks": ["18:00-21:00"],
    "patterns": [["mon", "tue", "thu"], ["mon", "wed", "thu"]],
    "weeks_min": 7,
    "weeks_max": 9,
    "payers": ["commercial", "self_pay"],
    "effective_on": str(BEFORE - timedelta(days=10)),
}
EVENINGS: dict[str, Any] = {
    "name": "Louisville evenings",
    "program": "iop",
    "weekdays": ["mon", "tue", "thu"],
    "starts": "18:00",
    "ends": "21:00",
    "capacity": 2,
    "on": str(DAY),
}


def staff_id(site: Site, role: str) -> str:
    return site.person(role).id.removeprefix("staff/")


def rule(response: Any) -> str:
    assert response.status_code == 409, response.text
    found: str = response.json()["rule"]
    return found


def listed(site: Site, on: str | None = None) -> dict[str, list[str]]:
    document = site.told("front_desk", f"/facilities/{site.code}/staff", params={"on": on} if on else None)
    return {person["staff_id"]: [c["credential"] for c in person["credentials"]] for person in document["staff"]}


def test_the_staff_list_of_a_day_has_those_with_a_valid_credential(site: Site) -> None:
    counselor = staff_id(site, "counselor")
    end = {"staff_id": counselor, "credential": "LCADC", "on": str(DAY), "reason": "licence suspended"}
    path = f"/facilities/{site.code}/credential-ends"
    receipt = site.send("administrator", path, {**end, "entry_reason": "The letter came today."})
    assert receipt.status_code == 201, receipt.text
    assert listed(site, str(DAY))[counselor] == ["LCADC"]
    assert counselor not in listed(site)
    assert staff_id(site, "therapist") in listed(site)
    assert listed(site, "2000-01-01") == {}
    again = site.send("administrator", path, {**end, "entry_reason": "Once more."})
    assert rule(again) == "credential.already-ended"


def test_the_staff_list_says_by_name_role_and_days(site: Site) -> None:
    document = site.told("administrator", f"/facilities/{site.code}/staff")
    assert (document["facility"], document["on"]) == (site.code, str(TODAY))
    names = [person["name"] for person in document["staff"]]
    assert names == sorted(names)
    (nurse,) = [person for person in document["staff"] if person["staff_id"] == staff_id(site, "nurse")]
    assert nurse["credentials"] == [
        {
            "role": "nurse",
            "credential": "LCADC",
            "licence_number": None,
            "valid_from": str(DAY - timedelta(days=30)),
            "valid_to": None,
        }
    ]


def test_what_was_done_since_a_credential_ended_is_in_doubt_where_it_shows(site: Site) -> None:
    patient, _ = site.enrolled(site.cohort_id)
    end = {
        "staff_id": staff_id(site, "counselor"),
        "credential": "LCADC",
        "on": str(BEFORE),
        "reason": "licence suspended",
        "entry_reason": "The letter came today.",
    }
    before = site.told("therapist", f"/patients/{patient}/history")
    site.done("administrator", f"/facilities/{site.code}/credential-ends", end | {"reason": "licence suspended"})
    history = site.told("therapist", f"/patients/{patient}/history")
    doubted = [fact["type"] for fact in history["facts"] if fact.get("credential_in_doubt")]
    assert doubted == ["IntakeAssessed", "SuitabilityDecided"]
    assert not any("credential_in_doubt" in fact for fact in before["facts"])
    assert "credential_in_doubt" in site.told("therapist", f"/patients/{patient}/status")["flags"]
    known = site.told("therapist", f"/patients/{patient}/history", params={"known_at": before["known_at"]})
    assert known["facts"] == before["facts"]


def test_cohorts_are_listed_with_the_pattern_of_the_day_and_their_seats(site: Site) -> None:
    cohort = site.made("counselor", f"/facilities/{site.code}/cohorts", EVENINGS)
    changed = {"weekdays": ["sat"], "starts": "09:00", "ends": "12:00", "effective_on": str(TODAY + timedelta(days=7))}
    site.done("counselor", f"/cohorts/{cohort}/schedule-changes", changed)
    site.enrolled(cohort)
    document = site.told("front_desk", f"/facilities/{site.code}/cohorts")
    assert [row["name"] for row in document["cohorts"]] == ["Evening", "Louisville evenings"]
    assert document["cohorts"][1] == {
        "cohort_id": cohort,
        "name": "Louisville evenings",
        "program": "iop",
        "weekdays": ["mon", "tue", "thu"],
        "starts": "18:00",
        "ends": "21:00",
        "capacity": 2,
        "seats_taken": 1,
        "formed_on": str(DAY),
        "closed_on": None,
    }
    later = site.told("front_desk", f"/facilities/{site.code}/cohorts", params={"on": changed["effective_on"]})
    assert (later["cohorts"][1]["weekdays"], later["cohorts"][1]["starts"]) == (["sat"], "09:00")
    earlier = site.told("front_desk", f"/facilities/{site.code}/cohorts", params={"on": "2000-01-01"})
    assert earlier["cohorts"] == []
    assert not any(word in str(document) for word in PERSONAL)


def test_a_cohort_that_closed_is_listed_through_its_last_day_and_takes_nobody_in(site: Site) -> None:
    patient, _ = site.enrolled(site.cohort_id)
    site.done("administrator", f"/cohorts/{site.cohort_id}/closing", {"on": str(DAY)})
    for on, count in ((str(DAY), 1), (str(TODAY), 0)):
        found = site.told("counselor", f"/facilities/{site.code}/cohorts", params={"on": on})
        assert len(found["cohorts"]) == count
    assert "cohort_closed" in site.told("counselor", f"/patients/{patient}/status")["flags"]
    episode = site.suitable(site.patient("MRN-2"))
    refused = site.send("admissions", f"/episodes/{episode}/enrollment", site.enrollment(site.cohort_id))
    assert rule(refused) == "cohort.closed"
    assert rule(site.send("administrator", f"/cohorts/{site.cohort_id}/closing", {"on": str(TODAY)})) == (
        "cohort.already-closed"
    )


def test_what_is_not_of_the_program_offered_needs_a_reason_and_is_flagged(site: Site) -> None:
    site.done("administrator", f"/facilities/{site.code}/programs", OFFER)
    path = f"/facilities/{site.code}/cohorts"
    assert rule(site.send("counselor", path, {**EVENINGS, "starts": "17:00", "ends": "20:00"})) == "program.outside"
    cohort = site.made("counselor", path, EVENINGS)
    patient = site.patient()
    episode = site.suitable(patient)
    twelve = {**site.enrollment(cohort), "planned_weeks": 12}
    assert rule(site.send("admissions", f"/episodes/{episode}/enrollment", twelve)) == "program.outside"
    site.done("admissions", f"/episodes/{episode}/enrollment", {**twelve, "reason": "By the medical director's word."})
    assert "outside_program" in site.told("counselor", f"/patients/{patient}/status")["flags"]


def test_a_program_that_cannot_be_chosen_is_not_offered(site: Site) -> None:
    path = f"/facilities/{site.code}/programs"
    assert rule(site.send("administrator", path, {**OFFER, "patterns": [["monday"]]})) == "program.patterns"
    malformed = site.send("administrator", path, {**OFFER, "patterns": ["mon"]})
    assert malformed.status_code == 422
    assert site.send("administrator", path, {**OFFER, "payers": ["medicaid"]}).status_code == 422


def test_a_legal_hold_is_set_and_released_by_the_authority_named(site: Site) -> None:
    patient = site.patient()
    hold = {"patient_id": patient, "on": str(TODAY), "authority": "Fayette Circuit Court, 26-CI-00417"}
    path, release = f"/facilities/{site.code}/legal-holds", f"/facilities/{site.code}/legal-hold-releases"
    stranger = site.send("compliance_officer", path, {**hold, "patient_id": str(uuid4())})
    assert rule(stranger) == "legal-hold.unknown-chart"
    assert rule(site.send("compliance_officer", release, hold)) == "legal-hold.not-set"
    site.done("compliance_officer", path, hold)
    assert rule(site.send("compliance_officer", path, hold)) == "legal-hold.already-set"
    site.done("compliance_officer", release, hold)
    assert site.send("counselor", path, hold).status_code == 403


@pytest.mark.parametrize("what", ["staff", "cohorts"])
def test_the_lists_have_seen_what_was_written(site: Site, what: str) -> None:
    receipt = site.done("administrator", f"/facilities/{site.code}/holidays", {"on": str(TODAY), "name": "Fair"}).json()
    seen = {"at_least": f"{site.code}:{receipt['position']}"}
    assert site.told("counselor", f"/facilities/{site.code}/{what}", params=seen)["position"] >= receipt["position"]
    ahead = {"at_least": f"{site.code}:{receipt['position'] + 1000}"}
    assert site.ask("counselor", f"/facilities/{site.code}/{what}", params=ahead).status_code == 503
    assert site.ask("counselor", f"/facilities/{site.code}/{what}", params={"in": "2026"}).status_code == 422


@pytest.mark.parametrize("what", ["staff", "cohorts"])
def test_where_no_facility_is_open_there_are_no_lists(empty_site: Site, what: str) -> None:
    assert empty_site.ask("administrator", f"/facilities/{empty_site.code}/{what}").status_code == 404
