"""Documents for people, as PDF or HTML: the reports, and `stepdown roster`, the sheet of a session to be signed."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from api.permission import Read
from exchange.cut import Knowledge
from exchange.manifest import Manifest, Taker, write_manifest
from exchange.paper.document import Form
from exchange.paper.reports import printed
from exchange.paper.roster import printed_roster
from exchange.reports import Report
from exchange.whole_file import whole_file
from projections import room
from stepdown.asker import Asker, asker
from stepdown.errors import Wrong
from stepdown.opening import now, opened
from stepdown.settings import read_settings
from stepdown.terminal import say, write


def report_for_people(found: Report, form: Form, out: Path | None, asks: Asker) -> None:
    """To a file with its manifest, or to stdout. It leaves the system either way: on record before it does."""
    header = found.header
    payer = {} if header.payer is None else {"payer": header.payer.value}
    manifest = _manifest(
        asks,
        header.kind,
        form,
        printed(asks.opened.store, found, form),
        rows=header.rows,
        knowledge=Knowledge(position=header.position, known_at=header.known_at, asked_known_at=header.asked_known_at),
        at=header.generated_at,
        as_of=header.as_of,
        rule_set=header.rule_set,
        rule_set_version=header.rule_set_version,
        parameters={"week" if header.kind == "weekly" else "month": str(header.period), **payer},
        further={"rows_sha256": header.sha256},
    )
    _hand_out(*manifest, out, asks)


def roster(
    session_id: UUID,
    *,
    facility: str | None,
    form: Form,
    out: Path | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
) -> None:
    """The sheet of a session. Whoever works at the door gets those of today alone."""
    with opened(read_settings(data)) as use:
        asks = asker(use, "read_roster", facility=facility, by=by, purpose=purpose)
        asks.may(Read.ROSTER, Read.ROSTER_TODAY)
        at = now()
        found = room.answer(use.store, asks.facility, session_id, now=at)
        if found is None or found.known_at is None:
            raise Wrong("There is no such session at this facility.")
        if not found.today:
            asks.may(Read.ROSTER)
        asks.saw(found.patient_ids)
        body = printed_roster(use.store, asks.facility, session_id, found, form)
        knowledge = Knowledge(position=found.position, known_at=found.known_at)
        manifest = _manifest(
            asks,
            "roster",
            form,
            body,
            rows=len(found.patient_ids),
            knowledge=knowledge,
            at=at,
            parameters={"session_id": str(session_id)},
        )
        _hand_out(*manifest, out, asks)


def _manifest(asks: Asker, what: str, form: Form, body: bytes, *, at: datetime, **said: Any) -> tuple[Manifest, bytes]:
    taker = Taker(by=asks.person.id, purpose=asks.purpose, at=at)
    digest = sha256(body).hexdigest()
    manifest = Manifest(
        what=what,
        facility=asks.facility,
        format=form.value,
        taker=taker,
        size_bytes=len(body),
        sha256=digest,
        **said,
    )
    return manifest, body


def _hand_out(manifest: Manifest, body: bytes, out: Path | None, asks: Asker) -> None:
    if out is None:
        asks.took(manifest.rows, manifest.sha256)
        write(body)
        return
    with whole_file(out) as file:
        file.write(body)
        write_manifest(manifest, out)
        asks.took(manifest.rows, manifest.sha256)
    say(f"{out}: {manifest.rows} {'patients' if manifest.what == 'roster' else 'rows'}.")
