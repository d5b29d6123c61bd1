"""`stepdown status`, `access` and `roster`: words and options. What they do is in `stepdown/commands/`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from stepdown.options import (
    AsJson,
    AsOf,
    By,
    Data,
    Facility,
    KnownAt,
    Out,
    PaperFormat,
    Purpose,
    no_terminal,
    read_session,
)

Patient = Annotated[str, typer.Argument(metavar="PATIENT", help="patient_id or MRN.", show_default=False)]


def status(
    patient: Patient,
    facility: Facility = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show where a patient stands."""
    from stepdown.commands import charts

    charts.status(
        patient,
        facility=facility,
        as_of=as_of,
        known_at=known_at,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )


def access(
    patient: Patient,
    facility: Facility = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show who looked at a patient's chart, when, why and at which version, the newest last."""
    from stepdown.commands import charts

    charts.access(patient, facility=facility, known_at=known_at, data=data, by=by, purpose=purpose, as_json=as_json)


def roster(
    session: Annotated[
        UUID, typer.Argument(metavar="SESSION", help="The session_id.", parser=read_session, show_default=False)
    ],
    facility: Facility = None,
    known_at: KnownAt = None,
    format_: PaperFormat = "pdf",
    out: Out = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
) -> None:
    """Print the sheet of a session to be signed by hand: who is expected, by name. A staff copy."""
    no_terminal(format_, out)
    from exchange.paper.document import Form
    from stepdown.commands import papers

    papers.roster(
        session,
        facility=facility,
        form=Form(format_),
        known_at=known_at,
        out=out,
        data=data,
        by=by,
        purpose=purpose,
    )
