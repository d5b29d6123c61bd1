"""The licensed program site: its zone, its staff and their credentials, its holidays, what it adopted and offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from re import compile as compile_pattern
from typing import Final, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain import key_destruction, legal_hold, program, staff
from domain.compliance.rule_sets import RuleSets
from domain.key_destruction import Destroyed, KeyDestroyed
from domain.legal_hold import LegalHold, LegalHoldReleased, LegalHoldSet
from domain.program import Offer, ProgramOffered
from domain.random_draw import RandomDrawMade
from domain.random_draw import judge as judge_draw
from domain.record import EnteredInError, Entry
from domain.refused import Refused
from domain.staff import Credential, CredentialEnded, StaffCredentialed

CODE: Final = compile_pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
"""What a facility may be called by. No dots: with them begin the names of ledgers beside a facility's own."""


# ---- facts


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityOpened:
    """`code` names the ledger too. `zone` is an IANA name; every date of the site is local time in it."""

    code: str
    name: str
    zone: str
    licence_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetAdopted:
    """The rules that the site is judged by from `effective_on`; may be retroactive. With `payer`, for its episodes."""

    rule_set: str
    version: str
    effective_on: date
    payer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayDeclared:
    on: date
    name: str


FacilityFact: TypeAlias = (
    FacilityOpened
    | ProgramOffered
    | RuleSetAdopted
    | HolidayDeclared
    | StaffCredentialed
    | CredentialEnded
    | LegalHoldSet
    | LegalHoldReleased
    | KeyDestroyed
    | EnteredInError
)


# ---- state


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    rule_set: str
    rule_set_version: str
    effective_on: date
    payer: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    version: int = 0
    code: str | None = None
    name: str | None = None
    zone: ZoneInfo | None = None
    licence_number: str | None = None
    staff: Mapping[UUID, tuple[Credential, ...]] = field(default_factory=dict)
    holidays: Mapping[date, int] = field(default_factory=dict)
    """Date → version of the fact that declared it."""
    adoptions: tuple[Adoption, ...] = ()
    offers: tuple[Offer, ...] = ()
    holds: Mapping[UUID, tuple[LegalHold, ...]] = field(default_factory=dict)
    """Patient → the legal holds on the chart that were not released."""
    destroyed: Destroyed = field(default_factory=dict)

    @property
    def clock(self) -> ZoneInfo:
        """The zone of an opened facility."""
        if self.zone is None:
            raise LookupError("This facility has not been opened.")
        return self.zone

    def credentials(self, staff_id: UUID, on: date) -> tuple[Credential, ...]:
        """What the person may sign with on that date, in the order of recording."""
        return tuple([c for c in self.staff.get(staff_id, ()) if c.valid_on(on)])

    def offered(self, program_name: str, on: date) -> Offer | None:
        """The offer of a program in force on a date; None where none is on record."""
        return program.in_force(self.offers, program_name, on)

    def adopted(self, on: date, payer: str | None = None) -> Adoption | None:
        """The rule set in force on a date: the latest effective one, the later recorded of two on one date."""
        known = [a for a in self.adoptions if a.payer == payer and a.effective_on <= on]
        return max(known, key=lambda a: (a.effective_on, a.version), default=None)


def evolve(facility: Facility, entry: Entry) -> Facility:
    """One live fact further."""
    version = entry.version
    match entry.fact:
        case FacilityOpened() as fact:
            return replace(
                facility,
                version=version,
                code=fact.code,
                name=fact.name,
                zone=ZoneInfo(fact.zone),
                licence_number=fact.licence_number,
            )
        case RuleSetAdopted() as fact:
            adoption = Adoption(
                rule_set=fact.rule_set,
                rule_set_version=fact.version,
                effective_on=fact.effective_on,
                payer=fact.payer,
                version=version,
            )
            return replace(facility, version=version, adoptions=(*facility.adoptions, adoption))
        case HolidayDeclared(on=on):
            return replace(facility, version=version, holidays={**facility.holidays, on: version})
        case RandomDrawMade():
            return replace(facility, version=version)
        case ProgramOffered() as fact:
            return replace(facility, version=version, offers=(*facility.offers, program.offer_of(fact, version)))
        case StaffCredentialed() | CredentialEnded():
            return replace(facility, version=version, staff=staff.evolve(facility.staff, entry))
        case LegalHoldSet() | LegalHoldReleased():
            return replace(facility, version=version, holds=legal_hold.evolve(facility.holds, entry))
        case KeyDestroyed():
            return replace(facility, version=version, destroyed=key_destruction.evolve(facility.destroyed, entry))
        case _:
            raise TypeError(f"Not a fact of a facility: {type(entry.fact).__name__}")


def fold(entries: Iterable[Entry]) -> Facility:
    """What these live facts add up to. The staff list is written once: copied at each of its facts, a long one would
    take the square of their number."""
    facility = Facility()
    listed: dict[UUID, tuple[Credential, ...]] = {}
    for entry in entries:
        if isinstance(entry.fact, StaffCredentialed | CredentialEnded):
            staff.note(listed, entry)
        else:
            facility = evolve(facility, entry)
    return replace(facility, staff=listed)


# ---- rules


def opened_zone(facility: Facility) -> ZoneInfo:
    """The facility's zone, or `Refused` before it is opened."""
    if facility.zone is None:
        raise Refused("facility.not-opened", "Open the facility first: nothing can be recorded before that.")
    return facility.zone


def judge(facility: Facility, entry: Entry, ledger: str, rule_sets: RuleSets) -> None:
    """A facility is opened once, and first; its code is the name of its ledger. `rule_sets` can be adopted."""
    fact = entry.fact
    if isinstance(fact, FacilityOpened):
        _judge_opening(facility, fact, ledger)
        return
    opened_zone(facility)
    match fact:
        case HolidayDeclared(on=on) if on in facility.holidays:
            raise Refused("holiday.already-declared", "That date is a holiday already.")
        case RandomDrawMade():
            judge_draw(fact)
        case RuleSetAdopted(rule_set=rule_set, version=version) if not rule_sets.has(rule_set, version):
            raise Refused("rule-set.unknown", "Adopt a rule set that is shipped, in a version that is shipped.")
        case ProgramOffered():
            program.judge(fact)
        case StaffCredentialed() | CredentialEnded():
            staff.judge(facility.staff, fact)
        case LegalHoldSet() | LegalHoldReleased():
            legal_hold.judge(facility.holds, fact)
        case KeyDestroyed():
            key_destruction.judge(facility.holds, facility.destroyed, fact)
        case _:
            return


def _judge_opening(facility: Facility, fact: FacilityOpened, ledger: str) -> None:
    if facility.code is not None:
        raise Refused("facility.already-opened", "This facility is open: its code is in use.")
    if fact.code != ledger:
        raise Refused("facility.other-code", "A facility's code must be the name of its ledger.")
    if not CODE.fullmatch(fact.code):
        raise Refused("facility.code-form", "Give a code of letters, digits, - and _, no dot and no space.")
    _judge_zone(fact.zone)


def _judge_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: the name of a folder of zones, such as America, or one too long to be a file's.
        raise Refused("facility.unknown-zone", "Name an IANA time zone, like America/New_York.") from None
