"""The trail of a chart as text, for a terminal of 80 to 160 columns, a pager or a printer: no colour says anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any, Final

from stepdown.terminal import shown

Line = Mapping[str, Any]

_NARROWEST: Final = 80
_WIDEST: Final = 160
_INDENT: Final = 6

_AFTER: Final[Mapping[str, str]] = {
    "episode_id": "episode",
    "state": "state",
    "level_of_care": "level of care",
    "cohort_id": "cohort",
    "admitted_on": "admitted on",
}


def words(name: str) -> str:
    return name.replace("_", " ")


def cell(value: Any) -> str:
    """A value of a document, in a line of text: a blank for what isn't there."""
    match value:
        case None | []:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(cell(item) for item in value)
        case dict():
            return "; ".join(f"{words(name)} {cell(item)}" for name, item in value.items())
        case _:
            return shown(value)


def trail_text(lines: Iterable[Line], *, columns: int) -> Iterator[str]:
    """Lines of text: of each fact when it was recorded, what it says, who recorded it, how late, why, what became of
    it, and what the patient's state was after it, where that is another one."""
    width = width_within(columns)
    for line in lines:
        yield f"{line['version']:>4}  {instant(line['recorded_at'])}  {line['type']}"
        for part in _parts(line):
            yield from wrapped(part, width)


def changes_text(document: Mapping[str, Any], *, columns: int) -> Iterator[str]:
    """What changed between two moments: the facts, those beside them, then the status, field by field."""
    width = width_within(columns)
    then, now = document["from"], document["to"]
    yield f"{document['patient_id']} at {document['facility']}, as of {document['as_of']}"
    for name, moment in (("from", then), ("to", now)):
        said = f"chart at version {moment['version']}" if moment["version"] else "no chart yet"
        yield f"  {name:<4} known at {moment['known_at']}, position {moment['position']}, {said}"
    yield from ("", "Recorded between the two:")
    yield from _or_nothing(trail_text(document["facts"], columns=columns))
    if document["beside"]:
        yield from ("", "Recorded meanwhile of its sessions and cohorts, and of the staff list:")
        for line in document["beside"]:
            yield f"      {instant(line['recorded_at'])}  {line['type']}, {line['stream']}@{line['version']}"
            for part in _parts(line):
                yield from wrapped(part, width)
    yield from ("", "What the status said, before and after:")
    yield from _or_nothing(_changed(document["changes"], width))
    if document["time_passed"]:
        yield "  Sessions that were not over at the first moment are by the second: that alone changes the status too."


def instant(text: str) -> str:
    return text.replace("T", " ")[:19] + "Z"


def _or_nothing(lines: Iterator[str]) -> Iterator[str]:
    first = next(lines, None)
    yield "  nothing" if first is None else first
    yield from lines


def _changed(changes: Iterable[Mapping[str, Any]], width: int) -> Iterator[str]:
    found = list(changes)
    longest = max((len(_field(one)) for one in found), default=0)
    for one in found:
        said = f"{_field(one):<{longest}}  {cell(one['before'])} -> {cell(one['after'])}"
        yield from wrap(said, width, initial_indent="  ", subsequent_indent=" " * (longest + 4), break_on_hyphens=False)


def _field(one: Mapping[str, Any]) -> str:
    return words(one["field"]).replace(".", ": ")


def _parts(line: Line) -> Iterator[str]:
    by = line["by"]
    # Which episode is the same on nearly every line; who needs it has --json.
    said = "; ".join(f"{words(name)} {cell(value)}" for name, value in line["fact"].items() if name != "episode_id")
    if said:
        yield said
    credential = f" ({shown(by['credential'])})" if by["credential"] else ""
    yield f"by {shown(by['name'])}, {words(shown(by['role']))}{credential}, through {line['source']}"
    if when := _when(line):
        yield when
    if line["reason"]:
        yield f"because: {shown(line['reason'])}"
    if marks := _marks(line):
        yield marks
    if after := line.get("state_after"):
        yield "-> " + "; ".join(f"{_AFTER[name]} {cell(value)}" for name, value in after.items())


def _when(line: Line) -> str:
    said = [f"recorded elsewhere {instant(line['recorded_elsewhere_at'])}"] if "recorded_elsewhere_at" in line else []
    if line.get("late"):
        said.append(f"late by {line['late_hours']} h: it was over {instant(line['happened_at'])}")
    return "; ".join(said)


def _marks(line: Line) -> str:
    marks = ["credential in doubt"] if line.get("credential_in_doubt") else []
    marks += [f"{words(name)} {line[name]}" for name in ("corrects", "replaced_by", "struck_by") if name in line]
    if line["type"] == "EnteredInError":
        marks.append(f"strikes {line['fact']['target']}")
    if line["causation_id"]:
        marks.append(f"follows from {shown(line['causation_id'])}")
    return "; ".join(marks)


def width_within(columns: int) -> int:
    """How long a line may be on a terminal of so many columns."""
    return min(max(columns, _NARROWEST), _WIDEST)


def wrapped(text: str, width: int, indent: int = _INDENT) -> Iterator[str]:
    """In lines, those after the first further in; no word is broken, so that an id can be copied whole."""
    first = " " * indent
    lines = wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=first + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    yield from lines
