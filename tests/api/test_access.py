"""Reading a chart leaves an access fact before the answer; what can't be put on record isn't answered."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any, NoReturn

import pytest

from api.app import create_app
from api.wiring import Wiring
from store.errors import StoreError, Unavailable
from tests.api.client import Client
from tests.api.program import PATIENT, PERSONAL, Site, chart


def seen(site: Site) -> list[dict[str, Any]]:
    return [{"type": line["type"], "by": line["by"]["id"], **line["fact"]} for line in site.accesses()]


@pytest.mark.parametrize(
    ("query", "what"), [("status", "read_status"), ("history", "read_history"), ("compliance", "read_compliance")]
)
def test_reading_a_chart_leaves_an_access_fact(site: Site, query: str, what: str) -> None:
    patient = site.patient()
    site.told("counselor", f"/patients/{patient}/{query}", Purpose_Of_Use="treatment")
    assert seen(site) == [
        {
            "type": "ChartRead",
            "by": site.person("counselor").id,
            "patient_id": patient,
            "what": what,
            "purpose": "treatment",
            "at_version": 1,
        }
    ]


def test_a_search_leaves_who_was_found_and_nothing_of_what_was_asked(site: Site) -> None:
    patient = site.patient()
    found = site.told("front_desk", "/patients", params={"mrn": " mrn-7731 "})
    assert [one["patient_id"] for one in found["patients"]] == [patient]
    assert site.told("front_desk", "/patients", params={"mrn": "MRN-0"})["patients"] == []
    access = seen(site)
    assert [(fact["type"], fact["what"], fact["patient_ids"]) for fact in access] == [
        ("SearchMade", "find_patients", [patient]),
        ("SearchMade", "find_patients", []),
    ]
    assert not any(word in str(access) for word in PERSONAL)


def test_a_census_leaves_everybody_who_was_in_it(site: Site, follower: None) -> None:
    patients = sorted(site.enrolled(site.cohort_id, mrn)[0] for mrn in ("M1", "M2"))
    receipt = site.done("supervisor", f"/sessions/{site.session(None)}/cancellation", {"cause": "other"}).json()
    params = {"at_least": f"{receipt['ledger']}:{receipt['position']}"}
    census = site.told("counselor", f"/facilities/{site.code}/census", params=params)
    assert [row["patient_id"] for row in census["rows"]] == patients
    assert sorted(seen(site)[-1]["patient_ids"]) == patients


def test_a_report_leaves_everybody_who_is_in_it(site: Site) -> None:
    patient, _ = site.enrolled(site.cohort_id)
    known = site.told("counselor", f"/patients/{patient}/status")
    path = f"/facilities/{site.code}/reports/weekly"
    site.told("supervisor", path, params={"week": known["week"]["week"]})
    assert seen(site)[-1]["patient_ids"] == [patient]
    assert seen(site)[-1]["what"] == "read_weekly_report"


def test_facts_that_leave_are_on_record_with_the_hash_of_what_left(site: Site) -> None:
    site.patient()
    response = site.ask("compliance_officer", f"/ledgers/{site.code}/facts")
    [export] = seen(site)
    assert export["type"] == "ExportMade"
    assert export["rows"] == len(response.text.splitlines())
    assert export["sha256"] == sha256(response.content).hexdigest()


def test_what_is_not_found_was_not_read(site: Site) -> None:
    assert site.ask("counselor", "/patients/00000000-0000-4000-8000-000000000000/status").status_code == 404
    assert seen(site) == []


class Broken:
    """An access record that can't be written."""

    def __init__(self, error: StoreError) -> None:
        self._error = error

    def _fail(self, *_: Any, **__: Any) -> NoReturn:
        raise self._error

    read = begin_read = search = export = denied = _fail


@pytest.fixture(params=[Unavailable("The database is away."), StoreError("A statement was refused.")], ids=repr)
def unrecorded(wiring: Wiring, site: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The same site through an application whose access record is broken."""
    broken: Any = Broken(request.param)
    with Client(create_app(replace(wiring, accesses=broken))) as client:
        yield replace(site, client=client)


def test_what_cannot_be_put_on_record_is_not_answered(site: Site, unrecorded: Site) -> None:
    patient, _ = site.enrolled(site.cohort_id)
    week = site.told("counselor", f"/patients/{patient}/status")["week"]["week"]
    questions = [
        ("counselor", f"/patients/{patient}/status", {}),
        ("counselor", f"/patients/{patient}/history", {}),
        ("counselor", "/patients", {"mrn": "MRN-7731"}),
        ("counselor", f"/facilities/{site.code}/census", {"known_at": "2100-01-01T00:00:00Z"}),
        ("counselor", f"/facilities/{site.code}/reports/weekly", {"week": week}),
        ("compliance_officer", f"/ledgers/{site.code}/facts", {}),
        # A denial as well.
        ("front_desk", f"/patients/{patient}/status", {}),
    ]
    for role, path, params in questions:
        assert site.ask(role, path, params=params).status_code in (200, 403)
        response = unrecorded.ask(role, path, params=params)
        assert response.status_code == 503, path
        assert patient not in response.text
        assert not any(word in response.text for word in PERSONAL)


def test_the_record_of_a_read_is_there_before_the_answer_starts(wiring: Wiring, site: Site) -> None:
    patient = site.patient()
    order: list[str] = []

    class Noting:
        def begin_read(self, *given: Any, **named: Any) -> Future[None]:
            asked = wiring.accesses.begin_read(*given, **named)
            # Called before whoever waits for it hears of it.
            asked.add_done_callback(lambda _: order.append("recorded"))
            return asked

    noting: Any = Noting()
    app = create_app(replace(wiring, accesses=noting))

    class Watched(Client):
        def __init__(self) -> None:
            super().__init__(app)

    inner = app.build_middleware_stack()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            order.append(message["type"])
            await send(message)

        await inner(scope, receive, sending)

    app.middleware_stack = watched
    with Watched() as client:
        assert replace(site, client=client).ask("counselor", f"/patients/{patient}/status").status_code == 200
    assert order[:2] == ["recorded", "http.response.start"]


def test_two_readers_at_a_time_are_both_on_record(site: Site) -> None:
    patient = site.patient()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: site.ask("counselor", f"/patients/{patient}/status"), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert [fact["patient_id"] for fact in seen(site)] == [patient] * 24
    assert chart(patient) in site.told("counselor", f"/patients/{patient}/history")["facts"][0]["stream"]


@pytest.mark.parametrize("role", ["counselor", "auditor"])
def test_who_is_not_on_the_staff_list_reads_nothing_whatever_the_token_says(site: Site, role: str) -> None:
    patient = site.patient()
    site.people.pop(role)  # The next token is somebody else's, in the same role.
    refused = site.ask(
        role, f"/patients/{patient}/history", Purpose_Of_Use="audit" if role == "auditor" else "treatment"
    )
    assert refused.status_code == 403
    assert site.denials() == [("read_history", "not on the staff list in this role")]


def test_a_decision_that_is_refused_for_who_makes_it_is_a_denial_on_record(site: Site) -> None:
    site.people.pop("counselor")
    refused = site.send("counselor", "/patients", {**PATIENT, "mrn": "M-9"})
    assert (refused.status_code, refused.json()["rule"]) == (409, "act.not-credentialed")
    assert site.denials() == [("register_patient", "act.not-credentialed")]
