"""The most memory that a process has held."""

from __future__ import annotations

import re
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_PEAK: Final = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)


def peak_megabytes() -> float:
    """Of this process, in MB, since it runs its own program. What `getrusage` tells, where there is no `/proc`, is no
    less than what the process that started this one held then: all of a long measurement."""
    if _STATUS.is_file() and (found := _PEAK.search(_STATUS.read_text(encoding="utf-8"))):
        return int(found[1]) / 1024
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024
