"""The access ledger of a site: who looked, at what, why, and who was turned away. One stream for each process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID


class Purpose(StrEnum):
    """Why somebody looks, and what a report is for: the header `Purpose-Of-Use`, the option `--purpose`."""

    TREATMENT = "treatment"
    OPERATIONS = "operations"
    PAYMENT = "payment"
    AUDIT = "audit"
    RESEARCH = "research"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRead:
    """One chart was read. `what` names the query, `at_version` the chart's version that was shown."""

    patient_id: UUID
    what: str
    purpose: str
    at_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMade:
    """A list, roster or report: one fact an answer, with everybody in it."""

    what: str
    purpose: str
    patient_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMade:
    """A file left the system. `sha256` in hexadecimal, of its bytes."""

    what: str
    purpose: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDenied:
    """`what` names the route or query, `why` the gate that was shut; neither repeats what was sent."""

    what: str
    why: str


AccessFact: TypeAlias = ChartRead | SearchMade | ExportMade | AccessDenied
