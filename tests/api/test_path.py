"""The whole path over HTTP: a facility opens, a patient comes, attends, is screened, steps down, leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.program import ASSESSMENT, DAY, ENDED, LATE, STARTED, TODAY, Site, at, chart

LEVEL = {key: value for key, value in ASSESSMENT.items() if key not in ("diagnoses", "substances")}
PANEL = ["opiates", "cannabinoids"]


@pytest.fixture
def admitted(site: Site) -> tuple[str, str, str]:
    """Patient, episode and the session that made the admission."""
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.hold(session)
    site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
    return patient, episode, session


def facts(site: Site, patient: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = site.told("counselor", f"/patients/{patient}/history")["facts"]
    return answer


def status(site: Site, patient: str) -> Any:
    return site.told("counselor", f"/patients/{patient}/status")


def test_a_command_answers_where_it_is_on_record(site: Site) -> None:
    response = site.send("admissions", "/patients", PATIENT_BODY)
    receipt = response.json()
    assert response.status_code == 201
    assert set(receipt) == {"stream", "version", "ledger", "position", "recorded_at"}
    assert response.headers["Location"] == f"/v1/patients/{receipt['stream'].removeprefix('chart/')}/status"
    assert response.headers["ETag"] == '"1"'
    assert (receipt["version"], receipt["ledger"]) == (1, "lexington")
    assert receipt["recorded_at"].endswith("Z")


PATIENT_BODY = {
    "mrn": "MRN-1",
    "given_name": "Ottoline",
    "family_name": "Quillfeather",
    "birth_date": "1987-05-04",
    "sex": "female",
}


def test_the_first_session_attended_admits_the_patient(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, episode, session = admitted
    shown = status(site, patient)
    assert shown["episode"]["episode_id"] == episode
    assert shown["episode"]["state"] == "active"
    assert shown["episode"]["admitted_on"] == str(DAY)
    assert shown["week"]["minutes"] == (180 if DAY.isocalendar().week == TODAY.isocalendar().week else 0)
    admission = facts(site, patient)[-1]
    assert (admission["type"], admission["fact"]["session_id"]) == ("Admitted", session)
    assert admission["by"]["id"] == "system"


def test_facts_say_who_recorded_them_through_which_door(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, _, _ = admitted
    attendance = next(fact for fact in facts(site, patient) if fact["type"] == "AttendanceRecorded")
    assert attendance["by"]["id"] == site.person("front_desk").id
    assert attendance["by"]["role"] == "front_desk"
    assert (attendance["source"], attendance["reason"]) == ("api", LATE)


def test_an_attendance_is_corrected_by_its_name(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, _, _ = admitted
    before = next(fact for fact in facts(site, patient) if fact["type"] == "AttendanceRecorded")
    name = f"/events/{before['stream']}@{before['version']}"
    body = {"outcome": "absent_unexcused", "method": "sign_in", "reason": "The sign-in sheet was another group's."}
    site.done("counselor", f"{name}/correction", body)
    correction = next(fact for fact in facts(site, patient) if fact["type"] == "AttendanceCorrected")
    assert correction["fact"]["corrects"] == before["version"]
    assert correction["fact"]["session_id"] == before["fact"]["session_id"]
    assert correction["reason"] == body["reason"]
    assert status(site, patient)["episode"]["state"] == "enrolled"
    # What was corrected can't be corrected again: its correction can.
    again = site.send("counselor", f"{name}/correction", body)
    assert (again.status_code, again.json()["rule"]) == (409, "correction.replaced-target")


def test_a_correction_without_a_reason_is_refused(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, _, _ = admitted
    body = {"outcome": "absent_unexcused", "method": "sign_in"}
    refused = site.send("counselor", f"/events/{chart(patient)}@6/correction", body)
    assert (refused.status_code, refused.json()["rule"]) == (409, "correction.without-reason")


def test_an_entry_is_struck_by_its_name(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, _, _ = admitted
    name = f"/events/{chart(patient)}@6"
    refused = site.send("front_desk", f"{name}/entered-in-error", {"reason": "Wrong chart."})
    assert refused.status_code == 403
    site.done("counselor", f"{name}/entered-in-error", {"reason": "Wrong chart."})
    strikes = [fact["fact"] for fact in facts(site, patient) if fact["type"] == "EnteredInError"]
    # The admission rested on it, and goes with it.
    assert {"target": 6} in strikes
    assert status(site, patient)["episode"]["admitted_on"] is None


@pytest.mark.parametrize("act", ["correction", "entered-in-error", "voiding"])
def test_an_event_that_is_not_on_record_is_not_corrected(site: Site, act: str) -> None:
    patient = site.patient()
    body = {"reason": "Wrong."} | ({"outcome": "absent_unexcused", "method": "x"} if act == "correction" else {})
    refused = site.send("supervisor", f"/events/{chart(patient)}@9/{act}", body)
    assert (refused.status_code, refused.json()["rule"]) == (409, "correction.unknown-target")


def test_an_event_is_corrected_as_what_it_is(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, _, _ = admitted
    body = {"reason": "Wrong.", "at": at(ENDED), "analytes": []}
    refused = site.send("medical_director", f"/events/{chart(patient)}@6/correction", body)
    assert (refused.status_code, refused.json()["rule"]) == (409, "correction.wrong-kind")


def test_events_of_sessions_are_struck_too(site: Site) -> None:
    session = site.session(site.cohort_id)
    planned, cancelled = (f"/events/session/{session}@{version}/entered-in-error" for version in (1, 2))
    site.done("counselor", f"/sessions/{session}/cancellation", {"cause": "other"})
    refused = site.send("supervisor", planned, {"reason": "Planned twice."})
    assert (refused.status_code, refused.json()["rule"]) == (409, "correction.breaks-history")
    site.done("supervisor", cancelled, {"reason": "It takes place."})
    site.hold(session)


def test_a_screening_from_its_order_to_the_talk_about_it(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, episode, _ = admitted
    screening = site.made("counselor", f"/episodes/{episode}/screenings", {"panel": PANEL, "random": False})
    path = f"/screenings/{screening}"
    early = site.send("lab", f"{path}/validity", {"creatinine_mg_dl": 90})
    assert (early.status_code, early.json()["rule"]) == (409, "result.not-collected")
    specimen = {"collected_at": at(ENDED), "matrix": "urine", "observed": True}
    site.done("nurse", f"{path}/specimen", specimen)
    assert status(site, patient)["screening"]["pending"] == 1
    positive = {"analyte": "opiates", "loinc": "19295-5", "outcome": "positive", "cutoff_ng_ml": 2000}
    rest = {"analyte": PANEL[1], "loinc": "18282-4", "outcome": "negative"}
    site.done("nurse", f"{path}/presumptive-results", {"at": at(ENDED), "analytes": [positive, rest]})
    definitive = {**positive, "outcome": "negative", "value_ng_ml": 12.5}
    receipt = site.done("lab", f"{path}/definitive-results", {"at": at(ENDED), "analytes": [definitive]}).json()
    site.done("lab", f"{path}/validity", {"creatinine_mg_dl": 90, "specific_gravity": 1.015, "ph": 6})
    site.done("counselor", f"{path}/review", {"on": str(TODAY)})
    site.done("counselor", f"{path}/discussion", {"on": str(TODAY)})
    assert status(site, patient)["screening"]["last_result"] == "negative"
    reported = next(fact for fact in facts(site, patient) if fact["version"] == receipt["version"])
    assert (reported["source"], reported["by"]["role"]) == ("lab", "lab")
    assert reported["fact"]["episode_id"] == episode
    # The laboratory corrects its result, in the place of the first.
    corrected = {"at": at(ENDED), "analytes": [{**definitive, "outcome": "positive"}], "reason": "Sample mix-up."}
    site.done("lab", f"/events/{receipt['stream']}@{receipt['version']}/correction", corrected)
    assert status(site, patient)["screening"]["last_result"] == "unexpected_positive"


def test_the_whole_way_of_a_step_down(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, episode, _ = admitted
    care = f"/episodes/{episode}"
    body = {
        "to_level": "1",
        "weekly_minutes": 180,
        "effective_on": str(TODAY),
        "criteria": ["abstinent for 30 days"],
        "on": str(TODAY),
    }
    step = f"/step-downs/{site.made('counselor', f'{care}/step-downs', body)}"
    on = {"on": str(TODAY)}
    refusals = []

    def refused(path: str, role: str = "counselor", **further: str) -> None:
        response = site.send(role, f"{step}/{path}", {**on, **further})
        refusals.append((response.status_code, response.json().get("rule")))

    refused("decision")
    site.done("counselor", f"{care}/level-of-care-assessments", {**LEVEL, "actual_level": "2.1", "on": str(TODAY)})
    refused("decision")
    site.done("supervisor", f"{step}/cosignature", on)
    refused("decision")
    refused("effect")
    site.done("counselor", f"{step}/answer", {**on, "answer": "agreed"})
    site.done("counselor", f"{step}/decision", on)
    assert status(site, patient)["step_down"]["stage"] == "decided"
    site.done("counselor", f"{step}/effect", on)
    refused("withdrawal")
    assert refusals == [
        (409, "step-down.no-recent-assessment"),
        (409, "step-down.not-cosigned"),
        (409, "step-down.not-answered"),
        (409, "step-down.not-agreed"),
        (409, "step-down.in-effect"),
    ]
    shown = status(site, patient)
    assert shown["step_down"] == {"stage": "in_effect", "to_level": "1", "effective_on": str(TODAY)}
    assert shown["episode"]["state"] == "tapering"


def test_who_recommends_a_step_down_does_not_co_sign_it(site: Site, admitted: tuple[str, str, str]) -> None:
    _, episode, _ = admitted
    body = {"to_level": "1", "weekly_minutes": 180, "effective_on": str(TODAY), "criteria": ["x"], "on": str(TODAY)}
    step = site.made("medical_director", f"/episodes/{episode}/step-downs", body)
    refused = site.send("medical_director", f"/step-downs/{step}/cosignature", {"on": str(TODAY)})
    assert (refused.status_code, refused.json()["rule"]) == (409, "step-down.cosigned-by-recommender")


def test_a_discharge_its_summary_and_its_voiding(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, episode, _ = admitted
    care = f"/episodes/{episode}"
    body = {"on": str(DAY), "last_service_on": str(DAY), "reason": "dropped_out", "entry_reason": LATE}
    left = site.done("counselor", f"{care}/discharge", body).json()
    recorded = facts(site, patient)[-1]
    assert (recorded["fact"]["reason"], recorded["reason"]) == ("dropped_out", LATE)
    assert status(site, patient)["episode"]["state"] == "discharged"
    voiding = f"/events/{left['stream']}@{left['version']}/voiding"
    summary = site.done("counselor", f"{care}/discharge-summary", {"on": str(TODAY)}).json()
    refused = site.send("supervisor", voiding, {"reason": "The patient came back."})
    assert (refused.status_code, refused.json()["rule"]) == (409, "discharge.rested-upon")
    strike = f"/events/{summary['stream']}@{summary['version']}/entered-in-error"
    site.done("supervisor", strike, {"reason": "Too early."})
    site.done("supervisor", voiding, {"reason": "The patient came back."})
    assert status(site, patient)["episode"]["state"] == "active"


def test_who_completed_may_start_aftercare(site: Site, admitted: tuple[str, str, str]) -> None:
    _, episode, _ = admitted
    body = {"on": str(TODAY), "last_service_on": str(DAY), "reason": "completed", "duration_reason": "moved away"}
    site.done("counselor", f"/episodes/{episode}/discharge", body)
    site.done("counselor", f"/episodes/{episode}/aftercare", {"on": str(TODAY)})


def test_a_session_is_moved_cancelled_held_and_its_times_corrected(site: Site) -> None:
    first, second = site.session(site.cohort_id), site.session(site.cohort_id)
    moved = {"starts_at": at(STARTED + timedelta(minutes=5)), "ends_at": at(ENDED)}
    site.done("counselor", f"/sessions/{first}/rescheduling", moved)
    site.hold(first)
    times = {"started_at": at(STARTED), "ended_at": at(ENDED), "staff": [], "reason": "The clock on the wall was slow."}
    site.done("counselor", f"/sessions/{first}/times-correction", times)
    site.done("administrator", f"/sessions/{second}/cancellation", {"cause": "weather"})
    held = site.send("counselor", f"/sessions/{second}/holding", times)
    assert (held.status_code, held.json()["rule"]) == (409, "session.cancelled")


def test_what_else_happens_in_an_episode(site: Site, admitted: tuple[str, str, str]) -> None:
    patient, episode, _ = admitted
    care, on = f"/episodes/{episode}", {"on": str(TODAY)}
    goal = "4f0c8a4e-52a5-4d2a-8f0b-0f6d7f8a9b10"
    plan = {
        **on,
        "goals": [{"goal_id": goal, "text": "A week without a drink"}],
        "diagnoses": ["F10.20"],
        "planned_weekly_minutes": 540,
        "patient_signed_on": str(TODAY),
    }
    other = site.cohort()
    did = [
        ("counselor", "treatment-plans", plan),
        ("counselor", "plan-reviews", on),
        ("counselor", f"goals/{goal}/achievement", on),
        ("counselor", "triggers", {"text": "payday"}),
        ("counselor", "accountability-measures", {"text": "calls at noon", **on}),
        ("counselor", "relapse-prevention-plan", on),
        ("counselor", "outreach", {"at": at(ENDED), "method": "phone", "outcome": "reached"}),
        ("counselor", "family-exemptions", {"from_on": str(DAY), "cause": "no family in reach"}),
        ("counselor", "cohort-assignments", {"cohort_id": other, "effective_on": str(TODAY)}),
        ("nurse", "breath-alcohol", {"at": at(ENDED), "grams_per_210_l": 0}),
        ("nurse", "prescriptions", {"analyte": "opiates", "from_on": str(DAY), "to_on": str(TODAY), "prescriber": "X"}),
        ("counselor", "self-reductions", {"weekly_minutes": 180, **on}),
        ("counselor", "transfers", {"to_level": "3.5", "provider": "Elsewhere", **on}),
        ("counselor", "holds", {"cause": "hospital", "on": str(TODAY)}),
        ("counselor", "holds/end", on),
    ]
    for role, path, body in did:
        site.done(role, f"{care}/{path}", body)
    recorded = facts(site, patient)[-len(did) :]
    assert all(fact["fact"]["episode_id"] == episode for fact in recorded)
    consent = {
        "who_may_disclose": "the program",
        "what": "attendance",
        "recipients": ["the court"],
        "purpose": "probation",
        "tpo": False,
        "signed_on": str(TODAY),
    }
    made = site.made("counselor", f"/patients/{patient}/consents", consent)
    assert facts(site, patient)[-1]["fact"]["consent_id"] == made


def test_an_inquiry_that_leads_nowhere(site: Site) -> None:
    patient = site.patient()
    episode = site.suitable(patient)
    site.done("admissions", f"/episodes/{episode}/not-admitted", {"on": str(TODAY), "cause": "went elsewhere"})
    assert status(site, patient)["episode"]["state"] == "not_admitted"


def test_a_site_declares_and_adopts(site: Site) -> None:
    site.credential("compliance_officer")
    site.done("administrator", f"/facilities/{site.code}/holidays", {"on": "2026-12-25", "name": "Christmas"})
    body = {"rule_set": "landmark-iop", "version": "1", "effective_on": str(DAY)}
    site.done("compliance_officer", f"/facilities/{site.code}/rule-sets", body)
