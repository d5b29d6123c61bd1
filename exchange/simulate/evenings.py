"""Who came to a session, who didn't, and how it got into the record: at once, late, wrong, on the wrong chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from domain import acts
from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, Outcome, OutreachAttempted
from domain.chart.enrollment import Admitted
from domain.chart.presence import ArrivalNoted, DepartureNoted
from domain.record import EnteredInError, Person
from domain.session import SessionKind
from exchange.simulate.cohorts import Cohort, Meeting
from exchange.simulate.leaving import Leaving
from exchange.simulate.lives import Site, Stay
from exchange.simulate.names import CORRECTION_REASONS, LATE_REASONS
from exchange.simulate.screens import Screens
from exchange.simulate.telling import Told

_DAY: Final = timedelta(days=1)
_ELSEWHERE: Final = 0.055
"""What of the sessions missed falls on those who never come, or come no more: the others miss so much less."""
_FEWER: Final = 1.17
"""Those who come no more have no excuse: the others so much more often."""
_UNSETTLED: Final = 1.15
"""Records of the first day, and of those who come no more, are neither late nor wrong: the others so much more."""
_ALONE_AT: Final = {18: 16, 9: 13, 14: 11}
"""Hour of the cohort's block → that of an hour with the clinician."""


class Evenings:
    """One day of a cohort's sessions, and of one-to-one work beside them."""

    def __init__(self, site: Site, screens: Screens, leaving: Leaving) -> None:
        self._site = site
        self._telling = site.telling
        self._screens = screens
        self._leaving = leaving
        self._misses = max(0.0, site.rates.missed - _ELSEWHERE)
        excused = site.rates.excused * site.rates.missed * _FEWER
        self._excused = min(1.0, excused / self._misses) if self._misses else 0.0

    def take_place(self, on: date) -> None:
        """All of a day."""
        by_cohort: dict[int, list[Meeting]] = {}
        for meeting in self._site.timetable.of(on):
            if meeting.kind is SessionKind.AFTERCARE:
                self._aftercare(meeting, on)
            else:
                by_cohort.setdefault(id(meeting.cohort), []).append(meeting)
        for meetings in by_cohort.values():
            cohort = meetings[0].cohort
            if cohort is not None:
                self._evening(cohort, sorted(meetings, key=lambda meeting: meeting.starts_at), on)
        if on.weekday() < 5:
            self._hours_alone(on)

    def _evening(self, cohort: Cohort, meetings: Sequence[Meeting], on: date) -> None:
        moved = meetings[0].makes_up or on.weekday() not in cohort.weekdays
        outcomes: list[tuple[Stay, list[Outcome | None]]] = []
        for stay in list(cohort.members):
            if stay.expected_on(on, moved=moved):
                outcomes.append((stay, self._outcomes(stay, meetings, on)))
        guests = self._guests_of(cohort, on)
        held: list[tuple[datetime, datetime]] = []
        for n, meeting in enumerate(meetings):
            present = sum(found[n] is Outcome.ATTENDED for _, found in outcomes)
            held.append(self._site.timetable.hold(meeting, present + len(guests)))
        # Four evenings in five somebody keeps the door.
        noted = self._telling.chance(0.8)
        for stay, found in outcomes:
            for meeting, times, outcome in zip(meetings, held, found, strict=True):
                if outcome is not None:
                    self._record(stay, meeting, times, outcome, noted=noted)
            self._follow(stay, meetings, found, on)
        for guest in guests:
            self._visit(guest, meetings[-1], held[-1])
        if not moved:
            self._wrong_chart(cohort, meetings[0], held[0], on)

    def _outcomes(self, stay: Stay, meetings: Sequence[Meeting], on: date) -> list[Outcome | None]:
        """For each session; None where nobody expects the patient of a make-up group."""
        telling = self._telling
        if not stay.comes or stay.gone:
            return [None if meeting.makes_up else Outcome.ABSENT_UNEXCUSED for meeting in meetings]
        if self._last_day(stay, on) or (stay.admitted_on is None and telling.chance(0.95)):
            return [Outcome.ATTENDED] * len(meetings)
        if telling.chance(self._misses):
            if meetings[0].makes_up:
                return [None] * len(meetings)
            excused = telling.chance(self._excused)
            return [Outcome.ABSENT_EXCUSED if excused else Outcome.ABSENT_UNEXCUSED] * len(meetings)
        found: list[Outcome | None] = [Outcome.ATTENDED] * len(meetings)
        if len(found) > 1 and telling.chance(0.02):
            found[0] = Outcome.ABSENT_UNEXCUSED
        return found

    def _last_day(self, stay: Stay, on: date) -> bool:
        return stay.admitted_on is not None and (on - stay.admitted_on).days >= stay.target_days

    def _note_presence(self, stay: Stay, meeting: Meeting, arrived: datetime, left: datetime) -> None:
        """At the door, as people come and go."""
        episode_id, session_id = stay.episode_id, meeting.session_id
        came = ArrivalNoted(episode_id=episode_id, session_id=session_id, arrived_at=arrived, method="sign_in")
        self._telling.tell(arrived, stay.chart, meeting.lead, came)
        went = DepartureNoted(episode_id=episode_id, session_id=session_id, left_at=left)
        self._telling.tell(left, stay.chart, meeting.lead, went)

    def _record(
        self,
        stay: Stay,
        meeting: Meeting,
        times: tuple[datetime, datetime],
        outcome: Outcome,
        *,
        guest: bool = False,
        noted: bool = False,
    ) -> Told:
        """The record of one patient in one session, with the admission that follows from the first."""
        site, telling, random = self._site, self._telling, self._telling.random
        on, (began, ended) = meeting.on, times
        arrived = left = None
        if outcome is Outcome.ATTENDED:
            late = random.randrange(8, 30) if random.random() < 0.05 else random.randrange(4)
            early = random.randrange(8, 30) if late < 8 and random.random() < 0.03 else 0
            arrived, left = began + timedelta(minutes=late), ended - timedelta(minutes=early)
            if noted:
                self._note_presence(stay, meeting, arrived, left)
        family = random.choice((0, 1, 1, 2)) if meeting.kind is SessionKind.FAMILY and arrived is not None else None
        fact = AttendanceRecorded(
            episode_id=stay.episode_id,
            session_id=meeting.session_id,
            outcome=outcome,
            method="sign_in",
            arrived_at=arrived,
            left_at=left,
            family_members=family,
        )
        at = max(ended, meeting.ends_at) + timedelta(minutes=3, seconds=random.randrange(240))
        settled = guest or (stay.admitted_on is not None and stay.admitted_on < on)
        reason = None
        if settled and random.random() < site.rates.late * _UNSETTLED:
            at = telling.at(on + _DAY * random.randrange(2, 6), 10, random.randrange(60))
            reason = random.choice(LATE_REASONS)
        told = telling.tell(at, stay.chart, meeting.lead, fact, reason=reason)
        if guest:
            return told
        site.tally.count("attendance")
        if outcome is not Outcome.ATTENDED:
            site.tally.count("missed")
            site.tally.count("excused", outcome is Outcome.ABSENT_EXCUSED)
        site.tally.count("late", reason is not None)
        if arrived is not None:
            stay.last_service_on = on
            if stay.admitted_on is None:
                stay.admitted_on = on
                admitted = Admitted(episode_id=stay.episode_id, on=on, session_id=meeting.session_id)
                telling.system(at, stay.chart, admitted, cause=told)
                self._leaving.begun(stay, on, at + timedelta(minutes=12))
        if settled and reason is None:
            self._correct(stay, meeting, fact, told, times)
        return told

    def _correct(
        self, stay: Stay, meeting: Meeting, fact: AttendanceRecorded, told: Told, times: tuple[datetime, datetime]
    ) -> None:
        """Wrong records are put right the day after, or when somebody looks again: a time, or that there was nobody."""
        random, on = self._telling.random, meeting.on
        if random.random() >= self._site.rates.corrected * _UNSETTLED:
            return
        if stay.gone:
            return
        self._site.tally.count("corrected")
        outcome, arrived, left = fact.outcome, fact.arrived_at, fact.left_at
        if arrived is None or left is None:
            outcome, arrived, left = Outcome.ATTENDED, *times
            stay.last_service_on = on
        elif random.random() < 0.3 and not self._last_day(stay, on):
            outcome, arrived, left = Outcome.ABSENT_UNEXCUSED, None, None
        else:
            arrived = min(arrived + timedelta(minutes=10), left)

        def corrected() -> AttendanceCorrected:
            return AttendanceCorrected(
                corrects=told.version,
                episode_id=fact.episode_id,
                session_id=fact.session_id,
                outcome=outcome,
                method="sign_in",
                arrived_at=arrived,
                left_at=left,
                family_members=None if arrived is None else fact.family_members,
            )

        days = 1 if random.random() < 0.7 else random.randrange(2, 8)
        at = self._telling.at(on + _DAY * days, 11, random.randrange(60))
        self._telling.tell(at, stay.chart, meeting.lead, corrected, reason=random.choice(CORRECTION_REASONS))

    def _follow(self, stay: Stay, meetings: Sequence[Meeting], found: list[Outcome | None], on: date) -> None:
        """What an evening leads to: a screen, a call after two absences, the end of the stay."""
        if not stay.comes:
            return
        came = any(outcome is Outcome.ATTENDED for outcome in found)
        self._screens.at_session(stay, meetings[0], came, excused=found[0] is Outcome.ABSENT_EXCUSED)
        if came:
            stay.missed_in_row = 0
            if self._last_day(stay, on) and not stay.gone:
                self._leaving.last_day(stay, on, meetings[-1])
        elif found[0] is Outcome.ABSENT_UNEXCUSED:
            stay.missed_in_row += 1
            if stay.missed_in_row == 2 and self._telling.chance(0.85):
                self._site.later(on + _DAY, partial(self._reach_out, stay))

    def _reach_out(self, stay: Stay, on: date) -> None:
        at = self._telling.at(on, 10, self._telling.random.randrange(50))
        fact = OutreachAttempted(
            episode_id=stay.episode_id,
            at=at,
            method=self._telling.random.choice(("phone", "text", "letter")),
            outcome=self._telling.random.choice(("reached", "message left", "no answer")),
        )
        self._telling.tell(at + timedelta(minutes=6), stay.chart, self._site.staff.desk(acts.CASE_MANAGER), fact)

    # ---- beside the group

    def _hours_alone(self, on: date) -> None:
        """One hour a week with the treating clinician, on the patient's second day of it."""
        for stay in self._site.stays:
            cohort, clinician = stay.cohort, stay.clinician
            if cohort is None or clinician is None or stay.admitted_on is None or stay.admitted_on >= on:
                continue
            second = cohort.weekdays[1]
            if on.weekday() != second or stay.gone or not stay.expected_on(on, moved=True) or on in self._site.closed:
                continue
            if self._telling.chance(0.92):
                self._hour_alone(stay, clinician, cohort, on)

    def _hour_alone(self, stay: Stay, clinician: Person, cohort: Cohort, on: date) -> None:
        telling = self._telling
        starts_at = telling.at(on, _ALONE_AT[cohort.hour], telling.random.choice((0, 5, 10)))
        meeting = self._site.timetable.alone(clinician, starts_at, telling.at(on, 8, telling.random.randrange(20, 55)))
        stay.alone += 1
        outcome = Outcome.ATTENDED
        if telling.chance(self._misses):
            outcome = Outcome.ABSENT_EXCUSED if telling.chance(self._excused) else Outcome.ABSENT_UNEXCUSED
        times = meeting.starts_at, meeting.ends_at
        if outcome is Outcome.ATTENDED:
            times = self._site.timetable.hold(meeting, 1)
        self._record(stay, meeting, times, outcome)

    def _guests_of(self, cohort: Cohort, on: date) -> list[Stay]:
        """Graduates who look in on their group."""
        return [g for g in self._site.guests if g.cohort is cohort and g.since <= on and self._telling.chance(0.02)]

    def _visit(self, guest: Stay, meeting: Meeting, times: tuple[datetime, datetime]) -> None:
        if guest.is_last:
            self._record(guest, meeting, times, Outcome.ATTENDED, guest=True)

    def _aftercare(self, meeting: Meeting, on: date) -> None:
        """A class a week for those who completed."""
        come: Iterable[Stay] = [g for g in self._site.guests if g.since <= on and self._telling.chance(0.5)]
        times = self._site.timetable.hold(meeting, 0)
        for guest in come:
            self._visit(guest, meeting, times)

    def _wrong_chart(self, cohort: Cohort, meeting: Meeting, times: tuple[datetime, datetime], on: date) -> None:
        """Now and then somebody is ticked who is not of this group, and struck the day after."""
        if not self._telling.chance(0.02):
            return
        for stay in self._site.stays:
            if stay.cohort is cohort or stay.cohort is None or not stay.active or stay.admitted_on is None:
                continue
            about_to_leave = (on - stay.admitted_on).days > stay.target_days - 14
            at_own = any(other.cohort is stay.cohort for other in self._site.timetable.of(on))
            if about_to_leave or at_own or stay.admitted_on >= on or stay.since > on:
                continue
            self._tick(stay, meeting, times)
            return

    def _tick(self, stay: Stay, meeting: Meeting, times: tuple[datetime, datetime]) -> None:
        """The wrong box, and its strike."""
        fact = AttendanceRecorded(
            episode_id=stay.episode_id,
            session_id=meeting.session_id,
            outcome=Outcome.ATTENDED,
            method="sign_in",
            arrived_at=times[0],
            left_at=times[1],
        )
        at = max(times[1], meeting.ends_at) + timedelta(minutes=8)
        told = self._telling.tell(at, stay.chart, meeting.lead, fact)
        self._telling.tell(
            self._telling.at(meeting.on + _DAY, 9, 40),
            stay.chart,
            self._site.staff.desk(acts.SUPERVISOR),
            lambda: EnteredInError(target=told.version),
            reason="Another patient was meant.",
        )
