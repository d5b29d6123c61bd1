"""Facts as they stand in a ledger, one JSON object a line, in order: to be restored or imported elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import IO, Final

import orjson

from domain.record import Recorded, stream_name
from domain.site import fold_facility
from exchange.cut import Knowledge, knowledge
from exchange.errors import NotOnRecord
from store.ledger import Ledger
from store.lines import to_line
from store.store import Store

PAGE_FACTS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: how many lines, the SHA-256 of the bytes in hexadecimal, and how far the ledger was known."""

    rows: int
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
    first, end = _recorded_within(ledger, known, from_on, to_on)
    digest, rows = sha256(), 0
    for page in _pages(ledger, after=first, upto=end):
        text = b"".join(orjson.dumps(to_line(fact), option=orjson.OPT_APPEND_NEWLINE) for fact in page)
        digest.update(text)
        out.write(text)
        rows += len(page)
    return Exported(rows=rows, sha256=digest.hexdigest(), knowledge=known)


def _pages(ledger: Ledger, *, after: int, upto: int) -> Iterator[list[Recorded]]:
    while after < upto:
        page = ledger.facts(after=after, upto=upto, limit=PAGE_FACTS)
        yield page
        after = page[-1].position


def _recorded_within(ledger: Ledger, known: Knowledge, from_on: date | None, to_on: date | None) -> tuple[int, int]:
    """The positions after which, and up to which, facts were recorded on these dates."""
    if from_on is None and to_on is None:
        return 0, known.position
    stream = stream_name("facility", ledger.name)
    zone = fold_facility(ledger.read([stream])[stream]).zone
    if zone is None:
        raise NotOnRecord("This facility has not been opened: it has no dates of its own.")

    def before(on: date) -> int:
        midnight = datetime.combine(on, time(), tzinfo=zone).astimezone(UTC)
        return ledger.cut(midnight - timedelta(microseconds=1)).position

    first = 0 if from_on is None else before(from_on)
    end = known.position if to_on is None else min(known.position, before(to_on + timedelta(days=1)))
    return first, end
