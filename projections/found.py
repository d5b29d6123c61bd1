"""Facts of a ledger that a read table finds: by what is sealed with them there, or would take all of them to find.

What is answered of a fact is read in the ledger, so a table that is behind tells nothing that isn't so: as far as it
has come it is gone by, and whoever asks looks through the rest. What a projection had to set aside counts among what is
found: the ledger says whether it is wanted, or that it doesn't open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from projections.projection import Projection
from projections.reading import snapshot
from store.store import Store

_REACHED: Final[LiteralString] = """
SELECT done.position FROM projection.position done
JOIN projection.definition made ON made.projection = done.projection AND made.sha256 = %(definition)s
WHERE done.ledger = %(ledger)s AND done.projection = %(projection)s
"""


@dataclass(frozen=True, slots=True)
class Found:
    """All `positions` that were asked for, in order, up to `upto`. Behind it the table has to be asked again; where it
    is where it was before, the ledger has to be."""

    positions: Sequence[int]
    upto: int


def found(
    store: Store,
    facility: str,
    projection: Projection,
    query: LiteralString,
    asked: Mapping[str, Any],
    *,
    after: int,
    upto: int,
    limit: int,
) -> Found:
    """The positions that a query on the table finds behind `after`, up to `upto`, the first `limit` of them.

    The query takes all of these by their names, with `ledger` and `projection`. Raises the errors of the store.
    """
    given = {
        **asked,
        "ledger": facility,
        "projection": projection.name,
        "definition": projection.definition,
        "after": after,
        "limit": limit,
    }
    with snapshot(store, facility) as cursor:
        reached = cursor.execute(_REACHED, given).fetchone()
        there = min(upto, reached[0] if reached else 0)
        if there <= after:
            return Found((), after)
        positions = [row[0] for row in cursor.execute(query, {**given, "upto": there}).fetchall()]
    return Found(positions, there if len(positions) < limit else positions[-1])
