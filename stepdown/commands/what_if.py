"""`stepdown what-if weekly` and `monthly`: what other rules would say of a period, beside the adopted ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import orjson

from api.permission import Read
from domain.month import Month
from domain.week import Week
from exchange import what_if
from exchange.reports import Question
from exchange.rows import patients_of
from stepdown.asker import asker
from stepdown.opening import now, opened, settings_at
from stepdown.tables import compared_table, verdicts_table
from stepdown.terminal import answers, write


def compare(
    period: Week | Month,
    question: Question,
    *,
    thresholds: Sequence[str],
    all_rows: bool,
    facility: str | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows both. Before that, the access ledger has whose charts are in what is shown."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "compare_rule_sets", facility=facility, by=by, purpose=purpose)
        asks.may(Read.REPORT)
        asked = replace(question, requested_by=asks.person.id, purpose=asks.purpose)
        found = what_if.answer(use.store, asks.facility, period, now=now(), asked=asked, thresholds=thresholds)
        asks.saw(patients_of(found.rows(all_rows=all_rows)))
        asks.says(found.cut.knowledge.known_at, asked=question.known_at, as_of=found.cut.as_of)
        document = found.record(all_rows=all_rows)
        if as_json:
            write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
        else:
            answers().print(verdicts_table(document))
            answers().print(compared_table(document))
