"""The way in and out: registration to enrollment, holds, discharge and what comes after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from domain.chart.after import AftercareStarted, AlumniJoined
from domain.chart.detox import DetoxAnswered, DetoxReferred
from domain.chart.enrollment import CohortAssigned, HoldEnded, HoldStarted
from domain.chart.entry import InquiryReceived, NotAdmitted, Suitability, SuitabilityDecided, Waitlisted
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned, DischargeVoided
from domain.chart.step_down import SelfReductionNoted, Transferred
from domain.program import Payer
from tests.domain import care, cast
from tests.domain.model.machine import ANN, BEN, SMALL, Machine, ago, charts, fresh, pick, who, why
from tests.domain.model.record import named

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REASONS = [DischargeReason.COMPLETED] * 4 + [DischargeReason.DROPPED_OUT] * 2 + [DischargeReason.TRANSFERRED]


def when(*states: str | None) -> Any:
    """A turn that isn't bold tries only what the state of the first chart asks for."""
    return precondition(lambda machine: machine.bold or machine.state() in states)


class WayIn(Machine):
    @initialize(depth=st.sampled_from([7, 5, 9, 8, 10, 6, 3, 0]), second=st.integers(0, 2))
    def begin(self, depth: int, second: int) -> None:
        """Some histories begin further on, so that what comes late in an episode is reached as well."""
        told = [cast.registered, cast.inquired(), cast.assessed(), cast.suitability(), cast.enrolled()]
        self.now = cast.local("2026-02-27 13:00")
        for fact in told[: depth + 1]:
            assert self.say(ANN, fact)
        if depth > 5:
            self.now = cast.local("2026-03-03 22:00")
            assert self.say(ANN, cast.attended(cast.MONDAY))
            assert self.say(ANN, cast.attended(cast.TUESDAY))
        if depth > 6:
            self.now = cast.local("2026-03-10 22:00")
        if depth == 8:
            for step in (*care.AGREED, care.took_effect("2026-03-09")):
                assert self.say(ANN, step)
        if depth == 9:
            assert self.say(ANN, cast.discharged("2026-03-09", "2026-03-03", reason=DischargeReason.COMPLETED))
        if depth == 10:
            assert self.say(ANN, HoldStarted(episode_id=self.episode(), on=cast.day("2026-03-05"), cause="hospital"))
            assert self.say(ANN, HoldEnded(episode_id=self.episode(), on=cast.day("2026-03-09")))
        self.begin_of_the_second(second)

    def begin_of_the_second(self, depth: int) -> None:
        """Another chart, and mostly its patient in the only seat of a small cohort; a specimen of theirs is taken."""
        if depth > 0:
            assert self.say(BEN, replace(cast.registered, mrn="MRN-4712"))
        if depth > 1:
            on = cast.day("2026-02-01")
            assert self.say(f"cohort/{SMALL}", cast.formed(name="Small", capacity=1, on=on))
            key = fresh(BEN, 0)
            told = [
                cast.inquired(key),
                cast.assessed(episode_id=key),
                cast.suitability(episode_id=key),
                cast.enrolled(episode_id=key, cohort_id=SMALL),
            ]
            screening_id = UUID(int=0x5F0)
            taken = care.collected("2026-02-27 12:00", screening_id, "A-1")
            told += [replace(care.ordered(screening_id), episode_id=key), replace(taken, episode_id=key)]
            for fact in told:
                assert self.say(BEN, fact)

    @rule(hours=st.sampled_from([3, 14, 24, 24, 48, 72, 120]))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule(stream=charts, mrn=st.sampled_from(["MRN-4711", "MRN-4712", "MRN-4713"]), by=who)
    @precondition(lambda machine: machine.bold)
    def register(self, stream: str, mrn: str, by: Any) -> None:
        self.say(stream, replace(cast.registered, mrn=mrn), by=by)

    @rule(stream=charts, n=st.integers(0, 2), days=ago, by=who, why=why)
    @when(None, "discharged", "not_admitted")
    def inquire(self, stream: str, n: int, days: int, by: Any, why: str | None) -> None:
        used = len(named(self.record.get(stream, []), "InquiryReceived"))
        at = self.now - days * DAY
        episode_id = fresh(stream, n if self.bold else used)
        self.say(
            stream, InquiryReceived(episode_id=episode_id, first_contact_at=at, referral_source="self"), by=by, why=why
        )

    @rule(stream=charts, days=ago, by=who, why=why)
    @when("inquiry", "detox_referred")
    def assess(self, stream: str, days: int, by: Any, why: str | None) -> None:
        self.say(stream, cast.assessed(str(self.day(days)), self.episode(stream)), by=by, why=why)

    @rule(
        stream=charts,
        outcome=st.sampled_from([Suitability.SUITABLE] * 5 + list(Suitability)),
        days=ago,
        by=who,
        why=why,
    )
    @when("assessed")
    def decide(self, stream: str, outcome: Suitability, days: int, by: Any, why: str | None) -> None:
        fact = SuitabilityDecided(episode_id=self.episode(stream), outcome=outcome, on=self.day(days))
        self.say(stream, fact, by=by, why=why)

    @rule(stream=charts, days=ago, by=who, why=why)
    @when("assessed")
    def waitlist(self, stream: str, days: int, by: Any, why: str | None) -> None:
        self.say(stream, Waitlisted(episode_id=self.episode(stream), on=self.day(days)), by=by, why=why)

    @rule(days=ago, accepted=st.sampled_from([None, None, True, False]), by=who, why=why)
    @when("assessed", "active", "tapering", "on_hold")
    def refer_to_detox(self, days: int, accepted: bool | None, by: Any, why: str | None) -> None:
        fact = DetoxReferred(episode_id=self.episode(), provider="Landmark", on=self.day(days), accepted=accepted)
        self.say(ANN, fact, by=by, why=why)

    @rule(days=ago, accepted=st.booleans(), by=who, why=why)
    @when("detox_referred", "assessed", "enrolled", "active", "discharged", "not_admitted")
    def answer_for_detox(self, days: int, accepted: bool, by: Any, why: str | None) -> None:
        self.say(ANN, DetoxAnswered(episode_id=self.episode(), accepted=accepted, on=self.day(days)), by=by, why=why)

    @rule(stream=charts, days=ago, by=who, why=why)
    @when("waitlisted")
    def not_admit(self, stream: str, days: int, by: Any, why: str | None) -> None:
        self.say(stream, NotAdmitted(episode_id=self.episode(stream), on=self.day(days), cause="went"), by=by, why=why)

    @rule(stream=charts, days=ago, weeks=st.sampled_from([8, 8, 8, 12]), n=pick, by=who, why=why)
    @when("assessed", "waitlisted")
    def enroll(self, stream: str, days: int, weeks: int, n: int, by: Any, why: str | None) -> None:
        other = {"planned_weeks": weeks, "cohort_id": self.cohort_id(n), "payer": list(Payer)[n % 2]}
        self.say(stream, cast.enrolled(str(self.day(days)), self.episode(stream), **other), by=by, why=why)

    @rule(days=ago, n=pick, by=who, why=why)
    @when("enrolled", "active", "tapering")
    def assign(self, days: int, n: int, by: Any, why: str | None) -> None:
        fact = CohortAssigned(episode_id=self.episode(), cohort_id=self.cohort_id(n), effective_on=self.day(days))
        self.say(ANN, fact, by=by, why=why)


class WayOut(Machine):
    @rule(days=ago, by=who, why=why)
    @when("active", "tapering")
    def hold(self, days: int, by: Any, why: str | None) -> None:
        self.say(ANN, HoldStarted(episode_id=self.episode(), on=self.day(days), cause="hospital"), by=by, why=why)

    @rule(days=ago, by=who, why=why)
    @when("on_hold")
    def end_hold(self, days: int, by: Any, why: str | None) -> None:
        self.say(ANN, HoldEnded(episode_id=self.episode(), on=self.day(days)), by=by, why=why)

    @rule(days=ago, last=st.sampled_from([0, 0, 1, 3]), reason=st.sampled_from(REASONS), by=who, why=why)
    @when("active", "tapering", "on_hold")
    def discharge(self, days: int, last: int, reason: DischargeReason, by: Any, why: str | None) -> None:
        on = self.day(days)
        fact = Discharged(episode_id=self.episode(), on=on, last_service_on=on - last * DAY, reason=reason)
        self.say(ANN, fact, by=by, why=why)

    @rule(n=pick, by=who, why=why)
    @when("discharged")
    def void(self, n: int, by: Any, why: str | None) -> None:
        lines = self.record.get(ANN, [])
        aims = named(lines, "Discharged") or lines or [None]
        aim = aims[n % len(aims)]
        episode_id = self.episode() if aim is None or n % 5 == 4 else aim.get("episode_id") or self.episode()
        self.say(ANN, DischargeVoided(corrects=aim.version if aim else 1, episode_id=episode_id), by=by, why=why)

    @rule(kind=st.sampled_from([AftercareStarted, AlumniJoined, DischargeSummarySigned]), days=ago, by=who, why=why)
    @when("discharged")
    def after(self, kind: Any, days: int, by: Any, why: str | None) -> None:
        self.say(ANN, kind(episode_id=self.episode(), on=self.day(days)), by=by, why=why)

    @rule(days=ago, by=who, why=why)
    @when("active", "tapering", "on_hold")
    def reduce(self, days: int, by: Any, why: str | None) -> None:
        fact = SelfReductionNoted(episode_id=self.episode(), weekly_minutes=180, on=self.day(days))
        self.say(ANN, fact, by=by, why=why)

    @rule(days=ago, by=who, why=why)
    @when("active", "tapering", "on_hold")
    def transfer(self, days: int, by: Any, why: str | None) -> None:
        fact = Transferred(episode_id=self.episode(), to_level="3.1", provider="Riverbend", on=self.day(days))
        self.say(ANN, fact, by=by, why=why)
