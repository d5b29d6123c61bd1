"""`stepdown what-if …`: words and options. What they do is in `stepdown/commands/what_if.py`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stepdown.options import AsJson, AsOf, By, Data, Facility, KnownAt, Purpose, read_month, read_week
from stepdown.report_words import OfPayer

app = typer.Typer(
    help="The same period by other rules, beside the adopted ones; nothing is kept.", no_args_is_help=True
)

Other = Annotated[
    str | None,
    typer.Option("--rule-set", metavar="NAME[@VERSION]", help="The other rule set. Else the adopted one is changed."),
]
Thresholds = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="RULE.THRESHOLD=NUMBER", help="Like HRS-1.at_least_minutes=480; may be given several times."
    ),
]
All = Annotated[bool, typer.Option("--all", help="Also the rows that say the same under both.")]


@app.command()
def weekly(
    week: Annotated[Any, typer.Option("--week", metavar="WEEK", parser=read_week, help="Like 2026-W10.")],
    facility: Facility = None,
    rule_set: Other = None,
    thresholds: Thresholds = None,
    all_rows: All = False,
    payer: OfPayer = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Judge a week by other rules."""
    _compare(
        week,
        rule_set,
        payer,
        as_of,
        known_at,
        thresholds=tuple(thresholds or ()),
        all_rows=all_rows,
        facility=facility,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )


@app.command()
def monthly(
    month: Annotated[Any, typer.Option("--month", metavar="MONTH", parser=read_month, help="Like 2026-03.")],
    facility: Facility = None,
    rule_set: Other = None,
    thresholds: Thresholds = None,
    all_rows: All = False,
    payer: OfPayer = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Judge a month by other rules."""
    _compare(
        month,
        rule_set,
        payer,
        as_of,
        known_at,
        thresholds=tuple(thresholds or ()),
        all_rows=all_rows,
        facility=facility,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )


def _compare(period: Any, rule_set: str | None, payer: str | None, as_of: Any, known_at: Any, **how: Any) -> None:
    from domain.program import Payer
    from exchange.reports import Question
    from stepdown.commands import what_if

    of_payer = None if payer is None else Payer(payer)
    what_if.compare(period, Question(rule_set=rule_set, payer=of_payer, as_of=as_of, known_at=known_at), **how)
