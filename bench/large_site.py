"""A site with some thousands of patients in care, and those who were before them: one group's life, told once by the
rules, and had by as many groups as are wanted.

A group is twelve seats, all taken when the year begins and when it ends; between, a quarter of them is taken anew in
the week after one is free, and the sessions go on: a year that is as long, and takes half the time to make. Each copy
has patients and sessions of its own; that they come at the same hours as the others, to one counselor, changes nothing
in a report. The facts are stored as an append stores them, sealed under a key for each chart. The read tables are
filled by the projections themselves, stream by stream: as the follower goes, in the order of the ledger, every batch
would open and seal each of some thousand charts again, which takes it half an hour.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final, LiteralString

import psycopg

from bench.lab import Lab
from bench.sample_site import LOGIN
from bench.synthetic import FIRST_MONDAY, SEATS, Site
from bench.telling import local
from domain.record import Recorded, stream_kind
from projections.catalog import PROJECTIONS
from projections.position import NAMES
from projections.prepare import prepare
from projections.projection import AS_PROJECTOR, Facts
from store.body import encode_body
from store.keys import KEY_BYTES, FileKeyring
from store.migrate import migrate
from store.sealing import ChartKey, bound
from store.store import Store

LEDGER: Final = "large"

YEAR: Final = timedelta(weeks=52)
FIRST_WEEKS: Final = 5
"""How long the site has been there when the year begins: every seat is taken."""
WEEKS: Final = FIRST_WEEKS + 52

NOW: Final = local(FIRST_MONDAY + timedelta(weeks=WEEKS - 1, days=4), 20)
"""The Friday evening of its last week."""

PAGE: Final = 50
"""Charts that are folded at once."""

_ID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COPY: Final = b"~~~~"
"""Stands where the number of the copy belongs: at the end of every id, and in record numbers."""

_INTO_FACTS: Final[LiteralString] = (
    "COPY fact (ledger, position, stream, version, type, recorded_at, body) FROM STDIN (FORMAT BINARY)"
)
_INTO_KEYS: Final[LiteralString] = "COPY chart_key (ledger, stream, wrapped) FROM STDIN (FORMAT BINARY)"
_ADVANCE: Final[LiteralString] = """
INSERT INTO projection.position (ledger, projection, position, recorded_at)
SELECT ledger, unnest(%(projections)s::text[]), position, recorded_at
FROM fact WHERE ledger = %(ledger)s AND position = %(position)s
"""
_MOVE_HEAD: Final[LiteralString] = "UPDATE ledger SET position = %s, recorded_at = %s WHERE ledger = %s"


@dataclass(frozen=True, slots=True)
class _Line:
    """A fact of the first group, as each copy has it but for its number."""

    stream: str
    version: int
    type: str
    recorded_at: datetime
    body: bytes


@dataclass(frozen=True)
class LargeSite:
    """A prepared database; `patients` are in care in its last week, and as many were a year before."""

    lab: Lab
    owner: str
    app: str
    patients: int
    facts: int

    def opened(self, pool_size: int) -> Store:
        return Store(self.app, FileKeyring(self.lab.folder / "master.key"), pool_size=pool_size)


def make_large_site(lab: Lab, name: str, *, groups: int) -> LargeSite:
    """A site of so many groups in a database of that name, its read tables current."""
    owner, app = lab.make_database(name)
    migrate(owner, LOGIN)
    prepare(owner, LOGIN)
    keyring = FileKeyring(lab.folder / "master.key")
    with Store(app, keyring, pool_size=4) as store:
        facility, lines = _first_group(lab.seed)
        store.ledger(LEDGER).restore(facility)
        last = _copied(owner, keyring, lines, groups, after=len(facility))
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("ANALYZE")
        charts = store.ledger(LEDGER).streams("chart")
    _fill(app, lab.folder / "master.key", charts, last)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return LargeSite(lab, owner, app, groups * SEATS, last)


def _first_group(seed: int) -> tuple[list[Recorded], list[_Line]]:
    """The facts of the facility, and those of the first group."""
    site = Site(LEDGER, seed)
    group = site.group(0, WEEKS)
    for seat in range(SEATS):
        for week, stay in _stays(site.telling.random, all_year=seat % 4 == 0):
            site.patient(group, first_week=week, weeks=stay, stays_on=week + stay == WEEKS)
    facts = [fact for fact in site.telling.recorded() if fact.recorded_at <= NOW]
    facility = [fact for fact in facts if stream_kind(fact.stream) == "facility"]
    kept = {group.counselor.id.encode()[6:], *(fact.envelope.by.id.encode()[6:] for fact in facts)}
    kept |= {str(fact.envelope.correlation_id).encode() for fact in facts}
    return facility, [_line(fact, kept) for fact in facts if stream_kind(fact.stream) != "facility"]


def _stays(random: Random, *, all_year: bool) -> Iterator[tuple[int, int]]:
    """First week and length of those who have a seat in turn: there is one in the week a year ago, and in the last."""
    week, stay = 0, random.randint(FIRST_WEEKS, 9)
    last = WEEKS - random.randint(4, 9)
    while week + stay < last:
        yield week, stay
        week, stay = (week + stay + 1, random.randint(4, 9)) if all_year else (last, 0)
    yield min(week, last), WEEKS - min(week, last)


def _line(fact: Recorded, kept: set[bytes]) -> _Line:
    def numbered(found: re.Match[bytes]) -> bytes:
        return found[0] if found[0] in kept else found[0][: -len(_COPY)] + _COPY

    body = _ID.sub(numbered, encode_body(fact.envelope, fact.fact)).replace(b"SYN-" + LEDGER.encode(), b"SYN-" + _COPY)
    stream = _ID.sub(numbered, fact.stream.encode()).decode()
    return _Line(stream, fact.version, type(fact.fact).__name__, fact.recorded_at, body)


def _copied(owner: str, keyring: FileKeyring, lines: Iterable[_Line], groups: int, *, after: int) -> int:
    """Writes them for every group; the last position."""
    keys: dict[str, ChartKey] = {}
    wrapped: list[tuple[str, bytes]] = []
    with psycopg.connect(owner) as connection:
        position, recorded_at = after, None
        with connection.cursor().copy(_INTO_FACTS) as copy:
            copy.set_types(["text", "int8", "text", "int8", "text", "timestamptz", "bytea"])
            for line in lines:
                recorded_at = line.recorded_at
                for stream, body in _copies(line, groups):
                    position += 1
                    if stream.startswith("chart/"):
                        if (key := keys.get(stream)) is None:
                            raw = secrets.token_bytes(KEY_BYTES)
                            keys[stream] = key = ChartKey(raw)
                            wrapped.append((stream, keyring.wrap(raw, bound("chart", LEDGER, stream))))
                        place = bound("fact", LEDGER) + bound(stream, str(line.version), line.type)
                        body = key.seal(body, place)
                    copy.write_row((LEDGER, position, stream, line.version, line.type, recorded_at, body))
        with connection.cursor().copy(_INTO_KEYS) as copy:
            copy.set_types(["text", "text", "bytea"])
            for stream, sealed in wrapped:
                copy.write_row((LEDGER, stream, sealed))
        connection.execute(_MOVE_HEAD, [position, recorded_at, LEDGER])
    return position


def _fill(app: str, key: Path, charts: Sequence[str], last: int) -> None:
    """The read tables up to the last position, by two processes."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for filling in [pool.submit(_fill_part, app, key, charts[n::2], n == 0) for n in range(2)]:
            filling.result()
    with Store(app, FileKeyring(key), pool_size=1) as store, store.database.connection() as db, db.transaction():
        db.execute(AS_PROJECTOR)
        given = {"ledger": LEDGER, "position": last, "projections": NAMES}
        db.execute(_ADVANCE, given)


_NOT_CHARTS: Final = ("facility", "staff", "cohort", "session")


def _fill_part(app: str, key: Path, charts: Sequence[str], rest: bool) -> None:
    with Store(app, FileKeyring(key), pool_size=2) as store:
        ledger = store.ledger(LEDGER)
        others = [stream for kind in _NOT_CHARTS for stream in ledger.streams(kind)] if rest else []
        streams = [*charts, *others]
        for n in range(0, len(streams), PAGE):
            facts = [fact for entries in ledger.read(streams[n : n + PAGE]).values() for fact in entries]
            with store.database.connection() as db, db.transaction():
                db.execute(AS_PROJECTOR)
                for projection in PROJECTIONS:
                    projection.apply(db.cursor(binary=True), ledger, Facts(facts))


def _copies(line: _Line, groups: int) -> Iterator[tuple[str, bytes]]:
    for number in range(groups):
        mark = f"{number:0{len(_COPY)}x}"
        yield line.stream.replace(_COPY.decode(), mark), line.body.replace(_COPY, mark.encode())
