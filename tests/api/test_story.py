"""One patient's whole story over HTTP: inquiry to alumni, and back again. At every chapter the status is asked.

It is told from a paper chart of 2025, so every entry says why it comes late; each chapter asks as of its own date.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from tests.api.program import ASSESSMENT, PATIENT, ZONE, Site, at

SINCE = date(2024, 1, 1)
STAFF = ("admissions", "counselor", "supervisor", "nurse", "front_desk", "alumni_coordinator")
EVENINGS = {"weekdays": ["mon", "tue", "thu"], "starts": "18:00", "ends": "21:00"}
LEVEL = {"edition": "3", "ratings": [0, 1, 1, 1, 1, 0], "indicated_level": "1", "actual_level": "2.1"}
SCREEN = {"analyte": "opiates", "loinc": "19295-5", "cutoff_ng_ml": 2000}
CONFIRMATION = {"analyte": "opiates", "loinc": "18390-5", "cutoff_ng_ml": 2000}


STEP = {"to_level": "1", "weekly_minutes": 180, "criteria": ["four weeks without use"]}
EVENING = {"minutes": 180, "qualifying_days": 1, "sessions_expected": 1, "sessions_attended": 1}
"""The week's figures after the first of its evenings."""
TAPERING = {"minutes": 180, "qualifying_days": 1}
"""Who tapers is expected no more; what they come to still counts, in minutes."""


def on(day: str) -> dict[str, str]:
    return {"on": f"2025-{day}"}


def clock(day: str, hour: int, minute: int = 0) -> str:
    return at(datetime.combine(date.fromisoformat(f"2025-{day}"), time(hour, minute), ZONE))


NOTHING_YET: dict[str, Any] = {
    "episode": {
        "episode_id": None,
        "state": None,
        "level_of_care": None,
        "cohort_id": None,
        "admitted_on": None,
        "week_of_program": None,
        "planned_weeks": None,
    },
    "week": {"week": None, "minutes": 0, "qualifying_days": 0, "sessions_expected": 0, "sessions_attended": 0},
    "attendance": {"last_attended_on": None, "consecutive_unexcused": 0},
    "screening": {"last_collected_on": None, "last_result": None, "pending": 0, "unexpected_positives_30_days": 0},
    "step_down": {"stage": None, "to_level": None, "effective_on": None},
    "flags": [],
}


class Chart:
    """A patient's chart as the clinic sees it, and what its status is expected to say by now; `care` is the address of
    the episode."""

    def __init__(self, site: Site, patient: str, neighbour: str) -> None:
        self.site = site
        self.patient = patient
        self.neighbour = neighbour
        self.care = ""
        self.expected: dict[str, Any] = {**NOTHING_YET}

    def begin_anew(self) -> None:
        """Of what is said of an episode nothing is left with the next one; screenings are the chart's."""
        self.expected = {**NOTHING_YET, "screening": self.expected["screening"]}

    def says(self, day: str, *, known_at: str | None = None, **changed: Any) -> None:
        """The status at the end of that day, whole: as before, but for what is said here."""
        monday = date.fromisoformat(f"2025-{day}").isocalendar()
        changed["week"] = {"week": f"{monday.year}-W{monday.week:02}", **changed.get("week", {})}
        expected = {
            part: {**before, **changed[part]}
            if isinstance(before, dict) and part in changed
            else changed.get(part, before)
            for part, before in self.expected.items()
        }
        shown = self.status(day, known_at=known_at)
        assert {part: shown[part] for part in expected} == expected, day
        if known_at is None:
            self.expected = {**expected, "week": NOTHING_YET["week"]}

    def status(self, day: str, *, known_at: str | None = None) -> Any:
        params = {"as_of": f"2025-{day}"} | ({} if known_at is None else {"known_at": known_at})
        return self.site.told("counselor", f"/patients/{self.patient}/status", params=params)

    def facts(self) -> list[Any]:
        told: list[Any] = self.site.told("counselor", f"/patients/{self.patient}/history")["facts"]
        return told


@pytest.fixture
def site(empty_site: Site) -> Site:
    site = empty_site
    site.done("administrator", "/facilities", {"code": site.code, "name": "Lexington", "zone": ZONE.key})
    for role in STAFF:
        site.credential(role, SINCE)
    cohort = {"name": "Evening", "program": "iop", **EVENINGS, "capacity": 12, **on("02-24")}
    site.cohort_id = site.made("counselor", f"/facilities/{site.code}/cohorts", cohort)
    return site


def evening(site: Site, day: str, kind: str = "group") -> str:
    """A session from six to nine, planned."""
    cohort = {"cohort_id": site.cohort_id} if kind == "group" else {}
    body = {"kind": kind, "starts_at": clock(day, 18), "ends_at": clock(day, 21), "modality": "in_person", **cohort}
    return site.made("counselor", f"/facilities/{site.code}/sessions", body)


def holding(site: Site, day: str) -> dict[str, Any]:
    lead = {
        "staff_id": site.person("counselor").id.removeprefix("staff/"),
        "role": "lead",
        "from": clock(day, 18),
        "to": clock(day, 21),
    }
    return {"started_at": clock(day, 18), "ended_at": clock(day, 21), "staff": [lead]}


def attended(day: str) -> dict[str, Any]:
    return {"outcome": "attended", "arrived_at": clock(day, 18), "left_at": clock(day, 21)}


def come(site: Site, patient: str, day: str, kind: str = "group") -> None:
    """An evening held, with the patient there, on the roster."""
    lines = [{"patient_id": patient, **attended(day)}]
    session = evening(site, day, kind)
    site.done("counselor", f"/sessions/{session}/roster", {"lines": lines, "holding": holding(site, day)})


def enrollment(site: Site, day: str) -> dict[str, Any]:
    return {**site.enrollment(site.cohort_id), **on(day)}


def enrolled(site: Site) -> dict[str, Any]:
    return {"state": "enrolled", "level_of_care": "2.1", "cohort_id": site.cohort_id, "planned_weeks": 8}


def refused(site: Site, role: str, path: str, body: Any) -> str:
    answer = site.send(role, path, {"reason": "Late."} | body)
    assert answer.status_code == 409, answer.text
    rule: str = answer.json()["rule"]
    return rule


def she_calls(chart: Chart) -> None:
    """She calls on a Wednesday, is assessed on Thursday, and enrolled on Friday, beside somebody else."""
    site = chart.site
    call = {"first_contact_at": clock("02-26", 10, 30), "referral_source": "self"}
    episode = site.made("admissions", f"/patients/{chart.patient}/episodes", call)
    chart.care = f"/episodes/{episode}"
    chart.says("02-25")
    chart.says("02-26", episode={"episode_id": episode, "state": "inquiry"})

    # She is assessed on Thursday, and the program suits her.
    assessment = {**ASSESSMENT, **on("02-27"), "prior_care": "none"}
    site.done("counselor", f"{chart.care}/intake-assessments", assessment)
    chart.says("02-27", episode={"state": "assessed"})
    assert (
        refused(site, "admissions", f"{chart.care}/enrollment", enrollment(site, "02-28"))
        == "enrollment.without-suitable"
    )
    site.done("counselor", f"{chart.care}/suitability", {"outcome": "suitable", **on("02-27")})

    # She is enrolled on Friday, into the evenings.
    site.done("admissions", f"{chart.care}/enrollment", enrollment(site, "02-28"))
    chart.says("02-28", episode=enrolled(site))
    beside = site.made("admissions", f"/patients/{chart.neighbour}/episodes", call)
    site.done("counselor", f"/episodes/{beside}/intake-assessments", assessment)
    site.done("counselor", f"/episodes/{beside}/suitability", {"outcome": "suitable", **on("02-27")})
    site.done("admissions", f"/episodes/{beside}/enrollment", enrollment(site, "02-28"))


def she_comes(chart: Chart) -> None:
    """On Monday she is let in at the door, and leaves at nine. The roster of the whole group admits her."""
    site = chart.site
    first = evening(site, "03-03")
    door = f"/sessions/{first}"
    arrival = {"patient_id": chart.patient, "arrived_at": clock("03-03", 17, 58)}
    site.done("front_desk", f"{door}/arrivals", arrival)
    room = site.told("counselor", f"{door}/roster")
    assert {line["patient_id"]: line["state"] for line in room["patients"]} == {
        chart.patient: "in_the_room",
        chart.neighbour: "expected",
    }
    site.done("front_desk", f"{door}/departures", {"patient_id": chart.patient, "left_at": clock("03-03", 21, 1)})
    chart.says("03-03")
    lines = [{"patient_id": chart.patient, "outcome": "attended"}, {"patient_id": chart.neighbour, **attended("03-03")}]
    site.done("counselor", f"{door}/roster", {"lines": lines, "holding": holding(site, "03-03")})
    assert chart.facts()[-1]["type"] == "Admitted"
    active = {"state": "active", "admitted_on": "2025-03-03", "week_of_program": 1}
    chart.says("03-03", episode=active, week=EVENING, attendance={"last_attended_on": "2025-03-03"})


def she_misses(chart: Chart) -> None:
    """On Tuesday she calls in sick. On Thursday she is there, and the wrong box is ticked."""
    site = chart.site
    tuesday, thursday = evening(site, "03-04"), evening(site, "03-06")
    site.done("counselor", f"/sessions/{tuesday}/holding", holding(site, "03-04"))
    site.done("counselor", f"/sessions/{thursday}/holding", holding(site, "03-06"))
    sick = {"session_id": tuesday, "outcome": "absent_excused", "method": "phone"}
    site.done("counselor", f"{chart.care}/attendance", sick)
    chart.says("03-04", week=EVENING | {"sessions_expected": 2})
    missed = {"session_id": thursday, "outcome": "absent_unexcused", "method": "sign_in"}
    slip = site.done("counselor", f"{chart.care}/attendance", missed).json()
    there = {**attended("03-06"), "method": "sign_in", "reason": "Wrong box ticked: her name is on the sheet."}
    site.done("counselor", f"/events/{slip['stream']}@{slip['version']}/correction", there)
    three = {"minutes": 360, "qualifying_days": 2, "sessions_expected": 3, "sessions_attended": 2}
    chart.says(
        "03-06",
        week=EVENING | {"sessions_expected": 3},
        attendance={"consecutive_unexcused": 1},
        known_at=slip["recorded_at"],
    )
    chart.says("03-06", week=three, attendance={"last_attended_on": "2025-03-06"})


def she_is_screened(chart: Chart) -> None:
    """On the next Monday: positive at the desk, negative in the laboratory."""
    site = chart.site
    come(site, chart.patient, "03-10")
    screening = site.made("counselor", f"{chart.care}/screenings", {"panel": ["opiates"], "random": True})
    path = f"/screenings/{screening}"
    specimen = {"collected_at": clock("03-10", 17, 30), "matrix": "urine", "observed": True}
    site.done("nurse", f"{path}/specimen", specimen)
    site.done("lab", f"{path}/validity", {"creatinine_mg_dl": 90, "specific_gravity": 1.015, "ph": 6.2})
    chart.says(
        "03-10",
        episode={"week_of_program": 2},
        week=EVENING,
        attendance={"last_attended_on": "2025-03-10"},
        screening={"last_collected_on": "2025-03-10", "pending": 1},
    )
    report = {"at": clock("03-10", 17, 45), "analytes": [{**SCREEN, "outcome": "positive"}]}
    site.done("nurse", f"{path}/presumptive-results", report)
    unexpected = {"last_result": "unexpected_positive", "pending": 0, "unexpected_positives_30_days": 1}
    chart.says("03-10", week=EVENING, screening=unexpected, flags=["unexpected_positive"])
    site.done("counselor", f"{path}/review", on("03-11"))
    site.done("counselor", f"{path}/discussion", on("03-11"))
    definitive = {"at": clock("03-13", 9), "analytes": [{**CONFIRMATION, "outcome": "negative", "value_ng_ml": 12.5}]}
    site.done("lab", f"{path}/definitive-results", definitive)
    site.done("counselor", f"{path}/review", on("03-13"))
    site.done("counselor", f"{path}/discussion", on("03-13"))
    chart.says("03-12", week=EVENING)
    overturned = {"last_result": "negative", "unexpected_positives_30_days": 0}
    chart.says("03-13", week=EVENING, screening=overturned, flags=[])
    listed = site.told("counselor", f"/patients/{chart.patient}/screenings")["screenings"]
    assert [analyte["overturned"] for one in listed for analyte in one["analytes"]] == [True]


def she_declines(chart: Chart) -> None:
    """In the sixth week a step-down is recommended. She declines."""
    site = chart.site
    come(site, chart.patient, "04-07")
    early = site.made("counselor", f"{chart.care}/step-downs", {**STEP, "effective_on": "2025-04-14", **on("04-07")})
    monday = {"attendance": {"last_attended_on": "2025-04-07"}, "week": EVENING}
    recommended = {"stage": "recommended", "to_level": "1", "effective_on": "2025-04-14"}
    chart.says("04-07", episode={"week_of_program": 6}, step_down=recommended, **monday)
    site.done("counselor", f"/step-downs/{early}/answer", {"answer": "declined", **on("04-08")})
    chart.says("04-08", week=EVENING, step_down={"stage": "declined"})
    assert refused(site, "counselor", f"/step-downs/{early}/effect", on("04-14")) == "step-down.not-agreed"
    site.done("counselor", f"/step-downs/{early}/withdrawal", on("04-10"))
    chart.says("04-10", week=EVENING, step_down={"stage": "withdrawn"})


def she_agrees(chart: Chart) -> None:
    """Two weeks later: assessed, recommended, co-signed by somebody else, answered, decided, in effect."""
    site = chart.site
    come(site, chart.patient, "04-21")
    site.done("counselor", f"{chart.care}/level-of-care-assessments", {**LEVEL, **on("04-21")})
    agreed = site.made("counselor", f"{chart.care}/step-downs", {**STEP, "effective_on": "2025-04-28", **on("04-21")})
    path = f"/step-downs/{agreed}"
    again = {"stage": "recommended", "effective_on": "2025-04-28"}
    monday = {"attendance": {"last_attended_on": "2025-04-21"}, "week": EVENING}
    chart.says("04-21", episode={"week_of_program": 8}, step_down=again, **monday)
    assert refused(site, "counselor", f"{path}/decision", on("04-22")) == "step-down.not-cosigned"
    site.done("supervisor", f"{path}/cosignature", on("04-22"))
    chart.says("04-22", week=EVENING, step_down={"stage": "cosigned"})
    site.done("counselor", f"{path}/answer", {"answer": "agreed", **on("04-23")})
    chart.says("04-23", week=EVENING, step_down={"stage": "agreed"})
    site.done("counselor", f"{path}/decision", on("04-24"))
    chart.says("04-24", week=EVENING, step_down={"stage": "decided"})
    site.done("counselor", f"{path}/effect", on("04-28"))
    come(site, chart.patient, "04-28")
    tapering = {"state": "tapering", "level_of_care": "1", "week_of_program": 9}
    monday = {"attendance": {"last_attended_on": "2025-04-28"}, "week": TAPERING}
    chart.says("04-28", episode=tapering, step_down={"stage": "in_effect"}, **monday)


def she_completes(chart: Chart) -> None:
    """She completes the program, with a summary the day after."""
    site = chart.site
    come(site, chart.patient, "05-05")
    left = {**on("05-05"), "last_service_on": "2025-05-05", "reason": "completed", "entry_reason": "From paper."}
    site.done("counselor", f"{chart.care}/discharge", left)
    monday = {"attendance": {"last_attended_on": "2025-05-05"}, "week": TAPERING}
    chart.says("05-05", episode={"state": "discharged", "week_of_program": 10}, **monday)
    site.done("counselor", f"{chart.care}/discharge-summary", on("05-06"))


def she_stays_in_touch(chart: Chart) -> None:
    """Aftercare once a week, then the alumni. What she comes to now earns no hours."""
    site = chart.site
    site.done("counselor", f"{chart.care}/aftercare", on("05-12"))
    come(site, chart.patient, "05-14", "aftercare")
    chart.says("05-14")
    site.done("alumni_coordinator", f"{chart.care}/alumni", on("06-02"))
    site.done("alumni_coordinator", f"{chart.care}/alumni-contacts", {"outcome": "doing well", **on("07-01")})
    chart.says("07-01")


def she_comes_back(chart: Chart) -> None:
    """In September: a second episode, beside the first."""
    site = chart.site
    call = {"first_contact_at": clock("09-03", 9), "referral_source": "self"}
    second = site.made("admissions", f"/patients/{chart.patient}/episodes", call)
    chart.begin_anew()
    chart.says("09-03", episode={"episode_id": second, "state": "inquiry"})
    back = f"/episodes/{second}"
    site.done("counselor", f"{back}/intake-assessments", {**ASSESSMENT, **on("09-04"), "prior_care": "iop"})
    site.done("counselor", f"{back}/suitability", {"outcome": "suitable", **on("09-04")})
    site.done("admissions", f"{back}/enrollment", enrollment(site, "09-05"))
    chart.says("09-05", episode=enrolled(site))
    come(site, chart.patient, "09-08")
    again = {"state": "active", "admitted_on": "2025-09-08", "week_of_program": 1}
    chart.says("09-08", episode=again, week=EVENING, attendance={"last_attended_on": "2025-09-08"})


def what_was_stands(chart: Chart) -> None:
    """The first episode stands as it was, on its own dates."""
    site = chart.site
    assert chart.status("04-28")["episode"]["state"] == "tapering"
    assert chart.status("08-31")["episode"]["state"] == "discharged"
    facts = chart.facts()
    assert [fact["fact"]["on"] for fact in facts if fact["type"] == "Admitted"] == ["2025-03-03", "2025-09-08"]
    assert all(fact["reason"] for fact in facts if fact.get("late"))
    census = site.told("counselor", f"/facilities/{site.code}/census", params={"as_of": "2025-09-08"})
    assert {row["patient_id"]: row["state"] for row in census["rows"]} == {
        chart.patient: "active",
        chart.neighbour: "active",
    }


def test_from_the_first_call_to_the_alumni_and_back(site: Site) -> None:
    mine = site.made("admissions", "/patients", PATIENT)
    neighbour = site.made("admissions", "/patients", PATIENT | {"mrn": "MRN-2", "given_name": "Wilhelmina"})
    chart = Chart(site, mine, neighbour)
    she_calls(chart)
    she_comes(chart)
    she_misses(chart)
    she_is_screened(chart)
    she_declines(chart)
    she_agrees(chart)
    she_completes(chart)
    she_stays_in_touch(chart)
    she_comes_back(chart)
    what_was_stands(chart)
