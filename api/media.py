"""Which form of an answer is meant: the header `Accept`, as RFC 9110 §12.5.1 has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from api.problem import not_acceptable

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"

_MOST: Final = 50
"""Media types that are looked at; nobody means more."""


def chosen(accept: Sequence[str], offered: Sequence[str]) -> str:
    """The one of the media types offered that is wanted most; of equals, and where nothing is said, the first. 406
    where none is wanted. `accept` are the headers of that name."""
    wanted = [part for header in accept for part in header.split(",")][:_MOST]
    ranges = [_range(part) for part in wanted if part.strip()]
    if not ranges:
        return offered[0]
    weighed = {media: _weight(media, ranges) for media in offered}
    best = max(offered, key=lambda media: weighed[media])
    if not weighed[best]:
        raise not_acceptable(f"This is there as {', '.join(offered)}: ask for one of these in `Accept`.")
    return best


def _range(part: str) -> tuple[str, float]:
    """A media range and its weight; what can't be read as a weight is none."""
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    given = next((value for name, _, value in (p.partition("=") for p in parameters) if name.strip() == "q"), "1")
    try:
        weight = float(given)
    except ValueError:
        weight = 0.0
    return media, weight if 0 <= weight <= 1 else 0.0


def _weight(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """By the most specific range that the media type is in."""
    for name in (media, f"{media.partition('/')[0]}/*", "*/*"):
        found = [weight for given, weight in ranges if given == name]
        if found:
            return max(found)
    return 0.0
