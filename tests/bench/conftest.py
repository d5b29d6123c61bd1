"""A place to measure in, on the session's server, with next to nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.lab import Effort, Lab
from stepdown.embedded import Embedded


@pytest.fixture
def lab(server: Embedded, tmp_path: Path) -> Iterator[Lab]:
    """Its databases are dropped afterwards."""
    made = Lab(server, tmp_path, 1, Effort(seconds=0.05, rounds=2, quick=True))
    yield made
    made.clear()
