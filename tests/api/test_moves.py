"""Sessions that are moved, cancelled, revived and struck over HTTP, and the charts that follow them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.api.program import BEFORE, DAY, ENDED, STARTED, TODAY, Site, at, chart

REASON = "It was on the wrong day in the plan."


def _admissions(site: Site, patient: str) -> list[tuple[str, str]]:
    """Date and session of the admissions that stand."""
    facts = site.told("counselor", f"/patients/{patient}/history", params={"limit": 2000})["facts"]
    struck = {fact["fact"]["target"] for fact in facts if fact["type"] == "EnteredInError"}
    return [
        (fact["fact"]["on"], fact["fact"]["session_id"])
        for fact in facts
        if fact["type"] == "Admitted" and fact["version"] not in struck
    ]


def _admitted(site: Site) -> tuple[str, str, str]:
    """Patient, episode and the session that admitted them, today's group having been there as well."""
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
    return patient, episode, session


def _moved(days: int) -> dict[str, Any]:
    span = timedelta(days=days)
    return {"starts_at": at(STARTED + span), "ends_at": at(ENDED + span), "reason": REASON}


def test_a_session_that_is_moved_takes_the_admission_along(site: Site) -> None:
    patient, _, session = _admitted(site)
    assert _admissions(site, patient) == [(str(DAY), session)]
    receipt = site.done("counselor", f"/sessions/{session}/rescheduling", _moved(1)).json()
    assert (receipt["stream"], receipt["version"]) == (f"session/{session}", 2)
    assert _admissions(site, patient) == [(str(TODAY), session)]
    facts = site.told("counselor", f"/patients/{patient}/history", params={"limit": 2000})["facts"]
    assert [fact["type"] for fact in facts[-2:]] == ["EnteredInError", "Admitted"]
    assert {fact["causation_id"] for fact in facts[-2:]} == {f"session/{session}@2"}
    assert {fact["recorded_at"] for fact in facts[-2:]} == {receipt["recorded_at"]}
    assert facts[-1]["position"] == receipt["position"]


def test_a_session_that_is_cancelled_leaves_the_patient_enrolled_and_revived_admits_again(site: Site) -> None:
    patient, _, session = _admitted(site)
    cancelled = site.done("counselor", f"/sessions/{session}/cancellation", {"cause": "facility"}).json()
    assert _admissions(site, patient) == []
    assert site.told("counselor", f"/patients/{patient}/status")["episode"]["state"] == "enrolled"
    event = f"/events/{cancelled['stream']}@{cancelled['version']}/entered-in-error"
    site.done("supervisor", event, {"reason": "It took place after all."})
    assert _admissions(site, patient) == [(str(DAY), session)]
    assert site.told("counselor", f"/patients/{patient}/status")["episode"]["state"] == "active"


def test_a_whole_group_follows_its_session(site: Site) -> None:
    session = site.session(site.cohort_id)
    patients = []
    for n in range(4):
        patient, episode = site.enrolled(site.cohort_id, f"M-{n}")
        site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
        patients.append(patient)
    receipt = site.done("counselor", f"/sessions/{session}/rescheduling", _moved(1)).json()
    for patient in patients:
        assert _admissions(site, patient) == [(str(TODAY), session)]
    ledger = site.client.app.state.wiring.store.ledger(site.code)
    together = [fact for fact in ledger.facts(after=receipt["position"] - 9)]
    assert {fact.recorded_at for fact in together} == {together[0].recorded_at}
    assert [fact.stream for fact in together] == [
        receipt["stream"],
        *[stream for fact in together[1::2] for stream in (fact.stream, fact.stream)],
    ]


def test_a_session_is_not_cancelled_from_under_a_discharge(site: Site) -> None:
    patient, episode, session = _admitted(site)
    gone = {"on": str(DAY), "last_service_on": str(DAY), "reason": "dropped_out"}
    site.done("counselor", f"/episodes/{episode}/discharge", gone)
    refused = site.send("counselor", f"/sessions/{session}/cancellation", {"cause": "facility", "reason": REASON})
    assert (refused.status_code, refused.json()["rule"]) == (409, "correction.breaks-history")
    assert f"{chart(patient)}@" in refused.json()["detail"]


def test_a_session_and_a_cohort_are_struck_while_nothing_rests_on_them(site: Site) -> None:
    patient, _, session = _admitted(site)
    strike = {"reason": "Entered twice."}
    refused = site.send("supervisor", f"/events/session/{session}@1/entered-in-error", strike)
    assert (refused.status_code, refused.json()["rule"]) == (409, "correction.breaks-history")
    assert f"{chart(patient)}@" in refused.json()["detail"]
    refused = site.send("supervisor", f"/events/cohort/{site.cohort_id}@1/entered-in-error", strike)
    assert (refused.status_code, refused.json()["rule"]) == (409, "correction.breaks-history")
    for stream in (f"session/{site.session(site.cohort_id)}", f"cohort/{site.cohort()}"):
        site.done("supervisor", f"/events/{stream}@1/entered-in-error", strike)


def test_a_session_sent_away_twice_is_moved_once(site: Site) -> None:
    patient, _, session = _admitted(site)
    body = _moved(-1)
    body["starts_at"], body["ends_at"] = at(STARTED), at(ENDED + timedelta(minutes=5))
    for _ in range(2):
        site.done("counselor", f"/sessions/{session}/rescheduling", body, Idempotency_Key="move-1")
    assert _admissions(site, patient) == [(str(DAY), session)]
    assert str(BEFORE) < str(DAY)
