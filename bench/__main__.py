"""`python -m bench [--quick]`: runs what is built so far, prints its tables and writes bench/results.md."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import append_one
from bench.lab import Lab, lab, machine

RESULTS: Final = Path(__file__).parent / "results.md"

BENCHMARKS: Final[dict[str, Callable[[Lab], list[str]]]] = {
    "B1a: append one fact a command, one ledger": append_one.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under two minutes")
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    seconds, rounds = (1.5, 3) if given.quick else (4.0, 7)
    with (
        tempfile.TemporaryDirectory(prefix="stepdown-bench-") as folder,
        lab(Path(folder), seed=given.seed, seconds=seconds, rounds=rounds) as made,
    ):
        parts = ["# What was measured\n", "\n".join(f"- {line}" for line in machine(made)) + "\n", _HOW]
        for title, benchmark in BENCHMARKS.items():
            print(f"{title} …", flush=True)
            lines = benchmark(made)
            print("\n".join(lines), flush=True)
            parts.append(f"## {title}\n\n" + "\n".join(lines) + "\n")
    RESULTS.write_text("\n".join(parts), encoding="utf-8")
    print(f"Written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}.")


_HOW: Final = (
    "Medians, lowest and highest round in brackets. Ratios are taken within a round, on one server, contenders in\n"
    "turn; only ratios compare between machines. The floor moves the same bytes with nothing in between; the peer is\n"
    "the `eventsourcing` library as documented, unencrypted.\n"
)

if __name__ == "__main__":
    main()
