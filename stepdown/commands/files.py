"""`stepdown import` and `stepdown export facts`: whole files in, whole files out."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from api.permission import Read
from exchange.exporting import Exported
from exchange.exporting import export_facts as write_facts
from exchange.whole_file import whole_file
from stepdown.asker import Asker, asker
from stepdown.opening import opened
from stepdown.settings import read_settings
from stepdown.terminal import say


def export_facts(
    *,
    facility: str | None,
    from_on: date | None,
    to_on: date | None,
    known_at: datetime | None,
    out: Path | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
) -> None:
    """The facts of a site, to a file or to stdout. The export is on record before the first byte leaves."""
    with opened(read_settings(data)) as use:
        asks = asker(use, facility=facility, by=by, purpose=purpose)
        asks.may(Read.FACTS)

        def fill(file: IO[bytes], known_at: datetime | None) -> Exported:
            return write_facts(use.store, asks.facility, out=file, from_on=from_on, to_on=to_on, known_at=known_at)

        if out is not None:
            with whole_file(out) as file:
                written = fill(file, known_at)
                _on_record(asks, written)
            say(f"{out}: {written.rows} facts.")
        else:
            # Twice rather than by way of a file on the disk: the same cut gives the same bytes.
            with open(os.devnull, "wb") as nowhere:
                written = fill(nowhere, known_at)
            _on_record(asks, written)
            sys.stdout.flush()
            fill(sys.stdout.buffer, known_at or written.knowledge.known_at)
            sys.stdout.buffer.flush()


def _on_record(asks: Asker, written: Exported) -> None:
    asks.opened.accesses.export(
        asks.facility,
        by=asks.person,
        what="stepdown export facts",
        purpose=asks.purpose,
        rows=written.rows,
        sha256=written.sha256,
    )
