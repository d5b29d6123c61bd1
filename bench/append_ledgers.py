"""B1b: one fact a command, sixteen writers with a ledger each; the store alone."""

from __future__ import annotations

from typing import Final

from bench.append_contenders import Appending
from bench.lab import Lab
from bench.table import Rates, rates_table

TITLE: Final = "append one fact a command, 16 ledgers, store only"

LEDGERS: Final = 16
OF_FLOOR: Final = 0.6
TIMES_PEER: Final = 5.0


def run(lab: Lab) -> list[str]:
    rates = Appending(lab, ledgers=LEDGERS).rates(LEDGERS)
    row = Rates(label=str(LEDGERS), figures=rates, of_floor=OF_FLOOR, times_peer=TIMES_PEER)
    return rates_table("writers", "facts", [row])
