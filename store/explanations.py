"""What is wrong with data from outside, in one sentence: which field, what belongs there, never what was found."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from store.shapes import Shape, expected, is_list, is_record, item, shape_of


def explain(error: msgspec.ValidationError, shape: Shape) -> str:
    """The sentence for an error of msgspec, whose own message would repeat some of what it found."""
    message = str(error)
    path = re.search(r" - at `\$\.?(.*)`$", message)
    steps = [step for step in re.split(r"\.|\[[^\]]*\]", path[1] if path else "") if step]
    absent = re.match(r"Object missing required field `([^`]*)`", message)
    if absent:
        steps.append(absent[1])
    hint = _hint(shape, steps)
    if hint is None:
        return f"{shape.name} must be an object with its fields."
    wanted = expected(item(hint)) if is_list(hint) and not message.startswith("Expected `array`") else expected(hint)
    if absent:
        return f"`{shown('.'.join(steps))}` of {shape.name} is missing: give {expected(hint)}."
    return f"`{shown('.'.join(steps))}` of {shape.name} must be {wanted}."


def stray(path: str, name: str) -> str:
    """The sentence for a field that isn't one."""
    return f"`{shown(path)}` is no field of {name}: leave it out."


def shown(path: str) -> str:
    """A path of field names. What a field is called may come from outside: it is shown when it is a plain name."""
    return path if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,80}", path) else "(a field)"


def _hint(shape: Shape, steps: list[str]) -> Any:
    """The type of the field at the end of a path; None where the path leads nowhere."""
    hint: Any = None
    at: Shape | None = shape
    for step in steps:
        if at is None or step not in at.hints:
            return None
        hint = at.hints[step]
        kind = item(hint)
        at = shape_of(kind) if is_record(kind) else None
    return hint
