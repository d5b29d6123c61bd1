"""The seats of a cohort and other claims, through everything that takes them and gives them back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.program import DAY, Site

WHY = "Recorded for the wrong patient."


@pytest.fixture
def small(site: Site) -> str:
    """A cohort of one seat."""
    return site.cohort(capacity=1)


def discharged(site: Site, episode: str, cohort: str) -> dict[str, Any]:
    session = site.session(cohort)
    site.hold(session)
    site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
    body = {"on": str(DAY), "last_service_on": str(DAY), "reason": "dropped_out", "entry_reason": WHY}
    receipt: dict[str, Any] = site.done("counselor", f"/episodes/{episode}/discharge", body).json()
    return receipt


def enroll(site: Site, cohort: str, mrn: str) -> httpx.Response:
    episode = site.suitable(site.patient(mrn))
    return site.send("admissions", f"/episodes/{episode}/enrollment", site.enrollment(cohort))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["rule"]


def test_a_discharge_gives_the_seat_to_the_next(site: Site, small: str) -> None:
    _, episode = site.enrolled(small, "M1")
    assert refusal(enroll(site, small, "M2")) == (409, "cohort.full")
    discharged(site, episode, small)
    assert enroll(site, small, "M3").status_code == 201


def test_a_voided_discharge_takes_the_seat_again(site: Site, small: str) -> None:
    _, episode = site.enrolled(small, "M1")
    left = discharged(site, episode, small)
    site.done("supervisor", f"/events/{left['stream']}@{left['version']}/voiding", {"reason": WHY})
    assert refusal(enroll(site, small, "M2")) == (409, "cohort.full")


def test_a_voided_discharge_into_a_full_cohort_is_not_refused(site: Site, small: str) -> None:
    _, episode = site.enrolled(small, "M1")
    left = discharged(site, episode, small)
    assert enroll(site, small, "M2").status_code == 201
    site.done("supervisor", f"/events/{left['stream']}@{left['version']}/voiding", {"reason": WHY})


def test_a_struck_assignment_gives_back_the_seat_before_it(site: Site, small: str) -> None:
    _, episode = site.enrolled(small, "M1")
    body = {"cohort_id": site.cohort_id, "effective_on": str(DAY)}
    moved = site.done("counselor", f"/episodes/{episode}/cohort-assignments", body).json()
    event = f"/events/{moved['stream']}@{moved['version']}/entered-in-error"
    site.done("supervisor", event, {"reason": WHY})
    assert refusal(enroll(site, small, "M2")) == (409, "cohort.full")


def test_a_struck_registration_frees_its_number(site: Site) -> None:
    patient = site.patient("M1")
    site.done("supervisor", f"/events/chart/{patient}@1/entered-in-error", {"reason": WHY})
    assert site.patient("M1") != patient
