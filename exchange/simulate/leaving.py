"""The first evening and the last: what is signed when treatment begins, and how it ends; what comes after."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from domain import acts
from domain.chart.after import AftercareStarted, AlumniContacted, AlumniJoined, SoberLivingEnded, SoberLivingPlaced
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned, DischargeVoided
from domain.chart.level_of_care import LevelOfCareAssessed
from domain.chart.plan import AccountabilityMeasureAgreed, Goal, RelapsePreventionPlanSigned, TreatmentPlanSigned
from domain.chart.step_down import Transferred
from domain.chart.teds import Occasion, TedsItemsRecorded
from exchange.simulate.cohorts import Meeting
from exchange.simulate.entry import Entry
from exchange.simulate.lives import Site, Stay
from exchange.simulate.names import GOALS, MEASURES
from exchange.simulate.rates import LONGEST_DAYS
from exchange.simulate.staff import LEVEL
from exchange.simulate.teds import admission_items, discharge_items
from exchange.simulate.telling import Told

PLANNED_MINUTES: Final = 540
_DAY: Final = timedelta(days=1)
_VANISH: Final = frozenset({DischargeReason.DROPPED_OUT, DischargeReason.INCARCERATED, DischargeReason.DIED})
"""Whoever leaves like this comes no more, and is discharged some days later."""


class Leaving:
    """`last` is the last day of the run."""

    def __init__(self, site: Site, entry: Entry, last: date) -> None:
        self._site = site
        self._telling = site.telling
        self._entry = entry
        self._last = last

    # ---- the first evening

    def begun(self, stay: Stay, on: date, at: datetime) -> None:
        """Plan, assessment and TEDS items, after the first session."""
        telling, patient, episode_id = self._telling, stay.patient, stay.episode_id
        stay.goals = [telling.uuid() for _ in range(telling.random.choice((1, 2, 2, 3)))]
        texts = telling.random.sample(GOALS, len(stay.goals))
        facts: list[Any] = [
            self.assessed(stay, on),
            TreatmentPlanSigned(
                episode_id=episode_id,
                on=on,
                goals=tuple(Goal(goal_id=key, text=text) for key, text in zip(stay.goals, texts, strict=True)),
                diagnoses=(patient.diagnosis,),
                planned_weekly_minutes=PLANNED_MINUTES,
                patient_signed_on=on,
            ),
            TedsItemsRecorded(
                episode_id=episode_id, occasion=Occasion.ADMISSION, items=admission_items(telling.random, patient, on)
            ),
        ]
        if telling.chance(0.7):
            measure = telling.random.choice(MEASURES)
            facts.append(AccountabilityMeasureAgreed(episode_id=episode_id, text=measure, on=on))
        if stay.clinician is not None:
            for n, fact in enumerate(facts):
                telling.tell(at + timedelta(minutes=3 * n), stay.chart, stay.clinician, fact)

    def assessed(self, stay: Stay, on: date, level: str = LEVEL) -> LevelOfCareAssessed:
        """The six dimensions, and the level that they indicate."""
        ratings = tuple(self._telling.random.choices((0, 1, 2, 3), (4, 4, 2, 1), k=6))
        return LevelOfCareAssessed(
            episode_id=stay.episode_id,
            on=on,
            edition="asam-3",
            ratings=ratings,
            indicated_level=level,
            actual_level=LEVEL,
            discrepancy=None if level == LEVEL else "Steps down within the program first.",
        )

    # ---- the last

    def last_day(self, stay: Stay, on: date, meeting: Meeting) -> None:
        """The patient has come for the last time."""
        reason = stay.reason
        at = meeting.ends_at + timedelta(minutes=20)
        if reason is DischargeReason.COMPLETED:
            self._complete(stay, on, at)
            return
        stay.gone = True
        days = self._telling.random.randrange(7, 10) if reason in _VANISH else 1
        self._site.later(on + days * _DAY, partial(self._discharge_gone, stay))

    def _complete(self, stay: Stay, on: date, at: datetime) -> None:
        if stay.clinician is None:
            return
        signed = RelapsePreventionPlanSigned(episode_id=stay.episode_id, on=on)
        self._telling.tell(at, stay.chart, stay.clinician, signed)
        self._telling.tell(at + timedelta(minutes=2), stay.chart, stay.clinician, self.assessed(stay, on, "1"))
        self._discharge(stay, on, at + timedelta(minutes=5))
        self._site.later(on + self._telling.random.randrange(1, 6) * _DAY, partial(self._after, stay))

    def _discharge_gone(self, stay: Stay, on: date) -> None:
        """In the morning, by whoever treated. One drop-out in thirty comes back, and the discharge is void."""
        at = self._telling.at(on, 8, 10 + self._telling.random.randrange(10))
        if stay.reason is DischargeReason.TRANSFERRED and stay.clinician is not None:
            moved = Transferred(
                episode_id=stay.episode_id,
                to_level=self._telling.random.choice(("2.5", "3.1", "1", "3.5")),
                provider="Provider (synthetic)",
                on=on,
            )
            self._telling.tell(at, stay.chart, stay.clinician, moved)
        if stay.reason is DischargeReason.DROPPED_OUT and self._telling.chance(0.03):
            told = self._told_discharge(stay, on, at)
            self._site.later(on + _DAY, partial(self._void, stay, told))
            return
        self._discharge(stay, on, at + timedelta(minutes=4))

    def _void(self, stay: Stay, told: Told, on: date) -> None:
        self._telling.tell(
            self._telling.at(on, 8, 20),
            stay.chart,
            self._site.staff.desk(acts.SUPERVISOR),
            lambda: DischargeVoided(corrects=told.version, episode_id=stay.episode_id),
            reason="The patient was in touch all along.",
        )
        stay.gone = False
        if stay.admitted_on is not None:
            stay.target_days = (on - stay.admitted_on).days + 10

    def _told_discharge(self, stay: Stay, on: date, at: datetime) -> Told:
        if stay.clinician is None or stay.last_service_on is None or stay.admitted_on is None:
            raise ValueError("Only who was treated is discharged.")
        days = (stay.last_service_on - stay.admitted_on).days
        completed = stay.reason is DischargeReason.COMPLETED
        fact = Discharged(
            episode_id=stay.episode_id,
            on=on,
            last_service_on=stay.last_service_on,
            reason=stay.reason,
            duration_reason="Goals were reached in another time." if completed and not 49 <= days <= 63 else None,
            referral="Aftercare (synthetic)" if completed else None,
        )
        return self._telling.tell(at, stay.chart, stay.clinician, fact)

    def _discharge(self, stay: Stay, on: date, at: datetime) -> None:
        site = self._site
        self._told_discharge(stay, on, at)
        stay.ended = True
        site.stays.remove(stay)
        if stay.cohort is not None:
            stay.cohort.members.remove(stay)
        site.give_back(stay, on)
        if stay.last_service_on is not None and stay.admitted_on is not None:
            days = max(1, (stay.last_service_on - stay.admitted_on).days)
            early = stay.admitted_on + LONGEST_DAYS * _DAY <= self._last
            site.tally.ended(stay.reason, days, whole=early)
            site.later(on + 10 * _DAY, partial(self._summed_up, stay, whole=early))
        if stay.reason is DischargeReason.DIED:
            return
        if self._telling.chance(0.85):
            site.later(on + self._telling.random.randrange(1, 9) * _DAY, partial(self._summary, stay))
        if self._telling.chance(0.14):
            back = self._telling.random.randrange(20, 90)
            site.later(on + back * _DAY, lambda day: self._entry.inquire(day, stay.patient))

    def _summary(self, stay: Stay, on: date) -> None:
        minute = self._telling.random.randrange(50)
        self._site.note(stay, on, 13, minute, DischargeSummarySigned(episode_id=stay.episode_id, on=on))
        items = discharge_items(self._telling.random, stay)
        recorded = TedsItemsRecorded(episode_id=stay.episode_id, occasion=Occasion.DISCHARGE, items=items)
        self._site.note(stay, on, 13, minute + 5, recorded)

    def _summed_up(self, stay: Stay, on: date, *, whole: bool) -> None:
        """What the episode came to in facts, with those of its one-to-one sessions."""
        if stay.is_last:
            facts = stay.chart.told - stay.told_before + 2 * stay.alone
            self._site.tally.told(stay.reason, facts, whole=whole)

    # ---- after

    def _after(self, stay: Stay, on: date) -> None:
        """Aftercare for most who completed, the alumni program for many, sober living for some."""
        site, telling, episode_id = self._site, self._telling, stay.episode_id
        alumni = site.staff.desk(acts.ALUMNI_COORDINATOR)
        if telling.chance(0.7):
            site.note(stay, on, 15, 10, AftercareStarted(episode_id=episode_id, on=on), alumni)
            stay.since = on + _DAY
            site.guests.append(stay)
            site.later(on + 70 * _DAY, lambda _: site.guests.remove(stay))
        if telling.chance(0.4):
            site.note(stay, on, 15, 15, AlumniJoined(episode_id=episode_id, on=on), alumni)
            site.later(on + 30 * _DAY, partial(self._contacted, stay))
        if telling.chance(0.08):
            placed = SoberLivingPlaced(episode_id=episode_id, residence="Residence (synthetic)", on=on)
            site.note(stay, on, 15, 20, placed, alumni)
            site.later(on + 45 * _DAY, partial(self._moved_out, stay))

    def _contacted(self, stay: Stay, on: date) -> None:
        outcome = self._telling.random.choice(("well", "asked for support", "not reached"))
        contacted = AlumniContacted(episode_id=stay.episode_id, on=on, outcome=outcome)
        self._site.note(stay, on, 15, 30, contacted, self._site.staff.desk(acts.ALUMNI_COORDINATOR))

    def _moved_out(self, stay: Stay, on: date) -> None:
        ended = SoberLivingEnded(episode_id=stay.episode_id, on=on)
        self._site.note(stay, on, 15, 35, ended, self._site.staff.desk(acts.ALUMNI_COORDINATOR))
