"""The pictures: well-formed, told in words, legible without colour, and true to the rows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from typing import Any, Final

import pytest

from domain.compliance.monthly import MONTHLY
from domain.compliance.picture import Mark, ScreenedMonth, WeekPicture, picture_week
from domain.compliance.rule_set import KINDS, RuleSet
from domain.compliance.verdict import Row, Verdict
from domain.compliance.weekly import WEEKLY
from domain.month import Month
from domain.week import Week
from exchange.paper.document import Figure
from exchange.paper.hours import hours_pictures
from exchange.paper.positivity import positivity_picture
from exchange.paper.short_names import short_names
from exchange.paper.strip import LETTERS, strip_pictures
from exchange.paper.telling import VERDICTS, asks
from tests.domain.compliance.evenings import SUNDAY, Evenings, ann_of
from tests.domain.program import LATER
from tests.exchange.paper.given import SVG, document_of, figures_of, ids, parsed, words_of
from tests.rule_sets import LANDMARK_IOP, RULE_SETS
from tests.sample_program import sample, site_of

GREYS: Final = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")


@pytest.fixture(scope="module")
def drawn() -> list[Figure]:
    """Those of a week of the sample that has every verdict about hours."""
    return figures_of(document_of(site_of(sample()), "2026-W15"))


def test_each_picture_is_well_formed_and_told_in_words(drawn: list[Figure]) -> None:
    assert len(drawn) > 4
    for figure in drawn:
        svg = parsed(figure)
        assert svg.tag == f"{SVG}svg"
        assert (svg.findtext(f"{SVG}title"), svg.findtext(f"{SVG}desc")) == (figure.title, figure.description)
        told_by = svg.attrib["aria-labelledby"].split()
        assert [svg.find(f".//*[@id='{name}']") is not None for name in told_by] == [True, True]
        assert svg.attrib["role"] == "img"


def test_nothing_in_them_comes_from_elsewhere_and_no_two_share_a_name(drawn: list[Figure]) -> None:
    names = [one.attrib["id"] for figure in drawn for one in parsed(figure).iter() if "id" in one.attrib]
    assert len(names) == len(set(names))
    for figure in drawn:
        svg = parsed(figure)
        own = {one.attrib["id"] for one in svg.iter() if "id" in one.attrib}
        filled = [match for value in attributes(svg) for match in re.findall(r"url\((.*?)\)", value)]
        assert {name.removeprefix("#") for name in filled} <= own
        assert not any(part.tag in (f"{SVG}image", f"{SVG}script", f"{SVG}style") for part in svg.iter())


def attributes(svg: ET.Element) -> list[str]:
    return [value for part in svg.iter() for value in part.attrib.values()]


def test_there_is_no_colour_to_lose(drawn: list[Figure]) -> None:
    """One ink and its tints: printed in black and white, nothing is told by less than before."""
    inks = {value for figure in drawn for value in attributes(parsed(figure)) if value.startswith("#")}
    for ink in inks:
        match = GREYS.fullmatch(ink)
        assert match is not None
        levels = [int(part, 16) for part in match.groups()]
        assert max(levels) - min(levels) < 28, ink


def test_every_verdict_about_hours_looks_different_or_is_not_judged() -> None:
    rows = [
        Row(
            rule="HRS-1",
            subject="patient",
            subject_id=key,
            period_start=date(2026, 3, 2),
            period_end=date(2026, 3, 8),
            verdict=verdict,
            value=300,
            of=540,
        )
        for key, verdict in zip(ids(len(Verdict)), Verdict, strict=True)
    ]
    [figure] = hours_pictures(rows, short_names(row.subject_id for row in rows), "week 2026-W10")
    bars = [one for one in parsed(figure).iter(f"{SVG}rect") if one.attrib.get("height") == "9"]
    looks = [(one.attrib["fill"], one.attrib.get("stroke-dasharray")) for one in bars]
    assert len(looks) == len(Verdict)
    # Two of them are outside the rule: the words beside the bar say which.
    assert len(set(looks)) == len(Verdict) - 1
    said = list(words_of(parsed(figure)))
    assert all(told in said for told in VERDICTS.values())


def test_bars_are_as_long_as_the_minutes_and_the_threshold_stands_where_it_is_asked_for() -> None:
    rows = [hours_row(key, value, of) for key, value, of in zip(ids(3), (540, 270, 0), (540, 540, 360), strict=True)]
    [figure] = hours_pictures(rows, short_names(ids(3)), "week 2026-W10")
    svg = parsed(figure)
    bars = [one for one in svg.iter(f"{SVG}rect") if one.attrib.get("height") == "9"]
    long, short = (float(bar.attrib["width"]) for bar in bars)
    assert long == pytest.approx(2 * short, abs=0.2)
    thresholds = [float(one.attrib["x1"]) for one in svg.iter(f"{SVG}line") if one.attrib["stroke-width"] == "1.6"]
    left = float(bars[0].attrib["x"])
    assert thresholds == [pytest.approx(left + long, abs=0.1), pytest.approx(left + long * 2 / 3, abs=0.1)]
    said = list(words_of(svg))
    assert {"540", "270", "9 h", "6 h"} <= set(said)
    assert "540 or 360" not in figure.description
    assert "360 or 540 minutes" in figure.description


def hours_row(key: str, value: int, of: int) -> Row:
    verdict = Verdict.MET if value >= of else Verdict.NOT_MET
    return Row(
        rule="HRS-1",
        subject="patient",
        subject_id=key,
        period_start=date(2026, 3, 2),
        period_end=date(2026, 3, 8),
        verdict=verdict,
        value=value,
        of=of,
    )


@pytest.mark.parametrize(("patients", "pictures"), [(0, 0), (1, 1), (44, 1), (45, 2), (300, 7)])
def test_no_picture_has_more_bars_than_a_page(patients: int, pictures: int) -> None:
    rows = [hours_row(key, n, 540) for n, key in enumerate(ids(patients))]
    figures = hours_pictures(rows, short_names(ids(patients)), "week 2026-W10")
    bars = [
        sum(1 for one in words_of(parsed(figure)) if one in short_names(ids(patients)).values()) for figure in figures
    ]
    assert (len(figures), sum(bars)) == (pictures, patients)
    assert max(bars, default=0) - min(bars, default=0) <= 1


def test_every_mark_has_a_shape_of_its_own() -> None:
    program = Evenings()
    svg = parsed(strip_pictures(picture_of(program), names_of(program))[0])
    shapes: list[tuple[Any, ...]] = [()]
    labels = []
    for part in svg[3:]:
        if "(" in (part.text or ""):
            labels.append(part.text)
            shapes.append(())
        else:
            rises = part.get("y1") != part.get("y2")
            shapes[-1] += ((part.tag, part.text, part.get("fill"), part.get("stroke-dasharray"), rises),)
    assert labels == [f"{mark.value} ({letter})" for mark, letter in LETTERS.items()]
    assert len(set(shapes[:-1])) == len(Mark)
    assert len(set(LETTERS.values())) == len(Mark)


def picture_of(program: Evenings) -> WeekPicture:
    return picture_week(program.site(), Week.of(SUNDAY), rule_set=LANDMARK_IOP, as_of=SUNDAY, known_at=LATER)


def names_of(program: Evenings) -> dict[str, str]:
    return {str(program.ann.patient_id): "ann"}


def test_sessions_enough_to_leave_the_page_are_drawn_smaller() -> None:
    program = Evenings()
    for n in range(28):
        on = SUNDAY - timedelta(days=n)
        for hour in range(8, 20, 3):
            ann_of(program, program.held(program.cohort_id, f"{on} {hour:02}:00", f"{on} {hour + 2:02}:00"))
    _, strip = strip_pictures(picture_of(program), names_of(program))
    [whole] = [part for part in parsed(strip) if part.tag == f"{SVG}g"]
    by = float(whole.attrib["transform"].removeprefix("scale(").removesuffix(")"))
    right = max(float(part.attrib["x"]) + float(part.attrib["width"]) for part in whole.iter(f"{SVG}rect"))
    assert 0.3 < by < 1
    assert right * by <= 680


def test_positivity_is_a_point_a_month_hollow_while_it_lasts_and_none_where_nothing_was_valid() -> None:
    months = [
        ScreenedMonth(month=Month.parse("2026-01"), unexpected=0, valid=0, over=True),
        ScreenedMonth(month=Month.parse("2026-02"), unexpected=3, valid=30, over=True),
        ScreenedMonth(month=Month.parse("2026-03"), unexpected=0, valid=7, over=False),
    ]
    figure = positivity_picture(months)
    points = list(parsed(figure).iter(f"{SVG}circle"))
    filled = [point.attrib["fill"] for point in points if point.attrib["r"] == "3.6"]
    assert len(filled) == 2
    assert filled[0] != filled[1]
    assert float(points[-2].attrib["cy"]) < float(points[-1].attrib["cy"])
    said = set(words_of(parsed(figure)))
    assert {"10.0 %", "0.0 %", "3 of 30", "0 of 7", "no valid result", "not over", "Jan 2026"} <= said
    assert "2026-02: 3 of 30, 10.0 %" in figure.description


@pytest.mark.parametrize("unexpected", range(0, 101, 5))
def test_no_rate_leaves_the_picture(unexpected: int) -> None:
    month = ScreenedMonth(month=Month.parse("2026-02"), unexpected=unexpected, valid=100, over=True)
    [point] = [one for one in parsed(positivity_picture([month])).iter(f"{SVG}circle") if one.attrib["r"] == "3.6"]
    assert 16 <= float(point.attrib["cy"]) <= 124


@pytest.mark.parametrize("rule_set", RULE_SETS.known, ids=lambda one: f"{one.name}-{one.version}")
def test_each_rule_of_a_report_is_told_with_its_figures(rule_set: RuleSet) -> None:
    shown = [terms for terms in rule_set.rules if type(terms) in (*WEEKLY, *MONTHLY)]
    assert shown
    for terms in shown:
        told = asks(terms)
        assert told
        figures = [getattr(terms, name) for name in getattr(terms, "__slots__", ())]
        assert all(f"{figure:,}" in told or str(figure) in told for figure in figures if figure is not None), told
    assert {*WEEKLY, *MONTHLY} <= set(KINDS)
