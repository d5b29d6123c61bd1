"""The group room over HTTP: check in at the door, then the roster of the whole session, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.program import ENDED, LATE, NOW, PERSONAL, STARTED, Site, at, chart

LIVE = NOW - timedelta(minutes=10)


@pytest.fixture
def group(site: Site) -> list[tuple[str, str]]:
    """Patient and episode of three who are enrolled."""
    return [site.enrolled(site.cohort_id, f"M-{n}") for n in range(3)]


def lines(group: list[tuple[str, str]], **said: Any) -> list[dict[str, Any]]:
    present = {"outcome": "attended", "arrived_at": at(STARTED), "left_at": at(ENDED)}
    return [{"patient_id": patient, **present, **said} for patient, _ in group]


def records(site: Site, patient: str) -> list[dict[str, Any]]:
    facts = site.told("counselor", f"/patients/{patient}/history", params={"limit": 2000})["facts"]
    return [fact for fact in facts if fact["type"] == "AttendanceRecorded"]


# ---- at the door


def test_a_patient_comes_and_goes_in_two_short_posts(site: Site, group: list[tuple[str, str]]) -> None:
    [(patient, episode), *_] = group
    session = site.session(site.cohort_id, LIVE, LIVE + timedelta(hours=3))
    came = site.send("front_desk", f"/sessions/{session}/arrivals", {"patient_id": patient})
    assert came.status_code == 201, came.text
    receipt = came.json()
    assert receipt["stream"] == chart(patient)
    assert came.headers["ETag"] == f'"{receipt["version"]}"'
    again = site.send("front_desk", f"/sessions/{session}/arrivals", {"patient_id": patient})
    assert (again.status_code, again.json()["rule"]) == (409, "presence.in-the-room")
    went = site.send("front_desk", f"/sessions/{session}/departures", {"patient_id": patient})
    assert went.status_code == 201, went.text
    facts = site.told("counselor", f"/patients/{patient}/history", params={"limit": 2000})["facts"][-2:]
    assert [(fact["type"], fact["fact"]["session_id"], fact["fact"]["episode_id"]) for fact in facts] == [
        ("ArrivalNoted", session, episode),
        ("DepartureNoted", session, episode),
    ]
    assert facts[0]["fact"]["method"] == "sign_in"


def test_staff_comes_and_goes(site: Site) -> None:
    session = site.session(site.cohort_id, LIVE, LIVE + timedelta(hours=3))
    staff = {"staff_id": site.person("therapist").id.removeprefix("staff/")}
    came = site.send("counselor", f"/sessions/{session}/staff-arrivals", {**staff, "role": "lead"})
    assert (came.status_code, came.json()["stream"]) == (201, f"session/{session}")
    again = site.send("counselor", f"/sessions/{session}/staff-arrivals", staff)
    assert (again.status_code, again.json()["rule"]) == (409, "staff.in-the-room")
    assert site.send("front_desk", f"/sessions/{session}/staff-departures", staff).status_code == 201
    nobody = site.send("counselor", f"/sessions/{session}/staff-arrivals", {"staff_id": str(uuid4())})
    assert (nobody.status_code, nobody.json()["rule"]) == (409, "staff.not-listed")


def test_a_note_about_nobody_is_not_found(site: Site) -> None:
    session = site.session(site.cohort_id, LIVE, LIVE + timedelta(hours=3))
    response = site.send("front_desk", f"/sessions/{session}/arrivals", {"patient_id": str(uuid4())})
    assert (response.status_code, response.json()["rule"]) == (404, "patient.not-registered")
    unplanned = site.send("front_desk", f"/sessions/{uuid4()}/staff-arrivals", {"staff_id": str(uuid4())})
    assert (unplanned.status_code, unplanned.json()["rule"]) == (404, "session.unknown")


def test_a_note_says_who_it_is_about(site: Site) -> None:
    response = site.send("front_desk", f"/sessions/{uuid4()}/arrivals", {"arrived_at": "six"})
    assert response.status_code == 422
    assert {error["field"] for error in response.json()["errors"]} == {"body.patient_id", "body.arrived_at"}


# ---- the roster


def test_a_roster_is_recorded_at_once_with_the_holding(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    counselor = site.person("counselor").id.removeprefix("staff/")
    staff = [{"staff_id": counselor, "role": "lead", "from": at(STARTED), "to": at(ENDED)}]
    sent = lines(group)
    sent[1] = {"episode_id": group[1][1], "outcome": "absent_excused", "reason": "A surgery."}
    sent[2] |= {"family_members": 2, "method": "tablet"}
    holding = {"started_at": at(STARTED), "ended_at": at(ENDED), "staff": staff}
    response = site.done("counselor", f"/sessions/{session}/roster", {"lines": sent, "holding": holding})
    receipt = response.json()
    assert (receipt["stream"], receipt["version"], response.headers["ETag"]) == (f"session/{session}", 2, '"2"')
    found = [records(site, patient)[0] for patient, _ in group]
    assert [one["fact"]["outcome"] for one in found] == ["attended", "absent_excused", "attended"]
    assert [one["reason"] for one in found] == [LATE, "A surgery.", LATE]
    assert [one["fact"]["method"] for one in found] == ["roster", "roster", "tablet"]
    assert found[2]["fact"]["family_members"] == 2
    assert {one["recorded_at"] for one in found} == {receipt["recorded_at"]}


def test_a_roster_takes_the_times_noted_at_the_door(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    for n, (patient, _) in enumerate(group[:2]):
        came = STARTED + timedelta(minutes=n)
        site.done("front_desk", f"/sessions/{session}/arrivals", {"patient_id": patient, "arrived_at": at(came)})
        site.done("front_desk", f"/sessions/{session}/departures", {"patient_id": patient, "left_at": at(ENDED)})
    counselor = {"staff_id": site.person("counselor").id.removeprefix("staff/"), "role": "lead"}
    site.done("counselor", f"/sessions/{session}/staff-arrivals", {**counselor, "at": at(STARTED)})
    sent = [{"patient_id": patient, "outcome": "attended"} for patient, _ in group[:2]]
    sent += [{"patient_id": group[2][0], "outcome": "absent_unexcused"}]
    holding = {"started_at": at(STARTED), "ended_at": at(ENDED)}
    site.done("counselor", f"/sessions/{session}/roster", {"lines": sent, "holding": holding})
    [first], [second], [third] = (records(site, patient) for patient, _ in group)
    assert first["fact"]["left_at"] == second["fact"]["left_at"] is not None
    assert first["fact"]["arrived_at"] < second["fact"]["arrived_at"]
    assert "arrived_at" not in third["fact"] or third["fact"]["arrived_at"] is None
    held = site.client.app.state.wiring.store.ledger(site.code).read([f"session/{session}"])[f"session/{session}"]
    assert [one["role"] for one in held[-1].fact.staff] == ["lead"]
    late = site.send("front_desk", f"/sessions/{session}/departures", {"patient_id": group[0][0]})
    assert late.json()["rule"] == "presence.already-recorded"


def test_every_refused_line_is_told_and_nothing_is_recorded(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    stranger = site.patient("M-9")
    ledger = site.client.app.state.wiring.store.ledger(site.code)
    before = ledger.head().position
    good, *_ = sent = lines(group)
    sent[1] = {**sent[1], "arrived_at": at(ENDED), "left_at": at(STARTED)}
    sent += [
        {**good, "patient_id": stranger},
        good,
        {"episode_id": str(uuid4()), "outcome": "absent_unexcused"},
        {"patient_id": str(uuid4()), "outcome": "absent_unexcused"},
    ]
    body = {"lines": sent, "reason": LATE}
    response = site.send("counselor", f"/sessions/{session}/roster", body)
    assert response.status_code == 409
    problem = response.json()
    assert problem["rule"] == "roster.refused-lines"
    assert [(line["line"], line["rule"]) for line in problem["lines"]] == [
        (2, "attendance.left-before-arriving"),
        (4, "roster.no-episode"),
        (5, "attendance.already-recorded"),
        (6, "episode.unknown"),
        (7, "patient.not-registered"),
    ]
    assert all(line["detail"].endswith(".") for line in problem["lines"])
    assert not any(word in response.text for word in (*PERSONAL, stranger, group[0][0]))
    assert ledger.head().position == before


def test_excuses_are_given_by_who_may_excuse(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    sent = lines(group)
    sent[2] = {"patient_id": group[2][0], "outcome": "absent_excused"}
    body = {"lines": sent, "reason": LATE}
    response = site.send("front_desk", f"/sessions/{session}/roster", body)
    assert response.status_code == 409
    [refused] = response.json()["lines"]
    assert (refused["line"], refused["rule"]) == (3, "act.not-permitted")
    assert ("record_roster", "act.not-permitted") in site.denials()
    only_excuse = {"lines": sent[2:], "reason": LATE}
    assert site.send("case_manager", f"/sessions/{session}/roster", only_excuse).status_code == 201
    body = {"lines": sent[:2], "reason": LATE, "holding": {"started_at": at(STARTED), "ended_at": at(ENDED)}}
    assert site.send("front_desk", f"/sessions/{session}/roster", body).status_code == 403


def test_a_holding_that_is_refused_is_told_by_its_own_rule(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    site.hold(session)
    body = {"lines": lines(group), "reason": LATE, "holding": {"started_at": at(STARTED), "ended_at": at(ENDED)}}
    response = site.send("counselor", f"/sessions/{session}/roster", body)
    assert (response.status_code, response.json()["rule"]) == (409, "roster.no-staff")
    body["holding"]["staff"] = []
    response = site.send("counselor", f"/sessions/{session}/roster", body)
    assert (response.status_code, response.json()["rule"]) == (409, "session.already-held")


def test_a_line_names_the_patient_or_the_episode(site: Site, group: list[tuple[str, str]]) -> None:
    both = {"patient_id": group[0][0], "episode_id": group[0][1], "outcome": "absent_unexcused"}
    for sent in ([both], [{"outcome": "absent_unexcused"}]):
        response = site.send("counselor", f"/sessions/{uuid4()}/roster", {"lines": sent})
        assert response.status_code == 422
        assert response.json()["errors"] == [
            {"field": "body.lines.0", "because": "must name `patient_id` or `episode_id`, one of both"}
        ]
    for sent in ([], [both] * 201):
        assert site.send("counselor", f"/sessions/{uuid4()}/roster", {"lines": sent}).status_code == 422


def test_the_same_roster_again_gets_the_same_answer(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    path, body = f"/sessions/{session}/roster", {"lines": lines(group), "reason": LATE}
    first = site.send("counselor", path, body, key="roster-1")
    second = site.send("counselor", path, body, key="roster-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.headers["ETag"] == second.headers["ETag"]
    assert [len(records(site, patient)) for patient, _ in group] == [1, 1, 1]
    other = {"lines": lines(group[:1]), "reason": LATE}
    assert site.send("counselor", path, other, key="roster-1").status_code == 422


def test_a_roster_of_a_session_that_has_changed_is_told_so(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    site.hold(session)
    path, body = f"/sessions/{session}/roster", {"lines": lines(group), "reason": LATE}
    assert site.send("counselor", path, body, If_Match='"1"').status_code == 412
    response = site.send("counselor", path, body, If_Match='"2"')
    assert (response.status_code, response.json()["version"], response.headers["ETag"]) == (201, 2, '"2"')


def test_two_counselors_send_the_same_roster_at_the_same_moment(site: Site, group: list[tuple[str, str]]) -> None:
    start = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(10):
            session = site.session(None, STARTED, ENDED)
            body = {"lines": lines(group, outcome="absent_unexcused", arrived_at=None, left_at=None), "reason": LATE}

            def send(role: str, path: str = f"/sessions/{session}/roster", body: Any = body) -> httpx.Response:
                start.wait()
                return site.send(role, path, body)

            sending: Callable[[str], httpx.Response] = send
            won, told = sorted(threads.map(sending, ("counselor", "therapist")), key=lambda one: one.status_code)
            assert (won.status_code, told.status_code) == (201, 409)
            assert told.json()["rule"] == "roster.refused-lines"
            assert [(line["line"], line["rule"]) for line in told.json()["lines"]] == [
                (n, "attendance.already-recorded") for n in (1, 2, 3)
            ]
    assert [len(records(site, patient)) for patient, _ in group] == [10, 10, 10]


# ---- who is there


def test_the_sheet_says_who_is_expected_who_is_there_and_the_ratio_now(
    site: Site, group: list[tuple[str, str]]
) -> None:
    session = site.session(site.cohort_id, LIVE, LIVE + timedelta(hours=3))
    path = f"/sessions/{session}"
    told = site.told("front_desk", f"{path}/roster")
    assert sorted((one["mrn"], one["state"], one["expected"]) for one in told["patients"]) == [
        (f"M-{n}", "expected", True) for n in range(3)
    ]
    assert told["now"] == {
        "patients": 0,
        "staff": 0,
        "qualified_staff": 0,
        "patients_per_staff": 6,
        "within_ratio": True,
    }
    came = site.send("front_desk", f"{path}/arrivals", {"patient_id": group[0][0]}).json()
    told = site.told("front_desk", f"{path}/roster", params={"at_least": f"{site.code}:{came['position']}"})
    assert told["position"] >= came["position"]
    assert (told["now"]["patients"], told["now"]["within_ratio"]) == (1, False)
    therapist = site.person("therapist")
    staff = {"staff_id": therapist.id.removeprefix("staff/"), "role": "lead"}
    site.done("counselor", f"{path}/staff-arrivals", staff)
    site.done("front_desk", f"{path}/arrivals", {"patient_id": group[1][0]})
    site.done("front_desk", f"{path}/departures", {"patient_id": group[1][0]})
    absent = {"patient_id": group[2][0], "outcome": "absent_excused"}
    site.done("counselor", f"{path}/roster", {"lines": [absent]})
    response = site.ask("counselor", f"{path}/roster")
    told = response.json()
    assert response.headers["ETag"] == '"2"'
    assert told["counts"] == {"expected": 3, "in_the_room": 1, "left": 1, "recorded": 1}
    assert (told["now"]["qualified_staff"], told["now"]["within_ratio"]) == (1, True)
    [lead] = told["staff"]
    assert (lead["name"], lead["role"], lead["in_the_room"]) == (therapist.name, "lead", True)
    by_id = {one["patient_id"]: one for one in told["patients"]}
    assert [by_id[patient]["state"] for patient, _ in group] == ["in_the_room", "left", "recorded"]
    assert by_id[group[2][0]]["outcome"] == "absent_excused"
    assert by_id[group[2][0]]["record"].startswith(f"chart/{group[2][0]}@")
    assert by_id[group[0][0]]["episode_id"] == group[0][1]
    assert by_id[group[0][0]]["family_name"] == "Quillfeather"
    assert not {"diagnoses", "birth_date", "phone"} & set(by_id[group[0][0]])


def test_looking_at_the_sheet_is_on_record_before_the_answer(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id, LIVE, LIVE + timedelta(hours=3))
    told = site.told("counselor", f"/sessions/{session}/roster")
    [seen] = [line["fact"] for line in site.accesses() if line["fact"].get("what") == "read_roster"]
    assert seen["patient_ids"] == [one["patient_id"] for one in told["patients"]]
    assert set(seen["patient_ids"]) == {patient for patient, _ in group}


def test_the_door_sees_the_sessions_of_today_alone(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    assert site.ask("front_desk", f"/sessions/{session}/roster").status_code == 403
    assert ("read_roster", "not permitted to this role for this purpose") in site.denials()
    assert len(site.told("counselor", f"/sessions/{session}/roster")["patients"]) == len(group)
    assert site.ask("alumni_coordinator", f"/sessions/{session}/roster").status_code == 403
    assert site.ask("front_desk", f"/sessions/{uuid4()}/roster").status_code == 404


def test_the_sheet_is_of_now(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id)
    path = f"/sessions/{session}/roster"
    assert site.ask("counselor", path, params={"as_of": "2026-03-02"}).status_code == 422
    ahead = site.client.app.state.wiring.store.ledger(site.code).head().position + 1
    assert site.ask("counselor", path, params={"at_least": f"{site.code}:{ahead}"}).status_code == 503
    site.hold(session)
    told = site.told("counselor", path)
    assert (told["session"]["state"], told["now"]) == ("held", None)
    assert [one["role"] for one in told["staff"]] == ["lead"]
    assert told["counts"]["expected"] == len(group)


def test_what_came_since_the_last_look_is_on_the_sheet(site: Site, group: list[tuple[str, str]]) -> None:
    session = site.session(site.cohort_id, LIVE, LIVE + timedelta(hours=3))
    path = f"/sessions/{session}/roster"
    assert len(site.told("counselor", path)["patients"]) == len(group)
    newcomer, _ = site.enrolled(site.cohort_id, "M-7")
    guest, _ = site.enrolled(site.cohort(), "M-8")
    assert {one["patient_id"] for one in site.told("counselor", path)["patients"]} == {
        newcomer,
        *(patient for patient, _ in group),
    }
    site.done("front_desk", f"/sessions/{session}/arrivals", {"patient_id": guest})
    [found] = [one for one in site.told("counselor", path)["patients"] if one["patient_id"] == guest]
    assert (found["expected"], found["state"]) == (False, "in_the_room")


@pytest.mark.usefixtures("follower")
def test_the_sessions_of_a_day_say_who_leads_and_what_is_recorded(site: Site, group: list[tuple[str, str]]) -> None:
    session, beside = site.session(site.cohort_id), site.session(None)
    counselor = site.person("counselor")
    lead = {"staff_id": counselor.id.removeprefix("staff/"), "role": "lead"}
    site.done("counselor", f"/sessions/{session}/staff-arrivals", {**lead, "at": at(STARTED)})
    sent = lines(group[:2])
    last = site.done("counselor", f"/sessions/{session}/roster", {"lines": sent}).json()
    asked = {"on": str(STARTED.date()), "at_least": f"{site.code}:{last['position']}"}
    told = site.told("front_desk", f"/facilities/{site.code}/sessions", params=asked)["sessions"]
    by_id = {one["session_id"]: one for one in told}
    assert (by_id[session]["attended"], by_id[session]["recorded"], by_id[beside]["recorded"]) == (2, 2, 0)
    assert by_id[session]["staff"] == [{**lead, "name": counselor.name}]
    assert by_id[beside]["staff"] == []
    holding = {"started_at": at(STARTED), "ended_at": at(ENDED)}
    sent = lines(group[2:])
    last = site.done("counselor", f"/sessions/{session}/roster", {"lines": sent, "holding": holding}).json()
    asked["at_least"] = f"{site.code}:{last['position']}"
    told = site.told("front_desk", f"/facilities/{site.code}/sessions", params=asked)["sessions"]
    [held] = [one for one in told if one["session_id"] == session]
    assert (held["state"], held["recorded"], held["staff"]) == ("held", 3, [{**lead, "name": counselor.name}])


def test_the_sheet_as_known_before_somebody_came(site: Site, group: list[tuple[str, str]]) -> None:
    [(patient, _), *_] = group
    session = site.session(site.cohort_id, LIVE, LIVE + timedelta(hours=3))
    path = f"/sessions/{session}/roster"
    before = site.ask("counselor", path)
    site.done("front_desk", f"/sessions/{session}/arrivals", {"patient_id": patient})
    assert site.told("counselor", path)["counts"]["in_the_room"] == 1
    then = site.ask("counselor", path, params={"known_at": before.json()["known_at"]})
    assert then.json() == before.json()
    assert then.headers["ETag"] == before.headers["ETag"]
    unplanned = site.told("counselor", f"/patients/{patient}/history")["facts"][0]["recorded_at"]
    assert site.ask("counselor", path, params={"known_at": unplanned}).status_code == 404
