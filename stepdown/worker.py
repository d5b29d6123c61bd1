"""One of several processes that answer at one address: `python -m stepdown.worker`, started by `stepdown.workers`."""

from __future__ import annotations

import sys
from pathlib import Path
from socket import socket

from stepdown.faults import log, sentence, watch
from stepdown.signals import end_by_exception
from stepdown.workers import AWAY, READY, Order


def work(order: Order) -> None:
    """Answers until it is told to end, or whoever started it is gone."""
    # Only now: what goes wrong on the way is said in a sentence.
    from stepdown.server import made_to_stay, serve

    with made_to_stay():
        from api.app import create_app
        from stepdown.commands.serving import wiring_of
        from stepdown.opening import opened
        from stepdown.settings import read_settings

    settings = read_settings(None if order.data is None else Path(order.data))
    with socket(fileno=order.listener) as listener, opened(settings) as use:
        with made_to_stay():
            app = create_app(wiring_of(use, order.host))
        serve(
            app,
            listener,
            listening=lambda: print(READY, flush=True),
            while_open=sys.stdin.fileno(),
        )


def main() -> int:
    """The exit code."""
    watch()
    end_by_exception()
    log()
    line = sys.stdin.readline()
    if not line:
        return 0
    try:
        work(Order.of(line))
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        print(said, file=sys.stderr)
        return AWAY if _is_away(error) else 1
    return 0


def _is_away(error: Exception) -> bool:
    """Whether it is the database that can't be reached, for now; the embedded one, when it is being revived."""
    from stepdown.embedded.errors import EmbeddedError
    from store.errors import Unavailable

    return isinstance(error, Unavailable | EmbeddedError)


if __name__ == "__main__":
    sys.exit(main())
