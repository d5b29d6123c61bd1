"""Lists of a site to work from, as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich import box
from rich.table import Table

from stepdown.trail_text import cell, words


def census_table(document: Mapping[str, Any]) -> Table:
    """A line for each open episode."""
    table = _table("census", document, ("patient", "state", "admitted on", "week", "last attended on", "flags"))
    for row in document["rows"]:
        weeks = "-" if row["week_of_program"] is None else f"{row['week_of_program']} of {row['planned_weeks']}"
        _row(table, row, words(row["state"]), row["admitted_on"], weeks, row["last_attended_on"], row["flags"])
    return table


def screenings_table(document: Mapping[str, Any]) -> Table:
    """A line for each screening, by day."""
    table = _table("screenings", document, ("patient", "on", "collection", "result", "positive", "waits for"))
    for row in document["rows"]:
        waits = [f"{one['step']} by {one['due_on']}" for one in row["due"]]
        _row(table, row, row["on"], words(row["collection"]), _words(row["result"]), row["positive"], waits)
    return table


def step_downs_table(document: Mapping[str, Any]) -> Table:
    """A line for each step-down, the next to be in effect first."""
    table = _table("step-downs", document, ("patient", "stage", "since", "to level", "effective on", "waits for"))
    for row in document["rows"]:
        waits = [_waits(one) for one in row["waits_for"]]
        since = row["steps"][-1]["on"]
        _row(table, row, words(row["stage"]), since, row["to_level"], row["effective_on"], waits)
    return table


_OF_A_WEEK: Final = ("active", "minutes", "qualifying days", "sessions", "days")


def site_week_table(document: Mapping[str, Any]) -> Table:
    """A line for each patient."""
    table = _table(f"week {document['week']}", document, ("patient", *_OF_A_WEEK))
    for row in document["rows"]:
        _row(table, row, *_week(row))
    return table


def weeks_table(document: Mapping[str, Any]) -> Table:
    """A line for each week of a patient."""
    whose = f"weeks of {document['patient_id']}"
    table = _table(whose, {**document, "rows": document["weeks"]}, ("week", *_OF_A_WEEK))
    for row in document["weeks"]:
        table.add_row(row["week"], *map(cell, _week(row)))
    return table


def _week(row: Mapping[str, Any]) -> Iterable[Any]:
    days = [f"{one['on']} {one['minutes']}" for one in row["days"]]
    sessions = f"{row['sessions_attended']} of {row['sessions_expected']}"
    minutes, qualifying = _owed(row["minutes"], row["minutes_owed"]), _owed(row["qualifying_days"], row["days_owed"])
    return row["active"], minutes, qualifying, sessions, days


def _owed(value: int, of: int | None) -> str:
    return str(value) if of is None else f"{value} of {of}"


def activity_table(document: Mapping[str, Any]) -> Table:
    """A line for each fact, in the order of recording."""
    title = f"{document['facility']}, who did what, known at {document['known_at']}"
    more = "" if document["next_after"] is None else f", more with --after {document['next_after']}"
    caption = f"{len(document['rows'])} facts{more}"
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    for name in ("recorded", "fact", "by", "through", "late by", "of"):
        table.add_column(name, no_wrap=name == "recorded")
    for row in document["rows"]:
        when = row["recorded_at"].replace("T", " ")[:19] + "Z"
        who = f"{row['by']['name']}, {words(row['by']['role'])}"
        late = f"{row['lateness_minutes'] // 60} h" if row["late"] else "-"
        table.add_row(when, row["type"], *map(cell, (who, row["source"], late, row["patient_id"])))
    return table


def _waits(one: Mapping[str, Any]) -> str:
    whom = "the patient" if one["whom"] == "patient" else " or ".join(map(words, one["roles"]))
    return f"{one['step']} of {whom}"


def _table(what: str, document: Mapping[str, Any], columns: Iterable[str]) -> Table:
    title = f"{document['facility']}, {what} as of {document['as_of']}, known at {document['known_at']}"
    caption = f"{len(document['rows'])} rows"
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    for name in columns:
        table.add_column(name, no_wrap=name in ("patient", "on"))
    return table


def _row(table: Table, row: Mapping[str, Any], *cells: Any) -> None:
    table.add_row(row["patient_id"], *map(cell, cells))


def _words(value: str | None) -> str | None:
    return None if value is None else words(value)
