"""Work that keeps what it makes, out of the sight of the collector of garbage."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_SELDOM: Final = 20_000
"""New objects before the collector looks through them, of such work: 700 is usual. A tenth of the time."""

_USUAL: Final = gc.get_threshold()


@contextmanager
def keeping() -> Iterator[Callable[[], None]]:
    """What such work keeps, it keeps to its end: to look through all of it for garbage, over and over, is a fifth of
    an import's time, and half of a report's. The function given puts what there is so far out of the collector's sight;
    and what comes, which is hardly ever garbage, it looks through more seldom.

    For the whole process: of two that overlap, the first to end ends it for both.
    """
    gc.set_threshold(_SELDOM, *_USUAL[1:])
    try:
        yield gc.freeze
    finally:
        gc.set_threshold(*_USUAL)
        gc.unfreeze()
