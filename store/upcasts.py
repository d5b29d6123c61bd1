"""Old shapes of facts, brought into their present shape when they are read. What is stored never changes.

A fact whose fields change in a way that old records don't fit gets an entry here, under the name that it is stored
by: a function from its stored fields (JSON values) to its present name and fields. It leaves a record that is in the
present shape as it is. A fact that was renamed has one under its old name. None has been needed yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from domain.catalog import BY_NAME

Upcast = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]

UPCASTS: Final[dict[str, Upcast]] = {}


def stored_names(types: Sequence[str]) -> list[str]:
    """The names under which facts of these types may be stored: theirs, and every old one that is read as another."""
    return [*types, *(old for old in UPCASTS if old not in BY_NAME)]
