"""`stepdown late`: how late a site records, in figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from rich import box
from rich.table import Table

from api.permission import Read
from domain import late_entries as lateness
from exchange import late_entries
from stepdown.asker import asker
from stepdown.opening import now, opened, settings_at
from stepdown.terminal import answers, shown, write


def show(
    *,
    facility: str | None,
    from_on: date | None,
    to_on: date | None,
    per: str,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows it, once it is on record who looked. No patient is in it."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_late_entries", facility=facility, by=by, purpose=purpose)
        asks.may(Read.REPORT)
        found = late_entries.answer(
            use.store,
            asks.facility,
            per=lateness.Per(per),
            now=now(),
            from_on=from_on,
            to_on=to_on,
            known_at=known_at,
        )
        asks.saw([])
        asks.says(found.knowledge.known_at, asked=known_at)
        if as_json:
            write(orjson.dumps(found.record(), option=orjson.OPT_APPEND_NEWLINE))
        else:
            answers().print(_table(found.record()))


def _table(document: Mapping[str, Any]) -> Table:
    since = "" if document["from"] is None else f"from {document['from']} "
    title = f"Entries at {document['facility']} recorded {since}to {document['to']}: how long after it had happened"
    caption = "median, p90 and longest in hours:minutes"
    table = Table(
        title=title,
        caption=caption,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    table.add_column(document["per"], overflow="fold", min_width=20)
    for name in ("entries", "median", "p90", "longest", "late", "share", "no reason"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in document["rows"]:
        table.add_row(_named(row, document["per"]), *_figures(row))
    table.add_section()
    table.add_row("all", *_figures(document["whole"]))
    return table


def _named(row: Mapping[str, Any], per: str) -> str:
    return f"{shown(row['name'])}, {shown(row['role'])} ({row[per]})" if "name" in row else row[per]


def _figures(row: Mapping[str, Any]) -> tuple[str, ...]:
    share = "-" if row["late_share"] is None else f"{row['late_share']:.1%}"
    minutes = (_time(row[name]) for name in ("median_minutes", "p90_minutes", "longest_minutes"))
    return str(row["entries"]), *minutes, str(row["late"]), share, str(row["late_without_reason"])


def _time(minutes: int | None) -> str:
    return "-" if minutes is None else f"{minutes // 60}:{minutes % 60:02}"
