"""Model and program side by side: each line is put to both, and they answer alike."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from domain.record import Person, Source
from domain.status import present
from tests.domain import cast
from tests.domain.given import Said
from tests.domain.model import status
from tests.domain.model.clerk import Clerk
from tests.domain.model.judge import judge
from tests.domain.model.record import Line, Record, live, local_date, named, plain
from tests.domain.model.states import on_date, state_on, steps

LAPSED: Final = Person(id=f"staff/{UUID(int=0xA20)}", name="Staff 32", role="counselor", credential="LADC")
"""Whose credential ends on 2026-03-06."""
PEOPLE: Final = (*cast.STAFF, cast.ADMINISTRATOR, cast.SYSTEM, cast.LAB, LAPSED)
USUAL: Final = {
    **dict.fromkeys(("HolidayDeclared", "StaffCredentialed", "ProgramOffered", "CredentialEnded"), cast.ADMINISTRATOR),
    **dict.fromkeys(("EnteredInError", "DischargeVoided", "StepDownCosigned", "ChartsMerged"), cast.SUPERVISOR),
    **dict.fromkeys(("ValidityReported", "DefinitiveReported", "ResultCorrected"), cast.LAB),
    "StepDownTookEffect": cast.COUNSELOR,
}
SMALL: Final = UUID(int=0xC03)
"""A cohort of one seat, if it is formed."""
NOTHING: Final[list[Line]] = []
LATE: Final = "Entered from the paper sheet."
ANN, BEN = cast.CHART, f"chart/{cast.BEN}"

who = st.sampled_from([None] * 14 + list(PEOPLE[:6]) + [PEOPLE[7], PEOPLE[13], PEOPLE[14], LAPSED, LAPSED])
why = st.sampled_from([LATE] * 7 + [None])
ago = st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 7, 14, -1])
pick = st.integers(min_value=0, max_value=59)
charts = st.sampled_from([ANN, ANN, ANN, ANN, BEN])


def line_of(version: int, fact: Any, at: datetime, by: Person, reason: str | None, source: str = "web") -> Line:
    return Line(version, type(fact).__name__, plain(fact), at, by.id, by.role, reason, source)


class Machine(RuleBasedStateMachine):
    """`say` puts a line to both. A rule of a subclass thinks of one."""

    def __init__(self) -> None:
        super().__init__()
        self.clerk = Clerk()
        self.record: Record = {
            stream: [line_of(e.version, e.fact, e.recorded_at, e.envelope.by, e.envelope.reason) for e in entries]
            for stream, entries in self.clerk.story.streams.items()
        }
        self.now = cast.local("2026-02-25 13:00")
        self.turn = 0
        self._seen: dict[str, tuple[list[Line], list[Line]]] = {}
        self._stated: tuple[list[Line], date, str | None] = ([], self.today, None)
        lapsed = cast.credentialed(LAPSED, last="2026-03-06")
        assert self.say("facility/lexington", lapsed)

    # ---- what a rule sees of the record

    @property
    def today(self) -> date:
        return local_date(self.now)

    @property
    def bold(self) -> bool:
        """Whether this turn may try what the state doesn't ask for."""
        return self.turn % 4 == 3

    def lines(self, stream: str = ANN) -> list[Line]:
        told = self.record.get(stream, NOTHING)
        if stream not in self._seen or self._seen[stream][0] is not told:
            self._seen[stream] = (told, live(told))
        return self._seen[stream][1]

    def episode(self, stream: str = ANN) -> UUID:
        """The one last opened."""
        opened = named(self.lines(stream), "InquiryReceived")
        return opened[-1].episode_id if opened else fresh(stream, 0)  # type: ignore[no-any-return]

    def state(self, stream: str = ANN) -> str | None:
        lines = self.lines(stream)
        if self._stated[0] is not lines or self._stated[1] != self.today:
            self._stated = (lines, self.today, state_on(lines, self.episode(stream), self.today))
        return self._stated[2]

    def day(self, days_ago: int) -> date:
        return self.today - timedelta(days=days_ago)

    def cohort_id(self, n: int) -> UUID:
        """Mostly the one of the evenings, sometimes another, seldom none that exists."""
        return (*[cast.EVENINGS] * 3, *[cast.MORNINGS] * 2, *[SMALL] * 2, UUID(int=0xC99))[n % 8]

    def teardown(self) -> None:
        """At the end both tell the same of the episode, today and before."""
        for stream in (ANN, BEN):
            for days in (0, 1, 4, 11) if stream in self.record else ():
                as_of = self.today - timedelta(days=days)
                theirs, mine = self.status(stream, as_of), status.episode(self.lines(stream), as_of)
                other = {key: (theirs[key], mine[key]) for key in mine if theirs[key] != mine[key]}
                assert theirs == mine, f"as of {as_of} the status differs in {other}\n{self.told(stream)}"

    def status(self, stream: str, as_of: date) -> dict[str, Any]:
        scene = self.clerk.story.scene(self.now)
        document = present(
            self.clerk.state(stream),
            sessions=scene.sessions,
            cohorts=scene.cohorts,
            facility=scene.facility,
            as_of=as_of,
            known_at=self.now,
            position=1,
        )
        told: dict[str, Any] = document["episode"]
        return told

    # ---- put to both

    def say(
        self, stream: str, fact: Any, *, by: Person | None = None, why: str | None = LATE, source: Source = Source.WEB
    ) -> bool:
        """Whether it was recorded. Both say so, or both refuse it for a reason that the model sees as well."""
        self.turn += 1
        self.now += timedelta(seconds=1)
        person = by or USUAL.get(type(fact).__name__, cast.COUNSELOR)
        new = line_of(len(self.record.get(stream, [])) + 1, fact, self.now, person, why)
        wrong, after = judge(stream, new, self.record)
        telling = Said(fact=fact, by=person, at=self.now, reason=why or "", stream=stream, source=source)
        refused, recorded = self.clerk.tries(telling)
        rule = refused.rule if refused else ""
        TALLY[new.name, rule] = TALLY.get((new.name, rule), 0) + 1
        if refused is not None:
            assert wrong, f"the program alone refuses {new.name}: {refused}\n{self.told(stream, new)}"
            assert rule in wrong, f"{new.name}: the program says {rule}, the model {sorted(wrong)}"
            return False
        assert not wrong, f"the model alone refuses {new.name}: {sorted(wrong)}\n{self.told(stream, new)}"
        note(f"recorded {new.name} {new.fact}")
        self.record = after
        self.follows_alike(recorded)
        self.states_are_alike()
        return True

    def follows_alike(self, streams: set[str]) -> None:
        """The same lines are on record, and the same admissions count."""
        for stream in streams:
            entries = self.clerk.story.streams[stream]
            mine = self.record[stream]
            names = [type(entry.fact).__name__ for entry in entries]
            assert names == [line.name for line in mine], f"{names[-4:]} on record\n{self.told(stream)}"
            assert [plain(e.fact) for e in entries] == [line.fact for line in mine]
        assert {s: len(e) for s, e in self.clerk.story.streams.items()} == {s: len(e) for s, e in self.record.items()}

    def states_are_alike(self) -> None:
        for stream in (ANN, BEN):
            if stream not in self.record:
                continue
            chart = self.clerk.state(stream)
            opened = {line.episode_id for line in named(self.lines(stream), "InquiryReceived")}
            assert set(chart.episodes) == opened
            for episode_id in opened:
                for on in self.dates(stream, episode_id):
                    mine = state_on(self.lines(stream), episode_id, on)
                    if mine is not None:
                        theirs = chart.episodes[episode_id].state_on(on).value
                        assert theirs == mine, f"{on}: the program says {theirs}, the model {mine}\n{self.told(stream)}"

    def dates(self, stream: str, episode_id: UUID) -> set[date]:
        """Those on which something changes, the dates about them, and today."""
        turns = {on_date(line) for line in steps(self.lines(stream), episode_id)} | {self.today}
        return {on + timedelta(days=n) for on in turns for n in (-1, 0, 1)}

    def told(self, stream: str, new: Line | None = None) -> str:
        lines = [*self.record.get(stream, []), *([new] if new else [])]
        gone = {line.version for line in lines} - {line.version for line in live(lines)}
        return "\n".join(
            f"{line.version}{'x' if line.version in gone else ' '} {line.told_at:%m-%d %H:%M} {line.by_role} "
            f"{line.name}"
            f" { {k: str(v)[-25:] for k, v in line.fact.items() if v is not None} } {line.why or ''}"
            for line in lines
        )


TALLY: dict[tuple[str, str], int] = {}
"""How often what was recorded, or refused by which rule: the test reads it to see that enough of both happened."""


def fresh(stream: str, n: int) -> UUID:
    """Ids of episodes: each chart has its own."""
    return UUID(int=(0xE01 if stream == ANN else 0xF01) + n)
