"""What the rows of a table name in words, looked up at the site: people, cohorts, sessions, patients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from domain.acts import LAB, SYSTEM, act_of
from domain.claims import MRN, mrn_claimed
from domain.cohort import Cohort
from domain.facility import opened_zone
from domain.record import Person, stream_name, stream_uuid
from domain.refused import Refused
from domain.session import Session
from domain.staff import Credential
from domain.week import local_date
from exchange.working_site import WorkingSite
from store.looking import LookingThrough

_PLANS: Final = ("SessionScheduled", "SessionRescheduled")
_ROWS: Final = UUID("0f3a54f5-7c0a-5a0e-8a53-6f0a2b9f7c11")
"""Namespace of the ids that rows are given: the same row gets the same ones in its ledger each time."""

LABORATORY: Final = Person(id=SYSTEM, name="Lab interface", role=LAB)
"""Who reports what only a laboratory, or a medical director, may."""


@dataclass
class TableSite:
    """`reason` is that of the file, for rows that are late and have none of their own."""

    site: WorkingSite
    reason: str | None

    @property
    def zone(self) -> ZoneInfo:
        """Refused before the facility is opened."""
        return opened_zone(self.site.facility)

    def row_id(self, *parts: object) -> UUID:
        """The id of what a row tells of, by the row's own key."""
        return uuid5(_ROWS, "/".join([self.site.ledger.name, *(str(part) for part in parts)]))

    # Patients.

    def charts(self, mrns: Iterable[str]) -> dict[str, str]:
        """Number, as claimed → the chart that has it."""
        return self.site.holders(MRN, mrns)

    def chart(self, mrn: str) -> str:
        found = self.charts([mrn_claimed(mrn)])
        if not found:
            raise Refused("line.unknown-patient", "No patient here has this number: import the patients first.")
        return found[mrn_claimed(mrn)]

    def chart_id(self, mrn: str) -> UUID:
        """The id of the chart that a row registers."""
        return self.row_id("patient", mrn_claimed(mrn))

    # People.

    def person(self, named: str, fact: Any, on: date) -> Person:
        """Whom the staff list of a date has by this id or name, in a role in which they may record the fact.

        What is a laboratory's to report, and not theirs, is the laboratory's.
        """
        act = act_of(fact)
        lines = self._listed(named, on)
        may = [line for line in lines if line.role in act.roles and (line.credential or not act.credential)]
        if not may and LAB in act.roles:
            return LABORATORY
        line = (may or lines)[-1]
        return Person(id=f"staff/{line.staff_id}", name=line.name, role=line.role, credential=line.credential)

    def staff_id(self, named: str, on: date) -> UUID:
        return self._listed(named, on)[-1].staff_id

    def _listed(self, named: str, on: date) -> list[Credential]:
        key = staff_key(named)
        staff = self.site.facility.staff
        every = [line for lines in ([staff.get(key, ())] if key is not None else staff.values()) for line in lines]
        found = [line for line in every if line.valid_on(on) and (key is not None or line.name == named)]
        if not found:
            raise Refused("line.unknown-staff", f"The staff list has nobody of this id or name on {on}.")
        if len({line.staff_id for line in found}) > 1:
            raise Refused("line.several-staff", "The staff list has several of this name: give the staff_id.")
        return found

    # Cohorts and sessions.

    def cohorts(self, name: str) -> list[Cohort]:
        """Those of this name, any case. Refused where there is none."""
        states = [self.site.state(stream) for stream in self._cohorts]
        wanted = _spoken(name)
        found = [one for one in states if isinstance(one, Cohort) and _spoken(one.name or "") == wanted]
        if not found:
            raise Refused("line.unknown-cohort", "No cohort of the site has this name: form it first.")
        return found

    def open_cohort(self, name: str, on: date) -> UUID:
        """The one of this name that may be joined on a date."""
        found = self.cohorts(name)
        still = [cohort for cohort in found if not cohort.closed_by(on)] or found
        if len(still) > 1:
            raise Refused("line.several-cohorts", "Several cohorts have this name: rename all but one.")
        return still[0].cohort_id

    def session(self, on: date, start: time | None, cohort: str | None) -> UUID:
        """The session of a date that fits. Those that were cancelled fit where no other does."""
        cohorts = None if cohort is None else {one.cohort_id for one in self.cohorts(cohort)}
        found = [
            one for one in self._on(on) if self._fits(one, on, start) and (not cohorts or one.cohort_id in cohorts)
        ]
        found = [one for one in found if one.cancelled is None] or found
        if not found:
            raise _no_session()
        if len(found) > 1:
            raise Refused("line.several-sessions", "Several sessions of that day fit: give start, cohort or id.")
        return found[0].session_id

    def named_session(self, session_id: UUID, on: date | None, start: time | None, cohort: str | None) -> UUID:
        """The session of this id, which is what else the row says of it."""
        session = self.site.state(stream_name("session", session_id))
        if isinstance(session, Session) and session.starts_at is not None:
            mine = cohort is None or session.cohort_id in {one.cohort_id for one in self.cohorts(cohort)}
            if not mine or not self._fits(session, on, start):
                raise _no_session()
        return session_id

    def session_streams(self, on: date) -> list[str]:
        """Of all sessions that were ever planned for a date."""
        return [stream_name("session", key) for key in self._planned.get(on, ())]

    def _on(self, on: date) -> list[Session]:
        states = [self.site.state(stream) for stream in self.session_streams(on)]
        return [state for state in states if isinstance(state, Session)]

    def _fits(self, session: Session, on: date | None, start: time | None) -> bool:
        if session.starts_at is None:
            return False
        at = session.starts_at.astimezone(self.zone)
        return on in (None, at.date()) and start in (None, at.time().replace(second=0, microsecond=0), at.time())

    @cached_property
    def _cohorts(self) -> list[str]:
        return self.site.ledger.streams("cohort")

    @cached_property
    def _planned(self) -> dict[date, tuple[UUID, ...]]:
        ledger, zone = self.site.ledger, self.zone
        found: dict[date, dict[UUID, None]] = {}
        for entry in LookingThrough(ledger, _PLANS, 0).upto(ledger.head().position):
            found.setdefault(local_date(entry.fact.starts_at, zone), {})[stream_uuid(entry.stream)] = None
        return {on: tuple(keys) for on, keys in found.items()}


def _spoken(name: str) -> str:
    return " ".join(name.split()).casefold()


def _no_session() -> Refused:
    return Refused("line.no-session", "No session of that day fits: check date, start and cohort.")


def staff_key(named: str) -> UUID | None:
    """The id that a cell names a person by, if it does."""
    try:
        return UUID(named.removeprefix("staff/"))
    except ValueError:
        return None
