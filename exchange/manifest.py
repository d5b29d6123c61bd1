"""What is said beside a file that leaves: what it holds, at which cut, who took it, what for and when.

The file itself says nothing of who and when: at one position it has the same bytes for everybody. Whoever has the
manifest can ask for the same file again, and see by the hash that it is.
"""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from exchange.cut import Knowledge, utc_text
from exchange.export.columns import Column
from exchange.whole_file import whole_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Who took a file (`staff/<id>`, `operator/<account>`), for which purpose, and when."""

    by: str
    purpose: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`what` is the kind of export (`attendance`, `teds-a`, `weekly` …); `parameters` what it was asked with besides
    the cut, JSON-ready, such as `from` and `to`. `as_of` is None where clinical time chooses nothing.

    `rule_set` and `rule_set_version` are there where rules of care judged. `rows` counts records, without a header
    line; `sha256` is that of the file's bytes, in hexadecimal. `further` holds what one kind alone has to say.
    """

    what: str
    facility: str
    format: str
    taker: Taker
    knowledge: Knowledge
    rows: int
    size_bytes: int
    sha256: str
    as_of: date | None = None
    zone: ZoneInfo | None = None
    rule_set: str | None = None
    rule_set_version: str | None = None
    columns: tuple[Column, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    further: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    """As `exchange.cut.remarks` has them."""

    def record(self) -> dict[str, Any]:
        """JSON-ready, in this order."""
        known = self.knowledge
        return {
            "what": self.what,
            "facility": self.facility,
            "parameters": dict(self.parameters),
            "requested_by": self.taker.by,
            "purpose": self.taker.purpose,
            "generated_at": utc_text(self.taker.at),
            "rule_set": self.rule_set,
            "rule_set_version": self.rule_set_version,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_at": utc_text(known.known_at),
            **({} if known.asked_known_at is None else {"asked_known_at": utc_text(known.asked_known_at)}),
            "position": known.position,
            **({"remarks": list(self.remarks)} if self.remarks else {}),
            "format": self.format,
            "rows": self.rows,
            "columns": [{"name": column.name, "type": column.type.value} for column in self.columns],
            **self.further,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "time_zone": None if self.zone is None else self.zone.key,
            "time_zone_data": time_zone_data(),
            "program": f"stepdown {version('stepdown')}",
        }

    def as_json(self) -> bytes:
        """For a file: indented, with a line feed at its end."""
        return orjson.dumps(self.record(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def as_header(self) -> str:
        """For a field of an HTTP answer: one line of ASCII, of the columns only their names."""
        names = [column.name for column in self.columns]
        return json.dumps({**self.record(), "columns": names}, separators=(",", ":"))


def manifest_path(out: Path) -> Path:
    """Where the manifest of a file stands: beside it, `OUT.manifest.json`."""
    return out.with_name(f"{out.name}.manifest.json")


def write_manifest(manifest: Manifest, out: Path) -> None:
    """Beside `out`. FileUnwritable says why it can't be written. Do it before `out` takes its name: no file stands
    without its manifest."""
    with whole_file(manifest_path(out)) as file:
        file.write(manifest.as_json())


_VERSION_LINE: Final = "# version "


@cache
def time_zone_data() -> str:
    """Which version of the IANA data dates and offsets were reckoned with: `2026a`, `unknown` where the system doesn't
    say. Python takes the system's, and the package's where there are none."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "Etc" / "UTC").is_file():
            return _named_in(folder)
    return str(import_module("tzdata").IANA_VERSION)


def _named_in(folder: Path) -> str:
    for name, mark in (("tzdata.zi", _VERSION_LINE), ("+VERSION", "")):
        path = folder / name
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace") as file:
                line = file.readline(80).strip()
            if line.startswith(mark):
                return line.removeprefix(mark)
    return "unknown"
