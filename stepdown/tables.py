"""Documents as tables for people. The field's own words, blanks for what isn't there yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from domain.compliance.verdict import Row, Verdict
from stepdown.terminal import shown
from stepdown.trail_text import cell, words

_STYLES: Mapping[Verdict, str] = {
    Verdict.MET: "green",
    Verdict.NOT_MET: "bold red",
    Verdict.NOT_MET_EXCUSED: "yellow",
    Verdict.FACILITY_SHORTFALL: "magenta",
}


def status_table(document: Mapping[str, Any]) -> Table:
    """The status document: a line for each field, in the order of the document."""
    title = f"Status of {document['patient_id']} at {document['facility']}"
    caption = f"known at {document['known_at']}, position {document['position']}"
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.add_column("as of")
    table.add_column(str(document["as_of"]))
    for name, value in document.items():
        if name in ("patient_id", "facility", "as_of", "known_at", "position"):
            continue
        if not isinstance(value, dict):
            table.add_row(words(name), cell(value))
            continue
        for inner, found in value.items():
            table.add_row(f"{words(name)}: {words(inner)}" if inner != name else words(name), cell(found))
        table.add_section()
    return table


def looks_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Who looked at a chart, the newest last."""
    table = Table(title="Looks, the newest last", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("at", "by", "what", "purpose", "version"):
        table.add_column(name, no_wrap=name == "at")
    for row in rows:
        by = row["by"]
        who = f"{shown(by['name'])}, {words(shown(by['role']))}"
        when = str(row["at"]).replace("T", " ")[:19] + "Z"
        table.add_row(when, who, words(row["what"]), row["purpose"], cell(row["at_version"]))
    return table


def _period(header: Mapping[str, Any]) -> str:
    return f"week {header['week']}" if "week" in header else f"month {header['month']}"


def _payer(header: Mapping[str, Any]) -> str:
    return f", episodes of {words(header['payer'])}" if "payer" in header else ""


def report_table(header: Mapping[str, Any], rows: Sequence[Row]) -> Table:
    """Findings, rule by rule, under what the report says of itself."""
    title = (
        f"{header['facility']}, {_period(header)}{_payer(header)}: {header['rule_set']} {header['rule_set_version']}, "
        f"as of {header['as_of']}, known at {header['known_at']}"
    )
    caption = f"{len(rows)} rows, SHA-256 {header['sha256']}"
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    for name in ("rule", "subject", "period"):
        table.add_column(name, no_wrap=True)
    table.add_column("verdict")
    table.add_column("value", justify="right")
    table.add_column("of", justify="right")
    table.add_column("facts", justify="right")
    for row in rows:
        period = f"{row.period_start} to {row.period_end}"
        subject = f"{row.subject} {row.subject_id}"
        cells = (row.rule, subject, period, words(row.verdict), str(row.value), str(row.of), str(len(row.evidence)))
        table.add_row(*cells, style=_STYLES.get(row.verdict))
    return table


def verdicts_table(document: Mapping[str, Any]) -> Table:
    """How many verdicts of each kind a rule has under either rule set, under what was compared."""
    adopted, other = document["adopted"], document["other"]
    changes = ", ".join(f"{c['rule']}.{c['threshold']}={c['after']}" for c in other["changes"])
    title = (
        f"{document['facility']}, {_period(document)}{_payer(document)}: what if {other['rule_set']} "
        f"{other['rule_set_version']}{f' with {changes}' if changes else ''}, as of {document['as_of']}, "
        f"known at {document['known_at']}"
    )
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("rule", no_wrap=True)
    table.add_column(f"adopted: {adopted['rule_set']} {adopted['rule_set_version']}")
    table.add_column("other")
    for line in document["verdicts"]:
        table.add_row(line["rule"], _counted(line["adopted"]), _counted(line["other"]))
    return table


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {words(verdict)}" for verdict, count in counts.items()) or "-"


def compared_table(document: Mapping[str, Any]) -> Table:
    """Rows side by side: verdict and figures under the adopted rule set, and under the other."""
    caption = f"{document['changed_count']} of {document['row_count']} rows differ"
    table = Table(caption=caption, box=box.SIMPLE_HEAD, caption_justify="left")
    for name in ("rule", "subject", "period"):
        table.add_column(name, no_wrap=True)
    for name in ("adopted", "other"):
        table.add_column(name)
    for row in document["rows"]:
        period = f"{row['period_start']} to {row['period_end']}"
        subject = f"{row['subject']} {row['subject_id']}"
        style = "bold" if row["changed"] else None
        table.add_row(row["rule"], subject, period, _side(row["adopted"]), _side(row["other"]), style=style)
    return table


def _side(side: Mapping[str, Any] | None) -> str:
    return "-" if side is None else f"{words(side['verdict'])} {side['value']}/{side['of']}"
