"""Random histories, looked at from somewhere within the week: what is known is what was recorded by then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from hypothesis import strategies as st

from domain.at_risk.hours import Chance
from domain.at_risk.listing import AtRiskList, at_risk
from domain.chart import Chart
from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.compliance.rule_set import RuleSet
from domain.compliance.verdict import Row
from domain.record import Entry
from domain.session import SessionHeld
from domain.site import Site
from domain.week import Week
from tests.domain.compliance.histories import History, weeks_of_care
from tests.domain.program import ENVELOPE, LATER, ZONE, Program
from tests.rule_sets import LANDMARK_IOP

CLOCKS = ("17:55", "00:10", "08:00", "19:30", "21:05", "23:50")


@dataclass
class Midday:
    """A history up to a moment of the week, or a day or two around it, and what is seen then."""

    week: Week
    as_of: date
    known_at: datetime
    streams: dict[str, list[Entry]]

    @property
    def site(self) -> Site:
        return self._program(self.streams).site()

    def seen(self, rule_set: RuleSet = LANDMARK_IOP) -> AtRiskList:
        return at_risk(self.site, self.week, rule_set=rule_set, as_of=self.as_of, known_at=self.known_at)

    def rows(self, patient_id: UUID) -> dict[str, Row]:
        """The report's rows about the patient's week, at that moment, by rule."""
        return self._rows(self.streams, patient_id, self.as_of, self.known_at)

    def at_the_end(self, chart: Chart, timed: Iterable[Chance], attended: Iterable[Chance]) -> dict[str, Row]:
        """The same when the week is over, had these been held as planned, the latter attended in full, and else
        nothing happened any more."""
        streams = {stream: list(entries) for stream, entries in self.streams.items()}
        for chance in timed:
            self._held(streams, chance)
        for chance in attended:
            self._held(streams, chance)
            self._attended(streams, chart, chance)
        return self._rows(streams, chart.patient_id, self.week.sunday, LATER)

    def _rows(
        self, streams: dict[str, list[Entry]], patient_id: UUID, as_of: date, known_at: datetime
    ) -> dict[str, Row]:
        rows = self._program(streams).report(str(self.week), as_of=as_of, known_at=known_at)
        of_week = [row for row in rows if row.rule in ("HRS-1", "HRS-2", "ATT-1", "IND-1", "SCR-1")]
        return {row.rule: row for row in of_week if row.subject_id == str(patient_id)}

    def _program(self, streams: dict[str, list[Entry]]) -> Program:
        program = Program()
        program.streams = streams
        return program

    def _held(self, streams: dict[str, list[Entry]], chance: Chance) -> None:
        session = chance.session
        if session.held is None and session.starts_at is not None and session.ends_at is not None:
            held = SessionHeld(started_at=session.starts_at, ended_at=session.ends_at, staff=())
            self._record(streams, f"session/{session.session_id}", held)

    def _attended(self, streams: dict[str, list[Entry]], chart: Chart, chance: Chance) -> None:
        record = AttendanceRecorded(
            episode_id=next(
                key for key, episode in chart.episodes.items() if episode.active_on(chance.day, as_of=self.as_of)
            ),
            session_id=chance.session.session_id,
            outcome=Outcome.ATTENDED,
            method="roster",
            arrived_at=chance.interval.start,
            left_at=chance.interval.end,
        )
        self._record(streams, f"chart/{chart.patient_id}", record)

    def _record(self, streams: dict[str, list[Entry]], stream: str, fact: object) -> None:
        entries = streams[stream]
        entries.append(Entry(version=len(entries) + 1, recorded_at=self.known_at, envelope=ENVELOPE, fact=fact))

    def __str__(self) -> str:
        lines = [f"{self.week} as of {self.as_of} known at {self.known_at.isoformat()}"]
        for stream, entries in self.streams.items():
            lines += [f"{stream}@{e.version} {e.recorded_at.isoformat()} {e.fact}" for e in entries]
        return "\n".join(lines)


@st.composite
def middays(draw: st.DrawFn) -> Midday:
    history: History = draw(weeks_of_care())
    as_of = history.week.monday + timedelta(days=draw(st.sampled_from((1, 0, 2, 3, 4, 6, -1, 7, 8))))
    known_at = datetime.combine(as_of, time.fromisoformat(draw(st.sampled_from(CLOCKS))), tzinfo=ZONE)
    known = {
        stream: [entry for entry in entries if entry.recorded_at <= known_at]
        for stream, entries in history.program.streams.items()
    }
    return Midday(history.week, as_of, known_at, {stream: found for stream, found in known.items() if found})
