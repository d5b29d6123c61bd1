"""A discharge that is voided into a cohort that has been filled since: the patient is back, and the census says so."""

from __future__ import annotations

from typing import Any

import pytest

from projections import census
from store.store import Store
from tests.api.program import DAY, LATE, NOW, Site

FLAG = "cohort_over_capacity"


def _flagged(site: Site) -> dict[str, bool]:
    """By patient, folded from the ledger."""
    rows = census.answer(_store(site), site.code, now=NOW, known_at=_store(site).ledger(site.code).head().recorded_at)
    return {row["patient_id"]: FLAG in row["flags"] for row in rows.rows}


def _store(site: Site) -> Store:
    store: Store = site.client.app.state.wiring.store
    return store


@pytest.fixture
def voided(site: Site) -> tuple[str, str, str]:
    """Two patients of a cohort with one seat, and the event of the void that brought the first one back."""
    cohort = site.cohort(capacity=1)
    first, episode = site.enrolled(cohort, "M-1")
    session = site.session(cohort)
    site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
    gone: dict[str, Any] = {"on": str(DAY), "last_service_on": str(DAY)}
    left = site.send("counselor", f"/episodes/{episode}/discharge", {**gone, "reason": "dropped_out"})
    assert left.status_code == 201, left.text
    second, _ = site.enrolled(cohort, "M-2")
    assert _flagged(site) == {second: False}
    event = left.json()
    void = site.done("supervisor", f"/events/{event['stream']}@{event['version']}/voiding", {"reason": "Came back."})
    return first, second, f"{void.json()['stream']}@{void.json()['version']}"


def test_everybody_in_an_overfull_cohort_is_flagged_until_there_is_room(
    site: Site, voided: tuple[str, str, str]
) -> None:
    first, second, void = voided
    assert _flagged(site) == {first: True, second: True}
    assert site.told("counselor", f"/patients/{first}/status")["episode"]["state"] == "active"
    site.done("supervisor", f"/events/{void}/entered-in-error", {"reason": LATE})
    assert _flagged(site) == {second: False}


def test_nobody_else_is_seated_in_an_overfull_cohort(site: Site, voided: tuple[str, str, str]) -> None:
    first, _, _ = voided
    cohort = site.told("counselor", f"/patients/{first}/status")["episode"]["cohort_id"]
    third = site.suitable(site.patient("M-3"))
    refused = site.send("admissions", f"/episodes/{third}/enrollment", {**site.enrollment(cohort), "reason": LATE})
    assert (refused.status_code, refused.json()["rule"]) == (409, "cohort.full")
