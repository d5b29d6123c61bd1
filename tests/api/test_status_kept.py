"""The status is never older than what was asked for, however often the same was answered before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from api.app import create_app
from api.wiring import Wiring
from domain.record import EnteredInError
from projections import status
from store.accesses import Accesses
from store.desk import Desk
from store.keys import FileKeyring
from store.store import Store
from tests.api.client import Client
from tests.api.conftest import now
from tests.api.program import DAY, Site
from tests.conftest import Database
from tests.store.given import new


def goal(site: Site, episode: str, n: int) -> dict[str, Any]:
    """A fact of a chart, recorded; its receipt."""
    body = {"text": f"trigger {n}"}
    receipt: dict[str, Any] = site.done("counselor", f"/episodes/{episode}/triggers", body).json()
    return receipt


def at_least(receipt: dict[str, Any]) -> dict[str, str]:
    return {"at_least": f"{receipt['ledger']}:{receipt['position']}"}


@pytest.fixture
def folds(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every status that had to be made, not taken from what is at hand."""
    made: list[Any] = []
    answer = status.answer

    def noting(*given: Any, **named: Any) -> Any:
        made.append(given)
        return answer(*given, **named)

    monkeypatch.setattr(status, "answer", noting)
    return made


def test_the_same_question_again_is_answered_from_what_is_at_hand(site: Site, follower: None, folds: list[Any]) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    receipt = goal(site, episode, 1)
    path = f"/patients/{patient}/status"
    first = site.ask("counselor", path, params=at_least(receipt))
    again = [site.ask("counselor", path, params=at_least(receipt)) for _ in range(3)]
    assert {answer.content for answer in again} == {first.content}
    assert {answer.headers["ETag"] for answer in again} == {first.headers["ETag"]}
    assert len(folds) <= 2


def test_a_write_is_in_the_next_answer_that_is_to_have_seen_it(site: Site, follower: None) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    path = f"/patients/{patient}/status"
    for n in range(1, 12):
        receipt = goal(site, episode, n)
        for _ in range(2):
            answer = site.ask("counselor", path, params=at_least(receipt))
            assert answer.status_code == 200
            assert answer.headers["ETag"] == f'"{receipt["version"]}"'
            assert answer.json()["position"] >= receipt["position"]


def test_a_write_of_one_process_is_in_the_answer_of_another(
    site: Site, follower: None, database: Database, keyring: FileKeyring, wiring: Wiring
) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    path = f"/patients/{patient}/status"
    with Store(database.app_url, keyring) as store:
        other = replace(wiring, store=store, desk=Desk(store, now), accesses=Accesses(store))
        with Client(create_app(other)) as client:
            elsewhere = replace(site, client=client)
            for n in range(1, 6):
                receipt = goal(elsewhere if n % 2 else site, episode, n)
                for at in (site, elsewhere, site, elsewhere):
                    answer = at.ask("counselor", path, params=at_least(receipt))
                    assert answer.headers["ETag"] == f'"{receipt["version"]}"'


def test_a_position_that_never_comes_is_not_answered(site: Site, follower: None) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    receipt = goal(site, episode, 1)
    site.told("counselor", f"/patients/{patient}/status", params=at_least(receipt))
    later = {"at_least": f"{site.code}:{receipt['position'] + 1}"}
    assert site.ask("counselor", f"/patients/{patient}/status", params=later).status_code == 503
    elsewhere = {"at_least": "louisville:1000000"}
    assert site.ask("counselor", f"/patients/{patient}/status", params=elsewhere).status_code == 200


def test_another_date_or_another_instant_is_another_answer(site: Site, follower: None) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    path = f"/patients/{patient}/status"
    receipt = goal(site, episode, 1)
    today = site.told("counselor", path, params=at_least(receipt))
    assert site.told("counselor", path, params={"as_of": str(DAY)})["as_of"] == str(DAY)
    assert site.told("counselor", path, params={"known_at": "2100-01-01T00:00:00Z"})["asked_known_at"]
    assert site.told("counselor", path, params=at_least(receipt)) == today


def test_whoever_leaves_the_staff_list_is_refused_at_the_next_request(site: Site, follower: None) -> None:
    patient = site.patient()
    path = f"/patients/{patient}/status"
    assert {site.ask("nurse", path).status_code for _ in range(3)} == {200}
    ledger = site.client.app.state.wiring.store.ledger(site.code)
    lines = ledger.read([f"facility/{site.code}"])[f"facility/{site.code}"]
    [nurse] = [line.version for line in lines if getattr(line.fact, "role", None) == "nurse"]
    # By another process, and no table has it yet.
    ledger.append([new(f"facility/{site.code}", len(lines) + 1, EnteredInError(target=nurse), reason="Never was.")])
    assert site.ask("nurse", path).status_code == 403
    assert site.denials()[-1] == ("read_status", "not on the staff list in this role")
    assert site.ask("counselor", path).status_code == 200


def test_under_many_readers_and_a_writer_each_answer_is_whole_and_on_record(site: Site, follower: None) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    path = f"/patients/{patient}/status"
    with ThreadPoolExecutor(9) as threads:
        writing = threads.submit(lambda: [goal(site, episode, n) for n in range(12)])
        answers = list(threads.map(lambda _: site.ask("counselor", path), range(160)))
        last = writing.result()[-1]
    assert {answer.status_code for answer in answers} == {200}
    positions = [answer.json()["position"] for answer in answers]
    assert max(positions) <= last["position"]
    shown = sorted(int(answer.headers["ETag"].strip('"')) for answer in answers)
    noted = sorted(line["fact"]["at_version"] for line in site.accesses() if line["type"] == "ChartRead")
    assert noted == shown
