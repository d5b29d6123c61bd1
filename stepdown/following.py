"""The read tables kept current, by a thread of the server or a process of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from projections.attendants import Turn
from projections.follower import Follower
from projections.rebuild import renew
from stepdown.opening import Opened
from store.errors import StoreError

log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 1.0


def follow(use: Opened, stop: threading.Event, told: Callable[[Turn], None] = lambda turn: None) -> None:
    """Until told to stop; stands by while another process does. `told` hears which of the two, when it changes.

    Tables of the embedded database that another version made are made anew first, beside: whoever starts this version
    there wants it. Those of another database are made by `stepdown migrate`, once for all of its processes.
    """
    if use.settings.database_url is None and use.owner_url is not None:
        _renew(use, use.owner_url, stop)
    Follower(use.store, told=told).run(stop)


class _Stopped(Exception):
    """Told to stop in the middle: the tables beside are left to the next who makes them."""


def _renew(use: Opened, owner_url: str, stop: threading.Event) -> None:
    def heed(*_: object) -> None:
        if stop.is_set():
            raise _Stopped

    while not stop.is_set():
        try:
            renew(use.store, owner_url, told=heed, reopen=use.reopen)
        except _Stopped:
            return
        except StoreError as error:
            log.warning("The read tables of another version can't be made anew yet: %s", error)
            stop.wait(_PAUSE_SECONDS)
        else:
            return
