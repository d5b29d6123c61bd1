"""How figures are shown: medians with their range, ratios taken within a round, and bars reached or missed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Median and range of some rounds."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def shown(self, digits: int = 0) -> str:
        return f"{self.median:,.{digits}f} ({min(self.values):,.{digits}f} to {max(self.values):,.{digits}f})"


def ratios(of: Sequence[float], to: Sequence[float]) -> Spread:
    """Round by round: what a noisy machine did to one round, it did to both sides of it."""
    return Spread([a / b for a, b in zip(of, to, strict=True)])


@dataclass(frozen=True)
class Bar:
    """What a median should reach: at least `limit`, or at most."""

    limit: float
    at_most: bool = False

    def judged(self, reached: Spread | float) -> str:
        value = reached.median if isinstance(reached, Spread) else reached
        held = value <= self.limit if self.at_most else value >= self.limit
        return f"{'≤' if self.at_most else '≥'} {self.limit:g} {'reached' if held else 'missed'}"


def tally(lines: Iterable[str]) -> tuple[int, int]:
    """How many bars the tables in these lines show as reached, and as missed."""
    cells = [cell.strip() for line in lines for cell in line.split("|")]
    judged = [cell.rpartition(" ")[2] for cell in cells if cell.startswith(("≥", "≤"))]
    return judged.count("reached"), judged.count("missed")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Markdown."""
    return [_line(header), "|" + "---|" * len(header), *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What `floor`, `peer` and `ours` did a second, round by round; `ours` at least. None: no bar."""

    label: str
    figures: Mapping[str, Sequence[float]]
    of_floor: float | None = None
    times_peer: float | None = None


def rates_table(first: str, unit: str, rows: Iterable[Rates]) -> list[str]:
    """The contenders beside each other, in `unit` a second; `first` heads the labels."""
    header = [first, *(f"{name}, {unit}/s" for name in ("floor", "peer", "ours"))]
    return table([*header, "ours ÷ floor", "bar", "ours ÷ peer", "bar"], map(_rates, rows))


def _rates(row: Rates) -> list[str]:
    figures = [Spread(row.figures[n]).shown() if n in row.figures else "" for n in ("floor", "peer", "ours")]
    return [row.label, *figures, *_held(row, "floor", row.of_floor, 2), *_held(row, "peer", row.times_peer, 1)]


def _held(row: Rates, to: str, limit: float | None, digits: int) -> list[str]:
    if to not in row.figures:
        return ["", ""]
    ratio = ratios(row.figures["ours"], row.figures[to])
    return [ratio.shown(digits), "" if limit is None else Bar(limit).judged(ratio)]
