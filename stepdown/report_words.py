"""`stepdown report …`: words and options. What they do is in `stepdown/commands/reports.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from stepdown.options import (
    AsJson,
    AsOf,
    By,
    Data,
    Facility,
    KnownAt,
    Out,
    Purpose,
    no_terminal,
    read_date,
    read_month,
    read_report,
    read_week,
)

app = typer.Typer(help="Compliance reports.", no_args_is_help=True)

RuleSet = Annotated[
    str | None, typer.Option("--rule-set", metavar="NAME", help="Instead of the one that the site adopted.")
]
OfPayer = Annotated[
    Literal["commercial", "self_pay"] | None,
    typer.Option("--payer", help="That payer's episodes alone, by the rule set adopted for it."),
]
Format = Annotated[
    Literal["table", "csv", "json", "ndjson", "canonical", "xlsx", "parquet", "pdf", "html"],
    typer.Option(
        "--format", help="pdf and html are documents for people, with pictures; canonical is what the hash is of."
    ),
]


Issue = Annotated[
    bool,
    typer.Option("--issue", help="Put it on record as issued, its rows kept for good: --by a compliance officer."),
]
IssueFor = Annotated[
    Literal["treatment", "operations", "payment", "audit", "research"] | None,
    typer.Option("--issue-for", help="What the issued report is for, where that is not the --purpose of issuing it."),
]
ReportId = Annotated[
    Any,
    typer.Argument(metavar="REPORT", help="The report_id, as `stepdown report issued` lists it.", parser=read_report),
]


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
    issue: Issue = False,
    issue_for: IssueFor = None,
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
        issue=issue,
        issue_for=issue_for,
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
    issue: Issue = False,
    issue_for: IssueFor = None,
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
        issue=issue,
        issue_for=issue_for,
    )


@app.command()
def issued(
    kind: Annotated[Literal["weekly", "monthly"] | None, typer.Option("--kind", help="Those of this kind.")] = None,
    week: Annotated[
        Any, typer.Option("--week", metavar="WEEK", parser=read_week, help="Those of this week, like 2026-W10.")
    ] = None,
    month: Annotated[
        Any, typer.Option("--month", metavar="MONTH", parser=read_month, help="Those of this month, like 2026-03.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 50,
    facility: Facility = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """List the reports that were issued, the last one first."""
    from stepdown.commands import issued as work

    work.issued(
        kind=kind,
        week=week,
        month=month,
        limit=limit,
        facility=facility,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )


@app.command()
def read(
    report: ReportId,
    facility: Facility = None,
    format_: Annotated[
        Literal["table", "csv", "json", "ndjson", "xlsx", "parquet"],
        typer.Option("--format", help="ndjson: the canonical rows, as they were hashed."),
    ] = "table",
    out: Out = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
) -> None:
    """Read a report as it was issued, byte for byte."""
    _no_table_file(format_, out)
    from stepdown.commands import issued as work

    work.read(report, facility=facility, format_=format_, out=out, data=data, by=by, purpose=purpose)


@app.command()
def delta(
    report: ReportId,
    known_at: KnownAt = None,
    facility: Facility = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show what has changed since a report was issued, row by row, and which facts changed it."""
    from stepdown.commands import issued as work

    work.delta(report, known_at=known_at, facility=facility, data=data, by=by, purpose=purpose, as_json=as_json)


@app.command()
def attest(
    report: ReportId,
    on: Annotated[
        Any, typer.Option("--on", metavar="DATE", parser=read_date, help="Attested on this date. Today at the site.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why it is recorded more than a day later.", show_default=False)
    ] = None,
    facility: Facility = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
) -> None:
    """Attest a report: --by a compliance officer, who puts on record that it is right."""
    from stepdown.commands import issued as work

    work.attest(report, on=on, reason=reason, facility=facility, data=data, by=by, purpose=purpose)


def _report(period: Any, rule_set: str | None, payer: str | None, as_of: Any, known_at: Any, **how: Any) -> None:
    no_terminal(how["format_"], how["out"])
    _no_table_file(how["format_"], how["out"])
    from domain.program import Payer
    from exchange.reports import Question
    from stepdown.commands import reports

    if how["issue_for"] is not None and not how["issue"]:
        raise typer.BadParameter("say --issue too: it is what an issued report is for.", param_hint="--issue-for")
    of_payer = None if payer is None else Payer(payer)
    reports.report(period, Question(rule_set=rule_set, payer=of_payer, as_of=as_of, known_at=known_at), **how)


def _no_table_file(format_: str, out: Path | None) -> None:
    if out is None and format_ in ("xlsx", "parquet"):
        raise typer.BadParameter("name the file to write: that is nothing for a terminal.", param_hint="--out")
