"""Corrections and strikes over HTTP, sentence by sentence, in every kind of stream that has them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.program import DAY, LATE, NOW, STARTED, TODAY, Site, at, chart

REASON = {"reason": "Entered in error."}


def _strike(site: Site, event: str, body: Any = REASON) -> tuple[int, str | None]:
    answer = site.send("supervisor", f"/events/{event}/entered-in-error", body)
    return answer.status_code, answer.json().get("rule")


@pytest.fixture
def streams(site: Site) -> dict[str, str]:
    """By kind, an event that may be struck."""
    patient, episode = site.enrolled(site.cohort_id)
    trigger = site.done("counselor", f"/episodes/{episode}/triggers", {"text": "payday"}).json()
    holiday = {"on": str(TODAY), "name": "Founders' day"}
    declared = site.done("administrator", f"/facilities/{site.code}/holidays", holiday).json()
    return {
        "facility": f"{declared['stream']}@{declared['version']}",
        "cohort": f"cohort/{site.cohort()}@1",
        "session": f"session/{site.session(site.cohort_id)}@1",
        "chart": f"{chart(patient)}@{trigger['version']}",
    }


@pytest.mark.parametrize("kind", ["facility", "cohort", "session", "chart"])
def test_a_strike_names_a_live_entry_that_is_none_itself_and_says_why(
    site: Site, streams: dict[str, str], kind: str
) -> None:
    event = streams[kind]
    stream, _, version = event.rpartition("@")
    assert _strike(site, event, {}) == (409, "correction.without-reason")
    assert _strike(site, f"{stream}@900") == (409, "correction.unknown-target")
    assert _strike(site, event) == (201, None)
    assert _strike(site, event) == (409, "correction.struck-target")
    assert _strike(site, f"{stream}@{int(version) + 1}") == (409, "correction.unknown-target")


@pytest.fixture
def absent(site: Site) -> tuple[str, str, str]:
    """Patient, episode and session of somebody who is on record as having stayed away: version 6 of the chart."""
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    away = {"session_id": session, "outcome": "absent_unexcused", "method": "roster"}
    site.done("front_desk", f"/episodes/{episode}/attendance", away)
    return patient, episode, session


def _correct(site: Site, event: str, outcome: str, session: str, **more: Any) -> tuple[int, str | None, str]:
    body = {**site.attended(session), "reason": "By the sign-in book.", **more}
    del body["session_id"]
    if outcome != "attended":
        body = {"outcome": outcome, "method": "roster", "reason": "By the sign-in book.", **more}
    answer = site.send("counselor", f"/events/{event}/correction", body)
    document = answer.json()
    return answer.status_code, document.get("rule"), document.get("detail", "")


def test_corrections_are_corrected_and_struck_and_what_they_replaced_comes_back(
    site: Site, absent: tuple[str, str, str]
) -> None:
    patient, _, session = absent
    stream = chart(patient)

    def seen() -> tuple[str, list[str]]:
        facts = site.told("counselor", f"/patients/{patient}/history", params={"limit": 2000})["facts"]
        standing = [f for f in facts if not {"replaced_by", "struck_by"} & f.keys()]
        outcomes = [f["fact"]["outcome"] for f in standing if "outcome" in f["fact"] and "session_id" in f["fact"]]
        return site.told("counselor", f"/patients/{patient}/status")["episode"]["state"], outcomes

    assert seen() == ("enrolled", ["absent_unexcused"])
    assert _correct(site, f"{stream}@6", "attended", session)[0] == 201
    assert seen() == ("active", ["attended"])
    status, rule, detail = _correct(site, f"{stream}@6", "absent_excused", session)
    assert (status, rule) == (409, "correction.replaced-target")
    assert "version 7" in detail
    assert _correct(site, f"{stream}@7", "absent_excused", session)[0] == 201
    assert seen() == ("enrolled", ["absent_excused"])
    facts = site.told("counselor", f"/patients/{patient}/history", params={"limit": 2000})["facts"]
    last = next(f["version"] for f in facts if f.get("corrects") == 7)
    assert _strike(site, f"{stream}@{last}") == (201, None)
    assert seen() == ("active", ["attended"])
    assert _strike(site, f"{stream}@7") == (201, None)
    assert seen() == ("enrolled", ["absent_unexcused"])
    assert _correct(site, f"{stream}@7", "attended", session)[:2] == (409, "correction.struck-target")
    assert _correct(site, f"{stream}@6", "attended", session, reason=" ")[1] == "correction.without-reason"
    assert _correct(site, f"{stream}@900", "attended", session)[1] == "correction.unknown-target"


def test_a_discharge_is_voided_back_to_the_state_before_it_and_never_struck(site: Site) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
    gone = {"on": str(DAY), "last_service_on": str(DAY), "reason": "dropped_out"}
    left = site.send("counselor", f"/episodes/{episode}/discharge", gone).json()
    event = f"{left['stream']}@{left['version']}"
    assert _strike(site, event) == (409, "correction.wrong-kind")
    summary = site.done("counselor", f"/episodes/{episode}/discharge-summary", {"on": str(DAY)}).json()
    void = site.send("supervisor", f"/events/{event}/voiding", REASON)
    assert (void.status_code, void.json()["rule"]) == (409, "discharge.rested-upon")
    assert _strike(site, f"{summary['stream']}@{summary['version']}") == (201, None)
    second = {"first_contact_at": at(STARTED), "referral_source": "self"}
    opened = site.done("admissions", f"/patients/{patient}/episodes", second).json()
    void = site.send("supervisor", f"/events/{event}/voiding", REASON)
    assert (void.status_code, void.json()["rule"]) == (409, "discharge.another-episode-open")
    assert _strike(site, f"{opened['stream']}@{opened['version']}") == (201, None)
    void = site.send("supervisor", f"/events/{event}/voiding", {})
    assert void.json()["rule"] == "correction.without-reason"
    site.done("supervisor", f"/events/{event}/voiding", REASON)
    assert site.told("counselor", f"/patients/{patient}/status")["episode"]["state"] == "active"
    assert _strike(site, event) == (409, "correction.replaced-target")


def test_eligibility_that_is_lost_is_flagged_and_not_refused(site: Site) -> None:
    """The decision that the patient was suitable is struck after the enrollment."""
    patient, _ = site.enrolled(site.cohort_id)
    assert _strike(site, f"{chart(patient)}@4") == (201, None)
    assert "eligibility_in_doubt" in site.told("counselor", f"/patients/{patient}/status")["flags"]


def test_a_late_entry_is_marked_in_the_history(site: Site) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    call = {"at": at(STARTED - timedelta(days=3)), "method": "phone", "outcome": "reached", "reason": LATE}
    site.done("counselor", f"/episodes/{episode}/outreach", call)
    facts = site.told("counselor", f"/patients/{patient}/history", params={"limit": 2000})["facts"]
    [outreach] = [fact for fact in facts if fact["type"] == "OutreachAttempted"]
    assert outreach["late"] is True
    assert 0 <= outreach["late_hours"] - (NOW - STARTED + timedelta(days=3)) // timedelta(hours=1) <= 1
