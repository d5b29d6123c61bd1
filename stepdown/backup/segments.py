"""Segments of the write-ahead log, as they are named and counted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from stepdown.backup.summary import DATABASE

_SEGMENT: Final = re.compile(r"[0-9A-F]{24}(\.gz)?")


def archived_in(folder: Path) -> dict[str, Path]:
    """The segments in a folder, packed or not, by name."""
    return {path.name.removesuffix(".gz"): path for path in folder.iterdir() if _SEGMENT.fullmatch(path.name)}


def segment_bytes(backup: Path) -> int:
    """How large the segments of this cluster are: 16 MiB, unless it was made otherwise."""
    return next(path.stat().st_size for path in archived_in(backup / DATABASE / "pg_wal").values())


def timeline_of(segment: str) -> int:
    return int(segment[:8], 16)


def number_of(segment: str, size: int) -> int:
    """Counts segments through a timeline."""
    return int(segment[8:16], 16) * (2**32 // size) + int(segment[16:24], 16)


def name_of(timeline: int, number: int, size: int) -> str:
    high, low = divmod(number, 2**32 // size)
    return f"{timeline:08X}{high:08X}{low:08X}"


def place_of(lsn: str) -> int:
    """A log sequence number, such as 0/5000148, in bytes."""
    high, low = lsn.split("/")
    return int(high, 16) * 2**32 + int(low, 16)
