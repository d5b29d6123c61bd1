"""Who is at risk, as two tables for people: the hours of the week, and what is due. The most urgent first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich import box
from rich.table import Table

_STYLES: Final[Mapping[str, str]] = {"cannot_reach": "bold red", "can_reach": "yellow", "safe": "green"}


def hours_table(document: Mapping[str, Any], zone: ZoneInfo) -> Table:
    """A line for each rule and patient: what there is, what is asked, and the sessions that have to be attended, by
    local day and time; where hours can't be reached, how much is lacking and why."""
    title = (
        f"{document['facility']}, week {document['week']}: {document['rule_set']} {document['rule_set_version']}, "
        f"as of {document['as_of']}, known at {document['known_at']}"
    )
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("patient", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("of", justify="right")
    table.add_column("verdict", no_wrap=True)
    table.add_column("what it takes")
    for row in document["rows"]:
        for goal in () if row["hours"] is None else row["hours"]["goals"]:
            cells = (row["patient_id"], goal["rule"], str(goal["value"]), str(goal["of"]), _words(goal["verdict"]))
            table.add_row(*cells, _takes(goal, row["hours"], zone), style=_STYLES.get(goal["verdict"]))
    return table


def _takes(goal: Mapping[str, Any], hours: Mapping[str, Any], zone: ZoneInfo) -> str:
    if goal["because"] is not None:
        return f"short by {goal['short_by']}: {_words(goal['because'])}"
    wanted = set(goal["sessions"])
    sessions = [_session(one, zone) for one in hours["ahead"] if one["session_id"] in wanted]
    if goal["verdict"] == "can_reach" and not sessions:
        return "the times held of what was attended"
    return ", ".join(sessions)


def _session(chance: Mapping[str, Any], zone: ZoneInfo) -> str:
    """`Thu 5 18:00-21:00 group`, on the site's wall."""
    begins, ends = (datetime.fromisoformat(chance[name]).astimezone(zone) for name in ("from_at", "to_at"))
    return f"{begins:%a} {begins.day} {begins:%H:%M}-{ends:%H:%M} {_words(chance['kind'])}"


def due_table(document: Mapping[str, Any]) -> Table:
    """What is due of patients and of the staff, in the order of the dates."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("days left", justify="right")
    table.add_column("due on", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("of", no_wrap=True)
    table.add_column("what", ratio=1)
    for who, item in sorted(_items(document), key=lambda found: found[1]["days_left"]):
        style = "bold red" if item["days_left"] < 0 else None
        cells = (str(item["days_left"]), item["due_on"], item["rule"] or "-", who, item["sentence"])
        table.add_row(*cells, style=style)
    return table


def _items(document: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for row in document["rows"]:
        yield from ((f"patient {row['patient_id']}", item) for item in row["due"])
    yield from ((f"staff {one['staff_id']}", one) for one in document["staff"])


def _words(name: str) -> str:
    return name.replace("_", " ")
