"""Admissions and discharges for the state's data set as tables: what has to be sent, a line a transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

from domain.teds.columns import Form, Item
from domain.teds.records import Kind, Records, Sent
from exchange import teds
from exchange.export.columns import Column, Layout, Type, Values
from exchange.export.question import Asked, Table
from exchange.teds import Former, Submission, Window, former_of
from exchange.teds_sent import TRANSACTION, read_manifest, read_sent
from store.store import Store

PAGE_ROWS: Final = 1000

_TYPES: Final = {
    Form.CODE: Type.INTEGER,
    Form.INTEGER: Type.INTEGER,
    Form.TEXT: Type.TEXT,
    Form.UUID: Type.UUID,
    Form.DATE: Type.DATE,
    Form.YES_NO: Type.BOOLEAN,
}

SUBMISSIONS: Final = tuple(kind.value for kind in Kind)
"""The kinds of tables that go to the state."""

_TITLES: Final = {Kind.ADMISSIONS: "TEDS admissions", Kind.DISCHARGES: "TEDS discharges"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Asked):
    """Asked with what was sent before, as `exchange.teds.Asked` has it. `sent_sha256` are the files that say so."""

    state: int | None = None
    former: Former | None = None
    since_position: int | None = None
    since_as_of: date | None = None
    since_to: date | None = None
    sent: Records | None = None
    sent_sha256: tuple[str, ...] = ()


def submitted(
    asked: Asked,
    kind: str,
    *,
    state: int | None = None,
    manifest: Path | None = None,
    since_position: int | None = None,
    since_as_of: date | None = None,
    since_to: date | None = None,
    files: Sequence[Path] = (),
) -> Submitted:
    """A question with what was sent before: `manifest` and `files` as they lie on the disk. FileUnreadable for what
    can't be read, NotAsked for another manifest."""
    of = Kind(kind)
    return Submitted(
        **_given(asked),
        state=state,
        former=None if manifest is None else former_of(read_manifest(manifest), of, asked.facility),
        since_position=since_position,
        since_as_of=since_as_of,
        since_to=since_to,
        sent=read_sent(files, of) if files else None,
        sent_sha256=tuple(sha256(path.read_bytes()).hexdigest() for path in files),
    )


def layout_of(kind: Kind) -> Layout:
    one = "an admission" if kind is Kind.ADMISSIONS else "a discharge"
    transaction = Column(
        name=TRANSACTION,
        type=Type.TEXT,
        meaning="What to do with the record: A add, C change, D delete. A deletion says the key alone.",
    )
    return Layout(
        kind=kind.value,
        title=_TITLES[kind],
        says=f"One row {one} to be added to the state's Treatment Episode Data Set, changed or deleted: deletions "
        f"first, then changes, then additions, each by key. Rows are chosen by `{kind.dated}`. -9 says that an item "
        "isn't known. People by id, no names.",
        columns=(transaction, *map(_column, kind.items)),
    )


def meaning_of(item: Item) -> str:
    """With the codes, and where it comes from."""
    codes = "; ".join(f"{code} {label}" for code, label in item.codes.items() if str(code) != label)
    key = " Part of the key." if item.key else ""
    return f"{item.meaning}{f': {codes}' if codes else ''}.{key} From: {item.source}."


def _column(item: Item) -> Column:
    return Column(name=item.name, type=_TYPES[item.form], meaning=meaning_of(item))


ADMISSIONS: Final = layout_of(Kind.ADMISSIONS)
DISCHARGES: Final = layout_of(Kind.DISCHARGES)


@contextmanager
def opened_admissions(store: Store, asked: Asked) -> Iterator[Table]:
    """As every kind of table. NotAsked for a former export that this one can't follow on."""
    yield _table(store, asked, Kind.ADMISSIONS, ADMISSIONS)


@contextmanager
def opened_discharges(store: Store, asked: Asked) -> Iterator[Table]:
    yield _table(store, asked, Kind.DISCHARGES, DISCHARGES)


def _table(store: Store, asked: Asked, kind: Kind, layout: Layout) -> Table:
    submitted = _submitted(asked)
    found = teds.answer(
        store,
        asked.facility,
        kind,
        now=asked.now,
        asked=teds.Asked(
            window=Window(from_on=asked.from_on, to_on=asked.to_on),
            as_of=asked.as_of,
            known_at=asked.known_at,
            state=submitted.state,
            former=submitted.former,
            since_position=submitted.since_position,
            since_as_of=submitted.since_as_of,
            since_to=submitted.since_to,
            sent=submitted.sent,
        ),
    )
    return Table(
        layout=layout,
        asked=asked,
        knowledge=found.cut.knowledge,
        as_of=found.cut.as_of,
        zone=found.cut.facility.clock,
        pages=_pages(found.lines),
        parameters=_parameters(found, submitted),
        further=lambda: _further(found),
    )


def _submitted(asked: Asked) -> Submitted:
    """Without a word of what was sent before, nothing was."""
    if isinstance(asked, Submitted):
        return asked
    return Submitted(**_given(asked))


def _given(asked: Asked) -> dict[str, Any]:
    return {one.name: getattr(asked, one.name) for one in fields(Asked)}


def _pages(lines: Sequence[Sent]) -> Iterator[Sequence[Values]]:
    rows: Iterator[Values] = ((line.transaction.value, *line.values) for line in lines)
    while page := list(islice(rows, PAGE_ROWS)):
        yield page


def _parameters(found: Submission, asked: Submitted) -> dict[str, Any]:
    """With these, and the cut, a later export finds out again what was sent."""
    former = found.former
    return {
        **_days(found.window, ""),
        "state": found.state.fips,
        **(
            {}
            if former is None
            else {
                "since_position": former.position,
                "since_as_of": former.as_of.isoformat(),
                **_days(former.window, "since_"),
            }
        ),
        **({"sent": list(asked.sent_sha256)} if asked.sent is not None else {}),
    }


def _days(window: Window, prefix: str) -> dict[str, str | None]:
    days = {"from": window.from_on, "to": window.to_on}
    return {f"{prefix}{name}": None if on is None else on.isoformat() for name, on in days.items()}


def _further(found: Submission) -> dict[str, Any]:
    return {
        "transactions": found.counted,
        "doubled": found.doubled,
        "charts_destroyed": found.charts_destroyed,
    }
