"""`stepdown activity`: who did what at a site, on the terminal."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import orjson

from api.permission import Read
from exchange import activity as doings
from exchange.activity import Wanted
from stepdown.asker import asker
from stepdown.opening import now, opened, settings_at
from stepdown.terminal import answers, write
from stepdown.worklist_tables import activity_table


def activity(
    *,
    facility: str | None,
    person: str | None,
    patient: str | None,
    kinds: tuple[str, ...],
    from_on: date | None,
    to_on: date | None,
    after: int,
    limit: int,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows it, once it is on record who looked at whose charts."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_activity", facility=facility, by=by, purpose=purpose)
        asks.may(Read.HISTORY)
        patient_id = None if patient is None else asks.patient(patient)
        wanted = Wanted(person=person, patient_id=patient_id, kinds=kinds, from_on=from_on, to_on=to_on)
        found = doings.answer(use.store, asks.facility, wanted, now=now(), known_at=known_at, after=after, limit=limit)
        asks.saw(found.patients)
        asks.says(found.knowledge.known_at, asked=known_at)
        if as_json:
            write(orjson.dumps(found.record(), option=orjson.OPT_APPEND_NEWLINE))
        else:
            answers().print(activity_table(found.record()))
