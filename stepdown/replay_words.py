"""`stepdown replay`: words and options. What it does is in `stepdown/commands/charts.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stepdown.options import AsJson, AsOf, By, Data, Facility, KnownAt, Purpose, read_instant


def replay(
    patient: Annotated[str, typer.Argument(metavar="PATIENT", help="patient_id or MRN.", show_default=False)],
    facility: Facility = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--between",
            metavar="INSTANT INSTANT",
            help="What was recorded after the first, up to the second, and what it changed about the status.",
        ),
    ] = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show a patient's facts as they were known, oldest first, where each left the patient, and what they add up to."""
    from stepdown.commands import charts

    if between is None:
        charts.replay(
            patient,
            facility=facility,
            as_of=as_of,
            known_at=known_at,
            data=data,
            by=by,
            purpose=purpose,
            as_json=as_json,
        )
        return
    if known_at is not None:
        raise typer.BadParameter("it contradicts --between, which names both moments.", param_hint="--known-at")
    try:
        first, second = map(read_instant, between)
    except typer.BadParameter as error:
        raise typer.BadParameter(error.message, param_hint="--between") from None
    if second < first:
        raise typer.BadParameter("the second moment comes before the first.", param_hint="--between")
    charts.between(
        patient,
        from_known_at=first,
        to_known_at=second,
        facility=facility,
        as_of=as_of,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )
