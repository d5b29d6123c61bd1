"""B7, report: the weekly report of a site with 5,000 patients in care, and of one with some sixty.

Present: of the week at hand, from the read tables. Historic: of the week a year ago, known then, folded from the
ledger; of the small site of the week before its last fact. Each is asked by a process of its own, which gives its peak
of memory; from one time to the next nothing is kept but keys. The bars are seconds: they say something of the machine,
too, and of who else works on it; the time that the process computed stands beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from bench import large_site
from bench.lab import Lab
from bench.large_site import make_large_site
from bench.memory import peak_megabytes
from bench.sample_site import FACILITY, make_site
from bench.synthetic import SEATS
from bench.table import Bar, Spread, table
from domain.week import Week
from exchange import reports
from exchange.reports import Question, Report
from store.keys import FileKeyring
from store.store import Store

TITLE: Final = "weekly report, present and historic"

PATIENTS: Final = 5000
PRESENT_SECONDS: Final = 5.0
HISTORIC_SECONDS: Final = 60.0
SMALL_SECONDS: Final = 0.15


@dataclass(frozen=True)
class Asked:
    """One question to one site. `known_at` is None for what is known now."""

    label: str
    app: str
    key: Path
    ledger: str
    week: Week
    now: datetime
    known_at: datetime | None
    times: int
    bar: float | None


@dataclass(frozen=True)
class Took:
    """Seconds of each time, and those of them that the process computed; its peak of memory in megabytes, and what the
    report was of."""

    seconds: Sequence[float]
    computed: Sequence[float]
    peak: float
    patients: int
    rows: int
    position: int


def run(lab: Lab) -> list[str]:
    groups = lab.amount(full=-(-PATIENTS // SEATS), quick=12)
    large = make_large_site(lab, "large_report", groups=groups)
    small = make_site(lab, "small_report", beside=3)
    key = lab.folder / "master.key"
    now, year_ago = large_site.NOW, large_site.NOW - large_site.YEAR
    times, times_small = lab.amount(full=3, quick=2), lab.amount(full=30, quick=5)
    full = not lab.effort.quick
    of_large = [
        Asked("present", large.app, key, large_site.LEDGER, Week.of(now.date()), now, None, times, PRESENT_SECONDS),
        Asked(
            "a year ago",
            large.app,
            key,
            large_site.LEDGER,
            Week.of(year_ago.date()),
            now,
            year_ago,
            1,
            HISTORIC_SECONDS,
        ),
    ]
    today = datetime.now(UTC)
    week = Week.of((today - timedelta(weeks=1)).date())
    before = small.facts[-1].recorded_at - timedelta(weeks=1)
    of_small = [
        Asked("present", small.app, key, FACILITY, week, today, None, times_small, SMALL_SECONDS),
        Asked("a week ago", small.app, key, FACILITY, Week.of(before.date()), today, before, times_small, None),
    ]
    rows = [_row("large", asked, measured(asked), judged=full) for asked in of_large]
    rows += [_row("small", asked, measured(asked), judged=True) for asked in of_small]
    header = ["site", "known", "facts", "patients", "rows", "seconds", "bar", "computed, s", "peak, MB"]
    return table(header, rows)


def _row(site: str, asked: Asked, took: Took, *, judged: bool) -> list[str]:
    """`judged`: a smaller site than the bar is about reaches or misses nothing."""
    spread = Spread(took.seconds)
    bar = "" if asked.bar is None or not judged else Bar(asked.bar, at_most=True).judged(spread)
    counts = [f"{count:,}" for count in (took.position, took.patients, took.rows)]
    return [site, asked.label, *counts, spread.shown(3), bar, Spread(took.computed).shown(3), f"{took.peak:,.0f}"]


def measured(asked: Asked) -> Took:
    """By a process of its own."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, asked), daemon=True)
    process.start()
    theirs.close()
    try:
        took: Took = ours.recv()
    except EOFError:
        raise SystemExit("A process that asks for reports has failed: its error stands above.") from None
    process.join()
    return took


def _measure(parent: Connection, asked: Asked) -> None:
    parent.send(taken(asked))


def taken(asked: Asked) -> Took:
    """In this process, whose peak of memory may be older."""
    with Store(asked.app, FileKeyring(asked.key), pool_size=4) as store:
        seconds, computed = [], []
        for _ in range(asked.times):
            began, computed_before = perf_counter(), process_time()
            report = answer(store, asked)
            seconds.append(perf_counter() - began)
            computed.append(process_time() - computed_before)
        patients = {row.subject_id for row in report.rows if row.subject == "patient"}
        peak = peak_megabytes()
        return Took(seconds, computed, peak, len(patients), len(report.rows), report.header.position)


def answer(store: Store, asked: Asked) -> Report:
    return reports.answer(store, asked.ledger, asked.week, now=asked.now, asked=Question(known_at=asked.known_at))
