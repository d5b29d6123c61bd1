"""The ASAM criteria, third and fourth edition: six dimensions rated 0 to 4, and the levels of care.

Both editions are in use, and levels are told across them (a patient assessed by the third may go on at 1.0 of the
fourth), so a level of either is taken. `2.1` is intensive outpatient treatment.
"""

from __future__ import annotations

from typing import Final

from domain.refused import Refused

DIMENSIONS: Final = 6

EDITIONS: Final = frozenset({"3", "4", "asam-3", "asam-4"})

_THIRD: Final = ("0.5", "1", "2.1", "2.5", "3.1", "3.3", "3.5", "3.7", "4")
_WITHDRAWAL: Final = ("1-WM", "2-WM", "3.2-WM", "3.7-WM", "4-WM")
_FOURTH: Final = ("1.0", "1.5", "1.7", "2.1", "2.5", "2.7", "3.1", "3.5", "3.7", "4.0")

NUMBERED: Final = frozenset((*_THIRD, *_FOURTH))
"""Levels that are more treatment the higher their number."""

LEVELS: Final = frozenset((*NUMBERED, "OTP", *_WITHDRAWAL, *(f"{level} COE" for level in _FOURTH)))
"""WM: withdrawal management. OTP: opioid treatment program. COE: co-occurring enhanced."""


def judge_ratings(ratings: tuple[int, ...]) -> None:
    if len(ratings) != DIMENSIONS or not all(0 <= rating <= 4 for rating in ratings):
        raise Refused("assessment.ratings", "Rate all six dimensions, each from 0 to 4.")


def judge_edition(edition: str) -> None:
    if edition not in EDITIONS:
        raise Refused("assessment.edition", "Name the edition of the ASAM criteria that was used: 3 or 4.")


def judge_level(level: str) -> None:
    if level not in LEVELS:
        raise Refused("assessment.level", "Name a level of care as the ASAM criteria write it, such as 2.1.")


def is_lower(level: str, other: str | None) -> bool:
    """Whether a level is surely less than another: False where one of them is none of the numbered levels of care."""
    one, two = _number(level), _number(other)
    return one is not None and two is not None and one < two


def _number(level: str | None) -> float | None:
    bare = (level or "").removesuffix(" COE")
    return float(bare) if bare in NUMBERED else None
