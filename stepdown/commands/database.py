"""`stepdown migrate` and `stepdown follow`: the database prepared, and its projections kept current."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from projections.attendants import Turn
from projections.prepare import made_by_others
from projections.rebuild import renew
from stepdown.embedded import Embedded
from stepdown.faults import log
from stepdown.following import follow as follow_tables
from stepdown.opening import opened, prepare_embedded, prepare_external, settings_at
from stepdown.progress import folding
from stepdown.settings import Settings, read_settings
from stepdown.signals import ending_calls
from stepdown.terminal import say

_TURNS: Final = {
    Turn.FOLLOWS: "Following; Ctrl-C ends it.",
    Turn.STANDS_BY: "Standing by, since another process follows: takes over when that one ends. Ctrl-C ends it.",
}


def migrate(data: Path | None) -> None:
    """Says what was done; running it again does nothing. Read tables that another version made are made anew beside
    those: its processes go on serving them meanwhile."""
    settings = read_settings(data)
    if settings.database_url is not None or settings.owner_url is not None:
        done = prepare_external(settings)
        done += _renewed(settings)
    else:
        with Embedded.start(settings.data) as embedded:
            done = prepare_embedded(embedded)
            done += _renewed(settings, embedded.owner_url)
    for line in done:
        print(f"Prepared: {line}.")
    if not done:
        print("The database was prepared for this version before.")


def _renewed(settings: Settings, owner_url: str | None = None) -> list[str]:
    """Reads the master key only where there is something to make anew: whoever prepares a new database has none."""
    if owner_url is None and settings.owner_url is not None:
        owner_url = settings.owner_url.get_secret_value()
    if owner_url is None or not made_by_others(owner_url):
        return []
    with opened(settings) as use, folding() as told:
        names = renew(use.store, owner_url, told=told, reopen=use.reopen)
    return [f"read tables of {name}, in the place of another version's" for name in names]


def follow(data: Path | None) -> None:
    """Follows until SIGINT or SIGTERM; stands by while another process does."""
    log()
    stop = threading.Event()
    # Heeded from the first moment: whoever is told to end while opening ends as well as any other.
    with ending_calls(lambda *_: stop.set()), opened(settings_at(data)) as use:
        follow_tables(use, stop, lambda turn: say(_TURNS[turn]))
