"""`stepdown census`, `screenings`, `step-downs`, `weeks` and `activity`: words and options. What they do is in
`stepdown/commands/worklists.py`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from stepdown.options import AsJson, AsOf, By, Data, Facility, KnownAt, Purpose, read_date, read_week

Due = Annotated[
    Literal["review", "discussion"] | None,
    typer.Option("--due", help="Those alone with a result that waits for this."),
]
Stage = Annotated[
    Literal["recommended", "agreed", "declined", "cosigned", "decided", "in_effect", "withdrawn"] | None,
    typer.Option("--stage", help="Those at this stage. Else those on their way."),
]
_LAST = "On this date or earlier."


def _day(option: str, says: str) -> Any:
    return typer.Option(option, metavar="DATE", parser=read_date, help=says)


def judge_dates(from_on: Any, to_on: Any) -> None:
    """Exit code 2 for dates in the wrong order."""
    if from_on is not None and to_on is not None and from_on > to_on:
        raise typer.BadParameter("the last date comes before the first.", param_hint="--to")


def census(
    facility: Facility = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show everybody in care: one row an open episode, with state and flags."""
    from stepdown.commands import worklists as work

    work.census(facility=facility, as_of=as_of, known_at=known_at, data=data, by=by, purpose=purpose, as_json=as_json)


def screenings(
    facility: Facility = None,
    from_on: Annotated[Any, _day("--from", "Collected, refused, missed or ordered on this date or later.")] = None,
    to_on: Annotated[Any, _day("--to", _LAST)] = None,
    due: Due = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show the screenings of some days, else of the last seven; or all whose results wait for review or talk."""
    judge_dates(from_on, to_on)
    from stepdown.commands import worklists as work

    work.screenings(
        facility=facility,
        from_on=from_on,
        to_on=to_on,
        due=due,
        as_of=as_of,
        known_at=known_at,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )


def step_downs(
    facility: Facility = None,
    stage: Stage = None,
    from_on: Annotated[Any, _day("--from", "Recommended on this date or later.")] = None,
    to_on: Annotated[Any, _day("--to", _LAST)] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show the step-downs on their way, or at a stage, and who is waited for."""
    judge_dates(from_on, to_on)
    from stepdown.commands import worklists as work

    work.step_downs(
        facility=facility,
        stage=stage,
        from_on=from_on,
        to_on=to_on,
        as_of=as_of,
        known_at=known_at,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )


def weeks(
    patient: Annotated[
        str | None, typer.Argument(metavar="PATIENT", help="patient_id or MRN: all their weeks.", show_default=False)
    ] = None,
    facility: Facility = None,
    week: Annotated[
        Any,
        typer.Option("--week", metavar="WEEK", parser=read_week, help="Of everybody, like 2026-W10. Else of --as-of."),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show minutes and qualifying days: of each week of a patient, or of a week of everybody enrolled."""
    if patient is not None and week is not None:
        raise typer.BadParameter("it is for the week of everybody.", param_hint="--week")
    from stepdown.commands import worklists as work

    work.weeks(
        patient,
        week,
        facility=facility,
        as_of=as_of,
        known_at=known_at,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )


def activity(
    facility: Facility = None,
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="ID", help="Recorded by staff/<staff_id>, operator/<account> or system."),
    ] = None,
    patient: Annotated[
        str | None, typer.Option("--patient", metavar="PATIENT", help="In the chart of this patient_id or MRN.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="NAME", help="Of this kind, like AttendanceRecorded. Repeats.")
    ] = None,
    from_on: Annotated[Any, _day("--from", "Recorded on this date of the site or later.")] = None,
    to_on: Annotated[Any, _day("--to", _LAST)] = None,
    after: Annotated[int, typer.Option("--after", min=0, help="Behind this position of the ledger.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many facts.")] = 100,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show who did what, in the order of recording, and how late."""
    judge_dates(from_on, to_on)
    from stepdown.commands import doings as work

    work.activity(
        facility=facility,
        person=person,
        patient=patient,
        kinds=tuple(kind or ()),
        from_on=from_on,
        to_on=to_on,
        after=after,
        limit=limit,
        known_at=known_at,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )
