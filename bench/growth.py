"""B10: do answers stay as quick, and does a rebuild of the read tables stay linear, as the record grows?

The records are those of `bench.lives`, of two sizes. Of each the same is asked: a rebuild of all read tables (B3); the
status of those in care over HTTP, 16 clients, signed in and on record (B5); the first question for the history of a
chart as it was known when it had 150 facts (B6). The records stand side by side on one server, and are asked in turn.
Each is made by a process of its own, once, whose memory is told; so is how long its tables took that were followed from
nothing. A size of your own: `python -m bench B10 --facts 10000000`, which takes an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import median
from time import perf_counter
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from bench.lab import Lab, in_turn
from bench.lives import PATIENTS_A_WEEK, QUICK_PATIENTS_A_WEEK, Made, make
from bench.rebuild import Place, rebuilt, together
from bench.sample_site import FACILITY, LOGIN, Site
from bench.status_http import Asked, counselor_token, serving
from bench.table import Bar, Spread, ratios, table
from domain.record import stream_name, stream_uuid
from exchange import replay
from projections.prepare import prepare
from store.migrate import migrate

TITLE: Final = "B3, B5 and B6 as the record grows"

FULL: Final = (100_000, 1_000_000)
QUICK: Final = (8_000, 24_000)

FLAT: Final = 1.3
CHART_FACTS: Final = 150

_ASKED: Final = 60

_IN_CARE: Final[LiteralString] = """
SELECT patient_id FROM projection.census
WHERE ledger = %s AND ended_on IS NULL AND admitted_on IS NOT NULL ORDER BY patient_id LIMIT %s
"""
_CHARTS: Final[LiteralString] = """
SELECT stream, recorded_at FROM fact
WHERE ledger = %s AND stream LIKE 'chart/%%' AND version = %s ORDER BY position DESC LIMIT %s
"""
_GIGABYTES: Final[LiteralString] = "SELECT pg_database_size(current_database()) / 1e9"


@dataclass(frozen=True)
class Grown:
    """One record. `charts` are asked for as they were known at an instant."""

    made: Made
    site: Site
    patients: Sequence[UUID]
    charts: Sequence[tuple[UUID, datetime]]
    gigabytes: float


def run(lab: Lab) -> list[str]:
    sizes = QUICK if lab.effort.quick else FULL
    if lab.facts is not None:
        sizes = (lab.facts // 10, lab.facts)
    records = [grow(lab, size) for size in sizes]
    names = [f"{record.made.facts:,}" for record in records]
    known = dict(zip(names, records, strict=True))
    history = in_turn(lab.rounds, {name: partial(first_p50, record) for name, record in known.items()})
    rebuilds = lab.amount(full=3, quick=1)
    rebuild = in_turn(rebuilds, {name: partial(rebuilt_at, record) for name, record in known.items()})
    status = _statuses(lab, known)
    rows = [_row(name, known[name], names[0], rebuild, status, history) for name in names]
    header = ["facts", "GB", "rebuild, facts/s", "times slower", "bar"]
    header += ["status, requests/s", "times slower", "bar", "history, ms p50", "times slower", "bar"]
    return [*table(header, rows), "", *[_told(record.made) for record in records]]


Figures = dict[str, list[float]]


def _row(name: str, record: Grown, least: str, rebuild: Figures, status: Figures, history: Figures) -> list[str]:
    row = [name, f"{record.gigabytes:.2f}"]
    for figures, slower, digits in (
        (rebuild, ratios(rebuild[least], rebuild[name]), 0),
        (status, ratios(status[least], status[name]), 0),
        (history, ratios(history[name], history[least]), 2),
    ):
        bar = Bar(FLAT, at_most=True).judged(slower) if name != least else ""
        row += [Spread(figures[name]).shown(digits), slower.shown(2), bar]
    return row


def _told(made: Made) -> str:
    return (
        f"{made.facts:,} facts: simulated and written in {made.written:.0f} s, restored in {made.restored:.0f} s,"
        f" followed in {made.followed:.0f} s; {made.memory} MB at most.  "
    )


# ---- making


def grow(lab: Lab, facts: int) -> Grown:
    """A record of about so many facts in a database of its own, its read tables current."""
    owner, app = lab.make_database(f"growth_{facts}")
    migrate(owner, LOGIN)
    prepare(owner, LOGIN)
    each_week = lab.amount(full=PATIENTS_A_WEEK, quick=QUICK_PATIENTS_A_WEEK)
    [made] = together([partial(make, app, lab.folder, facts, each_week, lab.seed)])
    with psycopg.connect(owner, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")
        patients = [row[0] for row in db.execute(_IN_CARE, [FACILITY, _ASKED])]
        charts = [(stream_uuid(row[0]), row[1]) for row in db.execute(_CHARTS, [FACILITY, CHART_FACTS, _ASKED])]
        (gigabytes,) = db.execute(_GIGABYTES).fetchone() or (0,)
    if not patients or not charts:
        raise SystemExit("Nobody is in care, or no chart is long enough: make a longer record.")
    site = Site(lab, owner, app, ())
    stream = stream_name("facility", FACILITY)
    with site.opened(1) as store:
        # Who may ask is found in the facility's facts.
        facility = tuple(store.ledger(FACILITY).read([stream])[stream])
    return Grown(made, Site(lab, owner, app, facility), patients, charts, float(gigabytes))


# ---- asking


def first_p50(record: Grown) -> float:
    """Milliseconds, in the middle, of the history of a chart that this process hasn't read anything of."""
    took = []
    with record.site.opened(4) as store:
        for patient_id, known_at in record.charts:
            began = perf_counter()
            found = replay.answer(store, FACILITY, patient_id, now=datetime.now(UTC), known_at=known_at)
            took.append((perf_counter() - began) * 1000)
            # What was recorded at the same instant is known as well.
            if found is None or found.version < CHART_FACTS:
                raise SystemExit("The history isn't the one that was asked for.")
    return median(took)


def rebuilt_at(record: Grown) -> float:
    """Facts a second of a rebuild of all read tables."""
    site = record.site
    place = Place(site.owner, site.app, site.lab.folder / "master.key")
    [ran] = together([partial(rebuilt, place, ())])
    return record.made.facts / float(ran.seconds)


def _statuses(lab: Lab, records: dict[str, Grown]) -> Figures:
    """Answers a second, of one worker."""
    with ExitStack() as stack:
        asked = {}
        for name, record in records.items():
            address = stack.enter_context(serving(record.site, 1))
            paths = [f"/v1/patients/{patient}/status" for patient in record.patients]
            asked[name] = Asked(lab, address, counselor_token(record.site), paths, site=record.site)
        return in_turn(lab.rounds, {name: each.measure for name, each in asked.items()})
