"""What relied on a fact while it stood, over HTTP: from the report it is in to the strike that takes it back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.program import DAY, LATE, Site, chart


def radius(site: Site, event: str, role: str = "compliance_officer") -> dict[str, Any]:
    told: dict[str, Any] = site.told(role, f"/events/{event}/blast-radius")
    return told


def issue(site: Site) -> str:
    year, week, _ = DAY.isocalendar()
    body = {"kind": "weekly", "week": f"{year}-W{week:02}", "as_of": str(DAY), "purpose": "operations"}
    path = f"/facilities/{site.code}/reports"
    response = site.send("compliance_officer", path, body)
    assert response.status_code == 201, response.text
    return response.headers["Location"].rpartition("/")[2]


def test_reports_decisions_looks_and_files_are_those_of_the_time_in_which_it_stood(site: Site) -> None:
    session = site.session(site.cohort_id)
    site.hold(session)
    patient, episode = site.enrolled(site.cohort_id)
    before = issue(site)
    site.told("supervisor", f"/patients/{patient}/status")
    receipt = site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session)).json()
    event = f"{receipt['stream']}@{receipt['version']}"
    report = issue(site)
    site.told("counselor", f"/patients/{patient}/status")
    site.ask("compliance_officer", f"/ledgers/{site.code}/facts")
    discharge = {"on": str(DAY), "last_service_on": str(DAY), "reason": "dropped_out"}
    site.done("counselor", f"/episodes/{episode}/discharge", discharge)
    told = radius(site, event)
    assert told["undone_by"] is None
    [row] = told["reports"]
    assert (row["report_id"], told["reports_before"], told["reports_unread"]) == (report, [before], [])
    assert patient in {one["subject_id"] for one in row["rows"]}
    assert [one["type"] for one in told["caused"]] == ["Admitted"]
    assert "Discharged" in [one["type"] for one in (*told["requires"], *told["meanwhile"])]
    seen = [one for one in told["looks"] if one["what"] == "read_status"]
    assert [one["by"]["role"] for one in seen] == ["counselor"]
    assert [one["what"] for one in told["exports"]] == ["read_facts"]
    assert len(told["limits"]) == 3
    read = site.accesses()[-1]
    assert (read["type"], read["fact"]["what"], read["fact"]["patient_id"]) == (
        "ChartRead",
        "read_blast_radius",
        patient,
    )


def test_after_the_correction_nobody_relied_on_it(site: Site) -> None:
    session = site.session(site.cohort_id)
    site.hold(session)
    patient, episode = site.enrolled(site.cohort_id)
    receipt = site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session)).json()
    event = f"{receipt['stream']}@{receipt['version']}"
    correction = {**site.attended(session), "method": "badge", "reason": "It was the badge."}
    del correction["session_id"]
    corrected = site.done("counselor", f"/events/{event}/correction", correction).json()
    site.told("counselor", f"/patients/{patient}/status")
    site.ask("compliance_officer", f"/ledgers/{site.code}/facts")
    told = radius(site, event)
    assert told["undone_by"]["event"] == f"{chart(patient)}@{corrected['version']}"
    assert (told["looks"], told["exports"], told["reports"]) == ([], [], [])
    later = radius(site, told["undone_by"]["event"])
    assert [one["what"] for one in later["looks"]].count("read_status") == 1


def test_of_a_session_the_charts_that_name_it_are_told_and_put_on_record(site: Site) -> None:
    session = site.session(site.cohort_id)
    site.hold(session)
    patient, episode = site.enrolled(site.cohort_id)
    site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session))
    report = issue(site)
    told = radius(site, f"session/{session}@2")
    assert report in [one["report_id"] for one in told["reports"]]
    assert {one["event"].partition("@")[0] for one in told["meanwhile"]} <= {chart(patient)}
    searched = site.accesses()[-1]
    assert (searched["type"], searched["fact"]["patient_ids"]) == ("SearchMade", [patient])


def test_what_is_not_on_record_has_no_radius(site: Site) -> None:
    patient = site.patient()
    for event in (f"{chart(patient)}@9", f"chart/{uuid4()}@1", f"session/{uuid4()}@1"):
        assert site.ask("compliance_officer", f"/events/{event}/blast-radius").status_code == 404
    assert site.ask("front_desk", f"/events/{chart(patient)}@1/blast-radius").status_code == 403
    assert site.ask("counselor", f"/events/facility/{site.code}@1/blast-radius").status_code == 200


def strike(site: Site, event: str, role: str = "supervisor") -> str:
    receipt = site.done(role, f"/events/{event}/entered-in-error", {"reason": "By mistake."}).json()
    return f"{receipt['stream']}@{receipt['version']}"


def test_what_stands_again_was_relied_on_again(site: Site) -> None:
    """Recorded, corrected, and the correction struck: what came between is left out, what came afterwards is there."""
    session = site.session(site.cohort_id)
    site.hold(session)
    patient, episode = site.enrolled(site.cohort_id)
    receipt = site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session)).json()
    event = f"{receipt['stream']}@{receipt['version']}"
    correction = {**site.attended(session), "method": "badge", "reason": "It was the badge."}
    del correction["session_id"]
    corrected = site.done("counselor", f"/events/{event}/correction", correction).json()
    between = corrected["recorded_at"]
    site.told("counselor", f"/patients/{patient}/status")
    site.ask("compliance_officer", f"/ledgers/{site.code}/facts")
    struck = strike(site, f"{chart(patient)}@{corrected['version']}")
    report = issue(site)
    # Of the past: what is shown is the chart with the correction, though the fact stands when it is asked for.
    site.told("supervisor", f"/patients/{patient}/status", params={"known_at": between})
    site.told("therapist", f"/patients/{patient}/status")
    site.ask("compliance_officer", f"/ledgers/{site.code}/facts")
    discharge = {"on": str(DAY), "last_service_on": str(DAY), "reason": "dropped_out"}
    site.done("counselor", f"/episodes/{episode}/discharge", discharge)
    told = radius(site, event)
    assert told["undone_by"] is None
    first, again = told["stood"]
    assert (first["since"]["event"], first["until"]["event"]) == (event, f"{chart(patient)}@{corrected['version']}")
    assert (again["since"]["event"], again["until"]) == (struck, None)
    assert "Discharged" in [one["type"] for one in (*told["requires"], *told["meanwhile"])]
    seen = [one for one in told["looks"] if one["what"] == "read_status"]
    assert [one["by"]["role"] for one in seen] == ["therapist"]
    assert len(told["exports"]) == 1
    assert [one["report_id"] for one in told["reports"]] == [report]


def test_a_discharge_stands_until_it_is_voided_and_again_when_that_is_struck(site: Site) -> None:
    session = site.session(site.cohort_id)
    site.hold(session)
    patient, episode = site.enrolled(site.cohort_id)
    site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session))
    discharge = {"on": str(DAY), "last_service_on": str(DAY), "reason": "dropped_out"}
    receipt = site.done("counselor", f"/episodes/{episode}/discharge", discharge).json()
    event = f"{receipt['stream']}@{receipt['version']}"
    site.told("counselor", f"/patients/{patient}/status")
    voided = site.done("supervisor", f"/events/{event}/voiding", {"reason": "By mistake."}).json()
    void = f"{chart(patient)}@{voided['version']}"
    told = radius(site, event)
    assert told["undone_by"]["event"] == void
    # What took it out did not rely on it.
    assert void not in [one["event"] for part in ("requires", "caused", "meanwhile") for one in told[part]]
    assert [one["by"]["role"] for one in told["looks"] if one["what"] == "read_status"] == ["counselor"]
    struck = strike(site, void)
    site.told("therapist", f"/patients/{patient}/status")
    told = radius(site, event)
    assert told["undone_by"] is None
    assert [one["since"]["event"] for one in told["stood"]] == [event, struck]
    seen = [one["by"]["role"] for one in told["looks"] if one["what"] == "read_status"]
    assert seen == ["counselor", "therapist"]


@pytest.mark.parametrize("role", ["nurse", "intake_clinician"])
def test_who_may_not_read_reports_gets_none_by_this_way(site: Site, role: str) -> None:
    site.credential(role)
    patient = site.patient()
    assert site.ask(role, f"/patients/{patient}/history").status_code == 200
    assert site.ask(role, f"/events/{chart(patient)}@1/blast-radius").status_code == 403
    assert site.denials()[-1] == ("read_blast_radius", "not permitted to this role for this purpose")


def test_that_it_was_asked_for_is_on_record_also_where_no_patient_is_named(site: Site) -> None:
    session = site.session(site.cohort_id)
    for event in (f"session/{session}@1", f"cohort/{site.cohort_id}@1", f"facility/{site.code}@1"):
        before = len(site.accesses())
        assert radius(site, event)["reports"] == []
        [searched] = site.accesses()[before:]
        assert (searched["type"], searched["fact"]["what"]) == ("SearchMade", "read_blast_radius")
        assert searched["fact"]["patient_ids"] == []


def test_of_a_chart_that_was_destroyed_nothing_is_told_and_the_asking_is_on_record(site: Site) -> None:
    patient = site.patient()
    ended = {"patient_id": patient, "authority": "The retention period is over.", "reason": LATE}
    site.done("compliance_officer", f"/facilities/{site.code}/key-destructions", ended, Purpose_Of_Use="operations")
    assert site.ask("compliance_officer", f"/events/{chart(patient)}@1/blast-radius").status_code == 410
    read = site.accesses()[-1]
    assert (read["type"], read["fact"]["what"], read["fact"]["at_version"]) == ("ChartRead", "read_blast_radius", 0)
    assert read["fact"]["patient_id"] == patient
