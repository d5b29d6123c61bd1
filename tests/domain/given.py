"""Given what is on record, when somebody records a fact, then this follows, or it is refused.

    given(*ENROLLED).when(attended(MONDAY)).recorded(attended(MONDAY), admitted(MONDAY))
    given(*ACTIVE).when(hold_started("2026-03-04"), by=FRONT_DESK).refused("act.not-permitted")

Every fact of a story is judged, those that are given as well. Unless said otherwise a fact is recorded by somebody who
may record it, as soon as it has happened; what is given late has a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from domain import recording
from domain.catalog import belongs
from domain.chart import Chart, judgement
from domain.chart.enrollment import Admitted
from domain.chart.episode import Episode
from domain.chart.identity import Identity
from domain.cohort import Cohort
from domain.decision import Decision, decide
from domain.facility import Facility, FacilityOpened
from domain.record import EnteredInError, Entry, Envelope, Person, Source, stream_kind, stream_name, stream_uuid
from domain.refused import Refused
from domain.resting import KINDS, Beside, looks_at_charts
from domain.scene import Scene
from domain.session import Session
from domain.streams import fold_stream, named
from store.rule_sets import shipped
from tests.domain.cast import (
    ADMINISTRATOR,
    ANN_THERE,
    CHART,
    COMPLIANCE_OFFICER,
    COUNSELOR,
    EPISODE,
    EVENINGS,
    FACILITY,
    LAB,
    LEDGER,
    MORNINGS,
    PERSONAL,
    PLANNED,
    STAFF,
    SUPERVISOR,
    SYSTEM,
    ZONE,
    credentialed,
    formed,
    local,
)

_BY: Mapping[str, Person] = {
    "FacilityOpened": ADMINISTRATOR,
    "HolidayDeclared": ADMINISTRATOR,
    "StaffCredentialed": ADMINISTRATOR,
    "RuleSetAdopted": ADMINISTRATOR,
    "ProgramOffered": ADMINISTRATOR,
    "CredentialEnded": ADMINISTRATOR,
    "LegalHoldSet": COMPLIANCE_OFFICER,
    "LegalHoldReleased": COMPLIANCE_OFFICER,
    "KeyDestroyed": COMPLIANCE_OFFICER,
    "EnteredInError": SUPERVISOR,
    "ChartLinked": SUPERVISOR,
    "ChartsMerged": SUPERVISOR,
    "MergedInto": SUPERVISOR,
    "DischargeVoided": SUPERVISOR,
    "StepDownCosigned": SUPERVISOR,
    "EpisodeCarriedOver": SUPERVISOR,
    "Admitted": SYSTEM,
    "BreakGlassReviewed": COMPLIANCE_OFFICER,
    "ReportIssued": COMPLIANCE_OFFICER,
    "ReportAttested": COMPLIANCE_OFFICER,
    "ValidityReported": LAB,
    "DefinitiveReported": LAB,
    "ResultCorrected": LAB,
}

_SOURCE: Mapping[str, Source] = {"EpisodeCarriedOver": Source.IMPORT}


# ---- telling


@dataclass(frozen=True, kw_only=True)
class Said:
    """A fact and how it is recorded. What is None is chosen as the module says."""

    fact: Any
    by: Person | None = None
    at: datetime | None = None
    reason: str | None = None
    stream: str | None = None
    source: Source | None = None


def said(
    fact: Any,
    *,
    by: Person | None = None,
    at: str | None = None,
    reason: str | None = None,
    stream: str | None = None,
    source: Source | None = None,
) -> Said:
    """The same fact, with what is given said of it."""
    telling = fact if isinstance(fact, Said) else Said(fact=fact)
    return replace(
        telling,
        by=by or telling.by,
        at=local(at) if at else telling.at,
        reason=telling.reason if reason is None else reason,
        stream=stream or telling.stream,
        source=source or telling.source,
    )


def strike(version: int) -> Said:
    return said(EnteredInError(target=version), reason="Entered in the wrong chart.")


def of(session_id: UUID, fact: Any) -> Said:
    """A fact of a session."""
    return said(fact, stream=stream_name("session", session_id))


def of_cohort(cohort_id: UUID, fact: Any) -> Said:
    return said(fact, stream=stream_name("cohort", cohort_id))


def _stream_of(fact: Any) -> str:
    return next(s for s in (CHART, FACILITY, f"cohort/{EVENINGS}") if belongs(stream_kind(s), type(fact).__name__))


ELSEWHERE: Mapping[tuple[str, UUID], Chart] = {
    ("louisville", ANN_THERE): Chart(patient_id=ANN_THERE, identity=Identity(mrn="L-1"))
}
"""The chart that the patient has at another site."""


class Story:
    """What is on record at one site, and what it adds up to."""

    def __init__(self, streams: Mapping[str, list[Entry]], clock: datetime) -> None:
        self.streams = {stream: list(entries) for stream, entries in streams.items()}
        self.clock = clock
        self._states = {stream: (0, fold_stream(stream, ())) for stream in self.streams}

    def state(self, stream: str) -> Any:
        entries = self.streams.get(stream, [])
        known, state = self._states.get(stream, (-1, None))
        if known != len(entries):
            state = fold_stream(stream, entries)
            self._states[stream] = (len(entries), state)
        return state

    def scene(self, at: datetime) -> Scene:
        facility: Facility = self.state(FACILITY)
        cohorts: dict[UUID, Cohort] = {}
        sessions: dict[UUID, Session] = {}
        charts: dict[UUID, Chart] = {}
        for stream in self.streams:
            if stream.startswith("cohort/"):
                cohorts[stream_uuid(stream)] = self.state(stream)
            if stream.startswith("session/"):
                sessions[stream_uuid(stream)] = self.state(stream)
            if stream.startswith("chart/"):
                charts[stream_uuid(stream)] = self.state(stream)
        return Scene(
            ledger=LEDGER,
            at=at,
            facility=facility,
            cohorts=cohorts,
            sessions=sessions,
            charts=charts,
            elsewhere=ELSEWHERE,
            rule_sets=shipped(),
        )

    def decided(self, telling: Any, *, needs_reason: bool = False) -> Decision:
        """What would be recorded. Raises `Refused`. `needs_reason`: one is made up for a late entry without."""
        telling = said(telling)
        stream = telling.stream or _stream_of(telling.fact)
        at = telling.at or self._in_time(telling.fact)
        reason = telling.reason
        if reason is None and needs_reason and self._is_late(telling.fact, at):
            reason = "Entered from the paper sheet."
        by = telling.by or _BY.get(type(telling.fact).__name__, COUNSELOR)
        source = telling.source or _SOURCE.get(type(telling.fact).__name__, Source.WEB)
        envelope = Envelope(by=by, source=source, correlation_id=UUID(int=1), reason=reason)
        history = self.streams.get(stream, [])
        before, charts = fold_stream(stream, history), self.beside(stream, telling.fact)
        return decide(stream, before, history, telling.fact, envelope, self.scene(at), charts)

    def beside(self, stream: str, fact: Any) -> list[Beside]:
        """The charts and sessions that name the stream, where a decision looks at them."""
        if not looks_at_charts(fact, self.streams.get(stream, [])):
            return []
        return [
            Beside(stream=name, entries=tuple(entries), state=self.state(name))
            for name, entries in self.streams.items()
            if stream_kind(name) in KINDS and any(stream in named(entry.fact) for entry in entries)
        ]

    def add(self, decision: Decision) -> None:
        for followed in decision.follow:
            self.add(followed)
        self.streams.setdefault(decision.stream, []).extend(decision.entries)
        self.clock = max(self.clock, decision.entries[-1].recorded_at)

    def tell(self, *tellings: Any) -> Story:
        for telling in tellings:
            self.add(self.decided(telling, needs_reason=True))
        return self

    def restored(self, stream: str, fact: Any) -> Story:
        """An entry that is judged by nobody, as a ledger that is restored may hold."""
        entries = self.streams.setdefault(stream, [])
        envelope = Envelope(by=SUPERVISOR, source=Source.WEB, correlation_id=UUID(int=1), reason="From a backup.")
        entries.append(Entry(version=len(entries) + 1, recorded_at=self.clock, envelope=envelope, fact=fact))
        return self

    def when(self, fact: Any, *, by: Person | None = None, at: str | None = None, reason: str | None = None) -> When:
        try:
            return When(self, self.decided(said(fact, by=by, at=at, reason=reason)), None)
        except Refused as refused:
            return When(self, None, refused)

    @property
    def chart(self) -> Chart:
        chart: Chart = self.state(CHART)
        return chart

    @property
    def episode(self) -> Episode:
        return self.chart.episodes[EPISODE]

    @property
    def facts(self) -> list[Any]:
        """Those of the chart, as recorded."""
        return [entry.fact for entry in self.streams[CHART]]

    @property
    def broken(self) -> list[int]:
        return list(judgement.broken(self.chart, self.scene(self.clock)))

    def _scheduled_end(self, fact: Any) -> datetime | None:
        session_id = getattr(fact, "session_id", None)
        if session_id is None or isinstance(fact, Admitted):
            return None
        session: Session | None = self.state(stream_name("session", session_id))
        return session.ends_at if session is not None else None

    def _in_time(self, fact: Any) -> datetime:
        """A moment after it happened, and after what was recorded before."""
        happened = recording.happened_at(fact, ZONE, scheduled_end=self._scheduled_end(fact))
        soonest = self.clock + timedelta(seconds=1)
        if happened is None:
            return soonest
        dated = isinstance(getattr(fact, "on", None), date)
        return max(soonest, happened - timedelta(hours=1) if dated else happened + timedelta(minutes=1))

    def _is_late(self, fact: Any, at: datetime) -> bool:
        happened = recording.happened_at(fact, ZONE, scheduled_end=self._scheduled_end(fact))
        return happened is not None and at - happened > timedelta(hours=24)


@dataclass(frozen=True)
class When:
    """What came of it."""

    story: Story
    decision: Decision | None
    refusal: Refused | None

    def recorded(self, *facts: Any) -> Story:
        """It was, and these facts with it, where they are named. The story goes on."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.decision is not None
        if facts:
            entries = [entry for part in (self.decision, *self.decision.follow) for entry in part.entries]
            assert [entry.fact for entry in entries] == [said(fact).fact for fact in facts]
        self.story.add(self.decision)
        return self.story

    def refused(self, rule: str, *, naming: str | None = None) -> None:
        """It was, by this rule, and the sentence names this. No refusal says anything personal."""
        assert self.refusal is not None, "it was recorded"
        assert self.refusal.rule == rule, str(self.refusal)
        assert naming is None or naming in self.refusal.because, self.refusal.because
        assert not any(word in self.refusal.because for word in PERSONAL)


@cache
def _site() -> Story:
    story = Story({}, local("2026-01-05 08:00"))
    story.tell(FacilityOpened(code=LEDGER, name="Lexington", zone=ZONE.key))
    story.tell(*(credentialed(person) for person in STAFF))
    story.tell(of_cohort(EVENINGS, formed()))
    story.tell(
        of_cohort(MORNINGS, formed(name="Mornings", weekdays=("mon", "wed", "fri"), starts="09:00", ends="12:00"))
    )
    story.tell(*(of(session_id, plan) for session_id, plan in PLANNED.items()))
    return story


def given(*tellings: Any) -> Story:
    """The site with its staff, cohorts and planned sessions, and these facts recorded one after the other."""
    site = _site()
    return Story(site.streams, site.clock).tell(*tellings)


def unopened(*tellings: Any) -> Story:
    """A ledger in which nothing is recorded but these facts."""
    return Story({}, local("2026-01-05 08:00")).tell(*tellings)
