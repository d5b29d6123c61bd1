"""Measures, and prints tables. A full run of all also writes bench/results.md; anything less writes nowhere."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

from bench import (
    append_command,
    append_ledgers,
    append_one,
    append_roster,
    export_rows,
    growth,
    import_facts,
    own_write,
    rebuild,
    replay,
    status_http,
    storage,
    weekly_report,
)
from bench.lab import FULL, QUICK, Lab, lab, machine
from bench.table import tally

RESULTS: Final = Path(__file__).parent / "results.md"


Benchmark = tuple[str, Callable[[Lab], list[str]]]
"""Its title, and what measures and answers the lines of its tables, in Markdown."""


def _one_by_one(*runs: Callable[[Lab], list[str]]) -> Callable[[Lab], list[str]]:
    """Benchmarks of one id, each with a table and databases of its own."""

    def run(lab: Lab) -> list[str]:
        lines: list[str] = []
        for each in runs:
            lines += [*each(lab), ""]
            lab.clear()
        return lines[:-1]

    return run


BENCHMARKS: Final[dict[str, Benchmark]] = {
    "B1a": (append_one.TITLE, append_one.run),
    "B1b": (append_ledgers.TITLE, append_ledgers.run),
    "B1c": (append_command.TITLE, append_command.run),
    "B1d": (append_roster.TITLE, append_roster.run),
    "B2": (import_facts.TITLE, import_facts.run),
    "B3": (rebuild.TITLE, rebuild.run),
    "B4": (own_write.TITLE, own_write.run),
    "B5": (status_http.TITLE, status_http.run),
    "B6": (replay.TITLE, replay.run),
    "B7": (f"{weekly_report.TITLE}; {export_rows.TITLE}", _one_by_one(weekly_report.run, export_rows.run)),
    "B9": (storage.TITLE, storage.run),
    "B10": (growth.TITLE, growth.run),
}


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("ids", nargs="*", help=f"some of {' '.join(BENCHMARKS)}; all without", metavar="id")
    parser.add_argument("--quick", action="store_true", help="less work, fewer and shorter rounds: under two minutes")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument(
        "--facts", type=int, help="how many B10 ends with, by hand: 10000000 takes an hour", metavar="N"
    )
    given = parser.parse_args(words)
    unknown = sorted(set(given.ids) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}: take some of {' '.join(BENCHMARKS)}")
    wanted = [key for key in BENCHMARKS if not given.ids or key in given.ids]
    written = measured(wanted, quick=given.quick, seed=given.seed, facts=given.facts)
    if wanted == list(BENCHMARKS) and not given.quick and given.facts is None:
        RESULTS.write_text(written, encoding="utf-8")
        print(f"Written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}.")


def measured(wanted: Sequence[str], *, quick: bool, seed: int, facts: int | None = None) -> str:
    """Runs these benchmarks, prints as it goes, and answers all of it in Markdown."""
    parts: list[str] = []

    def tell(part: str) -> None:
        print(part, flush=True)
        parts.append(part)

    with (
        tempfile.TemporaryDirectory(prefix="stepdown-bench-") as folder,
        lab(Path(folder), seed=seed, effort=QUICK if quick else FULL, facts=facts) as made,
    ):
        tell("# What was measured\n")
        tell("\n".join(f"- {line}" for line in machine(made)) + "\n")
        tell(_HOW)
        bars: dict[str, tuple[int, int]] = {}
        for key in wanted:
            title, run = BENCHMARKS[key]
            tell(f"## {key}: {title}\n")
            began = perf_counter()
            lines = run(made)
            tell("\n".join(lines) + "\n")
            print(f"({perf_counter() - began:.0f} s)\n", flush=True)
            bars[key] = tally(lines)
            made.clear()
        tell(_summed_up(bars))
    return "\n".join(parts)


def _summed_up(bars: Mapping[str, tuple[int, int]]) -> str:
    reached, missed = (sum(of) for of in zip(*bars.values(), strict=True))
    where = ", ".join(f"{key} ({short})" for key, (_, short) in bars.items() if short)
    return f"Bars reached: {reached} of {reached + missed}." + (f" Missed: {where}.\n" if missed else "\n")


_HOW: Final = (
    "Medians, lowest and highest round in brackets. Ratios are taken within a round, on one server, contenders in\n"
    "turn; only ratios compare between machines. The floor moves the same bytes with nothing in between; the peer is\n"
    "the `eventsourcing` library as documented, unencrypted.\n"
)

if __name__ == "__main__":
    main()
