"""`stepdown status`, `replay` and `access`: one chart, as of and as known at, and who looked at it, on the terminal."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import orjson

from api.permission import Read
from exchange import changes as changing
from exchange import looks
from exchange import replay as replaying
from projections import status as statuses
from stepdown.asker import asker
from stepdown.opening import now, opened, settings_at
from stepdown.tables import looks_table, status_table
from stepdown.terminal import answers, print_lines, write
from stepdown.trail_text import changes_text, trail_text


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
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_status", facility=facility, by=by, purpose=purpose)
        asks.may(Read.CHART)
        asks.on_record(known_at)
        patient_id = asks.patient(patient)
        answer = statuses.answer(use.store, asks.facility, patient_id, now=now(), as_of=as_of, known_at=known_at)
        if answer is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, answer.version)
        asks.read_linked(answer.linked)
        shown_at, shown_on = (answer.document[name] for name in ("known_at", "as_of"))
        asks.says(datetime.fromisoformat(shown_at), asked=known_at, as_of=date.fromisoformat(shown_on))
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
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_history", facility=facility, by=by, purpose=purpose)
        asks.may(Read.HISTORY)
        patient_id = asks.patient(patient)
        history = replaying.answer(
            use.store,
            asks.facility,
            patient_id,
            now=now(),
            as_of=as_of,
            known_at=known_at,
            limit=sys.maxsize,
            trail=True,
        )
        if history is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, history.version)
        asks.read_linked(history.linked)
        asks.says(history.knowledge.known_at, asked=known_at, as_of=date.fromisoformat(history.status["as_of"]))
        if as_json:
            write(b"".join(line + b"\n" for line in history.lines))
        else:
            print_lines(trail_text(map(orjson.loads, history.lines), columns=answers().width))
            answers().print(status_table(history.status))


def between(
    patient: str,
    *,
    from_known_at: datetime,
    to_known_at: datetime,
    facility: str | None,
    as_of: date | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows the facts recorded after the first moment, by the second, and what they changed about the status."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_changes", facility=facility, by=by, purpose=purpose)
        asks.may(Read.HISTORY)
        patient_id = asks.patient(patient)
        found = changing.answer(
            use.store,
            asks.facility,
            patient_id,
            now=now(),
            from_known_at=from_known_at,
            to_known_at=to_known_at,
            as_of=as_of,
        )
        if found is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, found.versions[1])
        asks.read_linked(found.linked)
        asks.says(found.knowledge[1].known_at, asked=to_known_at, as_of=date.fromisoformat(found.after["as_of"]))
        document = {
            **found.record(from_known_at),
            "facts": [orjson.loads(line) for line in found.lines],
            "beside": [orjson.loads(line) for line in found.beside],
        }
        if as_json:
            write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        else:
            print_lines(changes_text(document, columns=answers().width))


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
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_access", facility=facility, by=by, purpose=purpose)
        asks.may(Read.CHART)
        asks.on_record(known_at)
        patient_id = asks.patient(patient)
        found = looks.answer(use.store, asks.facility, patient_id, known_at=known_at, limit=sys.maxsize - 1)
        if found is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, found.version)
        if found.known_at is not None:
            asks.says(found.known_at, asked=known_at)
        if as_json:
            write(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in found.rows))
        else:
            answers().print(looks_table(found.rows))
