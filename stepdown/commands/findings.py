"""`stepdown findings`: what the rules say of one patient, as of and as known at, on the terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import orjson

from api.permission import Read
from domain.record import stream_name
from exchange import findings as finding
from exchange.reports import Question
from stepdown.asker import Asker, asker
from stepdown.findings_text import findings_text
from stepdown.opening import now, opened, settings_at
from stepdown.terminal import answers, print_lines, write


def findings(
    patient: str,
    question: Question,
    *,
    facility: str | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows them, in the order of the rules. Leaves the access fact of a chart read before it does."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_compliance", facility=facility, by=by, purpose=purpose)
        asks.may(Read.HISTORY)
        asks.on_record(question.known_at)
        patient_id = asks.patient(patient)
        asked = replace(question, requested_by=asks.person.id, purpose=asks.purpose)
        found = finding.answer(use.store, asks.facility, patient_id, now=now(), asked=asked)
        if found is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, found.version)
        knowledge = found.cut.knowledge
        asks.says(knowledge.known_at, asked=question.known_at, as_of=found.cut.as_of)
        if as_json:
            write(orjson.dumps(found.record(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        else:
            types = _types(asks, patient_id, upto=knowledge.position)
            print_lines(findings_text(found.record(), types, columns=answers().width))


def _types(asks: Asker, patient_id: UUID, *, upto: int) -> dict[str, str]:
    """What each fact of the chart is, by `stream@version`."""
    stream = stream_name("chart", patient_id)
    entries = asks.opened.store.ledger(asks.facility).read([stream], upto=upto)[stream]
    return {entry.name: type(entry.fact).__name__ for entry in entries}
