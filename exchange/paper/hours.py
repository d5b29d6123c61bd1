"""The picture of hours: each patient's minutes of the week as a bar, against what the rule asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from domain.compliance.verdict import Row, Verdict
from exchange.paper.document import Figure
from exchange.paper.drawing import (
    BARRED,
    DOTTED,
    FAINT,
    HATCHED,
    INK,
    PAPER,
    box,
    figure,
    filling,
    line,
    parts,
    text,
)
from exchange.paper.markup import Markup
from exchange.paper.telling import count, verdict_told

MOST: Final = 44
"""Bars on one picture: more would not be read on one page."""

_LEFT: Final = 84
_RIGHT: Final = 530
_TOP: Final = 34
_ROW: Final = 15
_BAR: Final = 9
_HOUR: Final = 60


def hours_pictures(rows: Sequence[Row], names: Mapping[str, str], of_when: str) -> list[Figure]:
    """`rows` are those of HRS-1; `names` what patients are called in pictures. The longest bar comes first."""
    if not rows:
        return []
    ordered = sorted(rows, key=lambda row: (-row.value, row.subject_id))
    widest = max(max(row.value, row.of) for row in rows)
    hours = -(-(widest + 30) // (3 * _HOUR)) * 3
    drawn = []
    shown = 0
    for number, part in enumerate(parts(ordered, MOST), start=1):
        first, shown = shown + 1, shown + len(part)
        among = f", patients {first} to {shown} of {len(rows)}" if len(part) < len(rows) else ""
        title = f"Treatment minutes of each patient, {of_when}{among}"
        drawn.append(_picture(f"hours-{number}", title, part, names, hours))
    return drawn


def _picture(name: str, title: str, rows: Sequence[Row], names: Mapping[str, str], hours: int) -> Figure:
    height = _TOP + _ROW * len(rows) + 8
    shapes = [*_scale(hours, height, {row.of for row in rows})]
    for n, row in enumerate(rows):
        shapes += _bar(name, row, names[row.subject_id], _TOP + _ROW * n, hours)
    shapes += _thresholds(rows, hours)
    return figure(name, title, _told(rows), height, *shapes)


def _scale(hours: int, height: float, owed: set[int]) -> list[Markup]:
    shapes = []
    for hour in range(0, hours + 1, 3):
        x = _at(hour * _HOUR, hours)
        shapes.append(line(x, _TOP - 4, x, height - 6, width=0.5, ink=FAINT))
        if hour * _HOUR not in owed:
            shapes.append(text(x, _TOP - 8, f"{hour} h", anchor="middle", size=9, soft=True))
    for minutes in sorted(owed):
        x = _at(minutes, hours)
        shapes.append(text(x, _TOP - 20, "asked for", anchor="middle", size=9))
        shapes.append(text(x, _TOP - 8, _hours(minutes), anchor="middle", bold=True))
    shapes.append(text(_RIGHT + 40, _TOP - 8, "min", anchor="end", size=9, soft=True))
    return shapes


def _bar(name: str, row: Row, label: str, top: float, hours: int) -> list[Markup]:
    y = top + (_ROW - _BAR) / 2
    base = top + _ROW - 4.2
    shapes = [text(_LEFT - 8, base, label, anchor="end")]
    if row.value:
        fill, dash = _LOOKS[row.verdict]
        shown = fill if fill.startswith("#") else filling(name, fill)
        shapes.append(box(_LEFT, y, _at(row.value, hours) - _LEFT, _BAR, fill=shown, dash=dash))
    shapes.append(text(_RIGHT + 40, base, str(row.value), anchor="end", bold=row.verdict is Verdict.NOT_MET))
    shapes.append(text(_RIGHT + 48, base, verdict_told(row.verdict), soft=row.verdict is not Verdict.NOT_MET))
    return shapes


def _thresholds(rows: Sequence[Row], hours: int) -> list[Markup]:
    """One line down the bars that are asked for the same."""
    shapes, top = [], float(_TOP)
    for owed, found in groupby(row.of for row in rows):
        x, bottom = _at(owed, hours), top + _ROW * len(list(found))
        # White on either side keeps it to be seen across a dark bar.
        shapes += [line(x, top, x, bottom, width=4, ink=PAPER), line(x, top, x, bottom, width=1.6)]
        top = bottom
    return shapes


_LOOKS: Final[Mapping[Verdict, tuple[str, str | None]]] = {
    Verdict.MET: (INK, None),
    Verdict.NOT_MET: (HATCHED, None),
    Verdict.NOT_MET_EXCUSED: (DOTTED, None),
    Verdict.FACILITY_SHORTFALL: (BARRED, None),
    Verdict.PENDING: (PAPER, "3 2"),
    Verdict.PARTIAL: (FAINT, None),
    Verdict.NOT_APPLICABLE: (FAINT, None),
}
"""Filling and outline; told apart without colour. The verdict stands beside the bar as well."""


def _at(minutes: int, hours: int) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * minutes / (hours * _HOUR), 1)


def _hours(minutes: int) -> str:
    whole, rest = divmod(minutes, _HOUR)
    return f"{whole} h {rest}" if rest else f"{whole} h"


def _told(rows: Sequence[Row]) -> str:
    reached = sum(row.value >= row.of for row in rows)
    minutes = sorted(row.value for row in rows)
    owed = " or ".join(str(of) for of in sorted({row.of for row in rows}))
    return (
        f"One bar for each of {count(len(rows), 'patient')}, longest first; a line at the {owed} minutes asked for. "
        f"{count(reached, 'patient reaches', 'patients reach')} it. The least is {minutes[0]} minutes, the most "
        f"{minutes[-1]}. The figures stand in the table of patients."
    )
