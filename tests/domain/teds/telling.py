"""The stories of records for the data set: one client, of whom facts are added, and rows by the name of the column."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.chart.carry_over import CarriedState, EpisodeCarriedOver
from domain.chart.enrollment import Admitted, Enrolled
from domain.chart.entry import InquiryReceived, IntakeAssessed
from domain.chart.exit import Discharged, DischargeReason
from domain.chart.identity import PatientRegistered
from domain.chart.merging import ChartsMerged, MergedInto
from domain.chart.teds import Occasion, TedsItems, TedsItemsRecorded
from domain.compliance.period import Period
from domain.program import Payer
from domain.record import EnteredInError, Entry, Envelope, Person, Source
from domain.teds.case import Reporter
from domain.teds.columns import Value
from domain.teds.records import Kind, Records, records
from domain.teds.states import KENTUCKY
from tests.domain.cast import ANN, BEN, EPISODE, SECOND_EPISODE, ZONE, day, local

REPORTER = Reporter(state=KENTUCKY, provider_id="SYN-2070", zone=ZONE)
ALWAYS = Period(date.min, date.max)
LATER = day("2026-12-31")
_ENVELOPE = Envelope(by=Person("system", "Import", "system"), source=Source.IMPORT, correlation_id=UUID(int=0))
_START = datetime(2026, 1, 1, tzinfo=UTC)

Row = dict[str, Value]


class File:
    """Charts and what is recorded in them, one fact after the other. Nobody judges: a restored ledger may hold it."""

    def __init__(self) -> None:
        self.entries: dict[UUID, list[Entry]] = {}
        self._clock = _START

    def add(self, *facts: Any, patient_id: UUID = ANN) -> int:
        """The version of the last."""
        known = self.entries.setdefault(patient_id, [])
        for fact in facts:
            self._clock += timedelta(seconds=1)
            known.append(Entry(version=len(known) + 1, recorded_at=self._clock, envelope=_ENVELOPE, fact=fact))
        return len(known)

    def strike(self, version: int, *, patient_id: UUID = ANN) -> None:
        self.add(EnteredInError(target=version), patient_id=patient_id)

    def merge(self, from_chart: UUID = BEN, into: UUID = ANN) -> None:
        self.add(ChartsMerged(from_chart=from_chart), patient_id=into)
        self.add(MergedInto(chart=into), patient_id=from_chart)

    def records(self, kind: Kind, as_of: date = LATER, period: Period = ALWAYS) -> Records:
        return records(self.entries, kind, REPORTER, as_of=as_of, period=period).records

    def rows(self, kind: Kind, as_of: date = LATER) -> list[Row]:
        names = [item.name for item in kind.items]
        return [dict(zip(names, values, strict=True)) for values in self.records(kind, as_of).values()]

    def admission(self) -> Row:
        (row,) = self.rows(Kind.ADMISSIONS)
        return row

    def discharge(self) -> Row:
        (row,) = self.rows(Kind.DISCHARGES)
        return row


def registered(birth_date: str = "1990-05-01", sex: str = "female") -> PatientRegistered:
    return PatientRegistered(mrn="M1", given_name="Given", family_name="Family", birth_date=day(birth_date), sex=sex)


def inquired(at: str = "2026-02-25 12:00", source: str = "self", episode_id: UUID = EPISODE) -> InquiryReceived:
    return InquiryReceived(episode_id=episode_id, first_contact_at=local(at), referral_source=source)


def assessed(
    *substances: str, diagnoses: tuple[str, ...] = (), on: str = "2026-02-26", episode_id: UUID = EPISODE
) -> IntakeAssessed:
    return IntakeAssessed(
        episode_id=episode_id,
        on=day(on),
        diagnoses=diagnoses,
        substances=substances,
        ratings=(0, 0, 1, 2, 2, 1),
        edition="4",
        indicated_level="2.1",
    )


def enrolled(
    level: str = "2.1", weeks: int = 8, payer: Payer = Payer.COMMERCIAL, episode_id: UUID = EPISODE
) -> Enrolled:
    return Enrolled(
        episode_id=episode_id,
        program="iop",
        level_of_care=level,
        cohort_id=UUID(int=1),
        planned_weeks=weeks,
        payer=payer,
        primary_clinician_id=UUID(int=1),
        on=day("2026-02-27"),
    )


def admitted(on: str = "2026-03-02", episode_id: UUID = EPISODE) -> Admitted:
    return Admitted(episode_id=episode_id, on=day(on), session_id=UUID(int=0))


def carried(on: str = "2026-02-16", episode_id: UUID = EPISODE) -> EpisodeCarriedOver:
    return EpisodeCarriedOver(
        episode_id=episode_id,
        state=CarriedState.ACTIVE,
        admitted_on=day(on),
        cohort_id=UUID(int=1),
        primary_clinician_id=UUID(int=1),
        from_system="paper",
    )


def discharged(
    on: str = "2026-04-20",
    last: str | None = None,
    reason: DischargeReason = DischargeReason.COMPLETED,
    episode_id: UUID = EPISODE,
) -> Discharged:
    return Discharged(episode_id=episode_id, on=day(on), last_service_on=day(last or on), reason=reason)


def told(occasion: Occasion = Occasion.ADMISSION, episode_id: UUID = EPISODE, **items: int) -> TedsItemsRecorded:
    return TedsItemsRecorded(episode_id=episode_id, occasion=occasion, items=TedsItems(**items))  # type: ignore[typeddict-item]


def episode(*facts: Any) -> File:
    """A client who was admitted, and these facts."""
    file = File()
    file.add(registered(), inquired(), enrolled(), admitted(), *facts)
    return file


def again(admitted_on: str, *, contact: str = "2026-05-01 12:00") -> tuple[Any, ...]:
    """A second episode of the client."""
    return (
        inquired(contact, episode_id=SECOND_EPISODE),
        enrolled(episode_id=SECOND_EPISODE),
        admitted(admitted_on, episode_id=SECOND_EPISODE),
    )
