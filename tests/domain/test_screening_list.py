"""The list of a patient's screenings, and the flags that results raise."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.chart.screening import AnalyteOutcome, AnalyteResult, PrescriptionVerified
from domain.screening_list import screenings
from domain.status import present
from domain.week import business_days
from tests.domain.care import (
    SECOND_SCREENING,
    breath,
    collected,
    definitive,
    discussed,
    found,
    missed,
    ordered,
    prescribed,
    presumptive,
    result_corrected,
    reviewed,
    specimen_refused,
    validity,
)
from tests.domain.cast import ACTIVE, CHART, EPISODE, ZONE, day, discharged, local
from tests.domain.given import Story, given, said, strike

POSITIVE, NEGATIVE, INCONCLUSIVE = AnalyteOutcome.POSITIVE, AnalyteOutcome.NEGATIVE, AnalyteOutcome.INCONCLUSIVE

TAKEN = (*ACTIVE, ordered(), collected())
"""Versions 1 to 9; collected on Tuesday 2026-03-03."""

OTHERWISE = found("cannabinoids", NEGATIVE)
"""The result of the other analyte of the panel."""


def listed(story: Story, as_of: str = "2026-12-31", holidays: tuple[date, ...] = ()) -> dict[str, Any]:
    entries = story.streams[CHART]
    document = screenings(story.chart, entries, zone=ZONE, holidays=holidays, as_of=day(as_of))
    assert json.loads(json.dumps(document)) == document
    return document


def first(story: Story, as_of: str = "2026-12-31", **further: Any) -> dict[str, Any]:
    row: dict[str, Any] = listed(story, as_of, **further)["screenings"][0]
    return row


def opiates(story: Story, as_of: str = "2026-12-31") -> dict[str, Any]:
    row: dict[str, Any] = first(story, as_of)["analytes"][0]
    return row


def flags(story: Story, as_of: str, holidays: tuple[date, ...] = ()) -> list[str]:
    status = present(
        story.chart,
        facility=replace(story.scene(story.clock).facility, holidays=dict.fromkeys(holidays, 0)),
        sessions=story.scene(story.clock).sessions,
        cohorts=story.scene(story.clock).cohorts,
        as_of=day(as_of),
        known_at=story.clock,
        position=1,
    )
    raised: list[str] = status["flags"]
    return raised


def event(version: int) -> str:
    return f"{CHART}@{version}"


# ---- a positive that was overturned


def test_a_positive_that_was_overturned_stays_visible_beside_what_overturned_it() -> None:
    screen = replace(found(outcome=POSITIVE), cutoff_ng_ml=2000)
    confirmed = AnalyteResult(analyte="opiates", loinc="18390-5", outcome=NEGATIVE, value_ng_ml=12.5, cutoff_ng_ml=2000)
    story = given(*TAKEN, presumptive(screen, OTHERWISE), definitive(confirmed))
    assert opiates(story) == {
        "analyte": "opiates",
        "presumptive": {
            "event": event(10),
            "at": "2026-03-03T22:40:00Z",
            "outcome": "positive",
            "loinc": "19295-5",
            "value_ng_ml": None,
            "cutoff_ng_ml": 2000,
            "doubts": [],
        },
        "definitive": {
            "event": event(11),
            "at": "2026-03-05T14:00:00Z",
            "outcome": "negative",
            "loinc": "18390-5",
            "value_ng_ml": 12.5,
            "cutoff_ng_ml": 2000,
            "doubts": [],
        },
        "final": "negative",
        "overturned": True,
        "prescribed": False,
    }
    assert first(story)["result"] == "negative"
    before = opiates(story, "2026-03-04")
    assert (before["final"], before["definitive"], before["overturned"]) == ("positive", None, False)
    assert first(story, "2026-03-04")["result"] == "unexpected_positive"


@pytest.mark.parametrize(
    ("screened", "confirmed"), [(POSITIVE, POSITIVE), (NEGATIVE, NEGATIVE), (POSITIVE, INCONCLUSIVE)]
)
def test_nothing_else_is_overturned(screened: AnalyteOutcome, confirmed: AnalyteOutcome) -> None:
    story = given(*TAKEN, presumptive(found(outcome=screened)), definitive(found(outcome=confirmed)))
    assert opiates(story)["overturned"] is False
    assert opiates(story)["final"] == confirmed.value


def test_an_analyte_without_a_result_has_none() -> None:
    row = first(given(*TAKEN, presumptive()))["analytes"][1]
    assert row == {
        "analyte": "cannabinoids",
        "presumptive": None,
        "definitive": None,
        "final": None,
        "overturned": False,
        "prescribed": False,
    }


def test_what_a_report_does_not_agree_on_is_shown() -> None:
    odd = replace(found(outcome=POSITIVE), value_ng_ml=10, cutoff_ng_ml=300)
    shown = opiates(given(*TAKEN, definitive(odd)))["definitive"]["doubts"]
    assert shown == ["positive_under_cutoff", "code_of_other_test"]


# ---- order, specimen, validity


def test_an_order_shows_what_became_of_it() -> None:
    story = given(*TAKEN, validity(creatinine_mg_dl=12))
    row = first(story)
    assert (row["event"], row["panel"], row["random"], row["drawn_by"]) == (
        event(8),
        ["opiates", "cannabinoids"],
        True,
        None,
    )
    assert row["collection"] == {
        "outcome": "collected",
        "event": event(9),
        "at": "2026-03-03T22:30:00Z",
        "matrix": "urine",
        "observed": True,
        "accession": None,
    }
    assert row["validity"] == {
        "verdict": "valid",
        "event": event(10),
        "creatinine_mg_dl": 12,
        "specific_gravity": 1.015,
        "ph": None,
        "nitrite_ug_ml": None,
        "foreign_substance": None,
    }
    before = first(story, "2026-03-02")
    assert before["collection"] == {"outcome": "awaited", "event": None, "at": None}
    assert (before["validity"], before["result"], before["reports"]) == (None, None, [])


@pytest.mark.parametrize(
    ("end", "outcome"),
    [(specimen_refused(), "refused"), (missed(), "missed"), (replace(missed(), excused=True), "missed_excused")],
)
def test_an_order_without_a_specimen_says_why(end: Any, outcome: str) -> None:
    story = given(*ACTIVE, ordered(), end)
    assert first(story)["collection"] == {"outcome": outcome, "event": event(9), "at": "2026-03-03T22:30:00Z"}
    assert first(story, "2026-03-02")["collection"]["outcome"] == "awaited"


def test_a_correction_shows_what_it_replaced_and_why() -> None:
    anew = result_corrected(10, at=local("2026-03-06 10:00"), analytes=(found(outcome=NEGATIVE),))
    story = given(*TAKEN, definitive(), said(anew, reason="Specimens were swapped."))
    row = first(story)
    [correction] = row["corrections"]
    assert (correction["event"], correction["corrects"]) == (event(11), event(10))
    assert (correction["reason"], correction["was"]) == ("Specimens were swapped.", {"opiates": "positive"})
    [report] = row["reports"]
    assert (report["event"], report["corrects"], report["kind"]) == (event(11), event(10), "definitive")
    assert row["analytes"][0]["final"] == "negative"
    struck = first(story.tell(strike(11)))
    assert (struck["corrections"], struck["analytes"][0]["final"]) == ([], "positive")


def test_corrected_measures_show_those_before() -> None:
    anew = said(result_corrected(10, creatinine_mg_dl=1, specific_gravity=1.0), reason="Another specimen's.")
    row = first(given(*TAKEN, validity(), anew))
    assert row["corrections"][0]["was"] == {"creatinine_mg_dl": 80, "specific_gravity": 1.015}
    assert (row["validity"]["verdict"], row["result"]) == ("substituted", "substituted")


def test_breath_and_prescriptions_are_listed() -> None:
    story = given(*ACTIVE, breath("2026-03-03 17:45"), prescribed("2026-02-01", "2026-05-01"))
    assert listed(story) == {
        "screenings": [],
        "breath_alcohol": [{"event": event(8), "at": "2026-03-03T22:45:00Z", "grams_per_210_l": 0}],
        "prescriptions": [
            {
                "event": event(9),
                "analyte": "opiates",
                "from_on": "2026-02-01",
                "to_on": "2026-05-01",
                "prescriber": "Dr. Pillsworth",
            }
        ],
    }
    assert listed(story, "2026-03-02")["breath_alcohol"] == []
    assert listed(story.tell(strike(8)))["breath_alcohol"] == []


# ---- reviewed and discussed


def test_each_report_shows_who_looked_at_it_and_after_how_many_business_days() -> None:
    """Reported on Tuesday and on Friday; reviewed on the Monday after, discussed on the Tuesday."""
    story = given(
        *TAKEN,
        presumptive(),
        definitive(at="2026-03-06 09:00"),
        reviewed("2026-03-09"),
        discussed("2026-03-10"),
    )
    screen, confirmation = first(story)["reports"]
    assert screen["reviewed"] == {"event": event(12), "on": "2026-03-09", "business_days": 4}
    assert screen["discussed"] == {"event": event(13), "on": "2026-03-10", "business_days": 5}
    assert confirmation["reviewed"] == {"event": event(12), "on": "2026-03-09", "business_days": 1}
    assert first(story, "2026-03-09")["reports"][0]["discussed"] is None
    on_a_holiday = first(story, holidays=(day("2026-03-05"),))["reports"][0]
    assert on_a_holiday["reviewed"]["business_days"] == 3


def test_a_review_before_a_report_is_not_of_it() -> None:
    story = given(*TAKEN, presumptive(), reviewed("2026-03-04"), definitive(at="2026-03-05 09:00"))
    screen, confirmation = first(story)["reports"]
    assert screen["reviewed"]["on"] == "2026-03-04"
    assert confirmation["reviewed"] is None


@pytest.mark.parametrize(
    ("after", "upto", "count"),
    [
        ("2026-03-03", "2026-03-03", 0),
        ("2026-03-03", "2026-03-04", 1),
        ("2026-03-06", "2026-03-08", 0),
        ("2026-03-06", "2026-03-09", 1),
        ("2026-03-03", "2026-03-10", 5),
        ("2026-03-04", "2026-03-03", 0),
    ],
)
def test_business_days_are_mondays_to_fridays(after: str, upto: str, count: int) -> None:
    assert business_days(day(after), day(upto), ()) == count


def test_business_days_are_less_the_holidays() -> None:
    assert business_days(day("2026-04-03"), day("2026-04-07"), {day("2026-04-06"): 1}) == 1


def test_a_result_that_waits_longer_than_three_business_days_is_due() -> None:
    """Reported on Tuesday: Friday is the third business day, Monday the fourth."""
    story = given(*TAKEN, presumptive(found(outcome=NEGATIVE)))
    assert flags(story, "2026-03-06") == flags(story, "2026-03-08") == []
    assert flags(story, "2026-03-09") == ["result_review_due", "result_discussion_due"]
    assert flags(story, "2026-03-09", holidays=(day("2026-03-05"),)) == []
    story.tell(reviewed("2026-03-09"))
    assert flags(story, "2026-03-09") == ["result_discussion_due"]
    story.tell(discussed("2026-03-10"))
    assert flags(story, "2026-03-10") == []
    # What was done later was not done by then.
    assert flags(story, "2026-03-09") == ["result_discussion_due"]


def test_a_definitive_result_is_looked_at_anew() -> None:
    story = given(
        *TAKEN,
        presumptive(found(outcome=NEGATIVE)),
        reviewed("2026-03-04"),
        discussed("2026-03-04"),
        definitive(found(outcome=NEGATIVE), at="2026-03-05 09:00"),
    )
    assert flags(story, "2026-03-10") == ["result_in_doubt"]
    assert flags(story, "2026-03-11") == ["result_in_doubt", "result_review_due", "result_discussion_due"]


# ---- prescribed


def verified(analyte: str = "opiates", first: str = "2026-02-01", last: str = "2026-05-01") -> PrescriptionVerified:
    return replace(prescribed(first, last), analyte=analyte)


def screening_of(story: Story) -> dict[str, Any]:
    document = present(
        story.chart,
        facility=story.scene(story.clock).facility,
        sessions=story.scene(story.clock).sessions,
        cohorts=story.scene(story.clock).cohorts,
        as_of=day("2026-03-10"),
        known_at=story.clock,
        position=1,
    )
    told: dict[str, Any] = document["screening"]
    return told


def test_a_specimen_is_negative_once_each_analyte_of_its_panel_has_a_result() -> None:
    story = given(*TAKEN, presumptive(found(outcome=NEGATIVE)))
    assert first(story)["result"] is None
    assert (screening_of(story)["last_result"], screening_of(story)["pending"]) == (None, 1)
    story.tell(definitive(OTHERWISE))
    assert first(story)["result"] == "negative"
    assert (screening_of(story)["last_result"], screening_of(story)["pending"]) == ("negative", 0)


def test_a_positive_is_told_before_the_rest_of_the_panel_has_its_results() -> None:
    story = given(*TAKEN, presumptive(found(outcome=POSITIVE)))
    assert (screening_of(story)["last_result"], screening_of(story)["pending"]) == ("unexpected_positive", 0)


def test_what_is_prescribed_and_was_not_found_is_flagged_for_thirty_days() -> None:
    looked_at = (reviewed("2026-03-03"), discussed("2026-03-03"))
    story = given(*TAKEN, presumptive(found(outcome=NEGATIVE), OTHERWISE), *looked_at, verified())
    assert flags(story, "2026-03-02") == []
    assert flags(story, "2026-03-03") == flags(story, "2026-04-01") == ["prescribed_but_negative"]
    assert flags(story, "2026-04-02") == []
    assert opiates(story)["prescribed"] is True
    assert first(story)["result"] == "negative"


def test_a_positive_that_is_prescribed_is_expected_and_raises_nothing() -> None:
    looked_at = (reviewed("2026-03-03"), discussed("2026-03-03"))
    story = given(*TAKEN, presumptive(found(outcome=POSITIVE)), *looked_at, verified())
    assert flags(story, "2026-03-03") == []
    assert (opiates(story)["prescribed"], first(story)["result"]) == (True, "expected_positive")


@pytest.mark.parametrize(
    "other",
    [verified("cannabinoids"), verified(first="2026-03-04"), verified(last="2026-03-02")],
    ids=["another analyte", "from the day after", "up to the day before"],
)
def test_only_what_is_prescribed_on_the_day_of_collection_is_missed(other: PrescriptionVerified) -> None:
    story = given(*TAKEN, presumptive(found(outcome=NEGATIVE)), other)
    assert flags(story, "2026-03-03") == []
    assert opiates(story)["prescribed"] is False


def test_a_specimen_that_is_not_valid_lacks_nothing() -> None:
    diluted = replace(validity(creatinine_mg_dl=12), specific_gravity=1.002)
    story = given(*TAKEN, presumptive(found(outcome=NEGATIVE)), verified(), diluted)
    assert flags(story, "2026-03-03") == []


def test_a_definitive_result_says_whether_what_is_prescribed_was_found() -> None:
    confirmed = replace(found(outcome=POSITIVE), loinc="18390-5")
    story = given(*TAKEN, presumptive(found(outcome=NEGATIVE)), verified(), definitive(confirmed))
    assert flags(story, "2026-03-04") == ["prescribed_but_negative"]
    assert flags(story, "2026-03-05") == []


# ---- after the discharge


def test_a_positive_that_arrives_after_the_discharge_counts_when_the_specimen_was_collected() -> None:
    story = given(*TAKEN, presumptive(found(outcome=NEGATIVE), OTHERWISE), discharged("2026-03-06"))
    assert first(story)["result"] == "negative"
    story.tell(definitive(replace(found(outcome=POSITIVE), loinc="18390-5"), at="2026-04-10 09:00"))
    assert first(story, "2026-04-09")["result"] == "negative"
    assert first(story, "2026-04-10")["result"] == "unexpected_positive"
    assert first(story)["collection"]["at"] == "2026-03-03T22:30:00Z"
    assert story.episode.state_on(day("2026-04-10")).value == "discharged"
    # Collected on 2026-03-03, it is no positive of the thirty days before it was reported.
    assert "unexpected_positive" not in flags(story, "2026-04-10")
    story.tell(said(ordered(SECOND_SCREENING), at="2026-04-10 12:00"))
    assert [row["episode_id"] for row in listed(story)["screenings"]] == [str(EPISODE), str(EPISODE)]
