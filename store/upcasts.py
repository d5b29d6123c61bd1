"""Old shapes of facts, brought into their present shape when they are read. What is stored never changes.

A fact whose fields change in a way that old records don't fit gets an entry here, under the name that it is stored
by: a function from its stored fields (JSON values) to its present name and fields. It leaves a record that is in the
present shape as it is. A fact that was renamed has one under its old name. None has been needed yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Upcast = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]

UPCASTS: Final[dict[str, Upcast]] = {}
