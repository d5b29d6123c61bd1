"""`stepdown report …`: words and options. What they do is in `stepdown/commands/reports.py`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from stepdown.options import AsOf, By, Data, Facility, KnownAt, Out, Purpose, read_month, read_week

app = typer.Typer(help="Compliance reports.", no_args_is_help=True)

RuleSet = Annotated[
    str | None, typer.Option("--rule-set", metavar="NAME", help="Instead of the one that the site adopted.")
]
OfPayer = Annotated[
    Literal["commercial", "self_pay"] | None,
    typer.Option("--payer", help="That payer's episodes alone, by the rule set adopted for it."),
]
Format = Annotated[Literal["table", "csv", "json"], typer.Option("--format")]


@app.command()
def weekly(
    week: Annotated[Any, typer.Option("--week", metavar="WEEK", parser=read_week, help="Like 2026-W10.")],
    facility: Facility = None,
    rule_set: RuleSet = None,
    payer: OfPayer = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    format_: Format = "table",
    out: Out = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
) -> None:
    """Report the compliance of a week, rule by rule."""
    _report(
        week,
        rule_set,
        payer,
        as_of,
        known_at,
        facility=facility,
        format_=format_,
        out=out,
        data=data,
        by=by,
        purpose=purpose,
    )


@app.command()
def monthly(
    month: Annotated[Any, typer.Option("--month", metavar="MONTH", parser=read_month, help="Like 2026-03.")],
    facility: Facility = None,
    rule_set: RuleSet = None,
    payer: OfPayer = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    format_: Format = "table",
    out: Out = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
) -> None:
    """Report a month of a site: its show rate, and how many screens were positive."""
    _report(
        month,
        rule_set,
        payer,
        as_of,
        known_at,
        facility=facility,
        format_=format_,
        out=out,
        data=data,
        by=by,
        purpose=purpose,
    )


def _report(period: Any, rule_set: str | None, payer: str | None, as_of: Any, known_at: Any, **how: Any) -> None:
    from domain.program import Payer
    from exchange.reports import Question
    from stepdown.commands import reports

    of_payer = None if payer is None else Payer(payer)
    reports.report(period, Question(rule_set=rule_set, payer=of_payer, as_of=as_of, known_at=known_at), **how)
