"""B1a: one fact a command, one ledger, 1, 8 and 32 writers; the store alone."""

from __future__ import annotations

from typing import Final

from bench.append_contenders import Appending
from bench.lab import Lab
from bench.table import Rates, rates_table

TITLE: Final = "append one fact a command, one ledger, store only"

# Writers, and the share of the floor and times the peer that ours should reach (None: no bar).
BARS: Final[dict[int, tuple[float | None, float]]] = {1: (None, 1.2), 8: (0.5, 5.0), 32: (0.8, 8.0)}


def run(lab: Lab) -> list[str]:
    appending = Appending(lab, ledgers=1)
    rows = []
    for writers, (of_floor, times_peer) in BARS.items():
        rates = appending.rates(writers)
        rows.append(Rates(label=str(writers), figures=rates, of_floor=of_floor, times_peer=times_peer))
    return rates_table("writers", "facts", rows)
