"""A laboratory on the tests' own server: small amounts, short rounds, nothing measured in earnest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.lab import Effort, Lab
from stepdown.embedded import Embedded


@contextmanager
def small_lab(server: Embedded, folder: Path) -> Iterator[Lab]:
    """Its databases are gone afterwards."""
    lab = Lab(server, folder, seed=7, effort=Effort(seconds=0.2, rounds=1, quick=True))
    try:
        yield lab
    finally:
        lab.clear()
