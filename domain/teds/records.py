"""The records of a site at one cut, and what has to be sent so that what was sent becomes them.

A transaction adds (A), changes (C) or deletes (D) a record that the state has by its key. What was wrong in a key is
deleted, and added anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeAlias

from domain.compliance.period import Period
from domain.teds.case import Entries, Reporter, cases
from domain.teds.columns import ADMISSION, DISCHARGE, Item, Value

Key: TypeAlias = tuple[Any, ...]
"""The values of the key columns, in their order."""

Values: TypeAlias = tuple[Value, ...]
Records: TypeAlias = Mapping[Key, Values]
"""By key: the values of all columns, in their order."""


class Kind(StrEnum):
    ADMISSIONS = "teds-a"
    DISCHARGES = "teds-d"

    @property
    def items(self) -> tuple[Item, ...]:
        return ADMISSION if self is Kind.ADMISSIONS else DISCHARGE

    @property
    def dated(self) -> str:
        """The column by which records are chosen."""
        return "admitted_on" if self is Kind.ADMISSIONS else "discharged_on"

    def key_of(self, values: Values) -> Key:
        return tuple(value for item, value in zip(self.items, values, strict=True) if item.key)

    def column_of(self, name: str, values: Values) -> Any:
        """The value of a column. LookupError where there is none of this name."""
        return values[[item.name for item in self.items].index(name)]


class Transaction(StrEnum):
    ADD = "A"
    CHANGE = "C"
    DELETE = "D"


_ORDER: Final = (Transaction.DELETE, Transaction.CHANGE, Transaction.ADD)


@dataclass(frozen=True, slots=True)
class Sent:
    """One line of what is sent. A deletion says the key alone: its other columns are None."""

    transaction: Transaction
    values: Values


@dataclass(frozen=True, slots=True)
class Told:
    """`doubled` counts episodes of which no record is made since another has the same key: a client admitted to one
    service twice on a day, as two charts of one person may say that were merged."""

    records: Records
    doubled: int


def records(entries: Entries, kind: Kind, reporter: Reporter, *, as_of: date, period: Period) -> Told:
    """Admissions, or discharges, dated in the period and by `as_of`."""
    found: dict[Key, Values] = {}
    doubled = 0
    for case in cases(entries, reporter, as_of):
        dated = case.admission if kind is Kind.ADMISSIONS else case.discharge
        if dated is None or dated.on not in period:
            continue
        values = tuple(item.of(case) for item in kind.items)
        key = kind.key_of(values)
        doubled += key in found
        found.setdefault(key, values)
    return Told(found, doubled)


def transactions(sent: Records, now: Records, kind: Kind) -> list[Sent]:
    """What makes `now` of what was sent: deletions first, then changes, then additions, each by key."""
    found = [Sent(Transaction.DELETE, _key_alone(values, kind)) for key, values in sent.items() if key not in now]
    for key, values in now.items():
        if key not in sent:
            found.append(Sent(Transaction.ADD, values))
        elif sent[key] != values:
            found.append(Sent(Transaction.CHANGE, values))
    return sorted(found, key=lambda one: (_ORDER.index(one.transaction), kind.key_of(one.values)))


def _key_alone(values: Values, kind: Kind) -> Values:
    return tuple(value if item.key else None for item, value in zip(kind.items, values, strict=True))


def applied(sent: Records, lines: Iterable[Sent], kind: Kind) -> Records:
    """What the state has once these lines came in. ValueError for an addition of what it has, or a change or deletion
    of what it has not."""
    found = dict(sent)
    for line in lines:
        key = kind.key_of(line.values)
        if (line.transaction is Transaction.ADD) is (key in found):
            raise ValueError("These lines don't follow on what was sent before.")
        if line.transaction is Transaction.DELETE:
            del found[key]
        else:
            found[key] = line.values
    return found


def clients_of(lines: Iterable[Sent], kind: Kind) -> Iterator[str]:
    """Whom the lines are about, by `client_id`."""
    return (kind.column_of("client_id", line.values) for line in lines)
