"""`stepdown status`, `replay` and `access`: one chart, as of and as known at, and who looked at it, on the terminal."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import orjson

from api.permission import Read
from exchange import looks
from exchange import replay as replaying
from projections import status as statuses
from stepdown.asker import asker
from stepdown.opening import now, opened
from stepdown.settings import read_settings
from stepdown.tables import history_table, looks_table, status_table
from stepdown.terminal import answers, say_known, write


def status(
    patient: str,
    *,
    facility: str | None,
    as_of: date | None,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows the status document. Leaves the access fact of a chart read before it does."""
    with opened(read_settings(data)) as use:
        asks = asker(use, "read_status", facility=facility, by=by, purpose=purpose)
        asks.may(Read.CHART)
        patient_id = asks.patient(patient)
        answer = statuses.answer(use.store, asks.facility, patient_id, now=now(), as_of=as_of, known_at=known_at)
        if answer is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, answer.version)
        asks.read_linked(answer.linked)
        say_known(known_at, datetime.fromisoformat(answer.document["known_at"]))
        if as_json:
            write(orjson.dumps(answer.document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        else:
            answers().print(status_table(answer.document))


def replay(
    patient: str,
    *,
    facility: str | None,
    as_of: date | None,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows the facts that were known, oldest first, and the status that they add up to; as JSON the facts alone."""
    with opened(read_settings(data)) as use:
        asks = asker(use, "read_history", facility=facility, by=by, purpose=purpose)
        asks.may(Read.HISTORY)
        patient_id = asks.patient(patient)
        history = replaying.answer(
            use.store, asks.facility, patient_id, now=now(), as_of=as_of, known_at=known_at, limit=sys.maxsize
        )
        if history is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, history.version)
        asks.read_linked(history.linked)
        say_known(known_at, history.knowledge.known_at)
        if as_json:
            write(b"".join(line + b"\n" for line in history.lines))
        else:
            answers().print(history_table(map(orjson.loads, history.lines)))
            answers().print(status_table(history.status))


def access(
    patient: str,
    *,
    facility: str | None,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows who looked, the newest last. This look is put on record too, and stands in the next answer."""
    with opened(read_settings(data)) as use:
        asks = asker(use, "read_access", facility=facility, by=by, purpose=purpose)
        asks.may(Read.CHART)
        patient_id = asks.patient(patient)
        found = looks.answer(use.store, asks.facility, patient_id, known_at=known_at, limit=sys.maxsize - 1)
        if found is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, found.version)
        if found.known_at is not None:
            say_known(known_at, found.known_at)
        if as_json:
            write(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in found.rows))
        else:
            answers().print(looks_table(found.rows))
