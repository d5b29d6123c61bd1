"""One line of a file, read as the fact that it should hold, or as the reason why it holds none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

import orjson

from domain.files import ImportCompleted, LedgerRestored
from domain.record import Entry, Envelope, Source, stream_kind
from domain.refused import Refused
from exchange.lines import LINE_BYTES, Line
from exchange.share import Considered
from exchange.taken_file import stream_of_file
from exchange.unit import Repeats, differs, held_back, judge_clock
from exchange.working_site import WorkingSite
from store.errors import ShapeError
from store.hollow import Hollow, from_hollow_line, is_hollow
from store.lines import ParsedLine, from_line, read_line

MALFORMED: Final = "line.malformed"

ACCESS: Final = ".access"
"""How the name of a site's access ledger ends."""

_TOO_LONG = f"A line holds one fact and at most {LINE_BYTES:,} bytes: this one is longer."
_NO_OBJECT = "This is no JSON object: write one fact a line."
_UNCORRELATED: Final = UUID("b8c9a1de-6f5f-5d0e-9b7e-2f4a6f0f3c55")
"""Namespace of the ids that lines without one are given: the same line gets the same one each time."""


class FactLine(NamedTuple):
    """`parsed`, or the `fault`. `ledger` and `stream` as far as they can be read, so that what follows is held back.
    `hollow` where a line says no more than that its chart was destroyed."""

    line: Line
    ledger: str | None
    stream: str | None
    parsed: ParsedLine | None
    fault: Refused | None = None
    hollow: Hollow | None = None

    @property
    def key(self) -> str | None:
        return self.stream

    @property
    def lines(self) -> Sequence[Line]:
        return (self.line,)

    def looks_at_charts(self, site: WorkingSite) -> bool:
        return self.parsed is not None and site.looks_at_charts(self.parsed.stream, self.parsed.fact)

    def consider(self, site: WorkingSite, held_by: int | None, now: datetime) -> Considered | Repeats:
        if self.fault is not None or self.parsed is None:
            raise self.fault or AssertionError("A line has a fact or a fault.")
        stream, version = self.parsed.stream, self.parsed.version
        site.refuse_destroyed(stream)
        known, entry = site.known(stream), entry_of(self.parsed)
        latest = len(known.entries)
        if version <= latest:
            if not same_content(entry, known.entries[version - 1]):
                raise differs(version)
            return Repeats.OF_THE_BATCH if version > known.on_record else Repeats.ON_RECORD
        judge_line(self.parsed, now)
        if held_by is not None:
            raise held_back(held_by, "stream")
        if version != latest + 1:
            raise Refused("line.version-gap", f"This stream is at version {latest}: give version {latest + 1} first.")
        return site.consider(stream, entry, entry.recorded_at, self.parsed.position)

    def refusals(self, refusal: Refused) -> Sequence[tuple[Line, Refused]]:
        return ((self.line, refusal),)


def read_fact(line: Line) -> FactLine:
    """Never raises: what is wrong with the shape of a line is its `fault`."""
    if line.too_long:
        return FactLine(line, None, None, None, Refused(MALFORMED, _TOO_LONG))
    if (parsed := read_line(line.text)) is not None:
        return FactLine(line, parsed.ledger, parsed.stream, parsed)
    try:
        values = orjson.loads(line.text)
    except orjson.JSONDecodeError:
        return FactLine(line, None, None, None, Refused(MALFORMED, _NO_OBJECT))
    if not isinstance(values, dict):
        return FactLine(line, None, None, None, Refused(MALFORMED, _NO_OBJECT))
    try:
        if is_hollow(values):
            hollow = from_hollow_line(values)
            return FactLine(line, hollow.ledger, hollow.stream, None, hollow=hollow)
        parsed = from_line(values)
    except ShapeError as error:
        fault = Refused(MALFORMED, str(error))
        return FactLine(line, _text(values, "ledger"), _text(values, "stream"), None, fault)
    return FactLine(line, parsed.ledger, parsed.stream, parsed)


def read_import(line: Line) -> FactLine:
    """As `read_fact`, for a line that is to be judged: it must say of which ledger it is and when it was recorded."""
    read = read_fact(line)
    parsed = read.parsed
    if parsed is None:
        return read
    fault = None
    if parsed.ledger is None:
        fault = Refused(MALFORMED, "`ledger` is missing: give the facility's code.")
    elif parsed.recorded_at is None:
        fault = Refused(MALFORMED, "`recorded_at` is missing: give an instant with its offset.")
    elif stream_kind(parsed.stream) == "access" or parsed.ledger.endswith(ACCESS):
        fault = Refused("line.access-record", "Access records are the system's own: a restore moves them, no import.")
    return read if fault is None else FactLine(line, read.ledger, read.stream, None, fault)


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def clock_of(parsed: ParsedLine) -> datetime:
    """When the fact was first recorded, wherever that was: the clock by which it is judged."""
    at = parsed.recorded_elsewhere_at or parsed.recorded_at
    if at is None:
        raise AssertionError("A line without a time of recording is a fault.")
    return at


def judge_line(parsed: ParsedLine, now: datetime) -> None:
    """Refuses, of a line that isn't in yet, what no file may bring in. `now` is the database's clock.

    What a ledger notes of the files that it took in is its own: that it was restored is true of no other ledger, and an
    import's end stands only in the stream of that very file.
    """
    fact = parsed.fact
    if isinstance(fact, LedgerRestored):
        raise Refused("line.restore-record", "That a ledger was restored is the system's own record: leave it out.")
    if isinstance(fact, ImportCompleted) and parsed.stream != stream_of_file(fact.file_sha256):
        raise Refused("line.import-record", "This is not the stream of the file with that SHA-256: leave the line out.")
    judge_clock("recorded_at", parsed.recorded_at, now)
    judge_clock("recorded_elsewhere_at", parsed.recorded_elsewhere_at, now)


def entry_of(parsed: ParsedLine) -> Entry:
    """The line as the next entry of its stream. What it leaves out is given: `import` as its source."""
    at = clock_of(parsed)
    envelope = Envelope(
        by=parsed.by,
        source=parsed.source or Source.IMPORT,
        correlation_id=parsed.correlation_id or uuid5(_UNCORRELATED, f"{parsed.stream}@{parsed.version}"),
        reason=parsed.reason,
        causation_id=parsed.causation_id,
        recorded_elsewhere_at=at,
    )
    return Entry(version=parsed.version, recorded_at=at, envelope=envelope, fact=parsed.fact)


def same_content(new: Entry, known: Entry) -> bool:
    """Whether two entries say the same: everything but ledger, position and times of recording."""
    one, other = new.envelope, known.envelope
    return (
        new.version == known.version
        and type(new.fact) is type(known.fact)
        and new.fact == known.fact
        and one.by == other.by
        and one.source is other.source
        and one.reason == other.reason
        and one.correlation_id == other.correlation_id
        and one.causation_id == other.causation_id
    )
