"""Development sign-in: whom a token may be for. People of the staff list, and an administrator by name."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from api.provider import Provider
from api.tokens import Tokens, Verifier
from domain.acts import ADMINISTRATOR, ROLES
from domain.facility import Facility
from domain.record import Person
from domain.staff import Credential
from domain.week import local_date
from stepdown.errors import Wrong
from stepdown.opening import Opened, now

_ADMINISTRATORS: Final = UUID("6f1f0f5c-2a43-5d0e-9a51-0c1b4f6f7a11")
"""Names of administrators give the same staff_id every time, at each site another one."""


def tokens_of(opened: Opened) -> Tokens:
    """The issuer whose key lies in the data folder."""
    return Tokens.development(opened.settings.token_key, now)


def verifier_of(opened: Opened) -> Verifier:
    """The identity provider where the settings name one, else the development issuer."""
    settings = opened.settings
    if settings.jwks is None:
        return tokens_of(opened)
    if not settings.issuer:
        raise Wrong("STEPDOWN_JWKS names the provider's keys: say in STEPDOWN_ISSUER whose they are.")
    return Provider.of_file(settings.jwks, issuer=settings.issuer, audience=settings.audience, clock=now)


def administrator(code: str, name: str, staff_id: UUID | None = None) -> Person:
    """Somebody who needs no line in the staff list: the token names them."""
    key = staff_id or uuid5(_ADMINISTRATORS, f"{code}/{name}")
    return Person(id=f"staff/{key}", name=name, role=ADMINISTRATOR)


def in_role(facility: Facility, role: str) -> list[Credential]:
    """The lines of the staff list in this role that are valid today, in the order of recording."""
    if facility.zone is None:
        return []
    today = local_date(now(), facility.zone)
    held = (line for lines in facility.staff.values() for line in lines if line.role == role and line.valid_on(today))
    return sorted(held, key=lambda line: line.version)


def person_in_role(facility: Facility, code: str, role: str, *, staff: UUID | None, name: str | None) -> Person:
    """Who the token is for. `Wrong` where nobody, or several, could be meant."""
    if role == ADMINISTRATOR:
        return administrator(code, name or "Administrator", staff)
    if name is not None:
        raise Wrong("Only an administrator is named with --name: name others with --staff.")
    if role not in ROLES:
        raise Wrong(f"There is no such role to sign in with: {', '.join(ROLES)}.")
    held = [line for line in in_role(facility, role) if staff in (None, line.staff_id)]
    if not held:
        whom = "nobody with this staff_id" if staff is not None else "nobody"
        raise Wrong(f"The staff list of {code} has {whom} as {role} today: have them credentialed first.")
    line = held[0]
    return Person(id=f"staff/{line.staff_id}", name=line.name, role=role, credential=line.credential)
