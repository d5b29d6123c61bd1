"""`stepdown token`: sign-in for development."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from stepdown.asker import facility_of, site_named
from stepdown.opening import opened, settings_at
from stepdown.sign_in import person_in_role, tokens_of


def token(role: str, *, facility: str | None, staff: UUID | None, name: str | None, data: Path | None) -> None:
    """Prints the token alone, to be put into a variable."""
    with opened(settings_at(data)) as use:
        code = site_named(use, facility)
        person = person_in_role(facility_of(use, code), code, role, staff=staff, name=name)
        print(tokens_of(use).issue(person, code))
