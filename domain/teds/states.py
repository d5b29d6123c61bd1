"""The states that data sets are sent to, by their Federal Information Processing Standards (FIPS) code.

Region and division are those of the Census Bureau, as the TEDS codebooks number them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DIVISIONS: Final = {
    0: "U.S. territories",
    1: "New England",
    2: "Middle Atlantic",
    3: "East North Central",
    4: "West North Central",
    5: "South Atlantic",
    6: "East South Central",
    7: "West South Central",
    8: "Mountain",
    9: "Pacific",
}

REGIONS: Final = {0: "U.S. territories", 1: "Northeast", 2: "Midwest", 3: "South", 4: "West"}

_REGION_OF: Final = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 3, 8: 4, 9: 4}
"""Division → region."""

_DIVISION_OF: Final = {
    fips: division
    for division, members in {
        0: (60, 66, 69, 72, 78),
        1: (9, 23, 25, 33, 44, 50),
        2: (34, 36, 42),
        3: (17, 18, 26, 39, 55),
        4: (19, 20, 27, 29, 31, 38, 46),
        5: (10, 11, 12, 13, 24, 37, 45, 51, 54),
        6: (1, 21, 28, 47),
        7: (5, 22, 40, 48),
        8: (4, 8, 16, 30, 32, 35, 49, 56),
        9: (2, 6, 15, 41, 53),
    }.items()
    for fips in members
}
"""State → division."""


@dataclass(frozen=True, slots=True)
class State:
    """ValueError for a code that no state has."""

    fips: int

    def __post_init__(self) -> None:
        if self.fips not in _DIVISION_OF:
            raise ValueError("No state has this FIPS code: Kentucky's is 21.")

    @property
    def division(self) -> int:
        return _DIVISION_OF[self.fips]

    @property
    def region(self) -> int:
        return _REGION_OF[self.division]


KENTUCKY: Final = State(21)
"""Where both sites of the first customer are: Lexington and Louisville."""
