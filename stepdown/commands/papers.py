"""Documents for people, as PDF or HTML: the reports, and `stepdown roster`, the sheet of a session to be signed."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from api.permission import Read
from exchange.cut import Knowledge
from exchange.export.report_rows import manifest_of
from exchange.manifest import Manifest, Taker, write_manifest
from exchange.paper.document import Form
from exchange.paper.reports import printed
from exchange.paper.roster import printed_roster
from exchange.reports import Report
from exchange.whole_file import whole_file
from projections import room
from stepdown.asker import Asker, asker, facility_of
from stepdown.errors import Wrong
from stepdown.opening import now, opened, settings_at
from stepdown.terminal import say, write


def report_for_people(found: Report, form: Form, out: Path | None, asks: Asker) -> None:
    """To a file with its manifest, or to stdout. It leaves the system either way: on record before it does."""
    body = printed(asks.opened.store, found, form)
    manifest = manifest_of(
        found,
        form.value,
        size_bytes=len(body),
        sha256=sha256(body).hexdigest(),
        taker=_taker(asks, found.header.generated_at),
        zone=facility_of(asks.opened, asks.facility).clock,
    )
    _hand_out(manifest, body, out, asks)


def roster(
    session_id: UUID,
    *,
    facility: str | None,
    form: Form,
    known_at: datetime | None,
    out: Path | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
) -> None:
    """The sheet of a session, as was known then. Whoever works at the door gets those of today alone."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_roster", facility=facility, by=by, purpose=purpose)
        asks.may(Read.ROSTER, Read.ROSTER_TODAY)
        at = now()
        asks.on_record(known_at)
        found = room.answer(use.store, asks.facility, session_id, now=at, known_at=known_at)
        if found is None or found.known_at is None:
            raise Wrong("There is no such session at this facility, or there was none then.")
        if not found.today:
            asks.may(Read.ROSTER)
        asks.saw(found.patient_ids)
        asks.says(found.known_at, asked=known_at)
        body = printed_roster(use.store, asks.facility, session_id, found, form)
        manifest = Manifest(
            what="roster",
            facility=asks.facility,
            format=form.value,
            taker=_taker(asks, at),
            knowledge=Knowledge(position=found.position, known_at=found.known_at),
            rows=len(found.patient_ids),
            size_bytes=len(body),
            sha256=sha256(body).hexdigest(),
            zone=facility_of(use, asks.facility).clock,
            parameters={"session_id": str(session_id)},
        )
        _hand_out(manifest, body, out, asks)


def _taker(asks: Asker, at: datetime) -> Taker:
    return Taker(by=asks.person.id, purpose=asks.purpose, at=at)


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
