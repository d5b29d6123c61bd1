"""`stepdown at-risk`: who needs what by when, on the terminal."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import orjson

from api.permission import Read
from domain.week import Week
from exchange import at_risk
from stepdown.asker import asker
from stepdown.at_risk_tables import due_table, hours_table
from stepdown.opening import now, opened, settings_at
from stepdown.terminal import answers, write


def show(
    *,
    facility: str | None,
    week: Week | None,
    as_of: date | None,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows the list. Before that, the access ledger has whose charts are in it."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_at_risk", facility=facility, by=by, purpose=purpose)
        asks.may(Read.CENSUS)
        found = at_risk.answer(use.store, asks.facility, now=now(), week=week, as_of=as_of, known_at=known_at)
        asks.saw(found.patients)
        asks.says(found.cut.knowledge.known_at, asked=known_at, as_of=found.cut.as_of)
        document = found.record()
        if as_json:
            write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
        else:
            answers().print(hours_table(document, found.cut.facility.clock))
            answers().print(due_table(document))
