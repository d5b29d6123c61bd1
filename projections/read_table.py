"""The table of a projection as its fold writes it: many rows at a time, a row a tuple.

Following, a row takes the place of the one of the same key. Rows of whole streams, of which the table holds nothing,
are copied in, which takes the server a tenth of the work, and needs no key to be there yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, LiteralString
from uuid import UUID

from domain.record import stream_name
from projections.projection import Cursor

_UPSERT: Final[LiteralString] = """
INSERT INTO projection.{name} (ledger, {columns})
SELECT %(ledger)s, told.* FROM unnest({arrays}) AS told ({columns})
ON CONFLICT (ledger, {key}) DO {otherwise}
"""
_COPY: Final[LiteralString] = "COPY projection.{name} (ledger, {columns}) FROM STDIN (FORMAT BINARY)"
_DELETE: Final[LiteralString] = """
DELETE FROM projection.{name} WHERE ledger = %(ledger)s AND patient_id = ANY(%(patients)s)
"""

_DELETE_FACTS: Final[LiteralString] = """
DELETE FROM projection.{name} WHERE ledger = %(ledger)s AND position IN (
    SELECT position FROM fact WHERE ledger = %(ledger)s AND stream = ANY(%(streams)s))
"""

_BEYOND: Final = 2**31


@dataclass(frozen=True)
class ReadTable:
    """`name` of the projection. `key` tells its rows of one ledger apart, `values` are its other columns: each with its
    type. The columns of a row are those of `key`, then those of `values`."""

    name: str
    key: Mapping[str, str]
    values: Mapping[str, str]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Those of a row, in its order."""
        return (*self.key, *self.values)

    def write(self, cursor: Cursor, ledger: str, rows: Sequence[Sequence[Any]], *, new: bool) -> None:
        """Rows of a ledger, no two of one key. `new`: the table has none of these keys, and the connection is not in a
        pipeline."""
        if not rows:
            return
        if new:
            self._copy(cursor, ledger, rows)
            return
        arrays = (list(column) for column in zip(*rows, strict=True))
        cursor.execute(self._upsert, {"ledger": ledger, **dict(zip(self.columns, arrays, strict=True))})

    def forget(self, cursor: Cursor, ledger: str, patient_ids: Iterable[UUID]) -> None:
        """Deletes the rows of these patients, where the key begins with the patient."""
        if gone := list(patient_ids):
            cursor.execute(self._delete, {"ledger": ledger, "patients": gone})

    def forget_facts(self, cursor: Cursor, ledger: str, patient_ids: Iterable[UUID]) -> None:
        """Deletes the rows of all facts of these patients' charts, where rows are known by position."""
        if gone := [stream_name("chart", patient_id) for patient_id in patient_ids]:
            cursor.execute(_DELETE_FACTS.format(name=self.name), {"ledger": ledger, "streams": gone})

    def _copy(self, cursor: Cursor, ledger: str, rows: Sequence[Sequence[Any]]) -> None:
        types = [*self.key.values(), *self.values.values()]
        narrow = [number for number, of in enumerate(types) if of == "integer"]
        with cursor.copy(self._into) as copy:
            copy.set_types(["text", *types])
            for row in rows:
                for number in narrow:
                    _judge_width(row[number])
                copy.write_row((ledger, *row))

    @cached_property
    def _into(self) -> str:
        return _COPY.format(name=self.name, columns=", ".join(self.columns))

    @cached_property
    def _upsert(self) -> str:
        taken = ", ".join(f"{name} = excluded.{name}" for name in self.values)
        return _UPSERT.format(
            name=self.name,
            columns=", ".join(self.columns),
            arrays=", ".join(f"%({name})b::{of}[]" for name, of in (*self.key.items(), *self.values.items())),
            key=", ".join(self.key),
            otherwise=f"UPDATE SET {taken}" if taken else "NOTHING",
        )

    @cached_property
    def _delete(self) -> str:
        return _DELETE.format(name=self.name)


def _judge_width(value: int | None) -> None:
    """OverflowError for what 32 bits can't hold. In a copy nobody else would say so: it would become another number."""
    if value is not None and not -_BEYOND <= value < _BEYOND:
        raise OverflowError
