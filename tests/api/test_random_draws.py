"""A random draw over HTTP: drawn by the server, ordered by the system, drawn again by an auditor from the export."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.api.program import DAY, TODAY, Site

PANEL = ["opiates", "fentanyl"]

pytestmark = pytest.mark.usefixtures("follower")


@pytest.fixture
def patients(site: Site) -> list[str]:
    """Five in active treatment, by patient id."""
    session = site.session(site.cohort_id)
    site.hold(session)
    admitted = []
    for n in range(5):
        patient, episode = site.enrolled(site.cohort_id, f"MRN-{n}")
        last = site.done("front_desk", f"/episodes/{episode}/attendance", site.attended(session))
        admitted.append(patient)
    seen(site, last.json())
    return sorted(admitted)


def seen(site: Site, receipt: Any) -> None:
    """The read tables have it."""
    at_least = f"{receipt['ledger']}:{receipt['position']}"
    site.told("counselor", f"/facilities/{site.code}/census", params={"at_least": at_least})


def draw(site: Site, role: str = "counselor", **body: Any) -> Any:
    return site.send(role, f"/facilities/{site.code}/random-draws", {"on": str(TODAY), "panel": PANEL, **body})


def exported(site: Site) -> list[dict[str, Any]]:
    answer = site.ask("compliance_officer", f"/ledgers/{site.code}/facts", params={"limit": 5000})
    return [json.loads(line) for line in answer.text.splitlines()]


def test_an_auditor_draws_again_from_the_export_alone(site: Site, patients: list[str]) -> None:
    for body in ({"count": 2}, {"share": 0.5}, {"count": 1, "pool": patients[1:4]}):
        assert draw(site, **body).status_code == 201
    facts = exported(site)
    draws = [line for line in facts if line["type"] == "RandomDrawMade"]
    assert [len(line["fact"]["drawn"]) for line in draws] == [2, 3, 1]
    assert [line["fact"]["pool"] for line in draws] == [patients, patients, patients[1:4]]
    assert len({line["fact"]["seed"] for line in draws}) == 3
    for line in draws:
        fact, name = line["fact"], f"{line['stream']}@{line['version']}"
        digests = {hashlib.sha256(bytes(fact["seed"] + "/" + key, "utf-8")).digest(): key for key in fact["pool"]}
        again = []
        while len(again) < len(fact["drawn"]):
            again.append(digests.pop(min(digests)))
        assert again == fact["drawn"]
        orders = [line for line in facts if line["causation_id"] == name]
        assert [order["stream"] for order in orders] == [f"chart/{key}" for key in again]
        # One transaction: the next positions, at the same instant.
        assert [order["position"] for order in orders] == [line["position"] + 1 + n for n in range(len(again))]
        assert {order["recorded_at"] for order in orders} == {line["recorded_at"]}
        for order in orders:
            assert (order["type"], order["by"]["id"], order["source"]) == ("ScreeningOrdered", "system", "system")
            assert (order["fact"]["random"], order["fact"]["panel"]) == (True, PANEL)
        assert (line["by"]["role"], line["source"]) == ("counselor", "api")


def test_the_draws_are_listed_with_what_was_ordered(site: Site, patients: list[str]) -> None:
    receipt = draw(site, count=2).json()
    listed = site.told("counselor", f"/facilities/{site.code}/random-draws", params={"on": str(TODAY)})
    [made] = listed["draws"]
    assert made["event"] == f"{receipt['stream']}@{receipt['version']}"
    drawn = [one["patient_id"] for one in made["drawn"]]
    assert made["pool"] == patients
    for one in made["drawn"]:
        history = site.told("counselor", f"/patients/{one['patient_id']}/history")["facts"]
        assert history[-1]["fact"]["screening_id"] == one["screening_id"]
    [access] = [line["fact"] for line in site.accesses() if line["fact"].get("what") == "read_random_draws"]
    assert access["patient_ids"] == patients
    order = history[-1]
    site.done("supervisor", f"/events/{order['stream']}@{order['version']}/entered-in-error", {"reason": "Two cups."})
    [struck] = site.told("counselor", f"/facilities/{site.code}/random-draws")["draws"]
    assert struck["drawn"] == [*made["drawn"][:-1], {"patient_id": drawn[-1], "screening_id": None}]
    earlier = {"on": str(DAY - timedelta(days=9))}
    assert site.told("counselor", f"/facilities/{site.code}/random-draws", params=earlier)["draws"] == []
    site.done("supervisor", f"/events/{made['event']}/entered-in-error", {"reason": "Drawn twice."})
    assert site.told("counselor", f"/facilities/{site.code}/random-draws")["draws"] == []


def test_a_draw_that_is_sent_again_is_made_once(site: Site, patients: list[str]) -> None:
    path, body = f"/facilities/{site.code}/random-draws", {"on": str(TODAY), "panel": PANEL, "count": 1}
    first = site.send("counselor", path, body, key="draw-1")
    again = site.send("counselor", path, body, key="draw-1")
    assert (again.status_code, again.json()) == (201, first.json())
    other = site.send("counselor", path, {**body, "count": 2}, key="draw-1")
    assert other.status_code == 422
    assert len([line for line in exported(site) if line["type"] == "RandomDrawMade"]) == 1


def test_nothing_is_recorded_of_a_draw_that_is_refused(site: Site, patients: list[str]) -> None:
    before = len(exported(site))
    stranger = "00000000-0000-0000-0000-000000000001"
    refused = [
        (draw(site, count=6), "draw.count"),
        (draw(site, share=0), "draw.count"),
        (draw(site, count=1, pool=[*patients, stranger]), "draw.not-active"),
        (draw(site, count=1, pool=[]), "draw.empty-pool"),
        (draw(site, count=1, pool=[patients[0], patients[0]]), "draw.twice-in-pool"),
        (draw(site, count=1, on=str(TODAY + timedelta(days=3))), "entry.in-the-future"),
        (draw(site, count=1, panel=["opiates", "opiates"]), "screening.repeated-analyte"),
    ]
    assert [(answer.status_code, answer.json().get("rule")) for answer, _ in refused] == [
        (409, rule) for _, rule in refused
    ]
    for body in ({}, {"count": 1, "share": 0.5}, {"count": 1, "panel": []}):
        assert draw(site, **body).status_code == 422
    assert draw(site, "nurse", count=1).status_code == 403
    assert len(exported(site)) == before
