"""An issued report: what it was asked with, the cut that it stands on, and the hash of its rows. It never changes; a
compliance officer attests it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from re import compile as compile_pattern
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from domain.access import Purpose
from domain.month import Month
from domain.program import Payer
from domain.record import EnteredInError, Entry, first_recorded_at, names_person
from domain.refused import Refused
from domain.week import Week, local_date

if TYPE_CHECKING:
    from domain.scene import Scene

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
    of their canonical form. `requested_by` is the id of a person, `purpose` a word of `domain.access.Purpose`."""

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
            at = first_recorded_at(entry)
            return replace(report, version=version, issued=fact, issued_at=at)
        case ReportAttested(on=on):
            return replace(report, version=version, attested_on=on, attested_version=version)
        case _:
            raise TypeError(f"Not a fact of a report: {type(entry.fact).__name__}")


# ---- rules


def judge_once(fact: ReportFact, history: Sequence[Entry]) -> None:
    """A stream holds one issued report for good, struck or not: `history` is the whole of it."""
    if isinstance(fact, ReportIssued) and any(isinstance(entry.fact, ReportIssued) for entry in history):
        raise Refused("report.already-issued", "This report is issued and never changes: issue another one.")


def judge(report: Report, entry: Entry, scene: Scene) -> None:
    """Issued with nothing in it that could be free text, since it lies in plain; then attested once."""
    if isinstance(entry.fact, ReportIssued):
        _judge_issued(entry.fact, scene)
        return
    if report.issued is None or report.issued_at is None:
        raise Refused("report.unknown", "There is no such report: issue it first.")
    match entry.fact:
        case ReportAttested(on=on):
            if report.attested_on is not None:
                raise Refused("report.already-attested", "This report is attested: strike that if it was wrong.")
            if on < local_date(report.issued_at, scene.zone):
                raise Refused("report.attested-before-issued", "A report can't be attested before it is issued.")
        case _:
            return


def _judge_issued(fact: ReportIssued, scene: Scene) -> None:
    if not _DIGEST.fullmatch(fact.sha256):
        raise Refused("report.digest-form", "Give the SHA-256 of the canonical rows as 64 hexadecimal digits.")
    if not _says_what_of(fact):
        raise Refused(
            "report.parameters",
            "A weekly report names its week, like 2026-W10, a monthly one its month, like 2026-03; a payer is one "
            "that there is.",
        )
    if not scene.rule_sets.has(fact.rule_set, fact.rule_set_version):
        raise Refused("report.rule-set", "A report is by a rule set that is shipped, in a version that is shipped.")
    if fact.parameters.rule_set not in (None, fact.rule_set):
        raise Refused("report.rule-set-asked", "A rule set that was asked for is the one that the report is by.")
    if fact.purpose not in list(Purpose):
        raise Refused(
            "report.purpose", "A report is for treatment, operations, payment, audit or research: say it in that word."
        )
    if not names_person(fact.requested_by):
        raise Refused(
            "report.requested-by", "Give the id of who asked: `staff/` and a staff_id, or `operator/` and an account."
        )
    if fact.rows < 0:
        raise Refused("report.rows", "A report has no fewer than 0 rows.")
    if fact.at_position < 0 or (scene.position is not None and fact.at_position > scene.position):
        raise Refused("report.cut", "A report stands on what was on record before it was issued.")


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
