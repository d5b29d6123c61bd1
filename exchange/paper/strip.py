"""The picture of attendance: a strip of marks for each patient, a column for each session day of the last weeks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from domain.compliance.picture import Mark, Strip, WeekPicture
from domain.week import Week
from exchange.paper.document import Figure
from exchange.paper.drawing import FAINT, INK, PAPER, WIDTH, box, figure, line, parts, text
from exchange.paper.markup import Markup, element
from exchange.paper.telling import count

MOST: Final = 40
"""Patients on one picture."""

LETTERS: Final[Mapping[Mark, str]] = {
    Mark.ATTENDED: "A",
    Mark.EXCUSED: "E",
    Mark.UNEXCUSED: "U",
    Mark.NO_RECORD: "?",
    Mark.CANCELLED: "C",
    Mark.TO_COME: "·",
}
"""The same marks in a table."""

_LEFT: Final = 84
_TOP: Final = 44
_ROW: Final = 16
_CELL: Final = 11.0
_GAP: Final = 2.5
_DAY_GAP: Final = 5.0
_WEEK_GAP: Final = 16.0

_WEEKDAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


@dataclass(frozen=True, slots=True)
class _Day:
    """The columns of one date: as many as the most that anybody in the picture has on it."""

    on: date
    x: float
    cells: int

    @property
    def middle(self) -> float:
        return self.x + (self.cells * (_CELL + _GAP) - _GAP) / 2


def strip_pictures(picture: WeekPicture, names: Mapping[str, str]) -> list[Figure]:
    """A picture for each cohort, or several of a large one; before them the key to their marks."""
    if not picture.strips:
        return []
    drawn = [_key()]
    for _, found in groupby(picture.strips, key=lambda strip: strip.cohort):
        strips = list(found)
        cohort = strips[0].cohort
        called = "patients without a cohort" if cohort is None else f"cohort {cohort.name or cohort.cohort_id}"
        shown = 0
        for part in parts(strips, MOST):
            first, shown = shown + 1, shown + len(part)
            among = f", patients {first} to {shown} of {len(strips)}" if len(part) < len(strips) else ""
            weeks = f"{picture.weeks[0]} to {picture.weeks[-1]}"
            title = f"Attendance of {called}, {weeks}{among}"
            drawn.append(_picture(f"attendance-{len(drawn)}", title, part, picture.weeks, names))
    return drawn


def lettered(strip: Strip, week: Week) -> str:
    """The patient's sessions of one week as letters, in order."""
    return " ".join(LETTERS[marked.mark] for marked in strip.marks if Week.of(marked.day) == week)


def _key() -> Figure:
    shapes, x = [], 0.5
    for mark, letter in LETTERS.items():
        shapes += _drawn(mark, x, 4.5)
        label = f"{mark.value} ({letter})"
        shapes.append(text(x + _CELL + 5, 13.5, label))
        x += _CELL + 22 + 5.0 * len(label)
    said = "; ".join(f"{_LOOKS[mark]} is {mark.value}, {letter} in tables" for mark, letter in LETTERS.items())
    return figure("attendance-key", "Key to the marks of attendance", f"{said[0].upper()}{said[1:]}.", 20, *shapes)


def _picture(name: str, title: str, strips: Sequence[Strip], weeks: Sequence[Week], names: Mapping[str, str]) -> Figure:
    days = _days(strips, weeks)
    height = _TOP + _ROW * len(strips) + 4
    right = max((day.x + day.cells * (_CELL + _GAP) for day in days), default=_LEFT)
    shapes = [*_head(days)]
    for n, strip in enumerate(strips):
        top = _TOP + _ROW * n
        if n % 3 == 0 and n:
            shapes.append(line(_LEFT, top - 0.5, right, top - 0.5, width=0.5, ink=FAINT))
        shapes.append(text(_LEFT - 8, top + _ROW - 4.5, names[str(strip.patient_id)], anchor="end"))
        for day in days:
            x = day.x
            for marked in strip.marks:
                if marked.day == day.on:
                    shapes += _drawn(marked.mark, x, top + (_ROW - _CELL) / 2)
                    x += _CELL + _GAP
    if right > WIDTH:
        # Sessions enough to leave the page: all of it is drawn smaller.
        shapes = [_smaller(shapes, WIDTH / right)]
    return figure(name, title, _told(strips), height, *shapes)


def _smaller(shapes: Sequence[Markup], by: float) -> Markup:
    return element("g", shapes, transform=f"scale({by:.4f})")


def _days(strips: Sequence[Strip], weeks: Sequence[Week]) -> list[_Day]:
    most: dict[date, int] = {}
    for strip in strips:
        for on, found in groupby(strip.marks, key=lambda marked: marked.day):
            most[on] = max(most.get(on, 0), len(list(found)))
    days: list[_Day] = []
    x = float(_LEFT)
    for week in weeks:
        for on in sorted(on for on in most if Week.of(on) == week):
            days.append(_Day(on, x, most[on]))
            x += most[on] * (_CELL + _GAP) - _GAP + _DAY_GAP
        x += _WEEK_GAP
    return days


def _head(days: Sequence[_Day]) -> Iterator[Markup]:
    for week, found in groupby(days, key=lambda day: Week.of(day.on)):
        of_week = list(found)
        first, last = of_week[0], of_week[-1]
        end = last.x + last.cells * (_CELL + _GAP) - _GAP
        yield text(first.x, 11, str(week), bold=True, size=9.5)
        yield line(first.x, 15, max(end, first.x + 40), 15, width=0.8)
        for day in of_week:
            yield text(day.middle, 27, _WEEKDAYS[day.on.weekday()], anchor="middle", size=9)
            yield text(day.middle, 38, str(day.on.day), anchor="middle", size=8.5, soft=True)


_LOOKS: Final[Mapping[Mark, str]] = {
    Mark.ATTENDED: "a filled square",
    Mark.EXCUSED: "a square with one stroke",
    Mark.UNEXCUSED: "a square with a cross",
    Mark.NO_RECORD: "a dashed square with a question mark",
    Mark.CANCELLED: "a dash without a square",
    Mark.TO_COME: "a small circle",
}


def _drawn(mark: Mark, x: float, y: float) -> list[Markup]:
    end_x, end_y, middle = x + _CELL, y + _CELL, y + _CELL / 2
    match mark:
        case Mark.ATTENDED:
            return [box(x, y, _CELL, _CELL, fill=INK)]
        case Mark.EXCUSED:
            return [box(x, y, _CELL, _CELL), line(x, end_y, end_x, y, width=1.2)]
        case Mark.UNEXCUSED:
            return [
                box(x, y, _CELL, _CELL),
                line(x, end_y, end_x, y, width=1.8),
                line(x, y, end_x, end_y, width=1.8),
            ]
        case Mark.NO_RECORD:
            mark_of = text(x + _CELL / 2, end_y - 2.2, "?", anchor="middle", size=9.5, bold=True)
            return [box(x, y, _CELL, _CELL, dash="2 1.4"), mark_of]
        case Mark.CANCELLED:
            return [line(x + 1.5, middle, end_x - 1.5, middle, width=1.6)]
        case Mark.TO_COME:
            return [element("circle", cx=x + _CELL / 2, cy=middle, r=2.2, fill=PAPER, stroke=INK, stroke_width=0.9)]


def _told(strips: Sequence[Strip]) -> str:
    marks = [marked.mark for strip in strips for marked in strip.marks]
    counts = ", ".join(f"{marks.count(mark)} {mark.value}" for mark in Mark if mark in marks) or "none"
    return (
        f"A line for each of {count(len(strips), 'patient')}, a column for each session of a day, oldest first. "
        f"Of their sessions: {counts}. Each line stands as letters in the table of patients."
    )
