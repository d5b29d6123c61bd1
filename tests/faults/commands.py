"""What the clients send: seeded, of many kinds, each fact marked with the key of its command as its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from domain.acts import ADMINISTRATOR, COUNSELOR
from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.chart.entry import InquiryReceived
from domain.chart.identity import PatientRegistered
from domain.chart.plan import TriggerIdentified
from domain.facility import FacilityOpened, HolidayDeclared
from domain.record import EnteredInError, Envelope, Person, Source
from domain.session import Modality, SessionHeld, SessionKind, SessionScheduled
from domain.staff import StaffCredentialed
from store.append import NewFact

STAFF = UUID("6f1c1f0e-3b1c-4a44-9a35-5b9f4f1d8e11")
AMES = Person(f"staff/{STAFF}", "R. Ames", COUNSELOR, "LCADC")
OFFICE = Person("staff/2a7de0a1-94d5-4f86-9a0f-6a1d0c6d4e52", "T. Office", ADMINISTRATOR)

_AT_SIX = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
_HOURS = timedelta(hours=3)


@dataclass
class Chart:
    """A chart that one client writes alone; `version` as the last receipt said."""

    stream: str
    episode_id: UUID
    version: int = 0
    triggers: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """One command. Versions are filled in when it goes out: `streams` says where, a stream again for each fact."""

    kind: str
    streams: Sequence[str]
    facts: Sequence[Any]
    reads: Sequence[str] = ()
    """Streams that it rests on besides."""
    by: Person = AMES
    judged: bool = False
    """Through the desk: a decision."""

    def at(self, versions: dict[str, int], key: str, random: Random) -> list[NewFact]:
        """The facts in their places, behind the versions that are known."""
        last = {stream: versions[stream] for stream in self.streams}
        placed = []
        for stream, fact in zip(self.streams, self.facts, strict=True):
            last[stream] += 1
            placed.append(NewFact(stream=stream, version=last[stream], envelope=envelope(key, random), fact=fact))
        return placed


def envelope(key: str, random: Random, by: Person = AMES) -> Envelope:
    return Envelope(by=by, source=Source.API, correlation_id=uuid(random), reason=key)


def uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def opening(ledger: str) -> list[Any]:
    """The facts by which a site begins, for the desk."""
    return [
        FacilityOpened(code=ledger, name="A site", zone="America/New_York"),
        StaffCredentialed(
            staff_id=STAFF, name=AMES.name, role=COUNSELOR, valid_from=date(2020, 1, 1), credential="LCADC"
        ),
    ]


class Hand:
    """One client's choices in one ledger: its own charts and sessions, and the site's stream, which all share."""

    def __init__(self, random: Random, ledger: str) -> None:
        self.random = random
        self.ledger = ledger
        self.charts: list[Chart] = []
        self.judged: list[Chart] = []
        self.sessions: list[UUID] = []
        self._taken: list[PatientRegistered] = []

    def next(self) -> Plan:
        """A client that has nothing yet begins a chart."""
        choices = {
            self.new_chart: 12,
            self._on_chart: 40 if self.charts else 0,
            self._roster: 12 if len(self.charts) > 2 else 0,
            self._session: 8,
            self._struck: 4 if any(chart.triggers for chart in self.charts) else 0,
            self._shared: 8,
            self._taken_number: 3 if self._taken else 0,
            self._registration: 5,
            self._inquiry: 8 if self.judged else 0,
        }
        [chosen] = self.random.choices(list(choices), list(choices.values()))
        return chosen()

    def done(self, plan: Plan, latest: dict[str, int]) -> None:
        """What the client knows once a command is answered."""
        if plan.kind == "new chart":
            [stream] = set(plan.streams)
            self.charts.append(Chart(stream, plan.facts[1].episode_id))
            self._taken.append(plan.facts[0])
        elif plan.kind == "registration":
            self.judged.append(Chart(plan.streams[0], uuid(self.random)))
        elif plan.kind == "session":
            self.sessions.append(UUID(plan.streams[0].partition("/")[2]))
        for chart in self.charts:
            if chart.stream in latest:
                before, chart.version = chart.version, latest[chart.stream]
                of_it = [fact for stream, fact in zip(plan.streams, plan.facts, strict=True) if stream == chart.stream]
                chart.triggers += [
                    before + n for n, fact in enumerate(of_it, start=1) if isinstance(fact, TriggerIdentified)
                ]

    def _person(self) -> PatientRegistered:
        return PatientRegistered(
            mrn=f"MRN-{self.random.getrandbits(48)}",
            given_name="Ottoline",
            family_name="Quillfeather",
            birth_date=date(1987, 5, 4),
            sex="female",
        )

    def _inquired(self, episode_id: UUID) -> InquiryReceived:
        return InquiryReceived(episode_id=episode_id, first_contact_at=_AT_SIX - 48 * _HOURS, referral_source="self")

    def new_chart(self) -> Plan:
        stream = f"chart/{uuid(self.random)}"
        return Plan("new chart", [stream] * 2, [self._person(), self._inquired(uuid(self.random))])

    def _on_chart(self) -> Plan:
        chart = self.random.choice(self.charts)
        facts = [self._fact(chart) for _ in range(self.random.choice((1, 1, 1, 2, 5)))]
        return Plan("on chart", [chart.stream] * len(facts), facts)

    def _fact(self, chart: Chart) -> Any:
        if self.sessions and self.random.random() < 0.5:
            return AttendanceRecorded(
                episode_id=chart.episode_id,
                session_id=self.random.choice(self.sessions),
                outcome=Outcome.ATTENDED,
                method="roster",
                arrived_at=_AT_SIX,
                left_at=_AT_SIX + _HOURS,
            )
        return TriggerIdentified(episode_id=chart.episode_id, text=f"trigger {self.random.getrandbits(30)}")

    def _roster(self) -> Plan:
        charts = self.random.sample(self.charts, min(len(self.charts), self.random.randint(2, 6)))
        reads = [f"facility/{self.ledger}"] if self.random.random() < 0.2 else []
        return Plan("roster", [chart.stream for chart in charts], [self._fact(chart) for chart in charts], reads)

    def _session(self) -> Plan:
        stream = f"session/{uuid(self.random)}"
        facts = [
            SessionScheduled(
                kind=SessionKind.GROUP, starts_at=_AT_SIX, ends_at=_AT_SIX + _HOURS, modality=Modality.IN_PERSON
            ),
            SessionHeld(
                started_at=_AT_SIX,
                ended_at=_AT_SIX + _HOURS,
                staff=({"staff_id": STAFF, "role": COUNSELOR, "from": _AT_SIX, "to": _AT_SIX + _HOURS},),
            ),
        ]
        return Plan("session", [stream] * 2, facts)

    def _struck(self) -> Plan:
        chart = self.random.choice([chart for chart in self.charts if chart.triggers])
        target = chart.triggers.pop(self.random.randrange(len(chart.triggers)))
        return Plan("struck", [chart.stream], [EnteredInError(target=target)])

    def _shared(self) -> Plan:
        holiday = HolidayDeclared(on=date(2026, 1, 1) + timedelta(days=self.random.randrange(3650)), name="A holiday")
        return Plan("shared", [f"facility/{self.ledger}"], [holiday])

    def _taken_number(self) -> Plan:
        return Plan("taken number", [f"chart/{uuid(self.random)}"], [self.random.choice(self._taken)])

    def _registration(self) -> Plan:
        return Plan("registration", [f"chart/{uuid(self.random)}"], [self._person()], judged=True)

    def _inquiry(self) -> Plan:
        chart = self.judged.pop(self.random.randrange(len(self.judged)))
        return Plan("inquiry", [chart.stream], [self._inquired(chart.episode_id)], judged=True)
