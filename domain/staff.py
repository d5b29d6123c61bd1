"""The staff list of a site: who works there in which role, with which credential, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias
from uuid import UUID

from domain.record import Entry
from domain.refused import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffCredentialed:
    """One credential of one person at this site. `valid_from` and `valid_to` are its first and last day."""

    staff_id: UUID
    name: str
    role: str
    valid_from: date
    credential: str | None = None
    licence_number: str | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialEnded:
    """`on` is the credential's last day, in every role that the person has with it. It may be found out later: what was
    done since stays done, and is flagged."""

    staff_id: UUID
    credential: str
    on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A line of the staff list. `version` is the fact that it rests on; `ended_on` its last day where it was ended
    before `valid_to`, by the fact `ended_version`."""

    staff_id: UUID
    name: str
    role: str
    credential: str | None
    licence_number: str | None
    valid_from: date
    valid_to: date | None
    version: int
    ended_on: date | None = None
    ended_version: int | None = None

    def valid_on(self, on: date) -> bool:
        return self.valid_from <= on and (self.last_day is None or on <= self.last_day)

    @property
    def last_day(self) -> date | None:
        return self.valid_to if self.ended_on is None else self.ended_on


Staff: TypeAlias = Mapping[UUID, tuple[Credential, ...]]
"""By person, in the order of recording."""


def evolve(staff: Staff, entry: Entry) -> Staff:
    """One standing fact further."""
    further = dict(staff)
    note(further, entry)
    return further


def note(staff: dict[UUID, tuple[Credential, ...]], entry: Entry) -> None:
    """Writes one standing fact into a list that nobody else holds yet."""
    match entry.fact:
        case StaffCredentialed() as fact:
            line = Credential(
                staff_id=fact.staff_id,
                name=fact.name,
                role=fact.role,
                credential=fact.credential,
                licence_number=fact.licence_number,
                valid_from=fact.valid_from,
                valid_to=fact.valid_to,
                version=entry.version,
            )
            staff[fact.staff_id] = (*staff.get(fact.staff_id, ()), line)
        case CredentialEnded() as fact:
            held = staff.get(fact.staff_id, ())
            staff[fact.staff_id] = tuple(_ended(line, fact, entry.version) for line in held)
        case _:
            return


def _ended(line: Credential, fact: CredentialEnded, version: int) -> Credential:
    ends = line.credential == fact.credential and line.ended_on is None and line.valid_on(fact.on)
    return replace(line, ended_on=fact.on, ended_version=version) if ends else line


def judge(staff: Staff, fact: StaffCredentialed | CredentialEnded) -> None:
    match fact:
        case StaffCredentialed(valid_from=first, valid_to=last) if last is not None and last < first:
            raise Refused("credential.ends-before-it-starts", "A credential can't end before it starts.")
        case CredentialEnded():
            _judge_end([c for c in staff.get(fact.staff_id, ()) if c.credential == fact.credential], fact.on)
        case _:
            return


def _judge_end(lines: Iterable[Credential], on: date) -> None:
    """`lines`: those of the person with this credential."""
    known = list(lines)
    if not known:
        raise Refused("credential.unknown", "The staff list has nobody with this id and this credential.")
    begun = [line for line in known if line.valid_from <= on]
    if not begun:
        raise Refused("credential.not-begun", "A credential can't end before it begins: strike its line instead.")
    if not any(line.ended_on is None and line.valid_on(on) for line in begun):
        raise Refused("credential.already-ended", "This credential has ended: strike that entry if its date is wrong.")
