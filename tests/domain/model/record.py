"""What the model holds: for each stream the list of what was said, in order, as plain values; nothing is kept beside
it.

    Line(version=12, name="AttendanceRecorded", fact={"session_id": …}, told_at=…, by="staff/…", by_role="counselor"
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Line:
    """One event of a stream. `told_at` is when it was recorded, `why` its reason; `fact` has the fields by name,
    enumerations as words."""

    version: int
    name: str
    fact: dict[str, Any]
    told_at: datetime
    by: str
    by_role: str
    why: str | None = None
    source: str = "web"

    def __getattr__(self, field: str) -> Any:
        try:
            return self.__dict__["fact"][field]
        except KeyError:
            raise AttributeError(field) from None

    def get(self, field: str) -> Any:
        return self.fact.get(field)


Record = dict[str, list[Line]]
"""Stream → its lines."""


def plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value


def local_date(at: datetime) -> date:
    """The contract: "Dates come from local time" in the facility's zone."""
    return at.astimezone(ZONE).date()


def unstruck(lines: list[Line]) -> list[Line]:
    """The contract: "An event entered in error counts for nothing.\""""
    gone = {line.target for line in lines if line.name == "EnteredInError"}
    return [line for line in lines if line.version not in gone and line.name != "EnteredInError"]


def live(lines: list[Line]) -> list[Line]:
    """Those that count: "A correction replaces what it corrects (a struck correction brings back what it had
    replaced)"."""
    standing = unstruck(lines)
    replaced = {line.get("corrects") for line in standing}
    return [line for line in standing if line.version not in replaced]


def named(lines: list[Line], *names: str) -> list[Line]:
    return [line for line in lines if line.name in names]


def latest(lines: list[Line], *names: str) -> Line | None:
    found = named(lines, *names)
    return found[-1] if found else None
