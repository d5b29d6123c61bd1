"""What patients are called in pictures, where there is no room for a whole id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_LEAST: Final = 8
"""Characters of an id, or as many more as it takes to tell all of them apart."""


def short_names(ids: Iterable[str]) -> dict[str, str]:
    """Each id with its beginning; with its end where those are told apart sooner, as are ids made in order of time."""
    known = sorted(set(ids))
    beginning = _apart(known)
    end = _apart([key[::-1] for key in known])
    if beginning <= end:
        return {key: key[:beginning] for key in known}
    return {key: f"…{key[-end:]}" for key in known}


def _apart(known: list[str]) -> int:
    """How many characters from the front tell them apart."""
    length = _LEAST
    while len({key[:length] for key in known}) < len(known):
        length += 1
    return length
