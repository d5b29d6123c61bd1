"""`stepdown export …`: tables of a site, each file with a manifest beside it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

from api.permission import Read
from exchange.export.as_parquet import refuse_without_parquet
from exchange.export.kinds import KINDS
from exchange.export.question import Asked, Table
from exchange.export.taking import Written, manifest_of, write_table
from exchange.manifest import Taker, write_manifest
from exchange.whole_file import whole_file
from stepdown.asker import Asker, asker
from stepdown.opening import now, opened, settings_at
from stepdown.teds_options import Before
from stepdown.terminal import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was typed. `out` is the file, or, of several formats, what their names begin with; None is stdout."""

    kind: str
    formats: Sequence[str]
    facility: str | None
    from_on: date | None
    to_on: date | None
    as_of: date | None
    known_at: datetime | None
    out: Path | None
    before: Before


def export(wanted: Wanted, *, data: Path | None, by: UUID | None, purpose: str) -> None:
    """The table, to files or to stdout. Each file is on record before it takes its name, or its first byte leaves."""
    if "parquet" in wanted.formats:
        refuse_without_parquet()
    kind = KINDS[wanted.kind]
    with opened(settings_at(data)) as use:
        asks = asker(use, kind.what, facility=wanted.facility, by=by, purpose=purpose)
        asks.may(Read.FACTS if wanted.kind == "facts" else Read.EXPORT)
        at = now()
        asked = Asked(
            facility=asks.facility,
            now=at,
            from_on=wanted.from_on,
            to_on=wanted.to_on,
            as_of=wanted.as_of,
            known_at=wanted.known_at,
        )
        taker = Taker(by=asks.person.id, purpose=asks.purpose, at=at)
        with kind.opened(use.store, wanted.before.asked(wanted.kind, asked)) as table:
            asks.says(table.knowledge.known_at, asked=wanted.known_at, as_of=table.as_of)
            if wanted.out is None:
                _to_stdout(table, wanted.formats[0], asks)
            else:
                _to_files(table, wanted.out, wanted.formats, asks, taker)


def _to_files(table: Table, out: Path, formats: Sequence[str], asks: Asker, taker: Taker) -> None:
    paths = {name: out if len(formats) == 1 else out.with_name(f"{out.name}.{name}") for name in formats}
    with ExitStack() as files:
        # Their names are taken when the block ends: after the manifests, and after the access record.
        written = write_table(table, {name: files.enter_context(whole_file(path)) for name, path in paths.items()})
        for name, path in paths.items():
            write_manifest(manifest_of(table, name, written[name], taker), path)
            asks.took(written[name].rows, written[name].sha256)
    for name, path in paths.items():
        say(f"{path}: {written[name].rows} {_rows_of(table)}{_besides(table)}.")


def _to_stdout(table: Table, format_: str, asks: Asker) -> None:
    """By way of a file without a name: what goes on record first is known when all is written."""
    with TemporaryFile() as file:
        written: Written = write_table(table, {format_: file})[format_]
        asks.took(written.rows, written.sha256)
        if besides := _besides(table):
            say(f"{written.rows} {_rows_of(table)}{besides}.")
        sys.stdout.flush()
        file.seek(0)
        shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()


def _rows_of(table: Table) -> str:
    return "facts" if table.layout.kind == "facts" else "rows"


def _besides(table: Table) -> str:
    told: dict[str, Any] = dict(table.further())
    if (counted := told.get("transactions")) is not None:
        return _to_be_sent(counted, told)
    if count := told.get("destroyed"):
        return f", {count} of them of destroyed charts, which say no more than where they stand"
    if count := told.get("charts_destroyed"):
        return f"; {count} {'chart was' if count == 1 else 'charts were'} destroyed, and no row is of them"
    return ""


def _to_be_sent(counted: dict[str, int], told: dict[str, Any]) -> str:
    """Of a submission to the state's data set."""
    said = f": {counted['A']} to add, {counted['C']} to change, {counted['D']} to delete"
    if count := told["doubled"]:
        said += f"; {count} more without a record of their own, since another has the same key"
    if count := told["charts_destroyed"]:
        charts = "chart was" if count == 1 else "charts were"
        said += f"; {count} {charts} destroyed, of which only files given with --sent can tell what to delete"
    return said
