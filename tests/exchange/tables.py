"""A site without what the tables will tell of it, and tables as spreadsheets write them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from exchange.importing import Imported, Into, import_file
from exchange.restoring import restore_file
from store.store import Store
from tests.exchange.program_file import OPERATOR, Values, changed, read_rejects, sample_lines, write

ZONE = ZoneInfo("America/New_York")
ENTRY = ("PatientRegistered", "InquiryReceived", "IntakeAssessed", "SuitabilityDecided", "Enrolled")
SUPERVISOR = "3f0f3d1c-92f5-4c56-9d6b-0a2a1a3a7e14"
SITE = ("facility/", "cohort/", "session/")
UPTO = 1300
"""Nobody is discharged before this position of the sample."""


@cache
def _site_lines(charts: bool) -> tuple[Values, ...]:
    versions: dict[str, int] = {}
    lines: list[Values] = []
    for line in _with_supervisor(sample_lines()[:UPTO]):
        if line["stream"].startswith(SITE) or (charts and line["type"] in ENTRY):
            versions[line["stream"]] = version = versions.get(line["stream"], 0) + 1
            lines.append({**line, "version": version, "position": len(lines) + 1})
    return tuple(lines)


def _with_supervisor(lines: list[Values]) -> Iterator[Values]:
    """The sample has nobody who may carry an episode over but an administrator, who is on no staff list."""
    last = [line for line in lines if line["type"] == "StaffCredentialed"][-2]
    for line in lines:
        yield line
        if line is last:
            yield changed(line, fact={"staff_id": SUPERVISOR, "name": "Demo Supervisor", "role": "supervisor"})


def site(store: Store, folder: Path, *, charts: bool = True) -> None:
    """Restores the sample's facility, cohorts and sessions, and its patients up to their enrollment."""
    path = folder / f"site-{charts}.ndjson"
    if not path.exists():
        write(path, _site_lines(charts))
    restore_file(store, path, by=OPERATOR)


def of_type(*types: str) -> list[Values]:
    return [line for line in sample_lines()[:UPTO] if line["type"] in types]


@cache
def mrns() -> Mapping[str, str]:
    """Chart → the patient's number."""
    return {line["stream"]: line["fact"]["mrn"] for line in of_type("PatientRegistered")}


def local(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(ZONE)


def table(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    mark: str = ",",
    bom: bool = False,
    end: str = "\r\n",
    names: Iterable[str] | None = None,
) -> Path:
    """A file of these rows; a name that ends with .gz is packed."""
    out = io.StringIO()
    columns = list(names) if names is not None else list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, columns, delimiter=mark, lineterminator=end, restval="")
    writer.writeheader()
    writer.writerows(rows)
    text = out.getvalue().encode("utf-8-sig" if bom else "utf-8")
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def taken(store: Store, path: Path, **given: Any) -> tuple[Imported, list[Values]]:
    """Imports a table into the sample's site; what was refused."""
    into = Into("lexington", given.pop("reason", None))
    rejects = path.with_name("rejects.ndjson")
    imported = import_file(store, path, by=OPERATOR, into=into, rejects=rejects, **given)
    return imported, read_rejects(rejects)


def attendance_row(line: Values) -> dict[str, Any]:
    """An attendance fact of the sample as a row."""
    fact = line["fact"]
    return {
        "mrn": mrns()[line["stream"]],
        "session_id": fact["session_id"],
        "outcome": fact["outcome"],
        "arrived": fact.get("arrived_at", ""),
        "left": fact.get("left_at", ""),
        "family_members": fact.get("family_members", ""),
        "method": fact["method"],
        "staff": line["by"]["id"],
        "recorded_at": line["recorded_at"],
        "reason": line["reason"] or "",
    }


def said(lines: Iterable[Values], *types: str) -> list[Any]:
    """What facts of these types say and who recorded them, in the order of their charts."""
    told = [
        (line["stream"], line["type"], sorted(_plain(line["fact"]).items(), key=str), line["by"]["id"], line["reason"])
        for line in lines
        if line["type"] in types
    ]
    return sorted(told, key=str)


def _plain(fact: Values) -> Values:
    """Instants as instants, whatever their offset."""
    return {name: _instant(value) for name, value in fact.items() if name not in ("episode_id", "screening_id")}


def _instant(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 18 and value[4] == "-" and "T" in value:
        return datetime.fromisoformat(value).timestamp()
    return value
