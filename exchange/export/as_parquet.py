"""Tables as Parquet, where the extra `parquet` is installed: by DuckDB, from lines that wait in a temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from exchange.errors import NotAsked
from exchange.export.as_ndjson import NdjsonWriter
from exchange.export.columns import About, Type, Values

_TYPES: Final[Mapping[Type, str]] = {
    Type.UUID: "UUID",
    Type.TEXT: "VARCHAR",
    Type.INTEGER: "BIGINT",
    Type.MINUTES: "BIGINT",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.INSTANT: "TIMESTAMPTZ",
    Type.LIST: "VARCHAR[]",
}

_SETTINGS: Final[Mapping[str, str | int | float | list[str]]] = {
    # One thread and one order: the same rows are the same bytes.
    "threads": 1,
    "memory_limit": "256MB",
    # What is needed comes with the wheel; nothing is fetched.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def refuse_without_parquet() -> None:
    """NotAsked, saying what to install, where DuckDB isn't."""
    if find_spec("duckdb") is None:
        raise NotAsked("Parquet needs the extra of that name: pip install 'stepdown[parquet]', or take csv.")


class ParquetWriter:
    """Instants are timestamps in UTC; lists are lists of text. Compressed with zstd."""

    def __init__(self, out: IO[bytes], about: About) -> None:
        refuse_without_parquet()
        self._out = out
        self._about = about
        self._folder = TemporaryDirectory(prefix="stepdown-")
        self._path = Path(self._folder.name)
        self._lines = (self._path / "rows.ndjson").open("wb")
        self._writer = NdjsonWriter(self._lines, about)

    def write(self, rows: Sequence[Values]) -> None:
        self._writer.write(rows)

    def close(self) -> None:
        """Puts the file together."""
        with self._folder:
            self._lines.close()
            self._copy()
            with (self._path / "rows.parquet").open("rb") as made:
                shutil.copyfileobj(made, self._out, 1 << 20)

    def discard(self) -> None:
        self._lines.close()
        self._folder.cleanup()

    def _copy(self) -> None:
        import duckdb

        types = {column.name: _TYPES[column.type] for column in self._about.layout.columns}
        with duckdb.connect(config={**_SETTINGS, "temp_directory": str(self._path / "spill")}) as database:
            database.execute("SET preserve_insertion_order = true")
            database.read_json(
                str(self._path / "rows.ndjson"), columns=types, format="newline_delimited"
            ).write_parquet(str(self._path / "rows.parquet"), compression="zstd")
