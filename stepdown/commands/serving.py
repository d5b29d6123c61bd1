"""`stepdown serve` and `stepdown demo`: API and projections in one process, or in several, until told to end."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from socket import socket
from typing import Final

from api.tokens import refuse_beyond_loopback
from api.wiring import Wiring
from stepdown import demo as sample
from stepdown.embedded.server import SETTINGS
from stepdown.errors import Wrong
from stepdown.faults import log, place
from stepdown.following import follow as follow_tables
from stepdown.opening import Opened, now, opened
from stepdown.server import address_of, listen, made_to_stay
from stepdown.server import serve as serve_app
from stepdown.settings import FEWEST_CONNECTIONS, Settings, read_settings
from stepdown.sign_in import verifier_of
from stepdown.terminal import say
from stepdown.workers import Workers
from store.accesses import Accesses

CONNECTIONS: Final = int(SETTINGS["max_connections"]) - 10
"""Of the embedded Postgres, for the processes of a server; the others are for commands that are run meanwhile."""

_PAUSE_SECONDS: Final = 5.0
"""After a fault of the follower: soon enough, and no flood of lines."""


def serve(data: Path | None, *, host: str, port: int, follow: bool, workers: int | None = None) -> None:
    """Prints the address when requests are answered there. Without `workers`, as many as the settings say."""
    log()
    settings = read_settings(data)
    if settings.jwks is None:
        refuse_beyond_loopback(host)
    count = workers or settings.workers
    _refuse_too_many_connections(settings, count)
    with closing(listen(host, port)) as listener, opened(settings) as use:

        def listening() -> None:
            print(address_of(listener), flush=True)

        if count == 1:
            _run(use, host, listener, follow=follow, listening=listening)
            return
        # What is wrong with them is said before anybody starts.
        verifier_of(use)
        with _following(use) if follow else nullcontext():
            Workers(count, data, host, listener).run(listening=listening)


def _refuse_too_many_connections(settings: Settings, workers: int) -> None:
    """`Wrong` where the embedded Postgres couldn't give them all. What another has to give isn't known here."""
    processes = 1 if workers == 1 else workers + 1
    if settings.database_url is not None or processes * settings.pool_size <= CONNECTIONS:
        return
    each, most = CONNECTIONS // processes, CONNECTIONS // settings.pool_size - 1
    ways = [f"set STEPDOWN_POOL_SIZE to {each} or less"] if each >= FEWEST_CONNECTIONS else []
    ways += [f"start {most} workers or fewer"] if workers > most > 1 else []
    raise Wrong(
        f"{processes * settings.pool_size} connections, {settings.pool_size} a process, are more than the "
        f"{CONNECTIONS} that the embedded Postgres has for them: {', or '.join(ways)}."
    )


def demo(data: Path, *, host: str, port: int) -> None:
    """As `serve`, on the sample program, with a token for every role."""
    log()
    refuse_beyond_loopback(host)
    with closing(listen(host, port)) as listener, opened(read_settings(data)) as use:
        sample.load(use)
        tokens = sample.tokens(use)
        _run(use, host, listener, follow=True, listening=lambda: _welcome(address_of(listener), tokens))


def _welcome(address: str, tokens: dict[str, str]) -> None:
    """The address alone on the first line, then a line for each role: its name and a token."""
    width = max(len(role) for role in tokens)
    print(address)
    for role, token in tokens.items():
        print(f"{role:<{width}}  {token}")
    sys.stdout.flush()
    say(
        f"The sample program of {sample.FACILITY}, everybody in it invented. Its tour looks at "
        f"as_of={sample.TOUR_ON}, for example\n"
        f"  curl -H 'Authorization: Bearer TOKEN' "
        f"'{address}/v1/facilities/{sample.FACILITY}/census?as_of={sample.TOUR_ON}'\n"
        "Tokens hold for 12 hours. Ctrl-C ends it."
    )


def _run(use: Opened, host: str, listener: socket, *, follow: bool, listening: Callable[[], None]) -> None:
    with _following(use) if follow else nullcontext():
        with made_to_stay():
            # Whoever leaves it to workers needs none of it.
            from api.app import create_app

            app = create_app(wiring_of(use, host))
        serve_app(app, listener, listening=listening)


def wiring_of(use: Opened, host: str) -> Wiring:
    """What answers in this process."""
    return Wiring(
        store=use.store,
        desk=use.desk,
        accesses=Accesses(use.store),
        tokens=verifier_of(use),
        clock=now,
        host=host,
    )


@contextmanager
def _following(use: Opened) -> Iterator[None]:
    """The projections are kept current meanwhile, by a thread of this process."""
    stop = threading.Event()
    follower = threading.Thread(target=_follow, args=(partial(follow_tables, use), stop), name="follower")
    follower.start()
    try:
        yield
    finally:
        stop.set()
        follower.join()


def _follow(follow: Callable[[threading.Event], None], stop: threading.Event) -> None:
    """Until it is told to stop: a server whose tables stand still would go on without a word."""
    while not stop.is_set():
        try:
            follow(stop)
        except Exception as error:  # noqa: BLE001 whatever it is, it may pass
            # Kind and place alone: a message may hold somebody's data.
            fault = "A fault of Stepdown itself ended the follower, %s: it begins again in %g s. Please report it."
            logging.getLogger(__name__).error(fault, place(error), _PAUSE_SECONDS)
            stop.wait(_PAUSE_SECONDS)
