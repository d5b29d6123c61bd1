"""Which segments of the log a restore needs from the archive, by the files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepdown.backup.archive import require_whole
from stepdown.backup.segments import name_of
from stepdown.backup.summary import DATABASE, WalRange
from stepdown.errors import Wrong

MEGABYTES = 1024**2
ENDS_IN_FIVE = WalRange(timeline=1, begins="0/400028", ends="0/500120")


def segments(folder: Path, *numbers: int) -> Path:
    """These segments of timeline 1, a megabyte each."""
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / name_of(1, number, MEGABYTES)).write_bytes(bytes(MEGABYTES))
    return folder


@pytest.mark.parametrize("taken_along", [(4, 5), (4, 5, 6)], ids=["as far as it ends", "with what was just begun"])
def test_a_segment_that_was_just_begun_when_the_backup_ended_is_needed_from_the_archive(
    tmp_path: Path, taken_along: tuple[int, ...]
) -> None:
    backup = tmp_path / "backup"
    segments(backup / DATABASE / "pg_wal", *taken_along)
    lacks_six = segments(tmp_path / "lacks", 5, 7, 8)
    with pytest.raises(Wrong, match=f"lacks the segment {name_of(1, 6, MEGABYTES)}, and later ones are there"):
        require_whole(lacks_six, backup, ENDS_IN_FIVE, None)
    require_whole(segments(tmp_path / "whole", 6, 7, 8), backup, ENDS_IN_FIVE, None)


def test_what_the_backup_holds_whole_need_not_be_in_the_archive(tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    segments(backup / DATABASE / "pg_wal", 4, 5)
    require_whole(segments(tmp_path / "archive", 6), backup, ENDS_IN_FIVE, None)
    # A backup that ends where a segment does has nothing of the next one.
    with pytest.raises(Wrong, match=name_of(1, 5, MEGABYTES)):
        require_whole(
            segments(tmp_path / "later", 6), backup, WalRange(timeline=1, begins="0/400028", ends="0/500000"), None
        )
