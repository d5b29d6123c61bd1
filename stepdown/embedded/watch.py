"""Looking after a server that is in use: whatever ends it (a kill, a full disk), it is started again."""

import logging
import threading
from collections.abc import Callable

from stepdown.embedded.errors import EmbeddedError

LOOK_SECONDS = 0.5
# Between attempts that fail: where the disk is full, for example, somebody has to make room first.
LONGEST_WAIT_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Watch:
    """A thread that calls `revive` when `ended` says so, until it is told to end."""

    def __init__(self, ended: Callable[[], bool], revive: Callable[[], None]) -> None:
        self._ended = ended
        self._revive = revive
        self._over = threading.Event()
        # A process that forgets to leave mustn't hang at its end; `Embedded.stop` ends it otherwise.
        self._thread = threading.Thread(target=self._look, name="embedded-postgres", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()

    def join(self) -> None:
        self._thread.join()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def _look(self) -> None:
        wait = LOOK_SECONDS
        while not self._over.wait(wait):
            wait = LOOK_SECONDS if self._is_well() else min(2 * wait, LONGEST_WAIT_SECONDS)

    def _is_well(self) -> bool:
        try:
            if self._ended():
                self._revive()
        except (EmbeddedError, OSError) as error:
            _log.warning("The embedded Postgres has ended and can't be started again yet: %s", error)
            return False
        return True
