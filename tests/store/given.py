"""Facts to append, short to write. Nobody in them exists."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.chart.entry import InquiryReceived
from domain.chart.identity import PatientRegistered
from domain.chart.plan import TriggerIdentified
from domain.cohort import CohortFormed
from domain.facility import HolidayDeclared
from domain.record import Envelope, Person, Source
from store.append import NewFact

AMES = Person("staff/6f1c1f0e-3b1c-4a44-9a35-5b9f4f1d8e11", "R. Ames", "counselor", "LCADC")
EPISODE = UUID("2f0c8a4e-52a5-4d2a-8f0b-0f6d7f8a9b10")


def envelope(reason: str | None = None) -> Envelope:
    return Envelope(by=AMES, source=Source.API, correlation_id=uuid4(), reason=reason)


def new(stream: str, version: int, fact: Any, *, reason: str | None = None) -> NewFact:
    return NewFact(stream=stream, version=version, envelope=envelope(reason), fact=fact)


def a_chart() -> str:
    return f"chart/{uuid4()}"


def a_session() -> str:
    return f"session/{uuid4()}"


def holiday(stream: str = "facility/lexington", version: int = 1, name: str = "Founders' day") -> NewFact:
    return new(stream, version, HolidayDeclared(on=date(2026, 4, 6), name=name))


def trigger(chart: str, version: int, text: str = "payday") -> NewFact:
    return new(chart, version, TriggerIdentified(episode_id=EPISODE, text=text))


def attended(chart: str, version: int, session: str) -> NewFact:
    arrived_at = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
    fact = AttendanceRecorded(
        episode_id=EPISODE,
        session_id=UUID(session.partition("/")[2]),
        outcome=Outcome.ATTENDED,
        method="roster",
        arrived_at=arrived_at,
        left_at=arrived_at + timedelta(hours=3),
    )
    return new(chart, version, fact)


def registered(chart: str, version: int = 1, *, mrn: str = "MRN-1", family_name: str = "Quillfeather") -> NewFact:
    return new(
        chart,
        version,
        PatientRegistered(
            mrn=mrn,
            given_name="Ottoline",
            family_name=family_name,
            birth_date=date(1987, 5, 4),
            sex="female",
            phone="555-0142-7788",
        ),
    )


def inquiry(chart: str, version: int, episode_id: UUID) -> NewFact:
    at = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
    return new(chart, version, InquiryReceived(episode_id=episode_id, first_contact_at=at, referral_source="self"))


def cohort(stream: str, version: int = 1) -> NewFact:
    return new(
        stream,
        version,
        CohortFormed(
            name="Evening",
            program="iop",
            weekdays=("mon", "tue", "thu"),
            starts="18:00",
            ends="21:00",
            capacity=1,
            on=date(2026, 1, 5),
        ),
    )
