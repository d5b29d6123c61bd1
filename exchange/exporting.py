"""Facts as they stand in a ledger, one JSON object a line, in order: to be restored or imported elsewhere.

Of a chart that was destroyed a line says what stands in plain: positions and versions have no holes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import IO, Final
from zoneinfo import ZoneInfo

import orjson

from domain.record import stream_name
from domain.site import fold_facility
from exchange.cut import Knowledge, knowledge
from exchange.errors import NotOnRecord
from store.errors import Unreadable
from store.hollow import to_lines
from store.ledger import Ledger
from store.mapper import Row
from store.store import Store

PAGE_FACTS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: how many lines, the SHA-256 of the bytes in hexadecimal, and how far the ledger was known.

    `destroyed` of the lines are of charts that were destroyed: they say where a fact stands, and nothing of it.
    """

    rows: int
    destroyed: int
    sha256: str
    knowledge: Knowledge


def export_facts(
    store: Store,
    facility: str,
    *,
    out: IO[bytes],
    known_at: datetime | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
) -> Exported:
    """Writes the facts recorded by `known_at`, in order of position.

    `from_on` and `to_on` (both included) choose by the site's local date of recording: a run of positions without
    holes. One page at a time is in memory.
    """
    ledger = store.ledger(facility)
    known = knowledge(ledger, known_at)
    digest, rows, destroyed = sha256(), 0, 0
    for page in fact_rows(ledger, known, from_on=from_on, to_on=to_on):
        text, hollow = text_of(ledger, page)
        digest.update(text)
        out.write(text)
        rows += len(page)
        destroyed += hollow
    return Exported(rows=rows, destroyed=destroyed, sha256=digest.hexdigest(), knowledge=known)


def text_of(ledger: Ledger, rows: Sequence[Row]) -> tuple[bytes, int]:
    """The lines of these rows of the ledger, and how many of them are of charts that were destroyed."""
    opened = ledger.opened(rows)
    lines = to_lines(ledger.name, rows, opened)
    text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
    return text, len(rows) - len(opened)


def those_before_damage(ledger: Ledger, rows: Sequence[Row]) -> Sequence[Row]:
    """Of rows that don't all open, those before the first that doesn't: found by halves, whatever the cause."""
    opening, failing = 0, len(rows)
    while failing - opening > 1:
        middle = (opening + failing) // 2
        try:
            ledger.opened(rows[opening:middle])
            opening = middle
        except Unreadable:
            failing = middle
    return rows[:opening]


def fact_rows(
    ledger: Ledger, known: Knowledge, *, from_on: date | None = None, to_on: date | None = None
) -> Iterator[list[Row]]:
    """The stored facts known then, chosen as in `export_facts`, page by page."""
    after, end = _recorded_within(ledger, known, from_on, to_on)
    while after < end:
        page = ledger.rows(after=after, upto=end, limit=PAGE_FACTS)
        yield page
        after = page[-1][0]


def _recorded_within(ledger: Ledger, known: Knowledge, from_on: date | None, to_on: date | None) -> tuple[int, int]:
    """The positions after which, and up to which, facts were recorded on these dates."""
    if from_on is None and to_on is None:
        return 0, known.position
    stream = stream_name("facility", ledger.name)
    zone = fold_facility(ledger.read([stream], upto=known.position)[stream]).zone
    if zone is None:
        raise NotOnRecord("This facility had not been opened by then: it has no dates of its own.")

    first = 0 if from_on is None else last_before(ledger, from_on, zone)
    end = known.position if to_on is None else min(known.position, last_before(ledger, to_on + timedelta(days=1), zone))
    return first, end


def last_before(ledger: Ledger, on: date, zone: ZoneInfo) -> int:
    """The position of the last fact that was recorded before a date of the site; 0 where there is none."""
    midnight = datetime.combine(on, time(), tzinfo=zone).astimezone(UTC)
    return ledger.cut(midnight - timedelta(microseconds=1)).position
