"""Questions about the sample program, over HTTP: the answers that were expected, at every cut."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from store.keys import FileKeyring
from tests.api.program import Site
from tests.api.sample_site import ASKING, sample_site
from tests.conftest import Database
from tests.domain.compliance.test_expected_rows import REPORTS, as_of_in
from tests.sample_program import EXPECTED, Asked, read_rows, sample

CUT = {"as_of": "2026-04-17", "known_at": "2026-04-18T03:59:59Z"}
LAST = 4183 + len(ASKING)
"""The sample's facts, and those that put the askers on the staff list."""

CORRECTED = "6e0b3a72-3a0f-4e01-85b9-568a0846352a"


@pytest.fixture(scope="module")
def lexington(make_database: Callable[[], Database], keyring: FileKeyring) -> Iterator[Site]:
    with sample_site(make_database(), keyring) as site:
        yield site


@pytest.mark.parametrize("path", sorted(EXPECTED.glob("status-*.json")), ids=lambda path: path.stem)
def test_the_status_is_the_expected_one(lexington: Site, path: Path) -> None:
    expected = json.loads(path.read_text())
    given = lexington.told("counselor", f"/patients/{expected['patient_id']}/status", params=CUT)
    flags = given.pop("flags")
    assert set(expected.pop("flags")) <= set(flags)
    assert given == expected


def test_without_a_time_the_status_is_that_of_today_as_all_is_known(lexington: Site) -> None:
    given = lexington.told("counselor", f"/patients/{CORRECTED}/status")
    assert given["as_of"] == "2026-04-17"
    assert given["position"] == LAST
    assert "asked_known_at" not in given


def test_a_known_at_after_the_last_fact_is_answered_as_that_and_says_so(lexington: Site) -> None:
    last = lexington.told("counselor", f"/patients/{CORRECTED}/status")["known_at"]
    later = {"as_of": "2026-04-17", "known_at": "2100-01-01T00:00:00+02:00"}
    facility = f"/facilities/{lexington.code}"
    for path, further in [
        (f"/patients/{CORRECTED}/status", {}),
        (f"/patients/{CORRECTED}/history", {}),
        (f"{facility}/census", {}),
        (f"{facility}/reports/weekly", {"week": "2026-W15"}),
    ]:
        given = lexington.told("supervisor", path, params={**later, **further})
        assert datetime.fromisoformat(given["known_at"]) == datetime.fromisoformat(last), path
        asked = datetime.fromisoformat(given["asked_known_at"])
        assert asked == datetime(2099, 12, 31, 22, tzinfo=UTC), path


def test_as_of_without_one_is_the_local_date_of_known_at(lexington: Site) -> None:
    params = {"known_at": "2026-03-10T02:00:00Z"}
    given = lexington.told("counselor", f"/patients/{CORRECTED}/status", params=params)
    assert given["as_of"] == "2026-03-09"


def test_history_is_cut_by_what_was_known_and_paged(lexington: Site) -> None:
    path = f"/patients/{CORRECTED}/history"
    whole = lexington.told("auditor", path, Purpose_Of_Use="audit")
    assert [fact["version"] for fact in whole["facts"]] == list(range(1, whole["version"] + 1))
    before = lexington.told("auditor", path, params=CUT, Purpose_Of_Use="audit")
    known = [f for f in whole["facts"] if f["recorded_at"] <= "2026-04-18T03:59:59"]
    assert list(map(_stored, before["facts"])) == list(map(_stored, known))
    assert all("replaced_by" not in f or f["replaced_by"] <= len(known) for f in before["facts"])
    assert before["status"]["as_of"] == "2026-04-17"
    pages: list[Any] = []
    after: int | None = 0
    while after is not None:
        page = lexington.told("auditor", path, params={"after": after, "limit": 40}, Purpose_Of_Use="audit")
        assert len(page["facts"]) <= 40
        pages += page["facts"]
        after = page["next_after"]
    assert pages == whole["facts"]
    original = [line for line in map(_plain, sample()) if line[0] == f"chart/{CORRECTED}"]
    assert [(f["stream"], f["version"], f["position"], f["type"]) for f in pages] == original


def _plain(fact: Any) -> tuple[str, int, int, str]:
    return fact.stream, fact.version, fact.position, type(fact.fact).__name__


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_has_the_expected_rows(lexington: Site, name: str) -> None:
    asked = Asked.parse(REPORTS[name])
    params = {key.replace("-", "_"): value for key, value in asked.arguments.items()} | {"as_of": str(as_of_in(asked))}
    kind = "monthly" if "month" in params else "weekly"
    given = lexington.told("compliance_officer", f"/facilities/{lexington.code}/reports/{kind}", params=params)
    expected = read_rows(EXPECTED / name)
    columns = list(expected[0])
    assert [{column: str(row[column]) for column in columns} for row in given["rows"]] == expected
    assert given["row_count"] == len(given["rows"])
    assert all(row["evidence"] for row in given["rows"])


def test_the_census_has_a_row_for_everybody_in_care(lexington: Site) -> None:
    census = lexington.told("counselor", f"/facilities/{lexington.code}/census", params=CUT)
    assert (census["as_of"], census["position"]) == ("2026-04-17", 2964)
    for row in census["rows"]:
        status = lexington.told("counselor", f"/patients/{row['patient_id']}/status", params=CUT)
        assert row["state"] == status["episode"]["state"]
        assert row["flags"] == status["flags"]
    now_in_care = lexington.told("counselor", f"/facilities/{lexington.code}/census")
    assert now_in_care["position"] == LAST


def test_the_sessions_of_a_day(lexington: Site) -> None:
    storm = lexington.told("front_desk", f"/facilities/{lexington.code}/sessions", params={"on": "2026-02-26"})
    assert storm["on"] == "2026-02-26"
    assert all(session["starts_at"].startswith("2026-02-26") for session in storm["sessions"])
    assert {session["state"] for session in storm["sessions"]} <= {"planned", "held", "cancelled"}
    today = lexington.told("front_desk", f"/facilities/{lexington.code}/sessions")
    assert today["on"] == "2026-04-17"
    assert today["sessions"]


def test_a_patient_is_found_by_mrn(lexington: Site) -> None:
    registered = next(fact for fact in sample() if type(fact.fact).__name__ == "PatientRegistered")
    found = lexington.told("front_desk", "/patients", params={"mrn": registered.fact.mrn})
    assert found["patients"] == [
        {
            "patient_id": registered.stream.removeprefix("chart/"),
            "mrn": registered.fact.mrn,
            "given_name": registered.fact.given_name,
            "family_name": registered.fact.family_name,
            "birth_date": registered.fact.birth_date.isoformat(),
        }
    ]


def test_the_facts_of_a_site_come_in_order_and_whole(lexington: Site) -> None:
    path = f"/ledgers/{lexington.code}/facts"
    positions: list[int] = []
    while True:
        params = {"after": positions[-1] if positions else 0, "limit": 1500}
        response = lexington.ask("compliance_officer", path, params=params)
        assert response.headers["Content-Type"].startswith("application/x-ndjson")
        lines = [json.loads(line) for line in response.text.splitlines()]
        if not lines:
            break
        positions += [line["position"] for line in lines]
    assert positions == list(range(1, LAST + 1))


def test_what_was_seen_is_waited_for_or_the_answer_is_try_again(lexington: Site) -> None:
    status = f"/patients/{CORRECTED}/status"
    assert lexington.ask("counselor", status, params={"at_least": f"lexington:{LAST}"}).status_code == 200
    several = {"at_least": [f"lexington:{LAST}", "louisville:99999"]}
    assert lexington.ask("counselor", status, params=several).status_code == 200
    for path in (status, f"/patients/{CORRECTED}/history"):
        ahead = lexington.ask("counselor", path, params={"at_least": f"lexington:{LAST + 1}"})
        assert (ahead.status_code, ahead.headers["Retry-After"]) == (503, "1")


def test_an_unknown_patient_is_not_there_at_any_time(lexington: Site) -> None:
    early = {"known_at": "2020-01-01T00:00:00Z"}
    for params in ({}, CUT, early):
        response = lexington.ask("counselor", f"/patients/{UUID(int=7)}/status", params=params)
        assert response.status_code == 404
    assert lexington.ask("counselor", f"/patients/{CORRECTED}/status", params=early).status_code == 404
    assert lexington.ask("counselor", f"/patients/{CORRECTED}/history", params=early).status_code == 404
    facility = f"/facilities/{lexington.code}"
    assert lexington.ask("counselor", f"{facility}/census", params=early).status_code == 404
    weekly = {"week": "2026-W10", **early}
    assert lexington.ask("supervisor", f"{facility}/reports/weekly", params=weekly).status_code == 404


def test_the_program_is_ready_when_the_read_tables_are_current(lexington: Site) -> None:
    response = lexington.client.send("GET", "/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "database": "ok",
        "projections": "ok",
        "lag": {"events": 0, "seconds": 0.0, "set_aside": 0},
    }


def _stored(fact: dict[str, Any]) -> dict[str, Any]:
    """Without what is seen of it at a cut."""
    return {name: value for name, value in fact.items() if name not in ("replaced_by", "struck_by")}
