"""A document before it is written: headings, tables, pictures, and where it stands. The same for PDF and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeAlias

from exchange.paper.markup import Markup


class Form(StrEnum):
    """What a document is written as."""

    PDF = "pdf"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`share` of the width that is left, 0 for as much as it needs; `figures` stand to the right, `codes` (ids, hashes)
    in letters of one width; `to_fill` is left for ink."""

    head: str
    share: int = 0
    figures: bool = False
    codes: bool = False
    to_fill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The first cell of a row says what it is about. `by_hand`: its lines are high enough to write on."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture, legible in black and white; `title` and `description` say in words what it shows, and are in `svg`."""

    kind: ClassVar[str] = "figure"
    svg: Markup
    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A paragraph."""

    kind: ClassVar[str] = "words"
    text: str


Block: TypeAlias = Table | Figure | Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of the title block; a `code` stands in letters of one width."""

    label: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`stands_at` dates it: the cut, never the time of asking, so that one position has the same bytes. the lines of
    `stand` say on each page what it is and where it stands, `warning` who may not see it."""

    title: str
    subtitle: str
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    stand: tuple[str, ...]
    stands_at: datetime
    warning: str | None = None
