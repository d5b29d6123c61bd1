"""Who asks at the terminal, about which site, and whether they may: the same permission and record as over HTTP."""

from __future__ import annotations

import getpass
import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NoReturn
from uuid import UUID

from api.permission import permitted
from domain.access import Purpose
from domain.acts import OPERATOR
from domain.facility import Facility
from domain.record import Person, stream_name, stream_uuid
from domain.site import fold_facility
from domain.week import local_date
from exchange.cut import knowledge, remarks
from projections import numbers
from projections.links import Linked
from stepdown.errors import Wrong
from stepdown.opening import Opened, now
from stepdown.terminal import say
from store.accesses import access_ledger

ACCESS: Final = access_ledger("")
"""What names of access ledgers end with."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A person with a purpose at one site. `what` names the query as the API does."""

    opened: Opened
    facility: str
    person: Person
    purpose: Purpose
    what: str

    def may(self, *actions: str) -> None:
        """`Wrong` when they may do none of these; the denial is on record before that."""
        if self.is_permitted(*actions):
            return
        why = "not permitted to this role for this purpose"
        self.opened.accesses.denied(self.facility, by=self.person, what=self.what, why=why)
        raise Wrong(f"The role {self.person.role} may not do this for {self.purpose}: ask somebody who may.")

    def is_permitted(self, *actions: str) -> bool:
        return any(permitted(self.person.role, action, self.purpose) for action in actions)

    def read_chart(self, patient_id: UUID, at_version: int) -> None:
        """On record before the answer is shown."""
        self.opened.accesses.read(
            self.facility,
            by=self.person,
            patient_id=patient_id,
            what=self.what,
            purpose=self.purpose,
            at_version=at_version,
        )

    def read_linked(self, linked: Iterable[Linked]) -> None:
        """On record at the sites whose charts were looked at for the answer, before it is shown."""
        for one in linked:
            self.opened.accesses.read(
                one.ledger,
                by=self.person,
                patient_id=one.chart.patient_id,
                what=self.what,
                purpose=self.purpose,
                at_version=one.chart.version,
            )

    def saw(self, patient_ids: Collection[UUID]) -> None:
        """A list with these patients in it: on record before it is shown."""
        self.opened.accesses.search(
            self.facility, by=self.person, what=self.what, purpose=self.purpose, patient_ids=sorted(patient_ids)
        )

    def took(self, rows: int, sha256: str) -> None:
        """A file leaves: on record before it does."""
        self.opened.accesses.export(
            self.facility, by=self.person, what=self.what, purpose=self.purpose, rows=rows, sha256=sha256
        )

    def on_record(self, known_at: datetime | None) -> None:
        """NotOnRecord for an instant before the first fact of the site."""
        if known_at is not None:
            knowledge(self.opened.store.ledger(self.facility), known_at)

    def says(self, stands_at: datetime, *, asked: datetime | None, as_of: date | None = None) -> None:
        """Says, beside an answer that stands at an instant, what has to be said of the two times it was asked with."""
        zone = facility_of(self.opened, self.facility).zone
        for line in remarks(stands_at, asked=asked, as_of=as_of, now=now(), zone=zone):
            say(line)

    def is_destroyed(self, patient_id: UUID) -> bool:
        return patient_id in facility_of(self.opened, self.facility).destroyed

    def misses(self, patient_id: UUID) -> NoReturn:
        """`Wrong`: there is no such chart, or it was destroyed; that somebody looked for that one is on record."""
        if self.is_destroyed(patient_id):
            self.read_chart(patient_id, 0)
            raise Wrong("That chart was destroyed under authority: nothing of it can be read any more.")
        raise Wrong("There was no such chart at that time.")

    def patient(self, given: str) -> UUID:
        """The patient whom a patient_id or an MRN names. `Wrong` when there is none, without repeating it."""
        ledger = self.opened.store.ledger(self.facility)
        with suppress(ValueError):
            stream = stream_name("chart", UUID(given))
            if ledger.read([stream])[stream] or self.is_destroyed(UUID(given)):
                return stream_uuid(stream)
        found = numbers.find(ledger, given)
        if found is None:
            raise Wrong(f"No patient of {self.facility} has this patient_id or MRN.")
        return found


def sites(opened: Opened) -> list[str]:
    """The codes of the facilities on record."""
    return [name for name in opened.store.ledgers() if not name.endswith(ACCESS)]


def site_named(opened: Opened, given: str | None) -> str:
    """The site that was named, or the only one on record. `Wrong` where that leaves none, or several."""
    known = sites(opened)
    if given is None and len(known) == 1:
        return known[0]
    if given in known:
        return str(given)
    if not known:
        raise Wrong("No facility is on record yet: import one, or try `stepdown demo`.")
    if given is None:
        raise Wrong(f"Several facilities are on record, so say which with --facility: {', '.join(known)}.")
    raise Wrong(f"No facility of this code is on record: there is {', '.join(known)}.")


def operator() -> Person:
    """Whoever has this machine's account."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        # Containers run under numbers that no list of accounts knows.
        account = str(os.getuid())
    return Person(id=f"operator/{account}", name=account, role=OPERATOR)


def facility_of(opened: Opened, code: str) -> Facility:
    """The site as its stream stands."""
    stream = stream_name("facility", code)
    return fold_facility(opened.store.ledger(code).read([stream])[stream])


def staff_of(opened: Opened, code: str, staff_id: UUID, role: str | None = None) -> Person:
    """Somebody of the staff list, in the role last given to them (or in `role`), if it is valid today."""
    facility = facility_of(opened, code)
    held = facility.credentials(staff_id, local_date(now(), facility.clock)) if facility.zone is not None else ()
    held = tuple(line for line in held if role in (None, line.role))
    if not held:
        raise Wrong(f"The staff list of {code} has nobody with this staff_id{f' as {role}' if role else ''} today.")
    line = held[-1]
    return Person(id=f"staff/{staff_id}", name=line.name, role=line.role, credential=line.credential)


def asker(opened: Opened, what: str, *, facility: str | None, by: UUID | None, purpose: str) -> Asker:
    """Who asks: the operator, or the person of the staff list whom `by` names."""
    code = site_named(opened, facility)
    person = operator() if by is None else staff_of(opened, code, by)
    return Asker(opened, code, person, Purpose(purpose), what)
