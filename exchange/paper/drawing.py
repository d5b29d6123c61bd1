"""What all pictures are drawn with: ink on white; shapes and hatching tell things apart, never a colour alone.

Lengths are in units of a picture's own; a page scales it to its width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, TypeVar

from exchange.paper.document import Figure
from exchange.paper.markup import Child, Markup, element

WIDTH: Final = 680
INK: Final = "#1b2430"
SOFT: Final = "#5b6673"
FAINT: Final = "#c9d0d8"
PAPER: Final = "#ffffff"
FONT: Final = "Libertinus Serif, Charter, Cambria, Georgia, serif"

HATCHED: Final = "hatched"
DOTTED: Final = "dotted"
BARRED: Final = "barred"

Item = TypeVar("Item")


def figure(name: str, title: str, description: str, height: float, *drawn: Child) -> Figure:
    """A picture of full width. `name` is its own in the document: what it fills with is called after it."""
    svg = element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        element("defs", _fillings(name)),
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height:g}",
        width=WIDTH,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        font_family=FONT,
        font_size=10.0,
        fill=INK,
    )
    return Figure(svg=svg, title=title, description=description)


def filling(name: str, kind: str) -> str:
    """What a shape of the picture `name` is filled with."""
    return f"url(#{name}-{kind})"


def text(
    x: float,
    y: float,
    said: str,
    *,
    anchor: Literal["start", "middle", "end"] = "start",
    size: float | None = None,
    soft: bool = False,
    bold: bool = False,
) -> Markup:
    """On the base line `y`."""
    return element(
        "text",
        said,
        x=x,
        y=y,
        text_anchor=None if anchor == "start" else anchor,
        font_size=size,
        fill=SOFT if soft else None,
        font_weight="bold" if bold else None,
    )


def line(
    x1: float, y1: float, x2: float, y2: float, *, width: float = 1, ink: str = INK, dash: str | None = None
) -> Markup:
    return element(
        "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=ink, stroke_width=width, stroke_dasharray=dash, stroke_linecap="butt"
    )


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str = PAPER,
    stroke: str | None = INK,
    dash: str | None = None,
) -> Markup:
    return element(
        "rect",
        x=x,
        y=y,
        width=width,
        height=height,
        fill=fill,
        stroke=stroke,
        stroke_width=None if stroke is None else 0.9,
        stroke_dasharray=dash,
    )


def parts(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """In as few parts as hold at most so many each, of like length: no page ends with a stump."""
    count = -(-len(items) // most)
    start = 0
    for n in range(count):
        end = start + -(-(len(items) - start) // (count - n))
        yield items[start:end]
        start = end


def _fillings(name: str) -> Iterable[Markup]:
    drawn = {
        HATCHED: [line(0, 4, 4, 0, width=1.1), line(-1, 1, 1, -1, width=1.1), line(3, 5, 5, 3, width=1.1)],
        DOTTED: [element("circle", cx=2, cy=2, r=0.8, fill=INK)],
        BARRED: [line(2, 0, 2, 4, width=1.1)],
    }
    for kind, shapes in drawn.items():
        yield element(
            "pattern",
            element("rect", width=4, height=4, fill=PAPER),
            *shapes,
            id=f"{name}-{kind}",
            width=4,
            height=4,
            patternUnits="userSpaceOnUse",
        )
