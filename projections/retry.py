"""Taking up again what was set aside, once its cause is repaired: an older program, a key, a database.

What came after a fact that was set aside was folded without it. So the tables of that projection and ledger are folded
anew from the first fact, beside, and take the place of the rows there: what rests on the fact is in order again, and
what still can't be digested is set aside as before. Nobody sees anything in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg import sql

from projections.beside import BATCH, Beside, Told, at_length, beside, chosen, not_told, positions
from projections.digest import DOES_NOT_OPEN, hold
from projections.projection import AS_PROJECTOR, Projection
from projections.standing import SetAside, set_aside
from store.ledger import Ledger
from store.store import Store

_LEFT: Final[LiteralString] = """
DELETE FROM projection.set_aside WHERE ledger = %(ledger)s AND projection = ANY(%(projections)s)
"""
_SET_ASIDE: Final = "set_aside"


@dataclass(frozen=True, slots=True)
class Retried:
    """`digested`: what was set aside before and is in the tables now. `left`: what still is set aside."""

    digested: list[SetAside]
    left: list[SetAside]


def retry(store: Store, *, batch: int = BATCH, told: Told = not_told) -> Retried:
    """Takes up everything that is set aside; the follower may go on meanwhile. Raises the errors of the store,
    `SchemaMismatch` where the tables are those of another version."""
    before = set_aside(store)
    for name in sorted({aside.ledger for aside in before}):
        with beside(store, _concerned([aside for aside in before if aside.ledger == name])) as fresh:
            _again(fresh, store.ledger(name), batch, told)
    left = set_aside(store)
    still = {(one.ledger, one.projection, one.position) for one in left}
    return Retried([one for one in before if (one.ledger, one.projection, one.position) not in still], left)


def _concerned(aside: Sequence[SetAside]) -> list[Projection]:
    """All, where a fact couldn't be read: a table that lacks it without saying so lacks it nonetheless."""
    unreadable = any(one.reason == DOES_NOT_OPEN for one in aside)
    return chosen([] if unreadable else [one.projection for one in aside])


def _again(fresh: Beside, ledger: Ledger, batch: int, told: Told) -> None:
    db, projections = fresh.db, fresh.projections
    with db.transaction():
        db.execute(AS_PROJECTOR)
        goal = positions(db, projections, ledger.name)
    fresh.fold(ledger, goal, batch=batch, told=told)
    with db.transaction():
        at_length(db)
        # The follower waits from here on; it had come a little further meanwhile.
        hold(db, projections, ledger.name)
        fresh.fold(ledger, positions(db, projections, ledger.name), batch=batch)
        for projection in projections:
            live = sql.Identifier("projection", projection.name)
            db.execute(sql.SQL("DELETE FROM {} WHERE ledger = %s").format(live), [ledger.name])
            _take(fresh, projection.name, ledger.name)
        db.execute(_LEFT, {"ledger": ledger.name, "projections": [projection.name for projection in projections]})
        _take(fresh, _SET_ASIDE, ledger.name)


def _take(fresh: Beside, table: str, ledger: str) -> None:
    live = sql.Identifier("projection", table)
    statement = sql.SQL("INSERT INTO {} SELECT * FROM {} WHERE ledger = %s").format(live, fresh.table(table))
    fresh.db.execute(statement, [ledger])
