"""The lists that a day is worked off by, over HTTP: what was just recorded stands in them, what is done is gone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.program import DAY, ENDED, TODAY, Site, at
from tests.api.test_screenings import SCREEN

pytestmark = pytest.mark.usefixtures("follower")


def rows(site: Site, path: str, **params: Any) -> list[dict[str, Any]]:
    """Of the counselor's list, once it has seen all that is on record."""
    head = site.client.app.state.wiring.store.ledger(site.code).head().position
    found = site.told(
        "counselor", f"/facilities/{site.code}/{path}", params={**params, "at_least": f"{site.code}:{head}"}
    )
    assert found["position"] == head
    return list(found["rows"])


def test_a_result_waits_until_it_was_reviewed_and_discussed(site: Site) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    screening = site.made("counselor", f"/episodes/{episode}/screenings", {"panel": ["buprenorphine"], "random": False})
    path = f"/screenings/{screening}"
    [awaited] = rows(site, "screenings")
    assert (awaited["collection"], awaited["on"], awaited["due"]) == ("awaited", str(TODAY), [])
    site.done("nurse", f"{path}/specimen", {"collected_at": at(ENDED), "matrix": "urine", "observed": True})
    site.done("counselor", f"{path}/presumptive-results", {"at": at(ENDED), "analytes": [SCREEN]})
    [row] = rows(site, "screenings", due="review")
    assert (row["patient_id"], row["screening_id"], row["on"]) == (patient, screening, str(DAY))
    assert (row["result"], row["positive"]) == ("unexpected_positive", ["buprenorphine"])
    assert [one["step"] for one in row["due"]] == ["review", "discussion"]
    site.done("counselor", f"{path}/review", {"on": str(TODAY)})
    assert rows(site, "screenings", due="review") == []
    [row] = rows(site, "screenings", due="discussion")
    assert [one["step"] for one in row["due"]] == ["discussion"]
    site.done("counselor", f"{path}/discussion", {"on": str(TODAY)})
    assert rows(site, "screenings", due="discussion") == []
    assert [one["due"] for one in rows(site, "screenings")] == [[]]
    assert rows(site, "screenings", to=str(DAY.replace(year=DAY.year - 1))) == []


def test_questions_about_days_that_make_no_list(site: Site) -> None:
    for path in ("screenings", "step-downs", "activity"):
        backwards = {"from": str(TODAY), "to": str(DAY)}
        response = site.ask("counselor", f"/facilities/{site.code}/{path}", params=backwards)
        assert response.status_code == 422, path
        assert response.json()["detail"] == "The last date comes before the first: give the earlier one first."
    year = {"from": str(DAY.replace(year=DAY.year - 1))}
    response = site.ask("counselor", f"/facilities/{site.code}/screenings", params=year)
    assert (response.status_code, "at most 92 days" in response.json()["detail"]) == (422, True)
    for unknown in ({"person": "R. Ames"}, {"kind": "Nothing"}):
        response = site.ask("counselor", f"/facilities/{site.code}/activity", params=unknown)
        assert response.status_code == 422
        assert "Ames" not in response.text


def test_who_did_what_is_found_by_person_patient_and_kind(site: Site) -> None:
    patient, _ = site.enrolled(site.cohort_id)
    other, _ = site.enrolled(site.cohort_id, "M-2")
    person = site.person("admissions").id
    done = rows(site, "activity", person=person)
    assert {row["by"]["id"] for row in done} == {person}
    assert {row["patient_id"] for row in done} == {patient, other}
    theirs = rows(site, "activity", person=person, patient=patient)
    assert [row for row in done if row["patient_id"] == patient] == theirs
    assert [row["type"] for row in rows(site, "activity", patient=patient, kind="Enrolled")] == ["Enrolled"]
    first = site.told("counselor", f"/facilities/{site.code}/activity", params={"person": person, "limit": 1})
    assert (len(first["rows"]), first["next_after"]) == (1, done[0]["position"])
    [access] = site.accesses()[-1:]
    assert (access["fact"]["what"], access["fact"]["patient_ids"]) == ("read_activity", [done[0]["patient_id"]])


def test_the_weeks_of_who_came_yesterday(site: Site) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.hold(session)
    site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session))
    weeks = site.told("counselor", f"/patients/{patient}/weeks", params={"as_of": str(DAY)})["weeks"]
    assert (weeks[-1]["minutes"], weeks[-1]["qualifying_days"]) == (180, 1)
    assert weeks[-1]["days"] == [{"on": str(DAY), "minutes": 180}]
    [row] = rows(site, "weeks", as_of=str(DAY))
    assert row == {"patient_id": patient, **weeks[-1]}
