"""The first line of a table: which of the tables it is, by which separator, and which column is where."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from exchange.csv_columns import TABLES, Table, plain, spelt
from exchange.errors import ColumnsUnknown, FileUnreadable

SEPARATORS: Final = (",", ";", "\t")

_SPELT: Final = {table.name: spelt(table) for table in TABLES}
_EVERY: Final = frozenset(name for names in _SPELT.values() for name in names)


@dataclass(frozen=True, slots=True)
class Header:
    """`columns`: the name of each column by its place; None for one without a name, which must be empty."""

    table: Table
    columns: tuple[str | None, ...]


def separator(line: str) -> str:
    """What separates the names in the first line: what makes the most known ones of it."""

    def known(mark: str) -> int:
        try:
            names = next(csv.reader([line], delimiter=mark, strict=False), [])
        except csv.Error:
            return 0
        return sum(plain(name) in _EVERY for name in names)

    return max(SEPARATORS, key=known)


def read_header(file: str, names: Sequence[str]) -> Header:
    """ColumnsUnknown, with what is known, where the names make none of the tables. `file` is its name."""
    given = [plain(name) for name in names]
    if not any(given):
        raise FileUnreadable(f"{file} has no header: name its columns in the first line.")
    table = min(TABLES, key=lambda one: (len(_missing(one, given)) + len(_unknown(one, given)), -_known(one, given)))
    columns = [_SPELT[table.name][name].name if name in _SPELT[table.name] else None for name in given]
    wrong = [
        *([f"unknown: {told}"] if (told := _told(table, given)) else []),
        *([f"missing: {_quoted(missing)}"] if (missing := _missing(table, given)) else []),
        *([f"given twice: {_quoted(twice)}"] if (twice := _twice(columns)) else []),
    ]
    if wrong:
        known = "; ".join(f"{one.name}: {', '.join(column.name for column in one.columns)}" for one in TABLES)
        raise ColumnsUnknown(f"{file} reads like {table.name}, {', '.join(wrong)}. Known columns are, of {known}")
    return Header(table, tuple(columns))


def _known(table: Table, given: Sequence[str]) -> int:
    return sum(name in _SPELT[table.name] for name in given)


def _unknown(table: Table, given: Sequence[str]) -> list[str]:
    return [name for name in given if name and name not in _SPELT[table.name]]


def _told(table: Table, given: Sequence[str]) -> str:
    """The unknown names; their places where most names are unknown: then it may be a row of data, somebody's."""
    unknown = _unknown(table, given)
    if len(unknown) * 2 < sum(map(bool, given)):
        return _quoted(unknown)
    return ", ".join(f"column {n}" for n, name in enumerate(given, start=1) if name in unknown)


def _missing(table: Table, given: Sequence[str]) -> list[str]:
    there = {_SPELT[table.name][name].name for name in given if name in _SPELT[table.name]}
    missing = [column.name for column in table.columns if column.required and column.name not in there]
    return missing if not table.either or there.intersection(table.either) else [*missing, " or ".join(table.either)]


def _twice(columns: Sequence[str | None]) -> list[str]:
    return sorted({name for name in columns if name is not None and columns.count(name) > 1})


def _quoted(names: Sequence[str]) -> str:
    # A name is a word or two.
    return ", ".join(f"`{name}`" if len(name) <= 40 and not any(map(str.isdigit, name)) else "(?)" for name in names)
