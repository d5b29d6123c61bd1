"""Who attends to the read tables: the one process that follows, and those that stand by, by the locks they hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, LiteralString

from projections.projection import AS_PROJECTOR
from store.store import Store

FOLLOWS_KEY: Final = 0x5EED_0002
"""Of the advisory lock that the one who follows holds."""

STANDS_BY_KEY: Final = 0x5EED_0003
"""Of the one that all who stand by share: nobody ever waits for it."""


class Turn(StrEnum):
    """What a follower is doing."""

    FOLLOWS = "follows"
    STANDS_BY = "stands_by"


@dataclass(frozen=True, slots=True)
class Attendants:
    """`followed`: whether a process keeps the tables current. `standing_by`: how many wait to take over."""

    followed: bool
    standing_by: int


# A key of 64 bits is shown as two halves, and as one of its kind by `objsubid` 1.
_ATTENDANTS: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE objid::bigint = %(follows)s) > 0,
       count(*) FILTER (WHERE objid::bigint = %(stands_by)s)
FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid = 0 AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def attendants(store: Store) -> Attendants:
    """As it is at this moment. Raises the errors of the store."""
    asked = {"follows": FOLLOWS_KEY, "stands_by": STANDS_BY_KEY}
    [[row]] = store.database.select((_ATTENDANTS, asked), role=AS_PROJECTOR)
    return Attendants(*row)
