"""What the rows of each table tell: facts of one chart, and who recorded them, as far as the cells alone say it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID

from domain.chart import Chart
from domain.chart.attendance import Outcome
from domain.chart.carry_over import CarriedState, EpisodeCarriedOver
from domain.chart.entry import InquiryReceived
from domain.chart.identity import PatientRegistered
from domain.claims import mrn_claimed
from domain.record import stream_name
from domain.roster import RosterLine
from domain.week import local_date
from exchange.csv_cells import Cells, there
from exchange.csv_site import TableSite


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Who recorded something, when, and why so late, as a row has it."""

    staff: str
    recorded_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(ABC):
    mrn: str
    by: Recording

    def chart(self, at: TableSite) -> str:
        """The stream that the facts go to. Refused where there is none."""
        return at.chart(self.mrn)

    def streams(self, at: TableSite) -> list[str]:
        """What else will be looked at, as far as the row says."""
        return []

    @abstractmethod
    def key(self) -> tuple[object, ...]:
        """By which the row is known among all of its ledger."""

    @abstractmethod
    def facts(self, chart: Chart, at: TableSite, now: datetime) -> Iterator[tuple[Any, Recording]]:
        """The facts, or drafts of them, in order, and how each is recorded; `now`, where that doesn't say when. Refused
        where something isn't there that they name."""


def recording(cells: Cells) -> dict[str, Any]:
    """What the columns say that all tables have."""
    by = Recording(staff=cells.raw("staff"), recorded_at=cells.instant("recorded_at"), reason=cells.text("reason"))
    return {"mrn": cells.raw("mrn"), "by": by}


# ---- patients


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    state: CarriedState
    admitted_on: date
    cohort: str
    clinician: str
    from_system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientTold(Told):
    registered: PatientRegistered
    first_contact: tuple[datetime, str] | None
    carried: Carried | None

    def key(self) -> tuple[object, ...]:
        return ("patient", mrn_claimed(self.mrn))

    def chart(self, at: TableSite) -> str:
        claimed = mrn_claimed(self.mrn)
        return at.charts([claimed]).get(claimed) or stream_name("chart", at.chart_id(self.mrn))

    def streams(self, at: TableSite) -> list[str]:
        return [stream_name("chart", at.chart_id(self.mrn))]

    def facts(self, chart: Chart, at: TableSite, now: datetime) -> Iterator[tuple[Any, Recording]]:
        yield self.registered, self.by
        if self.first_contact is not None:
            called_at, source = self.first_contact
            inquiry = InquiryReceived(
                episode_id=at.row_id("inquiry", mrn_claimed(self.mrn), called_at.timestamp()),
                first_contact_at=called_at,
                referral_source=source,
            )
            yield inquiry, self.by
        if self.carried is not None:
            on = local_date(self.by.recorded_at or now, at.zone)
            carried = EpisodeCarriedOver(
                episode_id=at.row_id("carried-over", mrn_claimed(self.mrn), self.carried.admitted_on),
                state=self.carried.state,
                admitted_on=self.carried.admitted_on,
                cohort_id=at.open_cohort(self.carried.cohort, on),
                primary_clinician_id=at.staff_id(self.carried.clinician, on),
                from_system=self.carried.from_system,
            )
            yield carried, self.by


_OF_CARRIED: Final = ("admitted_on", "cohort", "primary_clinician", "from_system")


def read_patient(cells: Cells) -> PatientTold:
    registered = PatientRegistered(
        mrn=cells.raw("mrn"),
        given_name=cells.raw("given_name"),
        family_name=cells.raw("family_name"),
        birth_date=there(cells.date("birth_date")),
        sex=cells.raw("sex"),
        phone=cells.text("phone"),
        address=cells.text("address"),
        emergency_contact=cells.text("emergency_contact"),
    )
    called_at = cells.instant("first_contact")
    if called_at is None:
        cells.judge_alone(("referral_source",), "first_contact")
    contact = None if called_at is None else (called_at, cells.given("referral_source", "first_contact"))
    return PatientTold(**recording(cells), registered=registered, first_contact=contact, carried=_carried(cells))


def _carried(cells: Cells) -> Carried | None:
    state = cells.word("carried_over")
    if state is None:
        cells.judge_alone(_OF_CARRIED, "carried_over")
        return None
    cells.given("admitted_on", "carried_over")
    return Carried(
        state=CarriedState(state),
        admitted_on=there(cells.date("admitted_on")),
        cohort=cells.given("cohort", "carried_over"),
        clinician=cells.given("primary_clinician", "carried_over"),
        from_system=cells.given("from_system", "carried_over"),
    )


# ---- attendance


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceTold(Told):
    on: date | None
    start: time | None
    cohort: str | None
    session_id: UUID | None
    outcome: Outcome
    method: str
    arrived_at: datetime | None
    left_at: datetime | None
    family_members: int | None

    def key(self) -> tuple[object, ...]:
        return ("attendance", mrn_claimed(self.mrn), self.session_id or (self.on, self.start, self.cohort))

    def streams(self, at: TableSite) -> list[str]:
        if self.session_id is not None:
            return [stream_name("session", self.session_id)]
        return [] if self.on is None else at.session_streams(self.on)

    def facts(self, chart: Chart, at: TableSite, now: datetime) -> Iterator[tuple[Any, Recording]]:
        if self.session_id is None:
            session_id = at.session(there(self.on), self.start, self.cohort)
        else:
            session_id = at.named_session(self.session_id, self.on, self.start, self.cohort)
        line = RosterLine(
            session_id=session_id,
            outcome=self.outcome,
            method=self.method,
            arrived_at=self.arrived_at,
            left_at=self.left_at,
            family_members=self.family_members,
        )
        yield line, self.by


def read_attendance(cells: Cells) -> AttendanceTold:
    session_id, on = cells.uuid("session_id"), cells.date("date")
    if session_id is None and on is None:
        cells.given("date", "mrn")
    return AttendanceTold(
        **recording(cells),
        on=on,
        start=cells.time("start"),
        cohort=cells.text("cohort"),
        session_id=session_id,
        outcome=Outcome(there(cells.word("outcome"))),
        method=cells.text("method") or "sign_in",
        arrived_at=cells.moment("arrived", on),
        left_at=cells.moment("left", on),
        family_members=cells.count("family_members"),
    )
