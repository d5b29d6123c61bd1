"""What synthetic lives are drawn by: published figures where there are any, guesses that say so where there are none.

Sources: adult discharges of intensive outpatient care, TEDS 2004 (reasons, median days); attendance of a worked example
of 120 sessions; two to four corrections in a hundred records (our default). Nothing is published for this level of care
on analytes, dilute specimens, or presumptive results that were overturned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from domain.chart.exit import DischargeReason

_REASONS: Final = MappingProxyType(
    {
        DischargeReason.COMPLETED: 373,
        DischargeReason.TRANSFERRED: 183,
        DischargeReason.DROPPED_OUT: 240,
        DischargeReason.TERMINATED: 139,
        DischargeReason.INCARCERATED: 15,
        DischargeReason.DIED: 2,
        DischargeReason.OTHER: 48,
    }
)
_DAYS: Final = MappingProxyType(
    {
        DischargeReason.COMPLETED: 50,
        DischargeReason.TRANSFERRED: 42,
        DischargeReason.DROPPED_OUT: 26,
        DischargeReason.TERMINATED: 36,
        DischargeReason.INCARCERATED: 36,
        DischargeReason.DIED: 36,
        DischargeReason.OTHER: 36,
    }
)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares are of one; `reasons` are weights, `median_days` from admission to the last service."""

    reasons: Mapping[DischargeReason, int] = field(default_factory=lambda: _REASONS)
    median_days: Mapping[DischargeReason, int] = field(default_factory=lambda: _DAYS)
    missed: float = 0.25
    """Of the sessions expected; a third of them excused."""
    excused: float = 1 / 3
    corrected: float = 0.03
    """Of attendance records."""
    late: float = 0.023
    """Of attendance records, as in the sample program."""
    never_come: float = 0.12
    """Of those enrolled."""
    positive: float = 0.2
    """Of valid final results, unexpected ones. A guess."""
    overturned: float = 0.15
    """Of presumptive positives, by a definitive result. A guess."""
    dilute: float = 0.04
    """Of specimens. A guess."""
    refused: float = 0.03
    """Of screens. A guess."""


USUAL: Final = Rates()

FACTS_OF_A_COMPLETED_EPISODE: Final = (180, 250)
FACTS_OF_A_DROP_OUT: Final = (60, 100)
"""As the volume of the field was estimated: the chart's facts and those of its one-to-one sessions."""

LONGEST_DAYS: Final = 120
"""No stay is longer, to its discharge: who was admitted this long before the end is measured without cutting."""

_COMPLETED: Final = (80, 94, 100, 114, 140)
_OTHERS: Final = (4, 50, 100, 150, 210)
"""Length of stay in hundredths of the median, at the quartiles."""


def quartiles(reason: DischargeReason) -> tuple[int, ...]:
    """A program has its length; who leaves it otherwise leaves at any time."""
    return _COMPLETED if reason is DischargeReason.COMPLETED else _OTHERS
