"""`stepdown blast-radius`: what relied on a fact while it stood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from api.permission import Read
from domain.record import stream_uuid
from exchange import blast_radius
from stepdown.asker import asker
from stepdown.opening import now, opened, settings_at
from stepdown.terminal import print_lines, shown, write
from stepdown.trail_text import instant, words

_PARTS: Final[Mapping[str, str]] = {
    "requires": "Would have lacked its ground without it",
    "caused": "Followed from it",
    "meanwhile": "Decided while it stood",
    "looks": "Saw the chart with it",
    "exports": "Files that left while it stood",
}


def show(
    stream: str,
    version: int,
    *,
    facility: str | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows it, once it is on record who looked at whom."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_blast_radius", facility=facility, by=by, purpose=purpose)
        asks.may(Read.HISTORY)
        asks.may(Read.REPORT)
        found = blast_radius.answer(use.store, asks.facility, stream, version, now=now())
        if found is None:
            asks.misses(stream_uuid(stream))
        blast_radius.put_on_record(found, stream, asks.read_chart, asks.saw)
        if as_json:
            write(orjson.dumps(found.document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        else:
            print_lines(_text(found.document))


def _text(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"{document['event']}, {document['type']}, recorded {instant(document['recorded_at'])}"
    undone = document["undone_by"]
    for one in document["stood"][:-1]:
        yield f"Undone by {_told(one['until'])}, until that was struck"
    yield "It stands." if undone is None else f"Undone by {_told(undone)}"
    yield from ("", "Issued reports whose rows name it:")
    for report in document["reports"]:
        yield f"  {report['report_id']}, {report['period']}{', attested' if report['attested'] else ''}"
        for row in report["rows"]:
            yield f"    {row['rule']} of {row['subject']} {row['subject_id']}: {words(row['verdict'])}"
    if not document["reports"]:
        yield "  none"
    for name, said in (("reports_unread", "rows not in this database"), ("reports_before", "issued before it")):
        if document[name]:
            yield f"  {said}: {', '.join(document[name])}"
    for name, said in _PARTS.items():
        yield from ("", f"{said}:")
        yield from ([f"  {_told(one)}" for one in document[name]] or ["  none"])
        if document.get(f"more_{name}"):
            yield "  and more"
    yield from ("", *document["limits"])


def _told(one: Mapping[str, Any]) -> str:
    by = one["by"]
    what = f", {words(one['what'])}" if "what" in one else ""
    who = f"{shown(by['name'])}, {words(shown(by['role']))}"
    return f"{one['event']}, {one['type']}{what}, {instant(one['recorded_at'])}, by {who}"
