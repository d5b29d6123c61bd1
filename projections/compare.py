"""Live tables against the same facts folded anew, at one and the same position: equal, or which rows are not.

Columns are compared by the database, all rows of a ledger at once. What is sealed is opened and compared by what it
holds: sealed twice, the same is other bytes. What differs is named by the key of its row and the names of columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from psycopg import IsolationLevel, sql

from domain.key_destruction import KeyDestroyed
from domain.record import stream_name
from projections.beside import BATCH, Beside, Told, at_length, not_told, positions
from projections.position import ACCESS
from projections.projection import AS_PROJECTOR, Projection
from projections.reading import GATE
from store.database import Connection
from store.errors import Destroyed, Unreadable
from store.ledger import Ledger
from store.store import Store

_PAGE: Final = 500
_PATIENT: Final = "patient_id"
_EVERYTHING: Final = 2**63 - 1


UNDIGESTED: Final = "can't be digested and isn't set aside"
"""What a difference says of a fact; its key is the position."""

DIGESTIBLE: Final = "set aside, and could be digested"
"""The same."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of a live table that isn't what the facts say. `key`: its columns, ids alone. `what` in words."""

    ledger: str
    projection: str
    key: Mapping[str, str]
    what: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A projection of a ledger at `position`. `checksum`, of the rows in whatever order, is that of the live table;
    sealed columns are not in it."""

    ledger: str
    projection: str
    position: int
    rows: int
    checksum: str
    differences: list[Difference]


# Of the primary key, in its order; and the others.
_COLUMNS: Final[LiteralString] = """
SELECT attname, array_position(indkey::int2[], attnum) IS NOT NULL
FROM pg_attribute JOIN pg_index ON indrelid = attrelid AND indisprimary
WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'ledger'
ORDER BY array_position(indkey::int2[], attnum), attnum
"""
_PLACE: Final[LiteralString] = """
SELECT done.projection, done.position, done.recorded_at IS NOT DISTINCT FROM fact.recorded_at
FROM projection.position done
LEFT JOIN fact ON fact.ledger = done.ledger AND fact.position = done.position
WHERE done.ledger = %(ledger)s AND done.projection = ANY(%(projections)s)
"""
_CHECKSUM: Final[LiteralString] = """
SELECT count(*)::bigint, coalesce(sum(hashtextextended(ROW({columns})::text, 0)), 0)::text
FROM {table} AS here WHERE ledger = %(ledger)s
"""
_DIFFERENT: Final[LiteralString] = """
SELECT {keys}, live.ledger IS NULL, fresh.ledger IS NULL, array_remove(ARRAY[{different}]::text[], NULL)
FROM (SELECT * FROM {live} WHERE ledger = %(ledger)s) AS live
FULL JOIN (SELECT * FROM {fresh} WHERE ledger = %(ledger)s) AS fresh USING ({using})
WHERE live.ledger IS NULL OR fresh.ledger IS NULL OR ({live_row}) IS DISTINCT FROM ({fresh_row})
ORDER BY {using}
"""
_TWICE: Final[LiteralString] = """
SELECT {keys} FROM {live} AS live WHERE ledger = %(ledger)s GROUP BY {using} HAVING count(*) > 1 ORDER BY {using}
"""
_SEALED: Final[LiteralString] = """
SELECT {live_row}, {fresh_row}
FROM (SELECT * FROM {live} WHERE ledger = %(ledger)s) AS live
JOIN (SELECT * FROM {fresh} WHERE ledger = %(ledger)s) AS fresh USING ({using})
ORDER BY {live_keys}
"""
_LEDGERS: Final[LiteralString] = "SELECT DISTINCT ledger FROM {table}"
_SET_ASIDE: Final[LiteralString] = """
SELECT coalesce(live.projection, fresh.projection), coalesce(live.position, fresh.position), live.ledger IS NULL
FROM (SELECT * FROM projection.set_aside
      WHERE ledger = %(ledger)s AND projection = ANY(%(projections)s)) AS live
FULL JOIN (SELECT * FROM {fresh} WHERE ledger = %(ledger)s) AS fresh USING (projection, position)
WHERE live.ledger IS NULL OR fresh.ledger IS NULL
ORDER BY 1, 2
"""


def ledgers_in(store: Store, fresh: Beside) -> list[str]:
    """The ledgers that have facts to project, and those that a live table has rows of."""
    found = set(store.ledgers())
    with fresh.db.transaction():
        at_length(fresh.db)
        for table in ("position", *(projection.name for projection in fresh.projections)):
            live = sql.Identifier("projection", table)
            found |= {row[0] for row in fresh.db.execute(sql.SQL(_LEDGERS).format(table=live))}
    return sorted(name for name in found if not name.endswith(ACCESS))


def compare(fresh: Beside, ledger: Ledger, *, batch: int = BATCH, told: Told = not_told) -> list[Compared]:
    """Folds the tables beside on to where the live ones are, and holds them against each other, in one moment."""
    with moment(fresh.db):
        at = positions(fresh.db, fresh.projections, ledger.name)
        fresh.fold(ledger, at, batch=batch, told=told)
        ended = _ended_later(ledger, min(at.values()))
        places, aside = _places(fresh, ledger.name), _differently_aside(fresh, ledger.name)
        found = []
        for projection in fresh.projections:
            table = _Table.of(fresh, projection)
            rows, checksum = table.checksum(fresh.db, ledger.name, live=True)
            different = aside.get(projection.name, [])
            if (rows, checksum) != table.checksum(fresh.db, ledger.name, live=False):
                different += table.different(fresh.db, ledger.name)
            different += table.sealed(fresh.db, ledger)
            kept = [*places.get(projection.name, ()), *(one for one in different if not ended & {*one.key.values()})]
            found.append(Compared(ledger.name, projection.name, at[projection.name], rows, checksum, kept))
    return found


@contextmanager
def moment(db: Connection) -> Iterator[None]:
    """A transaction of the projector that sees the database as of one moment, and may take its time."""
    db.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with db.transaction():
            db.execute(AS_PROJECTOR)
            db.execute(GATE)
            at_length(db)
            yield
    finally:
        db.isolation_level = None


def _ended_later(ledger: Ledger, position: int) -> set[str]:
    """By what a key names it, whatever is of charts that were destroyed since, patients and positions of facts: these
    are gone, and the rows go when the tables get there."""
    rows = ledger.typed([KeyDestroyed.__name__], after=position, upto=_EVERYTHING, limit=2**31)
    patients = {str(fact.fact.patient_id) for fact in ledger.opened(rows)}
    gone = ledger.apart(_EVERYTHING).rows([stream_name("chart", patient) for patient in sorted(patients)])
    return patients | {str(row[0]) for row in gone}


def _places(fresh: Beside, ledger: str) -> dict[str, list[Difference]]:
    """What is wrong about the positions themselves, by projection."""
    found: dict[str, list[Difference]] = {}
    for name, position, fits in fresh.db.execute(_PLACE, _asked(fresh, ledger)).fetchall():
        if not fits:
            what = "the position was moved: it is not that of a fact recorded then"
            found.setdefault(name, []).append(Difference(ledger, name, {"position": str(position)}, what))
    return found


def _differently_aside(fresh: Beside, ledger: str) -> dict[str, list[Difference]]:
    """What is wrong about what was set aside, by projection."""
    found: dict[str, list[Difference]] = {}
    query = sql.SQL(_SET_ASIDE).format(fresh=fresh.table("set_aside"))
    for name, position, missing in fresh.db.execute(query, _asked(fresh, ledger)).fetchall():
        what = UNDIGESTED if missing else DIGESTIBLE
        found.setdefault(name, []).append(Difference(ledger, name, {"position": str(position)}, what))
    return found


def _asked(fresh: Beside, ledger: str) -> dict[str, object]:
    return {"ledger": ledger, "projections": [projection.name for projection in fresh.projections]}


@dataclass(frozen=True, slots=True)
class _Table:
    """Of one projection, the live one and the one beside."""

    projection: Projection
    live: sql.Identifier
    fresh: sql.Identifier
    keys: list[str]
    others: list[str]

    @classmethod
    def of(cls, fresh: Beside, projection: Projection) -> _Table:
        table = fresh.table(projection.name)
        columns = fresh.db.execute(_COLUMNS, {"table": table.as_string(None)}).fetchall()
        return cls(
            projection,
            sql.Identifier("projection", projection.name),
            table,
            [name for name, is_key in columns if is_key],
            [name for name, is_key in columns if not is_key],
        )

    @property
    def plain(self) -> list[str]:
        """The columns that aren't of the key, as far as they aren't sealed."""
        return [name for name in self.others if name not in self.projection.sealed]

    def checksum(self, db: Connection, ledger: str, *, live: bool) -> tuple[int, str]:
        """How many rows, and the sum of their hashes."""
        columns = _listed("here", [*self.keys, *self.plain])
        query = sql.SQL(_CHECKSUM).format(columns=columns, table=self.live if live else self.fresh)
        [[rows, checksum]] = db.execute(query, {"ledger": ledger}).fetchall()
        return rows, checksum

    def different(self, db: Connection, ledger: str) -> Iterator[Difference]:
        """By key: rows that are missing, rows of no fact, rows that differ, rows that are there more than once."""
        compared = sql.SQL(", ").join(
            sql.SQL("CASE WHEN {} IS DISTINCT FROM {} THEN {} END").format(
                sql.Identifier("live", name), sql.Identifier("fresh", name), sql.Literal(name)
            )
            for name in self.plain
        )
        query = self._query(_DIFFERENT, different=compared, columns=[*self.keys, *self.plain])
        for *key, is_missing, is_extra, columns in db.execute(query, {"ledger": ledger}).fetchall():
            if is_missing:
                what = "missing"
            elif is_extra:
                what = "of no fact"
            else:
                what = f"differs in {', '.join(columns)}"
            yield self._difference(ledger, key, what)
        for twice in db.execute(self._query(_TWICE), {"ledger": ledger}).fetchall():
            yield self._difference(ledger, twice, "there more than once")

    def sealed(self, db: Connection, ledger: Ledger) -> Iterator[Difference]:
        """The rows whose sealed columns hold something else, or don't open."""
        if not self.projection.sealed:
            return
        columns = [*self.keys, *self.others]
        with db.cursor("sealed", binary=True) as cursor:
            cursor.itersize = _PAGE
            cursor.execute(self._query(_SEALED, columns=columns), {"ledger": ledger.name})
            while rows := cursor.fetchmany(_PAGE):
                if _PATIENT in self.keys:
                    ledger.prepare(stream_name("chart", row[self.keys.index(_PATIENT)]) for row in rows)
                for row in rows:
                    live = dict(zip(columns, row[: len(columns)], strict=True))
                    fresh = dict(zip(columns, row[len(columns) :], strict=True))
                    for name, opens in self.projection.sealed.items():
                        what = _held_differently(ledger, opens, live, fresh)
                        if what is not None:
                            yield self._difference(ledger.name, row[: len(self.keys)], f"{what} {name}")

    def _difference(self, ledger: str, key: Any, what: str) -> Difference:
        named = {name: str(value) for name, value in zip(self.keys, key, strict=True)}
        return Difference(ledger, self.projection.name, named, what)

    def _query(
        self, query: LiteralString, *, different: sql.Composable | None = None, columns: list[str] | None = None
    ) -> sql.Composed:
        using = sql.SQL(", ").join(map(sql.Identifier, self.keys))
        return sql.SQL(query).format(
            keys=using,
            using=using,
            live=self.live,
            fresh=self.fresh,
            different=different,
            live_keys=_listed("live", self.keys),
            live_row=_listed("live", columns or []),
            fresh_row=_listed("fresh", columns or []),
        )


def _held_differently(ledger: Ledger, opens: Any, live: Mapping[str, Any], fresh: Mapping[str, Any]) -> str | None:
    """None where both hold the same; of a chart that was destroyed meanwhile nothing is held."""
    try:
        held = opens(ledger, fresh)
    except Destroyed:
        return None
    try:
        return None if opens(ledger, live) == held else "differs in"
    except Destroyed:
        return None
    except Unreadable:
        return "doesn't open in its place:"


def _listed(of: str, columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(of, name) for name in columns)
