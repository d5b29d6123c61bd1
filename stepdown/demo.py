"""The sample program as something to try: restored once, with somebody to sign in as for every role."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

import orjson

from domain.acts import ADMINISTRATOR, ROLES
from domain.record import Source, stream_name
from domain.staff import StaffCredentialed
from exchange.restoring import restore_file
from stepdown.asker import facility_of, operator, sites
from stepdown.errors import Wrong
from stepdown.opening import Opened
from stepdown.sign_in import administrator, in_role, person_in_role, tokens_of
from stepdown.terminal import say
from store.append import Command

FACILITY: Final = "lexington"
TOUR_ON: Final = date(2026, 4, 17)
"""The date that the tour looks at: in the ninth of the sample's twelve weeks."""

_PEOPLE: Final = UUID("7d3f6c0a-5b0e-5a39-8a6c-3b1f27a3c7d4")
_FROM: Final = date(2026, 1, 7)
"""The invented people are on the staff list from the day on which the sample opens its facility."""

_CREDENTIALS: Final = {"supervisor": "LCADC", "nurse": "RN"}
"""Of the roles that the sample lacks, those that act by a credential."""


@contextmanager
def sample_file() -> Iterator[Path]:
    """The sample program, as it came with Stepdown."""
    with as_file(files("stepdown") / "sample" / f"{FACILITY}.ndjson.gz") as path:
        yield path


def load(opened: Opened) -> bool:
    """Restores the sample and credentials who is missing; whether there was anything to do.

    `Wrong` for a database with records that aren't the sample's: nobody invented may come among real people.
    """
    with sample_file() as path:
        new = not sites(opened)
        if new:
            say("Setting up the sample program, once …")
            restore_file(opened.store, path, by=operator())
        elif sites(opened) != [FACILITY] or not _is_sample(opened, path):
            raise Wrong("This database holds records of its own: give the demo another folder with --data.")
    return _credential(opened) or new


def _is_sample(opened: Opened, path: Path) -> bool:
    with gzip.open(path, "rb") as lines:
        first = orjson.loads(next(lines))
    found = opened.store.ledger(FACILITY).facts(limit=1)
    return bool(found) and str(found[0].envelope.correlation_id) == first["correlation_id"]


def _credential(opened: Opened) -> bool:
    """Somebody invented on the staff list for each role that has nobody; whether anybody was missing."""
    facility = facility_of(opened, FACILITY)
    lacking = [role for role in ROLES if not in_role(facility, role)]
    for role in lacking:
        fact = StaffCredentialed(
            staff_id=uuid5(_PEOPLE, role),
            name=f"Demo {role.replace('_', ' ').title()}",
            role=role,
            credential=_CREDENTIALS.get(role),
            valid_from=_FROM,
        )
        opened.desk.record(
            FACILITY,
            stream_name("facility", FACILITY),
            fact,
            by=administrator(FACILITY, "Demo Administrator", uuid5(_PEOPLE, ADMINISTRATOR)),
            source=Source.SYSTEM,
            # Two demos that start at once on one folder credential nobody twice.
            command=Command(scope="stepdown demo", key=role, body=b"", resource=None),
        )
    return bool(lacking)


def tokens(opened: Opened) -> dict[str, str]:
    """Role → token of somebody in it."""
    issuer = tokens_of(opened)
    facility = facility_of(opened, FACILITY)
    administers = administrator(FACILITY, "Demo Administrator", uuid5(_PEOPLE, ADMINISTRATOR))
    people = {
        role: administers if role == ADMINISTRATOR else person_in_role(facility, FACILITY, role, staff=None, name=None)
        for role in ROLES
    }
    return {role: issuer.issue(person, FACILITY) for role, person in people.items()}
