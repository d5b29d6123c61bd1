"""The timelines that recovery follows through an archive, and what it would leave out.

A server that ends a recovery goes on as a timeline of its own, and notes in a `.history` where it left which others.
Where two have archived into one folder, Postgres follows the newest, and what the other wrote since is lost unseen.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stepdown.backup.segments import number_of, place_of, timeline_of
from stepdown.backup.summary import DATABASE
from stepdown.errors import Wrong

_HISTORY: Final = re.compile(r"([0-9A-F]{8})\.history(\.gz)?")
_LEFT: Final = re.compile(r"\s*(\d+)\s+([0-9A-F]+/[0-9A-F]+)")


@dataclass(frozen=True, slots=True)
class Line:
    """Timelines from the backup's own on, each with the byte at which the next one leaves it; the last has none.

    `size` is that of a segment.
    """

    ends: dict[int, int | None]
    size: int

    @property
    def last(self) -> int:
        return max(self.ends)

    def holds(self, segment: str) -> bool:
        """Whether recovery reads any of it."""
        timeline = timeline_of(segment)
        end = self.ends.get(timeline, 0)
        return end is None or number_of(segment, self.size) * self.size < end

    def leaves_out(self, segment: str) -> bool:
        """Whether anything in it is on a way that recovery doesn't take."""
        timeline = timeline_of(segment)
        if timeline < min(self.ends):
            return False
        end = self.ends.get(timeline, 0)
        return end is not None and (number_of(segment, self.size) + 1) * self.size > end


def line_of(archive: Path, backup: Path, begins: int, wanted: int | None, size: int) -> Line:
    """From the timeline `begins` to the one that is `wanted`, else to the newest, which Postgres finds by counting on.

    `Wrong` when nothing says how the wanted one came about, or it isn't an offspring of the backup's.
    """
    histories = _histories(backup / DATABASE / "pg_wal") | _histories(archive)
    last = begins if wanted is None else wanted
    while wanted is None and last + 1 in histories:
        last += 1
    if last != begins and last not in histories:
        raise Wrong(
            f"The archive holds no {last:08X}.history, so nothing tells where the timeline {last} left which other: "
            "bring that file from the pg_wal of its server, or name another timeline."
        )
    ends: dict[int, int | None] = {}
    if last != begins:
        ends |= {timeline: end for timeline, end in _read(histories[last]) if timeline >= begins}
    ends[last] = None
    if begins not in ends:
        raise Wrong(f"The timeline {last} didn't come from this backup's, which is {begins}: name another --timeline.")
    return Line(ends, size)


def refuse_left_out(archive: Path, line: Line, segments: Collection[str]) -> None:
    """`Wrong` when any of the segments has something that recovery would leave out; says which timelines there are."""
    if not any(line.leaves_out(segment) for segment in segments):
        return
    ends = {timeline_of(segment): segment for segment in sorted(segments)}
    parted = sorted({line.last} | {timeline_of(segment) for segment in segments if line.leaves_out(segment)})
    named = ", ".join(f"{timeline} (up to {ends.get(timeline, 'no segment of its own')})" for timeline in parted)
    raise Wrong(
        f"More than one server has archived into {archive}, and what they wrote parts: its timelines are {named}. Name "
        "the one to bring back with --timeline: what only the others have is left out."
    )


def _histories(folder: Path) -> dict[int, Path]:
    if not folder.is_dir():
        return {}
    found = ((_HISTORY.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1], 16): path for match, path in found if match is not None}


def _read(history: Path) -> list[tuple[int, int]]:
    """Each former timeline, and the byte at which it was left; in order."""
    content = history.read_bytes()
    text = (gzip.decompress(content) if history.suffix == ".gz" else content).decode()
    found = (_LEFT.match(line) for line in text.splitlines())
    return [(int(match[1]), place_of(match[2])) for match in found if match is not None]
