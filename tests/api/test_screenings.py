"""The list of a patient's screenings over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.program import BEFORE, DAY, ENDED, TODAY, Site, at

SCREEN = {"analyte": "buprenorphine", "loinc": "93494-3", "outcome": "positive", "cutoff_ng_ml": 10}
CONFIRMED = {**SCREEN, "loinc": "16208-1", "outcome": "negative", "value_ng_ml": 0, "cutoff_ng_ml": 5}


@pytest.fixture
def patient(site: Site) -> str:
    """Screened on the day before, presumptively positive; definitively negative, as is known since."""
    patient, episode = site.enrolled(site.cohort_id)
    screening = site.made("counselor", f"/episodes/{episode}/screenings", {"panel": ["buprenorphine"], "random": False})
    path = f"/screenings/{screening}"
    site.done("nurse", f"{path}/specimen", {"collected_at": at(ENDED), "matrix": "urine", "observed": True})
    site.done("counselor", f"{path}/presumptive-results", {"at": at(ENDED), "analytes": [SCREEN]})
    return patient


def confirm(site: Site, patient: str) -> Any:
    [row] = listed(site, patient)["screenings"]
    path = f"/screenings/{row['screening_id']}"
    return site.done("lab", f"{path}/definitive-results", {"at": at(ENDED), "analytes": [CONFIRMED]}).json()


def listed(site: Site, patient: str, role: str = "counselor", **params: str) -> Any:
    return site.told(role, f"/patients/{patient}/screenings", params=params)


def test_an_overturned_positive_is_seen_beside_what_overturned_it(site: Site, patient: str) -> None:
    before = listed(site, patient)
    receipt = confirm(site, patient)
    [row] = listed(site, patient, at_least=f"{site.code}:{receipt['position']}")["screenings"]
    [analyte] = row["analytes"]
    assert (analyte["presumptive"]["outcome"], analyte["definitive"]["outcome"]) == ("positive", "negative")
    assert (analyte["final"], analyte["overturned"], row["result"]) == ("negative", True, "negative")
    assert [report["kind"] for report in row["reports"]] == ["presumptive", "definitive"]
    # As it was known before, and as of the day before.
    then = listed(site, patient, known_at=before["known_at"])
    assert then["screenings"] == before["screenings"]
    assert then["screenings"][0]["result"] == "unexpected_positive"
    assert listed(site, patient, as_of=str(DAY))["screenings"] == listed(site, patient)["screenings"]
    kinds = [fact["type"] for fact in site.told("counselor", f"/patients/{patient}/history")["facts"]]
    assert kinds[-2:] == ["PresumptiveReported", "DefinitiveReported"]


def test_an_answer_says_what_it_stands_on(site: Site, patient: str) -> None:
    answer = site.ask("counselor", f"/patients/{patient}/screenings")
    document = answer.json()
    assert (document["patient_id"], document["facility"]) == (patient, site.code)
    assert document["as_of"] == str(TODAY)
    assert answer.headers["ETag"] == f'"{document["version"]}"'
    later = listed(site, patient, known_at="2100-01-01T00:00:00Z", as_of=str(TODAY))
    assert later["asked_known_at"] == "2100-01-01T00:00:00Z"
    assert later["known_at"] == document["known_at"]


def test_whoever_reads_the_screenings_is_on_record(site: Site, patient: str) -> None:
    version = listed(site, patient, "nurse")["version"]
    access = site.accesses()[-1]
    assert (access["type"], access["by"]["role"]) == ("ChartRead", "nurse")
    assert access["fact"]["what"] == "read_screenings"
    assert (access["fact"]["patient_id"], access["fact"]["at_version"]) == (patient, version)
    for role in ("front_desk", "lab", "alumni_coordinator", "admissions"):
        assert site.ask(role, f"/patients/{patient}/screenings").status_code == 403
        assert site.denials()[-1][0] == "read_screenings"


def test_nobody_else_has_screenings_here(site: Site, patient: str) -> None:
    unknown = "/patients/00000000-0000-0000-0000-000000000001/screenings"
    assert site.ask("counselor", unknown).status_code == 404
    long_ago = {"known_at": "2020-01-01T00:00:00Z"}
    assert site.ask("counselor", f"/patients/{patient}/screenings", params=long_ago).status_code == 404


def test_what_nobody_can_have_meant_is_refused(site: Site, patient: str) -> None:
    [row] = listed(site, patient)["screenings"]
    path = f"/screenings/{row['screening_id']}"
    slips = [
        (f"{path}/validity", {"specific_gravity": 1015}, "result.implausible-measure"),
        (f"{path}/validity", {}, "result.no-measures"),
        (f"{path}/definitive-results", {"at": at(ENDED), "analytes": [CONFIRMED] * 2}, "result.repeated-analyte"),
        (f"{path}/definitive-results", {"at": at(ENDED), "analytes": [_coded("16208-2")]}, "result.loinc-form"),
        (f"{path}/definitive-results", {"at": at(ENDED), "analytes": [_coded("16199-2")]}, "result.other-analyte"),
    ]
    for address, body, rule in slips:
        refused = site.send("lab", address, {"reason": "Sent again."} | body)
        assert (refused.status_code, refused.json()["rule"]) == (409, rule)
    early = site.send("counselor", f"{path}/review", {"on": str(BEFORE), "reason": "By the diary."})
    assert (early.status_code, early.json()["rule"]) == (409, "result.not-yet-reported")


def _coded(loinc: str) -> dict[str, Any]:
    return {**CONFIRMED, "loinc": loinc}


def test_before_it_was_ordered_a_screening_is_not_there(site: Site) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    site.made("counselor", f"/episodes/{episode}/screenings", {"panel": ["buprenorphine"], "random": False})
    today, before = listed(site, patient), listed(site, patient, as_of=str(DAY))
    assert [row["collection"]["outcome"] for row in today["screenings"]] == ["awaited"]
    assert before["screenings"] == []
