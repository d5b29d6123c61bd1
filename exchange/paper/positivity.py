"""The picture of positivity: unexpected positives among valid results, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from domain.compliance.picture import ScreenedMonth
from exchange.paper.document import Figure
from exchange.paper.drawing import FAINT, INK, PAPER, WIDTH, figure, line, text
from exchange.paper.markup import Markup, element
from exchange.paper.telling import MONTHS, share

_LEFT: Final = 44
_TOP: Final = 16
_BASE: Final = 124
_HEIGHT: Final = 168


def positivity_picture(months: Sequence[ScreenedMonth]) -> Figure:
    """A point a month, hollow while the month is not over; none where nothing valid was collected."""
    most = max((_percent(month) for month in months if month.valid), default=0.0)
    top = next((limit for limit in (5, 10, 20, 40, 60, 80) if most <= limit * 0.9), 100)
    places = [(month, _across(n, len(months))) for n, month in enumerate(months)]
    points = [(month, x, _up(_percent(month), top)) for month, x in places if month.valid]
    shapes = [*_scale(top)]
    for (_, x1, y1), (later, x2, y2) in pairwise(points):
        shapes.append(line(x1, y1, x2, y2, width=1.4, dash=None if later.over else "4 3"))
    for month, x, y in points:
        shapes.append(_point(month, x, y))
    shapes += [said for month, x in places for said in _under(month, x)]
    title = f"Positive screens by month of collection, {months[0].month} to {months[-1].month}"
    return figure("positivity", title, _told(months), _HEIGHT, *shapes)


def _percent(month: ScreenedMonth) -> float:
    return 100 * month.unexpected / month.valid


def _across(n: int, count: int) -> float:
    step = (WIDTH - _LEFT - 10) / count
    return round(_LEFT + step * (n + 0.5), 1)


def _up(percent: float, top: int) -> float:
    return round(_BASE - (_BASE - _TOP) * percent / top, 1)


def _scale(top: int) -> list[Markup]:
    shapes = []
    for part in range(5):
        percent = top * part / 4
        y = _up(percent, top)
        shapes.append(line(_LEFT, y, WIDTH - 10, y, width=0.5 if part else 1, ink=FAINT if part else INK))
        shapes.append(text(_LEFT - 6, y + 3, f"{percent:g} %", anchor="end", size=9, soft=True))
    return shapes


def _point(month: ScreenedMonth, x: float, y: float) -> Markup:
    point = element("circle", cx=x, cy=y, r=3.6, fill=INK if month.over else PAPER, stroke=INK, stroke_width=1.4)
    return element("g", point, text(x + 8, y - 6, share(month.unexpected, month.valid), bold=True))


def _under(month: ScreenedMonth, x: float) -> list[Markup]:
    first = month.month.first
    known = f"{month.unexpected} of {month.valid}" if month.valid else "no valid result"
    said = [
        text(x, _BASE + 15, f"{MONTHS[first.month - 1][:3]} {first.year}", anchor="middle"),
        text(x, _BASE + 28, known, anchor="middle", size=9, soft=True),
    ]
    return said if month.over else [*said, text(x, _BASE + 40, "not over", anchor="middle", size=9, soft=True)]


def _told(months: Sequence[ScreenedMonth]) -> str:
    each = "; ".join(
        f"{month.month}: "
        + (
            f"{month.unexpected} of {month.valid}, {share(month.unexpected, month.valid)}"
            if month.valid
            else "no valid result"
        )
        for month in months
    )
    return f"Unexpected positives among valid final results. {each}."
