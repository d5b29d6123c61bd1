"""Tables beside the live ones: folded anew from the facts, by the same folds, seen by nobody else.

A fold names its tables as `projection.…`; while it works beside, the statements of its connection go to the others.
Those that only serve a comparison are temporary, of one connection: whoever is killed leaves nothing behind.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from projections.apart import Done, Task, fold_apart, tasks_of
from projections.catalog import PROJECTIONS
from projections.definition import ddl
from projections.digest import arrive, further
from projections.projection import AS_PROJECTOR, Projection
from store.database import Connection, without_haste
from store.errors import SchemaMismatch
from store.ledger import Ledger
from store.store import Store

log = logging.getLogger(__name__)

BATCH: Final = 20_000
"""Facts that are folded at a time: a chart is opened and sealed once for all of its facts among them."""

TEMPORARY: Final = "pg_temp"
"""The schema of the tables that go with their connection."""

NOTED: Final = ("definition", "position", "set_aside")
"""What is noted about the tables stands beside as well."""

Told = Callable[[str, int, int], None]
"""Ledger, position reached, position to be reached."""

Hands = Callable[[Sequence[Projection], Sequence[Task]], Iterator[Done]]
"""What folds streams for these projections, by other processes; gives each task back when it was worked on."""


def not_told(ledger: str, done: int, of: int) -> None:
    """For those who don't want to know."""


_NOTE: Final[LiteralString] = """
INSERT INTO projection.definition (projection, sha256)
SELECT * FROM unnest(%(projections)s::text[], %(definitions)s::text[])
"""
_AT: Final[LiteralString] = """
SELECT projection, position FROM projection.position WHERE ledger = %(ledger)s AND projection = ANY(%(projections)s)
"""
_FOREIGN: Final[LiteralString] = """
SELECT count(*) FROM unnest(%(projections)s::text[], %(definitions)s::text[]) AS wanted (projection, definition)
WHERE NOT EXISTS (SELECT FROM projection.definition made
                  WHERE made.projection = wanted.projection AND made.sha256 = wanted.definition)
"""


def chosen(names: Sequence[str]) -> list[Projection]:
    """The projections of these names, all of them without any. LookupError names one that there isn't."""
    known = {projection.name: projection for projection in PROJECTIONS}
    for name in names:
        if name not in known:
            raise LookupError(name)
    return [projection for projection in PROJECTIONS if not names or projection.name in names]


@dataclass(frozen=True, slots=True)
class Begun:
    """Tables that were filled from nothing up to a position, but for the streams of the tasks that are `left`."""

    ledger: str
    upto: int
    projections: Sequence[Projection]
    left: Sequence[Task]


@dataclass(frozen=True, slots=True)
class Beside:
    """The tables of these projections in another schema, and the connection that fills them."""

    store: Store
    db: Connection
    schema: LiteralString
    projections: Sequence[Projection]

    def table(self, name: str) -> sql.Identifier:
        return sql.Identifier(self.schema, name)

    @contextmanager
    def meant(self) -> Iterator[None]:
        """Meanwhile, the statements of the connection that name the live tables mean these."""
        names = "|".join([*NOTED, *(projection.name for projection in self.projections)])
        live, here = re.compile(rf"\bprojection\.({names})\b"), rf"{self.schema}.\1"

        class Elsewhere(psycopg.Cursor[Any]):
            def execute(self, query: Any, *given: Any, **options: Any) -> Any:
                return super().execute(live.sub(here, query).encode(), *given, **options)

            def copy(self, statement: Any, *given: Any, **options: Any) -> Any:
                return super().copy(live.sub(here, statement).encode(), *given, **options)

        usual = self.db.cursor_factory
        self.db.cursor_factory = Elsewhere
        try:
            yield
        finally:
            self.db.cursor_factory = usual

    def fold(
        self,
        ledger: Ledger,
        goal: Mapping[str, int],
        *,
        batch: int = BATCH,
        told: Told = not_told,
        hands: Hands | None = None,
    ) -> None:
        """Brings each table on from where it is to the position that it is to have, as far as there are facts up to
        there, never beyond."""
        self.end(self.begin(ledger, goal, batch=batch, told=told, hands=hands), told)
        head = ledger.head().position
        goal = {name: min(position, head) for name, position in goal.items()}
        with self.meant():
            while True:
                at = self._at(ledger.name)
                short = [one for one in self.projections if at[one.name] < goal[one.name]]
                if not short:
                    return
                first = min(at[one.name] for one in short)
                together = [one for one in short if at[one.name] == first]
                upto = min(goal[one.name] for one in together)
                told(ledger.name, further(self.db, together, ledger, first, upto, batch), upto)

    def at(self, ledger: str) -> dict[str, int]:
        """How far each of these tables is."""
        with self.meant():
            return self._at(ledger)

    def _at(self, ledger: str) -> dict[str, int]:
        with self.db.transaction():
            self.db.execute(AS_PROJECTOR)
            return positions(self.db, self.projections, ledger)

    def begin(
        self,
        ledger: Ledger,
        goal: Mapping[str, int],
        *,
        batch: int = BATCH,
        told: Told = not_told,
        hands: Hands | None = None,
    ) -> list[Begun]:
        """Fills the tables that hold nothing of the ledger yet; `end` is to follow. In between they may get the keys
        that they didn't have."""
        head, at = ledger.head().position, self.at(ledger.name)
        goal = {name: min(position, head) for name, position in goal.items()}
        new = [one for one in self.projections if one.apart and at[one.name] == 0 < goal[one.name]]
        with self.meant():
            return [
                self._filled(ledger, upto, [one for one in new if goal[one.name] == upto], batch, told, hands)
                for upto in sorted({goal[one.name] for one in new})
            ]

    def end(self, begun: Iterable[Begun], told: Told = not_told) -> None:
        """What was left of them is folded with care, and their positions are noted. The tables have their keys."""
        with self.meant():
            for one in begun:
                ledger = self.store.ledger(one.ledger)
                if one.left:
                    log.warning(
                        "In %d parts of %s something can't be digested: folded anew.", len(one.left), one.ledger
                    )
                for task in one.left:
                    with self.db.transaction():
                        at_length(self.db)
                        fold_apart(self.db, one.projections, ledger, task, keyed=True)
                arrive(self.db, one.projections, ledger, one.upto)
                if one.left:
                    told(one.ledger, one.upto, one.upto)

    def _filled(
        self,
        ledger: Ledger,
        upto: int,
        projections: Sequence[Projection],
        batch: int,
        told: Told,
        hands: Hands | None,
    ) -> Begun:
        tasks = list(tasks_of(ledger, upto, batch))
        facts, done = sum(task.facts for task in tasks), 0
        left: list[Task] = []
        for task, is_written in (hands or self._alone)(projections, tasks):
            if not is_written:
                left.append(task)
                continue
            done += task.facts
            told(ledger.name, upto * done // facts, upto)
        return Begun(ledger.name, upto, projections, left)

    def _alone(self, projections: Sequence[Projection], tasks: Sequence[Task]) -> Iterator[Done]:
        for task in tasks:
            yield task, fold_apart(self.db, projections, self.store.ledger(task.ledger), task)


@contextmanager
def beside(store: Store, projections: Sequence[Projection]) -> Iterator[Beside]:
    """Empty temporary tables for these projections. `SchemaMismatch` where the live ones are those of another version;
    raises the errors of the store."""
    with store.database.connection() as db:
        try:
            with db.transaction():
                db.execute(AS_PROJECTOR)
                _refuse_others(db, projections)
                make(db, TEMPORARY, projections)
            yield Beside(store, db, TEMPORARY, projections)
        finally:
            if not db.closed:
                db.execute("DISCARD TEMP")


def make(db: psycopg.Connection[Any], schema: LiteralString, projections: Sequence[Projection]) -> None:
    """Makes the tables of these projections in that schema, empty, in the transaction of whoever may."""
    for name in NOTED:
        statement = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)")
        db.execute(statement.format(sql.Identifier(schema, name), sql.Identifier("projection", name)))
    for projection in projections:
        # From its file, not after the live table, which may have lost a key.
        db.execute(ddl(projection.name).replace(b"projection.", schema.encode() + b"."))
    db.execute(_NOTE.replace("projection.definition", f"{schema}.definition").encode(), _named(projections))


def _refuse_others(db: Connection, projections: Sequence[Projection]) -> None:
    [[others]] = db.execute(_FOREIGN, _named(projections)).fetchall()
    if others:
        raise SchemaMismatch("The read tables are those of another version: run `stepdown migrate`.")


def _named(projections: Sequence[Projection]) -> dict[str, Any]:
    return {
        "projections": [projection.name for projection in projections],
        "definitions": [projection.definition for projection in projections],
    }


def positions(db: psycopg.Connection[Any], projections: Sequence[Projection], ledger: str) -> dict[str, int]:
    """How far each of the tables is; 0 where nobody has begun. In a transaction of the projector, or of their owner."""
    names = [projection.name for projection in projections]
    return dict.fromkeys(names, 0) | dict(db.execute(_AT, {"ledger": ledger, "projections": names}).fetchall())


def at_length(db: Connection) -> None:
    """The transaction just begun, of the projector, may take its time, and think."""
    without_haste(db)
    db.execute("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
    db.execute(AS_PROJECTOR)
