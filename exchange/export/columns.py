"""What a table for others consists of: columns, each with its type and its meaning. Files and docs are made from them.

A row is a sequence of values in the order of the columns. It depends on the cut alone, never on who asks or when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo

Value: TypeAlias = str | int | bool | date | datetime | tuple[str, ...] | None
Values: TypeAlias = Sequence[Value]


class Type(StrEnum):
    """What stands in a column; any of them may be empty (None)."""

    UUID = "uuid"
    """As text, in lower case."""
    TEXT = "text"
    INTEGER = "integer"
    MINUTES = "minutes"
    """Full minutes, an integer."""
    BOOLEAN = "boolean"
    DATE = "date"
    """The site's local date."""
    INSTANT = "instant"
    """With its offset, any; files show it in the site's zone."""
    LIST = "list"
    """Of text; in one cell, `between` stands between its members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`meaning` is a sentence for who reads the table, with unit and source where they don't go without saying."""

    name: str
    type: Type
    meaning: str
    between: str = "; "


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A kind of table. `kind` is its word on the command line; `title` its name and `says` what a row is, in sentences
    for people."""

    kind: str
    title: str
    says: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a file says of itself, where its format has room for that: the same for everybody at one position.

    `facts` are names and values for people, in order; `zone` is the site's.
    """

    layout: Layout
    zone: ZoneInfo
    facts: tuple[tuple[str, str], ...] = ()
