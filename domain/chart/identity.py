"""Who the patient is: the only place of a chart where a name, a number or a birth date stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from domain.record import Entry


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
class Identity:
    """As registered. None before, or when the registration was struck."""

    mrn: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    birth_date: date | None = None
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
                version=entry.version,
            )
        case _:
            return identity
