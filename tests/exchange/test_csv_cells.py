"""Cells as people and spreadsheets write them, and what they say when they are none."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refused import Refused
from exchange.csv_cells import Cells
from exchange.csv_columns import ATTENDANCE, PATIENTS, SCREENINGS, Table

ZONE = ZoneInfo("America/New_York")


def cells(table: Table = ATTENDANCE, **texts: str) -> Cells:
    return Cells(table, texts, ZONE)


def rule_of(read: object, *given: object) -> tuple[str, str]:
    assert callable(read)
    with pytest.raises(Refused) as refused:
        read(*given)
    return refused.value.rule, refused.value.because


@pytest.mark.parametrize("text", ["2026-03-02", "3/2/2026", "03/02/2026", "3/02/2026"])
def test_dates(text: str) -> None:
    assert cells(date=text).date("date") == date(2026, 3, 2)


@pytest.mark.parametrize("text", ["13/2/2026", "2026-02-30", "3/2/26", "46083", "2 March 2026", "2026-3", "٣/2/2026x"])
def test_what_is_no_date_is_refused_and_not_repeated(text: str) -> None:
    rule, because = rule_of(cells(date=text).date, "date")
    assert rule == "line.malformed"
    assert "`date`" in because
    assert text not in because


def test_a_day_first_date_is_told_that_the_month_comes_first() -> None:
    assert "month comes first" in rule_of(cells(date="13/2/2026").date, "date")[1]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("18:00", time(18)),
        ("6:00 PM", time(18)),
        ("6:00pm", time(18)),
        ("6:00 p.m.", time(18)),
        ("06:05:30 AM", time(6, 5, 30)),
        ("12:00 AM", time(0)),
        ("12:30 pm", time(12, 30)),
        ("0:15", time(0, 15)),
    ],
)
def test_times(text: str, at: time) -> None:
    assert cells(start=text).time("start") == at


@pytest.mark.parametrize("text", ["24:00", "13:00 PM", "0:30 AM", "18", "18:60", "6 PM", "noon"])
def test_what_is_no_time_is_refused(text: str) -> None:
    assert rule_of(cells(start=text).time, "start")[0] == "line.malformed"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02 18:00",
        "3/2/2026 6:00 PM",
        "2026-03-02T18:00",
        "2026-03-02T18:00:00-05:00",
        "2026-03-02T23:00:00Z",
        "2026-03-02 23:00:00.000000Z",
        "3/2/2026 6:00pm",
    ],
)
def test_instants(text: str) -> None:
    assert cells(recorded_at=text).instant("recorded_at") == datetime(2026, 3, 2, 23, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-02", "2026-03-02 25:00Z", "today 18:00", "2026-03-02T18:00+99:00", "18:00"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    assert rule_of(cells(recorded_at=text).instant, "recorded_at")[0] == "line.malformed"


def test_an_hour_that_is_skipped_or_comes_twice_is_refused_with_its_reason() -> None:
    skipped, twice = cells(recorded_at="3/8/2026 2:30 AM"), cells(recorded_at="11/1/2026 1:30 AM")
    assert rule_of(skipped.instant, "recorded_at")[0] == "line.hour-skipped"
    assert rule_of(twice.instant, "recorded_at")[0] == "line.hour-twice"
    first = cells(recorded_at="2026-11-01T01:30-04:00").instant("recorded_at")
    assert first == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_time_alone_is_of_the_day_of_its_row() -> None:
    row = cells(arrived="6:00 PM", left="3/3/2026 12:15 AM")
    assert row.moment("arrived", date(2026, 3, 2)) == datetime(2026, 3, 2, 23, tzinfo=UTC)
    assert row.moment("left", date(2026, 3, 2)) == datetime(2026, 3, 3, 5, 15, tzinfo=UTC)
    assert "needs its date" in rule_of(row.moment, "arrived", None)[1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Y", True),
        ("TRUE", True),
        ("x", True),
        ("X", True),
        ("no", False),
        ("n", False),
        ("False", False),
    ],
)
def test_yes_and_no(text: str, value: bool) -> None:
    assert cells(SCREENINGS, observed=text).yes_no("observed") is value


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [("observed", "1", "yes_no"), ("ph", "6,5", "number"), ("ph", "nan", "number"), ("ph", "1e3", "number")],
)
def test_what_cannot_be_read_is_refused(name: str, text: str, read: str) -> None:
    assert rule_of(getattr(cells(SCREENINGS, **{name: text}), read), name)[0] == "line.malformed"


def test_numbers_and_words() -> None:
    row = cells(SCREENINGS, ph="6.5", creatinine_mg_dl="212", kind="Confirmation", panel="a; b | c", outcome="NEG")
    assert (row.number("ph"), row.number("creatinine_mg_dl"), row.word("kind")) == (6.5, 212, "definitive")
    assert (row.names("panel"), row.word("outcome")) == (("a", "b", "c"), "negative")
    assert isinstance(row.number("creatinine_mg_dl"), int)
    assert cells(outcome="No Show").word("outcome") == "absent_unexcused"
    assert "absent_excused, absent_unexcused, attended" in rule_of(cells(outcome="late").word, "outcome")[1]
    assert rule_of(cells(family_members="-1").count, "family_members")[0] == "line.malformed"
    assert rule_of(cells(session_id="12").uuid, "session_id")[0] == "line.malformed"


def test_a_required_cell_is_missed() -> None:
    row = Cells(PATIENTS, {"mrn": "A", "given_name": "", "staff": "x"}, ZONE)
    assert rule_of(row.judge_required) == ("line.malformed", "`given_name` is empty: every row needs it.")
    assert (
        rule_of(row.given, "referral_source", "first_contact")[1] == "`referral_source` is needed with `first_contact`."
    )


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)))  # noqa: DTZ001
def test_every_hour_on_the_wall_is_one_instant_or_refused(wall: datetime) -> None:
    """Against a clock that goes on second by second: counted are the instants that show this wall time."""
    shown = [
        at
        for offset in (-5, -4)
        if (at := wall.replace(tzinfo=UTC) - timedelta(hours=offset)).astimezone(ZONE).replace(tzinfo=None) == wall
    ]
    row = cells(recorded_at=wall.strftime("%m/%d/%Y %I:%M:%S %p"))
    if len(shown) == 1:
        assert row.instant("recorded_at") == shown[0]
    else:
        rule = "line.hour-twice" if shown else "line.hour-skipped"
        assert rule_of(row.instant, "recorded_at")[0] == rule
