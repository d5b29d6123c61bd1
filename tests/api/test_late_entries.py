"""How late a site records, over HTTP."""

from __future__ import annotations

from datetime import timedelta

from tests.api.program import TODAY, Site


def path(site: Site) -> str:
    return f"/facilities/{site.code}/late-entries"


def test_an_entry_of_the_day_before_yesterday_is_late_and_counted_with_its_reason(site: Site) -> None:
    patient = site.patient()
    on = str(TODAY - timedelta(days=3))
    before = site.told("supervisor", path(site), params={"per": "person"})["whole"]
    site.done("counselor", f"/patients/{patient}/amendments", {"what": "The first drink was at sixteen.", "on": on})
    told = site.told("supervisor", path(site), params={"per": "person", "from": str(TODAY - timedelta(days=1))})
    assert told["whole"]["late"] == before["late"] + 1
    [row] = [row for row in told["rows"] if row["person"] == site.person("counselor").id]
    assert (row["name"], row["role"]) == ("A. counselor", "counselor")
    assert row["longest_minutes"] >= 2 * 24 * 60
    kinds = site.told("supervisor", path(site))["rows"]
    [amendment] = [row for row in kinds if row["kind"] == "AmendmentRequested"]
    assert (amendment["entries"], amendment["late_with_reason"], amendment["late_share"]) == (1, 1, 1.0)
    looked = site.accesses()[-1]
    assert (looked["type"], looked["fact"]["what"]) == ("SearchMade", "read_late_entries")
    assert looked["fact"]["patient_ids"] == []


def test_wrong_dates_are_answered_clearly_and_a_clerk_is_not(site: Site) -> None:
    wrong = site.ask("supervisor", path(site), params={"from": "2026-03-02", "to": "2026-03-01"})
    assert (wrong.status_code, "earlier one first" in wrong.text) == (422, True)
    assert site.ask("supervisor", path(site), params={"per": "patient"}).status_code == 422
    assert site.ask("front_desk", path(site)).status_code == 403
