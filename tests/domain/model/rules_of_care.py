"""Care: who came, step-down, screening, consent; and corrections and strikes of all of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, Outcome
from domain.chart.consent import ConsentGiven, ConsentRevoked
from domain.chart.disclosure import Basis, DisclosureMade
from domain.chart.merging import ChartsMerged
from domain.chart.step_down import (
    Answer,
    StepDownAnswered,
    StepDownCosigned,
    StepDownDecided,
    StepDownRecommended,
    StepDownTookEffect,
    StepDownWithdrawn,
)
from domain.chart.step_up import StepUpDecided
from domain.record import EnteredInError
from tests.domain import care, cast
from tests.domain.model.machine import ANN, Machine, ago, charts, pick, who, why
from tests.domain.model.record import Line, named
from tests.domain.model.rules_of_entry import when
from tests.domain.model.site import session

OUTCOMES = [Outcome.ATTENDED] * 4 + list(Outcome)
IN_CARE = ("enrolled", "active", "tapering", "discharged")
NEW_SESSIONS = tuple(UUID(int=0x531 + n) for n in range(3))
SESSIONS = (*cast.PLANNED, *NEW_SESSIONS)


class Attending(Machine):
    def past(self, n: int) -> UUID:
        """A session that has been; now and then any."""
        found = [s for s in SESSIONS if (there := session(self.record, s)) and there["ends_at"] <= self.now]
        return found[n % len(found)] if found and not self.bold else SESSIONS[n % len(SESSIONS)]

    def record_of(self, session_id: UUID, outcome: Outcome, part: int, stream: str) -> AttendanceRecorded:
        there = session(self.record, session_id)
        begins = there["starts_at"] if there else self.now - timedelta(hours=2)
        ends = there["ends_at"] if there else self.now
        middle = begins + (ends - begins) / 2
        day = timedelta(days=1)
        times = [
            *((begins, ends), (begins, ends), (middle, ends), (begins, middle), (ends, begins), (None, None)),
            *((begins - day, ends - day), (begins + day, ends + day), (ends, ends + day / 24)),
        ][part]
        came = outcome is Outcome.ATTENDED
        if not came and part != 4:
            times = (None, None)
        return AttendanceRecorded(
            episode_id=self.episode(stream),
            session_id=session_id,
            outcome=outcome,
            method="roster",
            arrived_at=times[0],
            left_at=times[1],
        )

    @rule(
        stream=charts,
        n=pick,
        outcome=st.sampled_from(OUTCOMES),
        part=st.sampled_from([0, 1, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
        by=who,
        why=why,
    )
    @when(*IN_CARE)
    def attend(self, stream: str, n: int, outcome: Outcome, part: int, by: Any, why: str | None) -> None:
        self.say(stream, self.record_of(self.past(n), outcome, part, stream), by=by, why=why)

    @rule(n=pick, by=who)
    @when(*IN_CARE)
    def attend_next(self, n: int, by: Any) -> None:
        """The next session that has no record."""
        known = {line.session_id for line in named(self.lines(), "AttendanceRecorded", "AttendanceCorrected")}
        missing = [s for s in SESSIONS if s not in known and session(self.record, s)]
        missing.sort(key=lambda s: session(self.record, s)["starts_at"])  # type: ignore[index]
        if missing:
            there = session(self.record, missing[n % 2 % len(missing)])
            assert there is not None
            if there["ends_at"] > self.now:
                self.now = there["ends_at"] + timedelta(minutes=30)
            self.say(ANN, self.record_of(there["id"], Outcome.ATTENDED, 0, ANN), by=by)

    @rule(n=pick, outcome=st.sampled_from(OUTCOMES), part=st.integers(0, 8), by=who, why=why)
    @when(*IN_CARE)
    def correct(self, n: int, outcome: Outcome, part: int, by: Any, why: str | None) -> None:
        lines = self.record.get(ANN, [])
        records = named(self.lines(), "AttendanceRecorded", "AttendanceCorrected")
        aims = (lines if n % 6 == 5 else records) or lines
        if aims:
            aim = aims[n % len(aims)]
            session_id = aim.get("session_id") or cast.MONDAY
            anew = self.record_of(cast.TALK if n == 59 else session_id, outcome, part, ANN)
            version = aim.version if n != 58 else 999
            fact = cast.corrected(version, anew)
            episode_id = aim.get("episode_id") or fact.episode_id
            self.say(ANN, AttendanceCorrected(**{**fields_of(fact), "episode_id": episode_id}), by=by, why=why)

    @rule(stream=charts, n=pick, last=st.booleans(), by=who, why=why)
    def strike(self, stream: str, n: int, last: bool, by: Any, why: str | None) -> None:
        lines = self.record.get(stream, [])
        if lines:
            aims = lines if self.bold else self.lines(stream)[6:] or self.lines(stream) or lines
            aim = aims[-1 - n % min(3, len(aims))] if last else aims[n % len(aims)]
            self.say(stream, EnteredInError(target=aim.version if n != 59 else 999), by=by, why=why)


def fields_of(fact: Any) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in type(fact).__dataclass_fields__}


class Stepping(Machine):
    def steps_of(self, n: int) -> dict[str, Any]:
        """The step-down last recommended, or another."""
        said = named(self.lines(), "StepDownRecommended")
        known = said[-1].step_down_id if said else care.STEP_DOWN
        other = n % 12 == 11
        return {"step_down_id": care.SECOND_STEP_DOWN if other else known, "episode_id": self.episode()}

    @rule(days=ago, by=who, why=why)
    @when("active", "tapering")
    def assess_level(self, days: int, by: Any, why: str | None) -> None:
        fact = care.level_assessed(str(self.day(days)))
        self.say(ANN, type(fact)(**{**fields_of(fact), "episode_id": self.episode()}), by=by, why=why)

    @rule(n=pick, days=ago, by=who, why=why)
    @when("active", "tapering")
    def recommend(self, n: int, days: int, by: Any, why: str | None) -> None:
        on = self.day(days)
        fact = StepDownRecommended(
            episode_id=self.episode(),
            step_down_id=UUID(int=0x5D1 + n % 3),
            to_level="1.5",
            weekly_minutes=360,
            effective_on=on + timedelta(days=n % 9),
            criteria=("goals met",),
            on=on,
        )
        self.say(ANN, fact, by=by, why=why)

    @rule(n=pick, days=ago, answer=st.sampled_from([Answer.AGREED] * 3 + [Answer.DECLINED]), by=who, why=why)
    @precondition(lambda machine: machine.bold or named(machine.lines(), "StepDownRecommended"))
    def answer(self, n: int, days: int, answer: Answer, by: Any, why: str | None) -> None:
        self.say(ANN, StepDownAnswered(**self.steps_of(n), answer=answer, on=self.day(days)), by=by, why=why)

    @rule(
        n=pick,
        days=ago,
        kind=st.sampled_from(["cosign", "decide", "decide", "effect", "effect", "withdraw"]),
        by=who,
        why=why,
    )
    @precondition(lambda machine: machine.bold or named(machine.lines(), "StepDownRecommended"))
    def step(self, n: int, days: int, kind: str, by: Any, why: str | None) -> None:
        kinds: dict[str, Any] = {
            "cosign": StepDownCosigned,
            "decide": StepDownDecided,
            "effect": StepDownTookEffect,
            "withdraw": StepDownWithdrawn,
        }
        self.say(ANN, kinds[kind](**self.steps_of(n), on=self.day(days)), by=by, why=why)

    @rule(days=ago, upto=st.sampled_from([5, 5, 4, 3, 2]))
    @when("active")
    def step_down(self, days: int, upto: int) -> None:
        """The way to a step-down in one go, as far as it is asked to go."""
        on = self.day(max(days, 0))
        key = {"step_down_id": UUID(int=0x5D1 + self.turn % 3), "episode_id": self.episode()}
        level = care.level_assessed(str(on))
        told: list[Any] = [
            type(level)(**{**fields_of(level), "episode_id": self.episode()}),
            StepDownRecommended(
                **key, to_level="1.5", weekly_minutes=360, effective_on=on, criteria=("goals met",), on=on
            ),
            StepDownAnswered(**key, answer=Answer.AGREED, on=on),
            StepDownCosigned(**key, on=on),
            StepDownDecided(**key, on=on),
            StepDownTookEffect(**key, on=on),
        ]
        for fact in told[: upto + 1]:
            self.say(ANN, fact)

    @rule(days=ago, level=st.sampled_from(["2.1", "2.1", "2.5", "1.0"]), by=who, why=why)
    @when("tapering")
    def step_up(self, days: int, level: str, by: Any, why: str | None) -> None:
        self.say(ANN, StepUpDecided(episode_id=self.episode(), to_level=level, on=self.day(days)), by=by, why=why)


class Screening(Machine):
    @rule(
        stream=charts,
        n=pick,
        kind=st.sampled_from(["order", "both", "both", "collect", "collect", "refuse", "miss"]),
        hours=st.sampled_from([0, 0, 2, 30, -1]),
        label=st.sampled_from([None, None, "A-1", "A-2"]),
        by=who,
        why=why,
    )
    @when("active", "tapering")
    def screen(self, stream: str, n: int, kind: str, hours: int, label: str | None, by: Any, why: str | None) -> None:
        key = UUID(int=(0x5C1 if stream == ANN else 0x5F1) + n % 3)
        at = f"{(self.now - timedelta(hours=hours)).astimezone(cast.ZONE):%Y-%m-%d %H:%M}"
        if kind == "both":
            self.say(stream, self.own(care.ordered(key), self.episode(stream)))
        fact = {
            "order": lambda: care.ordered(key),
            "both": lambda: care.collected(at, key, label),
            "collect": lambda: care.collected(at, key, label),
            "refuse": lambda: care.specimen_refused(at, key),
            "miss": lambda: care.missed(at, key),
        }[kind]()
        self.say(stream, self.own(fact, self.episode(stream)), by=by, why=why)

    @rule(n=pick, kind=st.sampled_from(["validity", "presumptive", "definitive", "fentanyl"]), by=who, why=why)
    @precondition(lambda machine: machine.bold or named(machine.lines(), "SpecimenCollected"))
    def report(self, n: int, kind: str, by: Any, why: str | None) -> None:
        key = UUID(int=0x5C1 + n % 3)
        at = f"{(self.now - timedelta(hours=n % 4)).astimezone(cast.ZONE):%Y-%m-%d %H:%M}"
        fact = {
            "validity": lambda: care.validity(key),
            "presumptive": lambda: care.presumptive(at=at, screening_id=key),
            "definitive": lambda: care.definitive(at=at),
            "fentanyl": lambda: care.presumptive(care.found("fentanyl"), at=at, screening_id=key),
        }[kind]()
        self.say(ANN, self.own(fact), by=by, why=why)

    @rule(discuss=st.booleans(), days=ago, by=who, why=why)
    @precondition(lambda machine: machine.bold or named(machine.lines(), "PresumptiveReported", "ValidityReported"))
    def review(self, discuss: bool, days: int, by: Any, why: str | None) -> None:
        on = str(self.day(days))
        self.say(ANN, self.own(care.discussed(on) if discuss else care.reviewed(on)), by=by, why=why)

    @rule(n=pick, by=who, why=why)
    @precondition(lambda machine: machine.bold or named(machine.lines(), "PresumptiveReported", "ValidityReported"))
    def correct_result(self, n: int, by: Any, why: str | None) -> None:
        reports = ("ValidityReported", "PresumptiveReported", "DefinitiveReported", "ResultCorrected")
        aims: list[Line] = named(self.record.get(ANN, []), *reports)
        if aims:
            aim = aims[n % len(aims)]
            key = aim.screening_id if n % 7 else UUID(int=0x5C9)
            anew: dict[str, Any] = {"creatinine_mg_dl": 12}
            if aim.get("analytes"):
                anew = {"at": self.now - timedelta(hours=n % 3), "analytes": (care.found(),)}
            self.say(ANN, self.own(care.result_corrected(aim.version, key, **anew), aim.episode_id), by=by, why=why)

    def own(self, fact: Any, episode_id: UUID | None = None) -> Any:
        return type(fact)(**{**fields_of(fact), "episode_id": episode_id or self.episode()})


class Disclosing(Machine):
    @rule(stream=charts, n=pick, by=who, why=why)
    @precondition(lambda machine: machine.bold)
    def merge(self, stream: str, n: int, by: Any, why: str | None) -> None:
        """Mostly of the two charts, seldom of a chart into itself."""
        other = cast.BEN if (stream == ANN) == bool(n % 9) else cast.ANN
        self.say(stream, ChartsMerged(from_chart=other), by=by, why=why)

    @rule(n=pick, tpo=st.booleans(), days=ago, expires=st.sampled_from([None, None, 3, 20, -2]), by=who, why=why)
    def consent(self, n: int, tpo: bool, days: int, expires: int | None, by: Any, why: str | None) -> None:
        signed = self.day(days)
        fact = ConsentGiven(
            consent_id=UUID(int=0xC05 + n % 2),
            who_may_disclose="Landmark Recovery",
            what="attendance",
            recipients=("a county court",),
            purpose="court order compliance",
            tpo=tpo,
            signed_on=signed,
            expires_on=None if expires is None else signed + timedelta(days=expires),
        )
        self.say(ANN, fact, by=by, why=why)

    @rule(n=pick, days=ago, by=who, why=why)
    @precondition(lambda machine: machine.bold or named(machine.lines(), "ConsentGiven"))
    def revoke(self, n: int, days: int, by: Any, why: str | None) -> None:
        self.say(ANN, ConsentRevoked(consent_id=UUID(int=0xC05 + n % 2), on=self.day(days)), by=by, why=why)

    @rule(n=pick, basis=st.sampled_from([Basis.CONSENT] * 3 + list(Basis)), named_one=st.booleans(), by=who)
    @precondition(lambda machine: machine.bold or named(machine.lines(), "ConsentGiven"))
    def disclose(self, n: int, basis: Basis, named_one: bool, by: Any) -> None:
        fact = DisclosureMade(
            recipient="a county court" if n % 5 else "an employer",
            purpose="court order compliance" if n % 4 else "payment",
            what="attendance",
            basis=basis,
            consent_id=UUID(int=0xC05 + n % 2) if named_one else None,
        )
        self.say(ANN, fact, by=by)
