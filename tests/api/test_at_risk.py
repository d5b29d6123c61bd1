"""Who needs what by when, over HTTP."""

from __future__ import annotations

import pytest

from domain.access import SearchMade
from store.accesses import access_ledger
from tests.api.program import Site


def path(site: Site) -> str:
    return f"/facilities/{site.code}/at-risk"


@pytest.mark.parametrize("role", ["counselor", "case_manager"])
def test_who_may_read_the_census_sees_the_week_at_hand(site: Site, role: str) -> None:
    document = site.told(role, path(site), Purpose_Of_Use="treatment")
    assert (document["rows"], document["rule_set"]) == ([], "landmark-iop")
    last = site.client.app.state.wiring.store.ledger(access_ledger(site.code)).facts()[-1].fact
    assert isinstance(last, SearchMade)
    assert (last.what, last.purpose) == ("read_at_risk", "treatment")
    assert site.told(role, path(site), params={"week": "2026-W10"})["week"] == "2026-W10"


def test_who_may_not_is_denied_and_a_week_that_there_is_not_is_422(site: Site) -> None:
    assert site.ask("front_desk", path(site)).status_code == 403
    for params in ({"week": "2026-W54"}, {"week": "last"}, {"weeks": "2026-W10"}):
        assert site.ask("counselor", path(site), params=params).status_code == 422


def test_what_was_written_is_waited_for(site: Site, follower: None) -> None:
    position = site.told("counselor", path(site))["position"]
    assert site.ask("counselor", path(site), params={"at_least": f"{site.code}:{position}"}).status_code == 200
    assert site.ask("counselor", path(site), params={"at_least": f"{site.code}:{position + 9}"}).status_code == 503
