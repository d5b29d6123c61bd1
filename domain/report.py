"""An issued report: what it was asked with, the cut that it stands on, and the hash of its rows. It never changes; a
compliance officer attests it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from re import compile as compile_pattern
from typing import Final, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.month import Month
from domain.program import Payer
from domain.record import EnteredInError, Entry
from domain.refused import Refused
from domain.week import Week, local_date

_DIGEST: Final = compile_pattern("[0-9a-f]{64}")


class ReportKind(StrEnum):
    WEEKLY = "weekly"
    MONTHLY = "monthly"


# ---- facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportParameters:
    """What was asked for: `week` as `2026-W10`, `month` as `2026-03`; `payer` where it is of one payer's episodes;
    `rule_set` where one was asked for by its name, instead of the one that the site had adopted."""

    week: str | None = None
    month: str | None = None
    payer: str | None = None
    rule_set: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportIssued:
    """`as_of`, `known_at` and `at_position` are the report's cut; `rows` counts them; `sha256`, in hexadecimal, is that
    of their canonical form. `requested_by` is a person's id, `purpose` what it was asked for."""

    kind: ReportKind
    parameters: ReportParameters
    rule_set: str
    rule_set_version: str
    as_of: date
    known_at: datetime
    at_position: int
    rows: int
    sha256: str
    requested_by: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAttested:
    on: date


ReportFact: TypeAlias = ReportIssued | ReportAttested | EnteredInError


# ---- state


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`issued_at` None before it is issued; the versions are of the facts that say so."""

    report_id: UUID
    version: int = 0
    issued: ReportIssued | None = None
    issued_at: datetime | None = None
    attested_on: date | None = None
    attested_version: int | None = None


def evolve(report: Report, entry: Entry) -> Report:
    """One live fact further."""
    version = entry.version
    match entry.fact:
        case ReportIssued() as fact:
            at = entry.envelope.recorded_elsewhere_at or entry.recorded_at
            return replace(report, version=version, issued=fact, issued_at=at)
        case ReportAttested(on=on):
            return replace(report, version=version, attested_on=on, attested_version=version)
        case _:
            raise TypeError(f"Not a fact of a report: {type(entry.fact).__name__}")


# ---- rules


def judge(report: Report, entry: Entry, zone: ZoneInfo) -> None:
    """Issued once, then attested once."""
    if isinstance(entry.fact, ReportIssued):
        if report.issued is not None:
            raise Refused("report.already-issued", "This report is issued and never changes: issue another one.")
        if not _DIGEST.fullmatch(entry.fact.sha256):
            raise Refused("report.digest-form", "Give the SHA-256 of the canonical rows as 64 hexadecimal digits.")
        if not _says_what_of(entry.fact):
            raise Refused(
                "report.parameters",
                "A weekly report names its week, like 2026-W10, a monthly one its month, like 2026-03; a payer is one "
                "that there is.",
            )
        return
    if report.issued is None or report.issued_at is None:
        raise Refused("report.unknown", "There is no such report: issue it first.")
    match entry.fact:
        case ReportAttested(on=on):
            if report.attested_on is not None:
                raise Refused("report.already-attested", "This report is attested: strike that if it was wrong.")
            if on < local_date(report.issued_at, zone):
                raise Refused("report.attested-before-issued", "A report can't be attested before it is issued.")
        case _:
            return


def _says_what_of(fact: ReportIssued) -> bool:
    week, month, payer = fact.parameters.week, fact.parameters.month, fact.parameters.payer
    named, other = (week, month) if fact.kind is ReportKind.WEEKLY else (month, week)
    if named is None or other is not None or payer not in (None, *Payer):
        return False
    try:
        (Week if fact.kind is ReportKind.WEEKLY else Month).parse(named)
    except ValueError:
        return False
    return True
