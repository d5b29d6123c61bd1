"""The way in: a call, an assessment, perhaps detox first or the waiting list, and a seat in a cohort."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Final

from domain import acts
from domain.chart.amendment import AmendmentAccepted, AmendmentRequested
from domain.chart.consent import ConsentGiven
from domain.chart.detox import DetoxAnswered, DetoxReferred
from domain.chart.enrollment import Enrolled
from domain.chart.entry import (
    InquiryReceived,
    IntakeAssessed,
    NotAdmitted,
    PriorCare,
    Suitability,
    SuitabilityDecided,
    Waitlisted,
)
from domain.chart.exit import DischargeReason
from domain.chart.identity import IdentityCorrected, PatientRegistered
from domain.program import Payer
from exchange.simulate.cohorts import Cohort
from exchange.simulate.lives import Patient, Site, Stay
from exchange.simulate.names import family_name, given_name
from exchange.simulate.rates import quartiles
from exchange.simulate.staff import LEVEL, PROGRAM, staff_id

SUBSTANCES: Final = (
    ("alcohol", "F10.20", 303),
    ("heroin", "F11.20", 227),
    ("methamphetamine", "F15.20", 120),
    ("cannabis", "F12.20", 109),
    ("opioids", "F11.20", 73),
    ("cocaine", "F14.20", 58),
    ("benzodiazepines", "F13.20", 30),
)
"""Name, diagnosis, weight: all services, TEDS 2019."""

_REFERRED: Final = (("self", 426), ("court", 236), ("sud_provider", 86), ("other_health", 120), ("community", 132))
_PRIOR: Final = ((PriorCare.NONE, 45), (PriorCare.DETOX, 22), (PriorCare.RESIDENTIAL, 22), (PriorCare.IOP, 11))
_OUTCOMES: Final = (
    (Suitability.SUITABLE, 86),
    (Suitability.DETOX_FIRST, 8),
    (Suitability.HIGHER_LEVEL, 3),
    (Suitability.LOWER_LEVEL, 1),
    (Suitability.DECLINED, 2),
)
_TPO: Final = "My treating providers, health plans, third-party payers and those who operate this program"
LONGEST_WAIT: Final = timedelta(days=21)
_DAY: Final = timedelta(days=1)


class Entry:
    """Brings people in. Who finds no seat waits, first come, first served."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._telling = site.telling
        self._intake = site.staff.desk(acts.INTAKE_CLINICIAN)
        self._admissions = site.staff.desk(acts.ADMISSIONS)
        self._patients = 0
        self._waiting: list[tuple[Stay, date]] = []

    def _chosen(self, weighted: tuple[tuple[object, int], ...]) -> object:
        values, weights = zip(*weighted, strict=True)
        return self._telling.random.choices(values, weights)[0]

    def call(self, on: date) -> None:
        """Somebody new calls."""
        random, telling = self._telling.random, self._telling
        self._patients += 1
        number = self._patients
        patient_id = telling.uuid()
        substance, diagnosis, _ = random.choices(SUBSTANCES, [weight for *_, weight in SUBSTANCES])[0]
        patient = Patient(
            chart=telling.stream("chart", patient_id),
            patient_id=patient_id,
            female=telling.chance(0.358),
            born_on=date(on.year - random.choice((20, 24, 27, 29, 31, 33, 36, 38, 42, 48, 57)), 1, 1)
            + _DAY * random.randrange(300),
            substance=substance,
            diagnosis=diagnosis,
            inclined=random.choice((0.0, 0.1, 0.2, 0.4, 0.9)),
        )
        registered = PatientRegistered(
            mrn=f"SYN-{telling.ledger}-{number:06}",
            given_name=given_name(random),
            family_name=family_name(random),
            birth_date=patient.born_on,
            sex="female" if patient.female else "male",
            phone=f"555-01{number % 100:02}",
        )
        minute = random.randrange(360)
        at = telling.at(on, 9, 20) + timedelta(minutes=minute)
        telling.tell(at, patient.chart, self._admissions, registered)
        if telling.chance(0.03):
            corrected = IdentityCorrected(phone=f"555-01{random.randrange(100):02}")
            telling.tell(
                at + timedelta(days=1), patient.chart, self._admissions, corrected, reason="A digit was misheard."
            )
        self.inquire(on, patient, minute)

    def inquire(self, on: date, patient: Patient, minute: int | None = None) -> None:
        """The first contact of an episode, and an appointment for the assessment."""
        random, telling = self._telling.random, self._telling
        at = telling.at(on, 9, 21) + timedelta(minutes=random.randrange(360) if minute is None else minute)
        patient.stays += 1
        stay = Stay(patient, telling.uuid(), patient.chart.told, patient.stays)
        contact = InquiryReceived(
            episode_id=stay.episode_id,
            first_contact_at=at - timedelta(minutes=10),
            referral_source=str(self._chosen(_REFERRED)),
        )
        telling.tell(at, patient.chart, self._admissions, contact)
        if telling.chance(0.06):
            self._site.later(on + 7 * _DAY, partial(self._not_admitted, stay, cause="Could not be reached."))
        else:
            self._site.later(on + _DAY * random.choice((1, 1, 2)), partial(self._assess, stay, again=False))

    def _assess(self, stay: Stay, on: date, *, again: bool) -> None:
        site, random = self._site, self._telling.random
        minute = random.randrange(50)
        patient = stay.patient
        assessed = IntakeAssessed(
            episode_id=stay.episode_id,
            on=on,
            diagnoses=(patient.diagnosis,),
            substances=(patient.substance,) if self._telling.chance(0.6) else (patient.substance, "nicotine"),
            ratings=tuple(random.choices((0, 1, 2, 3), (2, 4, 3, 1), k=6)),
            edition="asam-3",
            indicated_level=LEVEL,
            prior_care=PriorCare(str(self._chosen(_PRIOR))),
        )
        site.note(stay, on, 13, minute, assessed, self._intake)
        outcome = Suitability.SUITABLE if again else Suitability(str(self._chosen(_OUTCOMES)))
        reasons = None if outcome is Suitability.SUITABLE else ("Withdrawal to be expected.",)
        if outcome is not Suitability.SUITABLE and outcome is not Suitability.DETOX_FIRST:
            reasons = ("Another level of care is indicated.",)
        decided = SuitabilityDecided(episode_id=stay.episode_id, outcome=outcome, on=on, reasons=reasons)
        site.note(stay, on, 14, minute, decided, self._intake)
        if outcome is Suitability.SUITABLE:
            self._consent(stay, on, minute)
            self._seat(stay, on)
        elif outcome is Suitability.DETOX_FIRST:
            self._detox(stay, on)
        else:
            self._not_admitted(stay, on, cause=f"Suitability: {outcome.value}.")

    def _detox(self, stay: Stay, on: date) -> None:
        at_once = self._telling.chance(0.7)
        elsewhere = self._telling.chance(0.4)
        referred = DetoxReferred(
            episode_id=stay.episode_id,
            provider="Detox (synthetic)",
            on=on,
            third_party=elsewhere,
            accepted=True if at_once else None,
        )
        self._site.note(stay, on, 15, 5, referred, self._intake)
        if not at_once:
            self._site.later(on + _DAY, partial(self._answered, stay))
        self._site.later(on + 8 * _DAY, partial(self._assess, stay, again=True))

    def _answered(self, stay: Stay, on: date) -> None:
        answered = DetoxAnswered(episode_id=stay.episode_id, accepted=True, on=on)
        self._site.note(stay, on, 9, 45, answered, self._intake)

    def _consent(self, stay: Stay, on: date, minute: int) -> None:
        patient, site, telling = stay.patient, self._site, self._telling
        if patient.tpo_consent is None:
            patient.tpo_consent = telling.uuid()
            tpo = ConsentGiven(
                consent_id=patient.tpo_consent,
                who_may_disclose="This program.",
                what="The record of treatment.",
                recipients=(_TPO,),
                purpose="treatment, payment and health care operations",
                tpo=True,
                signed_on=on,
            )
            site.note(stay, on, 15, minute, tpo, self._intake)
        if telling.chance(0.7):
            patient.family_consent, patient.family_until = telling.uuid(), on + 180 * _DAY
            family = ConsentGiven(
                consent_id=patient.family_consent,
                who_may_disclose="This program.",
                what="Attendance and progress.",
                recipients=("Family contact (synthetic)",),
                purpose="family support",
                tpo=False,
                signed_on=on,
                expires_on=patient.family_until,
            )
            site.note(stay, on, 15, minute, family, self._intake)
        if telling.chance(0.01):
            asked = AmendmentRequested(what="The referral source is wrong.", on=on)
            site.note(stay, on, 16, 5, asked, self._intake)
            site.later(on + 5 * _DAY, partial(self._amended, stay))

    def _amended(self, stay: Stay, on: date) -> None:
        officer = self._site.staff.desk(acts.COMPLIANCE_OFFICER)
        self._site.note(stay, on, 11, 0, AmendmentAccepted(on=on), officer)

    # ---- seats

    def _free(self) -> Cohort | None:
        found = max(self._site.timetable.cohorts, key=lambda cohort: cohort.free)
        return found if found.free > 0 else None

    def _seat(self, stay: Stay, on: date) -> None:
        cohort = None if self._waiting else self._free()
        if cohort is not None:
            self._enroll(stay, on, cohort)
            return
        self._site.note(stay, on, 16, 20, Waitlisted(episode_id=stay.episode_id, on=on), self._admissions)
        self._waiting.append((stay, on))

    def morning(self, on: date) -> None:
        """Seats that are free by now go to those who wait longest; who waited too long goes elsewhere."""
        while self._waiting and (cohort := self._free()) is not None:
            stay, _ = self._waiting.pop(0)
            self._enroll(stay, on, cohort)
        while self._waiting and self._waiting[0][1] + LONGEST_WAIT <= on:
            stay, _ = self._waiting.pop(0)
            self._not_admitted(stay, on, cause="Found care elsewhere.")

    def _enroll(self, stay: Stay, on: date, cohort: Cohort) -> None:
        site, random = self._site, self._telling.random
        cohort.free -= 1
        stay.cohort = stay.seat = cohort
        stay.clinician, stay.since = cohort.lead, on + _DAY
        stay.comes = not self._telling.chance(site.rates.never_come)
        reasons = site.rates.reasons
        stay.reason = random.choices(list(reasons), list(reasons.values()))[0]
        stay.target_days = _stay_days(random.random(), stay.reason, site.rates.median_days[stay.reason])
        enrolled = Enrolled(
            episode_id=stay.episode_id,
            program=PROGRAM,
            level_of_care=LEVEL,
            cohort_id=cohort.cohort_id,
            planned_weeks=random.choice((7, 8, 8, 9)),
            payer=random.choice((Payer.COMMERCIAL, Payer.COMMERCIAL, Payer.SELF_PAY)),
            primary_clinician_id=staff_id(cohort.lead),
            on=on,
        )
        site.note(stay, on, 16, random.randrange(30, 60), enrolled, self._admissions)
        site.tally.count("enrolled")
        cohort.members.append(stay)
        site.stays.append(stay)
        if not stay.comes:
            site.later(on + 15 * _DAY, partial(self._never_came, stay))

    def _never_came(self, stay: Stay, on: date) -> None:
        stay.ended = True
        self._site.tally.count("never came")
        if stay.cohort is not None:
            stay.cohort.members.remove(stay)
        self._site.give_back(stay, on)
        self._site.stays.remove(stay)
        self._not_admitted(stay, on, cause="Never came.")

    def _not_admitted(self, stay: Stay, on: date, *, cause: str) -> None:
        not_admitted = NotAdmitted(episode_id=stay.episode_id, on=on, cause=cause)
        self._site.note(stay, on, 16, 25, not_admitted, self._admissions)


def _stay_days(chance: float, reason: DischargeReason, median: int) -> int:
    """Days between the quartiles, in a straight line: from admission to about the last service."""
    marks = quartiles(reason)
    n = min(int(chance * 4), 3)
    hundredths = marks[n] + (marks[n + 1] - marks[n]) * (chance * 4 - n)
    # The last service is on the next session day attended.
    return max(0, int(hundredths * median / 100) - 2)
