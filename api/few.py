"""What takes much memory, a connection or a file on the disk is made a few at a time; the others are asked to wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from api.problem import try_again

AT_ONCE: Final = 2
"""So many exports and reports on paper are made by a process at a time."""

_making: Final = BoundedSemaphore(AT_ONCE)


@contextmanager
def one_of_few() -> Iterator[None]:
    """503, with Retry-After, while as many as may be are being made."""
    if not _making.acquire(blocking=False):
        raise try_again("Other files are being made: ask again in a moment.")
    try:
        yield
    finally:
        _making.release()
