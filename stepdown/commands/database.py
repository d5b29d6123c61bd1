"""`stepdown migrate` and `stepdown follow`: the database prepared, and its projections kept current."""

from __future__ import annotations

import threading
from pathlib import Path

from projections.follower import Follower
from stepdown.embedded import Embedded
from stepdown.faults import log
from stepdown.opening import opened, prepare_embedded, prepare_external
from stepdown.settings import read_settings
from stepdown.signals import ending_calls
from stepdown.terminal import say


def migrate(data: Path | None) -> None:
    """Says what was done; running it again does nothing."""
    settings = read_settings(data)
    if settings.database_url is not None or settings.owner_url is not None:
        done = prepare_external(settings)
    else:
        with Embedded.start(settings.data) as embedded:
            done = prepare_embedded(embedded)
    for line in done:
        print(f"Prepared: {line}.")
    if not done:
        print("The database was prepared for this version before.")


def follow(data: Path | None) -> None:
    """Follows until SIGINT or SIGTERM; stands by while another process does."""
    log()
    stop = threading.Event()
    # Heeded from the first moment: whoever is told to end while opening ends as well as any other.
    with ending_calls(lambda *_: stop.set()), opened(read_settings(data)) as use:
        say("Following; Ctrl-C ends it.")
        Follower(use.store).run(stop)
