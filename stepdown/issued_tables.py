"""Issued reports for people: which there are, as text, and what has changed since one was issued, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from stepdown.terminal import shown
from stepdown.trail_text import width_within, wrapped

Record = Mapping[str, Any]


def issued_text(facility: str, reports: Sequence[Record], *, columns: int) -> Iterator[str]:
    """Of each, in the order given: its id, whole, what it is of, by which rules, how many rows; then both times, who
    issued it, and who attested it."""
    width = width_within(columns)
    if not reports:
        yield f"No report is issued at {facility} that was asked for."
        return
    yield f"Reports issued at {facility}, the last one first"
    for report in reports:
        of = " ".join(
            [report.get("week") or report["month"], *([_words(report["payer"])] if "payer" in report else [])]
        )
        rules = f"{report['rule_set']} {report['rule_set_version']}"
        yield ""
        yield from wrapped(f"{report['report_id']}  {of}  {rules}  {report['row_count']} rows", width, 0)
        yield from wrapped(f"as of {report['as_of']}, known at {_time(report['known_at'])}", width)
        issued = f"issued {_time(report['issued_at'])} by {_name(report['issued_by'])}"
        if report["attested_on"] is None:
            yield from wrapped(f"{issued}; not attested", width)
        else:
            attested = f"attested {report['attested_on']} by {_name(report['attested_by'])}"
            yield from wrapped(f"{issued}; {attested}", width)
        if report["struck_by"]:
            yield from wrapped(f"struck by {report['struck_by']}", width)


def delta_tables(delta: Record) -> Iterator[Table]:
    """The rows that are not the same, then the facts that made them so, by their numbers."""
    issued, now = delta["issued"], delta["now"]
    numbers = {fact["event"]: str(n) for n, fact in enumerate(delta["facts"], start=1)}
    rows = _table(
        f"{delta['report_id']}, {delta['facility']} {delta.get('week') or delta['month']}, as of {delta['as_of']}: "
        f"issued as known at {_time(issued['known_at'])}, asked again as known at {_time(now['known_at'])}",
        "rule",
        "subject",
        "period",
        "what",
        "then",
        "now",
        "made so by",
    )
    for one in delta["changed"]:
        told = {name: change for name, change in one["changes"].items() if name != "evidence"}
        for name, change in (told or {"evidence": {"before": "-", "after": "-"}}).items():
            rows.add_row(*_place(one), name, _words(change["before"]), _words(change["after"]), _why(one, numbers))
    for name, then, today in (("added", False, True), ("removed", True, False)):
        for one in delta[name]:
            said = f"{_words(one['row']['verdict'])}, {one['row']['value']} of {one['row']['of']}"
            rows.add_row(*_place(one["row"]), name, said if then else "-", said if today else "-", _why(one, numbers))
    counted = f"{len(delta['changed'])} changed, {len(delta['added'])} added, {len(delta['removed'])} removed"
    rows.caption = f"{counted}; {now['charts_destroyed']} charts destroyed"
    yield rows
    facts = _table("The facts that made it so", "", "fact")
    for fact in delta["facts"]:
        facts.add_row(numbers[fact["event"]], "\n".join(_told(fact)))
    yield facts


def _told(fact: Record) -> Iterator[str]:
    """Which fact it is; who recorded it, when and why."""
    about = fact.get("about", "").replace(fact["event"].rpartition("@")[0] + "@", " of version ")
    yield f"{fact['event']}, {fact['type']}{about}"
    late = f", {fact['late_hours']} h late" if "late_hours" in fact else ""
    yield f"recorded {_time(fact['recorded_at'])}{late}, by {_name(fact['by'])}"
    if fact.get("reason"):
        yield f"because: {shown(fact['reason'])}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _place(row: Record) -> tuple[str, str, str]:
    return row["rule"], f"{row['subject']} {row['subject_id']}", f"{row['period_start']} to {row['period_end']}"


def _why(one: Record, numbers: Mapping[str, str]) -> str:
    why = [numbers[event] for event in one["facts"]]
    why += ["time that passed"] if one["time_passed"] else []
    why += ["another version of the program"] if one["program_changed"] else []
    return ", ".join(why)


def _words(value: object) -> str:
    return shown(value).replace("_", " ")


def _name(person: Record) -> str:
    return f"{shown(person['name'])}, {_words(person['role'])}"


def _time(instant: str) -> str:
    return instant.replace("T", " ")[:19] + "Z"
