"""The whole path over HTTP: a facility opens, a patient comes, attends, is screened, steps down, leaves."""

from __future__ import annotations

from tests.api.program import Site


def test_from_the_opening_of_a_facility_to_the_admission(site: Site) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.hold(session)
    receipt = site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session)).json()
    print(receipt)
    print(site.told("counselor", f"/patients/{patient}/history"))
