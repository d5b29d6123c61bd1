"""Who the patient is: the only place of a chart where a name, a number or a birth date stands."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

from domain.record import Entry
from domain.refused import Refused
from domain.wording import is_blank


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRegistered:
    """`mrn` is the medical record number, unique in its ledger."""

    mrn: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    phone: str | None = None
    address: str | None = None
    emergency_contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCorrected:
    """The changed fields alone, one at least; what is left out stays as it was. A new `mrn` takes the old one's place:
    that is free again."""

    mrn: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    birth_date: date | None = None
    sex: str | None = None
    phone: str | None = None
    address: str | None = None
    emergency_contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """As registered, and corrected since. None before, or when the registration was struck."""

    mrn: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    birth_date: date | None = None
    birth_date_version: int | None = None
    version: int = 0


def evolve(identity: Identity, entry: Entry) -> Identity:
    match entry.fact:
        case PatientRegistered() as fact:
            return replace(
                identity,
                mrn=fact.mrn,
                given_name=fact.given_name,
                family_name=fact.family_name,
                birth_date=fact.birth_date,
                birth_date_version=entry.version,
                version=entry.version,
            )
        case IdentityCorrected() as fact:
            return replace(
                identity,
                mrn=fact.mrn or identity.mrn,
                given_name=fact.given_name or identity.given_name,
                family_name=fact.family_name or identity.family_name,
                birth_date=fact.birth_date or identity.birth_date,
                birth_date_version=entry.version if fact.birth_date else identity.birth_date_version,
                version=entry.version,
            )
        case _:
            return identity


def judge(identity: Identity, entry: Entry) -> None:
    """A chart is one person's: it is registered once, and before anything else."""
    registration = isinstance(entry.fact, PatientRegistered)
    if registration and identity.mrn is not None:
        raise Refused("patient.already-registered", "This chart is registered: correct its identity instead.")
    if not registration:
        judge_registered(identity)


def judge_registered(identity: Identity) -> None:
    if identity.mrn is None:
        raise Refused("patient.not-registered", "Register the patient first: this chart has no identity yet.")


def judge_fields(fact: PatientRegistered | IdentityCorrected) -> None:
    given = [value for one in fields(fact) if (value := getattr(fact, one.name)) is not None]
    if not given:
        raise Refused("identity.nothing-changed", "Name what is corrected: one field of the identity at least.")
    if any(isinstance(value, str) and is_blank(value) for value in given):
        raise Refused("identity.blank", "A given field can't be empty: leave out what is unknown, or stays as it was.")
