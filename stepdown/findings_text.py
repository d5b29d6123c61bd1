"""The findings of one patient as text, for a terminal of 80 to 160 columns, a pager or a printer: no colour says
anything, and no id is broken."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from domain.record import stream_kind
from stepdown.trail_text import instant, width_within, words, wrapped

Record = Mapping[str, Any]

_PERIOD: Final = len("2026-04-13 to 2026-04-19")
_CAPITALS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OF: Final[Mapping[str, str]] = {
    "chart": "other charts",
    "session": "sessions",
    "cohort": "the cohort",
    "facility": "the site",
}


def findings_text(document: Record, types: Mapping[str, str], *, columns: int) -> Iterator[str]:
    """A line for each finding: rule, period, verdict, figure against threshold; under it the figures beside, the facts
    that it rests on, and what was looked for and not found. `types` says what the chart's own facts are, by
    `stream@version`; of other streams they are counted."""
    width = width_within(columns)
    payer = f", episodes of {words(document['payer'])}" if "payer" in document else ""
    yield f"What the rules say of {document['patient_id']} at {document['facility']}{payer}"
    yield f"  by {document['rule_set']} {document['rule_set_version']}, as of {document['as_of']}"
    known_at, position = instant(document["known_at"]), document["position"]
    yield f"  known at {known_at}, position {position}, chart at version {document['version']}"
    found: Sequence[Record] = document["findings"]
    if not found:
        yield from ("", "No rule has anything to say of this patient: no episode of care by that date.")
        return
    yield from wrapped("@ and a number: the fact of that version, in `stepdown replay`. Whole names: --json.", width, 2)
    yield ""
    rules = max(len("rule"), *(len(row["rule"]) for row in found))
    verdicts = max(len("verdict"), *(len(row["verdict"]) for row in found))
    yield f"{'rule':<{rules}}  {'period':<{_PERIOD}}  {'verdict':<{verdicts}}  figure of threshold"
    chart = f"chart/{document['patient_id']}@"
    for row in found:
        period = f"{row['period_start']} to {row['period_end']}"
        yield f"{row['rule']:<{rules}}  {period}  {words(row['verdict']):<{verdicts}}  {row['value']} of {row['of']}"
        for part in _parts(row, types):
            yield from wrapped(part.replace(chart, "@"), width, rules + 2)


def _parts(row: Record, types: Mapping[str, str]) -> Iterator[str]:
    if row["figures"]:
        yield "figures: " + ", ".join(f"{words(name)} {figure}" for name, figure in row["figures"].items())
    if row["evidence"]:
        yield "evidence: " + "; ".join(_evidence(row["evidence"], types))
    if row["missing"]:
        yield "missing: " + "; ".join(row["missing"])


def _evidence(names: Sequence[str], types: Mapping[str, str]) -> Iterator[str]:
    """The chart's own by type; those of sessions, cohorts and the site by their number."""
    own: dict[str, list[str]] = {}
    others: Counter[str] = Counter()
    for name in names:
        if name in types:
            own.setdefault(_CAPITALS.sub(" ", types[name]).lower(), []).append(name)
        else:
            others[stream_kind(name)] += 1
    yield from (f"{type_} {' '.join(found)}" for type_, found in own.items())
    yield from (f"{count} {'fact' if count == 1 else 'facts'} of {_OF[kind]}" for kind, count in others.items())
