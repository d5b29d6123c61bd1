"""The trail of a chart, and what changed between two moments, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.api.program import LATE, NOW, Site, at


def test_a_history_has_its_trail_when_it_is_asked_for(site: Site) -> None:
    session = site.session(site.cohort_id)
    site.hold(session)
    patient, episode = site.enrolled(site.cohort_id)
    site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session))
    path = f"/patients/{patient}/history"
    plain = site.told("counselor", path)["facts"]
    trail = site.told("counselor", path, params={"trail": "true"})["facts"]
    added = ("happened_at", "lateness_minutes", "state_after")
    assert not any(name in line for line in plain for name in added)
    assert [{k: v for k, v in line.items() if k not in added} for line in trail] == plain
    states = [line["state_after"]["state"] for line in trail if "state" in line.get("state_after", {})]
    assert states == ["inquiry", "assessed", "enrolled", "active"]
    page = site.told("counselor", path, params={"trail": "true", "after": 2, "limit": 2})["facts"]
    assert page == trail[2:4]


def test_what_was_learned_between_two_receipts_and_what_it_changed(site: Site) -> None:
    session = site.session(site.cohort_id)
    site.hold(session)
    patient, episode = site.enrolled(site.cohort_id)
    before = datetime.now(UTC)
    done = site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session)).json()
    path = f"/patients/{patient}/changes"
    asked = {"from_known_at": at(before), "at_least": f"{site.code}:{done['position']}"}
    answer = site.ask("counselor", path, params=asked)
    told = answer.json()
    assert [line["type"] for line in told["facts"]] == ["AttendanceRecorded", "Admitted"]
    changed = {one["field"]: (one["before"], one["after"]) for one in told["changes"]}
    assert changed["episode.state"] == ("enrolled", "active")
    assert told["to"]["position"] == done["position"]
    assert answer.headers["ETag"] == f'"{told["to"]["version"]}"'
    read = site.accesses()[-1]
    assert (read["type"], read["fact"]["what"], read["fact"]["patient_id"]) == ("ChartRead", "read_changes", patient)
    assert read["fact"]["at_version"] == told["to"]["version"]
    # What was known at either moment doesn't change by what comes later.
    until = told["to"]["known_at"]
    site.done("counselor", f"/episodes/{episode}/outreach", {"at": at(NOW), "method": "phone", "outcome": "reached"})
    again = site.told("counselor", path, params={"from_known_at": at(before), "to_known_at": until})
    assert (again["facts"], again["changes"]) == (told["facts"], told["changes"])
    later = site.told("counselor", path, params={"from_known_at": at(before), "to_known_at": "2100-01-01T00:00:00Z"})
    assert later["asked_known_at"].startswith("2100-01-01")


def test_moments_that_make_no_sense_have_clear_answers(site: Site) -> None:
    patient = site.patient()
    path = f"/patients/{patient}/changes"
    assert site.ask("counselor", path).status_code == 422
    early, late = at(NOW - timedelta(hours=1)), at(NOW + timedelta(hours=1))
    wrong = site.ask("counselor", path, params={"from_known_at": late, "to_known_at": early})
    assert (wrong.status_code, "earlier one first" in wrong.text) == (422, True)
    whole = site.told("counselor", path, params={"from_known_at": "2020-01-01T00:00:00Z"})
    assert whole["from"]["version"] == whole["from"]["position"] == 0
    unknown = site.ask("counselor", f"/patients/{uuid4()}/changes", params={"from_known_at": early})
    assert unknown.status_code == 404


@pytest.mark.parametrize("role", ["front_desk", "admissions", "case_manager", "administrator"])
def test_who_may_not_see_a_history_may_not_see_what_changed_in_it(site: Site, role: str) -> None:
    path = f"/patients/{uuid4()}/changes"
    assert site.ask(role, path, params={"from_known_at": at(NOW)}).status_code == 403


def test_of_a_chart_that_was_destroyed_nothing_changed_that_can_be_read(site: Site) -> None:
    patient = site.patient()
    ended = {"patient_id": patient, "authority": "The retention period is over.", "reason": LATE}
    site.done("compliance_officer", f"/facilities/{site.code}/key-destructions", ended, Purpose_Of_Use="operations")
    answer = site.ask("counselor", f"/patients/{patient}/changes", params={"from_known_at": "2020-01-01T00:00:00Z"})
    assert answer.status_code == 410
