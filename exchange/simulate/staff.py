"""The people of a site: hired when it opens, their credentials renewed, or not in time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from domain import acts
from domain.facility import FacilityOpened, HolidayDeclared, RuleSetAdopted
from domain.program import Payer, ProgramOffered
from domain.record import Person
from domain.staff import CredentialEnded, StaffCredentialed
from exchange.simulate.telling import Telling
from exchange.simulate.year import holidays

PROGRAM: Final = "iop"
LEVEL: Final = "2.1"
BLOCKS: Final = ((18, "18:00", "21:00"), (9, "09:00", "12:00"), (14, "14:00", "17:00"))
PATTERNS: Final = (("mon", "tue", "thu"), ("mon", "wed", "thu"), ("mon", "wed", "fri"))

_DESKS: Final = (
    (acts.SUPERVISOR, "LCADC-S"),
    (acts.MEDICAL_DIRECTOR, "MD"),
    (acts.INTAKE_CLINICIAN, "LCSW"),
    (acts.FAMILY_THERAPIST, "LMFT"),
    (acts.CASE_MANAGER, "CADC"),
    (acts.NURSE, "RN"),
    (acts.ALUMNI_COORDINATOR, None),
    (acts.ADMISSIONS, None),
    (acts.COMPLIANCE_OFFICER, None),
)
_VALID: Final = timedelta(weeks=40)
_LAPSE: Final = timedelta(weeks=3)
_DAY: Final = timedelta(days=1)


class Staff:
    """Opens the facility, four weeks before its first Monday, and knows who works there."""

    def __init__(self, telling: Telling, name: str, first: date, last: date) -> None:
        self._telling = telling
        self.facility = telling.stream("facility", telling.ledger)
        self._since = first - timedelta(weeks=4)
        self._minutes = 0
        self._hired = 0
        self._renewals: dict[date, list[tuple[Person, date]]] = {}
        self._administrator = Person(f"staff/{telling.uuid()}", "O. Registrar", acts.ADMINISTRATOR)
        opened = FacilityOpened(code=telling.ledger, name=name, zone=telling.zone, licence_number="SYN-0000")
        self._tell(opened)
        self._tell(RuleSetAdopted(rule_set="landmark-iop", version="1", effective_on=self._since))
        self._tell(_offer(self._since))
        for on, called in holidays(first, last):
            self._tell(HolidayDeclared(on=on, name=called))
        self._desks = {role: self._hire(role, credential) for role, credential in _DESKS}
        self._payer_adopts_on = first + (last - first) // 14 * 7

    def _tell(self, fact: object) -> None:
        self._minutes += 1
        at = self._telling.at(self._since, 8) + timedelta(minutes=self._minutes)
        self._telling.tell(at, self.facility, self._administrator, fact)

    def _hire(self, role: str, credential: str | None, valid_to: date | None = None) -> Person:
        self._hired += 1
        staff_id = self._telling.uuid()
        person = Person(f"staff/{staff_id}", f"S. Staff{self._hired:02}", role, credential)
        self._tell(_line(person, self._since - timedelta(weeks=20), valid_to))
        return person

    def desk(self, role: str) -> Person:
        """Whoever holds a role that the site has once."""
        return self._desks[role]

    def lead(self) -> Person:
        """A counselor for a cohort of their own."""
        return self._hire(acts.COUNSELOR, "LCADC")

    def assistant(self) -> Person:
        """A counselor in training, who is in the room and signs nothing: the credential has an end."""
        valid_to = self._since + _DAY * self._telling.random.randrange(60, 200)
        person = self._hire(acts.COUNSELOR, "CADC-T", valid_to)
        self._to_renew(person, valid_to)
        return person

    def _to_renew(self, person: Person, valid_to: date) -> None:
        """Every other renewal comes late: until then the credential has run out."""
        renewed = valid_to + (_LAPSE if self._telling.chance(0.5) else -2 * _DAY)
        self._renewals.setdefault(renewed, []).append((person, renewed))

    def morning(self, on: date) -> None:
        """What the administrator has to do on a day."""
        at = self._telling.at(on, 8, 5)
        for person, valid_from in self._renewals.pop(on, ()):
            valid_to = valid_from + _VALID
            self._telling.tell(at, self.facility, self._administrator, _line(person, valid_from, valid_to))
            if self._telling.chance(0.05):
                ended = CredentialEnded(
                    staff_id=staff_id(person), credential=person.credential or "", on=on, reason="Left the program."
                )
                self._telling.tell(self._telling.at(on, 16, 30), self.facility, self._administrator, ended)
            else:
                self._to_renew(person, valid_to)
        if on == self._payer_adopts_on:
            adopted = RuleSetAdopted(rule_set="az-s9480", version="1", effective_on=on, payer=Payer.COMMERCIAL)
            self._telling.tell(at, self.facility, self._administrator, adopted)


def staff_id(person: Person) -> UUID:
    return UUID(person.id.removeprefix("staff/"))


def _line(person: Person, valid_from: date, valid_to: date | None) -> StaffCredentialed:
    return StaffCredentialed(
        staff_id=staff_id(person),
        name=person.name,
        role=person.role,
        credential=person.credential,
        licence_number=None if person.credential is None else "SYN-1000",
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _offer(on: date) -> ProgramOffered:
    return ProgramOffered(
        program=PROGRAM,
        level_of_care=LEVEL,
        blocks=tuple(f"{starts}-{ends}" for _, starts, ends in BLOCKS),
        patterns=PATTERNS,
        weeks_min=7,
        weeks_max=9,
        payers=tuple(Payer),
        effective_on=on,
    )
