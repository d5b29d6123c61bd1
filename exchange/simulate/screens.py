"""Screens: drawn by lot, ordered, collected or not, read at once and confirmed by the laboratory, talked about."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from domain import acts
from domain.chart.analytes import code_for
from domain.chart.screening import (
    AnalyteOutcome,
    AnalyteResult,
    BreathAlcoholMeasured,
    CollectionMissed,
    DefinitiveReported,
    PrescriptionVerified,
    PresumptiveReported,
    ResultCorrected,
    ResultDiscussed,
    ResultReviewed,
    ScreeningOrdered,
    SpecimenCollected,
    SpecimenRefused,
    ValidityReported,
)
from domain.random_draw import RandomDrawMade, draw
from domain.record import Source
from exchange.simulate.cohorts import Meeting
from exchange.simulate.lives import Site, Stay
from exchange.simulate.telling import LAB, Told

_DAY: Final = timedelta(days=1)
_CUTOFFS: Final = {
    "amphetamines": 500,
    "benzoylecgonine": 150,
    "cannabinoids": 50,
    "opiates": 2000,
    "fentanyl": 2,
    "buprenorphine": 10,
    "ethyl-glucuronide": 500,
}
PANEL: Final = tuple(_CUTOFFS)
_FOUND: Final = {
    "alcohol": "ethyl-glucuronide",
    "heroin": "fentanyl",
    "methamphetamine": "amphetamines",
    "cannabis": "cannabinoids",
    "opioids": "opiates",
    "cocaine": "benzoylecgonine",
    "benzodiazepines": "cannabinoids",
}
"""Substance → the analyte that a relapse shows as."""
_PRESCRIBED: Final = "buprenorphine"

_LOINC: Final = {
    (analyte, definitive): code
    for analyte in PANEL
    for definitive in (False, True)
    if (code := code_for(analyte, definitive=definitive)) is not None
}
_NEGATIVE: Final = {
    analyte: AnalyteResult(
        analyte=analyte,
        loinc=_LOINC[analyte, False],
        outcome=AnalyteOutcome.NEGATIVE,
        cutoff_ng_ml=cutoff,
    )
    for analyte, cutoff in _CUTOFFS.items()
}


class Screens:
    """One a week for everybody in treatment, on a day that nobody can know."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._telling = site.telling
        # Of screens that show something a share is overturned: so much more shows something.
        self._specimens = 0
        self._scale = site.rates.positive / 0.235

    def draw(self, on: date) -> None:
        """In the morning, of those who meet today and weren't drawn this week; all of them on their last day of it."""
        monday = on - _DAY * on.weekday()
        meeting = {id(meeting.cohort) for meeting in self._site.timetable.of(on) if not meeting.makes_up}
        pool: dict[UUID, Stay] = {}
        last: set[UUID] = set()
        for stay in self._site.stays:
            cohort = stay.cohort
            if not stay.active or cohort is None or id(cohort) not in meeting or stay.screened_in == monday:
                continue
            if stay.admitted_on is None or stay.admitted_on >= on or not stay.expected_on(on):
                continue
            pool[stay.patient.patient_id] = stay
            if on.weekday() == cohort.weekdays[-1]:
                last.add(stay.patient.patient_id)
        if not pool:
            return
        seed = f"{self._telling.random.getrandbits(64):016x}"
        # Whoever can't be drawn later this week is in a draw of their own.
        self._drawn(on, monday, seed, {key: stay for key, stay in pool.items() if key in last}, all_of_them=True)
        self._drawn(on, monday, seed[::-1], {k: s for k, s in pool.items() if k not in last}, all_of_them=False)

    def _drawn(self, on: date, monday: date, seed: str, pool: dict[UUID, Stay], *, all_of_them: bool) -> None:
        if not pool:
            return
        drawn = draw(seed, pool, len(pool) if all_of_them else -(-len(pool) // 3))
        fact = RandomDrawMade(on=on, seed=seed, pool=tuple(sorted(pool)), drawn=drawn)
        at = self._telling.at(on, 7, 45)
        told = self._telling.system(at, self._site.staff.facility, fact)
        for patient_id in drawn:
            stay = pool[patient_id]
            stay.screened_in, stay.due_screen = monday, self._telling.uuid()
            ordered = ScreeningOrdered(
                episode_id=stay.episode_id, screening_id=stay.due_screen, panel=PANEL, random=True
            )
            self._telling.system(at + timedelta(minutes=1), stay.chart, ordered, cause=told)

    def at_session(self, stay: Stay, meeting: Meeting, came: bool, *, excused: bool) -> None:
        """Breath at the door; the specimen, if one is due."""
        if came and self._telling.chance(0.45):
            self._breath(stay, meeting)
        screening_id, stay.due_screen = stay.due_screen, None
        if screening_id is not None:
            self._collect(stay, screening_id, meeting, came, excused=excused)

    def _breath(self, stay: Stay, meeting: Meeting) -> None:
        at = meeting.starts_at - timedelta(minutes=5)
        grams = round(self._telling.random.uniform(0.01, 0.12), 3) if self._telling.chance(0.01) else 0
        measured = BreathAlcoholMeasured(episode_id=stay.episode_id, at=at, grams_per_210_l=grams)
        self._telling.tell(at + timedelta(minutes=2), stay.chart, meeting.lead, measured)

    def _collect(self, stay: Stay, screening_id: UUID, meeting: Meeting, came: bool, *, excused: bool) -> None:
        site, telling, episode_id = self._site, self._telling, stay.episode_id
        site.tally.count("screens")
        at = meeting.starts_at + timedelta(minutes=telling.random.randrange(6, 25))
        if not came:
            missed = CollectionMissed(episode_id=episode_id, screening_id=screening_id, at=at, excused=excused)
            telling.tell(at + timedelta(hours=1), stay.chart, meeting.lead, missed)
            return
        if telling.chance(site.rates.refused * 1.25):
            site.tally.count("refused")
            refused = SpecimenRefused(episode_id=episode_id, screening_id=screening_id, at=at)
            telling.tell(at + timedelta(minutes=2), stay.chart, meeting.lead, refused)
            return
        site.tally.count("specimens")
        self._specimens += 1
        collected = SpecimenCollected(
            episode_id=episode_id,
            screening_id=screening_id,
            collected_at=at,
            matrix="urine",
            observed=telling.chance(0.5),
            accession=f"SYN{self._specimens:09}",
        )
        telling.tell(at + timedelta(minutes=2), stay.chart, meeting.lead, collected)
        found = self._findings(stay, meeting.on)
        read_at = at + timedelta(minutes=8)
        results = tuple(
            AnalyteResult(
                analyte=analyte,
                loinc=_LOINC[analyte, False],
                outcome=AnalyteOutcome.POSITIVE,
                cutoff_ng_ml=_CUTOFFS[analyte],
            )
            if analyte in found
            else _NEGATIVE[analyte]
            for analyte in PANEL
        )
        reported = PresumptiveReported(episode_id=episode_id, screening_id=screening_id, at=read_at, analytes=results)
        told = telling.tell(read_at + timedelta(minutes=1), stay.chart, meeting.lead, reported)
        valid = self._validity(stay, screening_id, meeting.on + _DAY)
        final = self._confirm(stay, screening_id, meeting.on, found) if found else frozenset()
        if not final and found and telling.chance(0.05):
            self._swapped(stay, screening_id, told, results, read_at)
        if valid:
            site.tally.count("valid")
            site.tally.count("unexpected", bool(final - ({_PRESCRIBED} if stay.patient.prescribed else set())))
        days = telling.random.choice((2, 2, 3, 4) if found else (1, 1, 2))
        site.later(meeting.on + days * _DAY, partial(self._discuss, stay, screening_id))

    def _findings(self, stay: Stay, on: date) -> frozenset[str]:
        """What the cup shows. It gets less from week to week; a prescription shows as it should."""
        patient = stay.patient
        weeks = 0 if stay.admitted_on is None else (on - stay.admitted_on).days // 7
        found = set()
        if self._telling.chance(patient.inclined * self._scale * (0.92**weeks)):
            found.add(_FOUND[patient.substance])
        if self._telling.chance(0.02):
            found.add("cannabinoids")
        if patient.prescribed:
            if self._telling.chance(0.96):
                found.add(_PRESCRIBED)
        elif patient.diagnosis == "F11.20" and weeks == 0 and self._telling.chance(0.3):
            self._prescribe(stay, on)
        return frozenset(found)

    def _prescribe(self, stay: Stay, on: date) -> None:
        stay.patient.prescribed = True
        verified = PrescriptionVerified(
            episode_id=stay.episode_id,
            analyte=_PRESCRIBED,
            from_on=on - 10 * _DAY,
            to_on=on + 600 * _DAY,
            prescriber="Prescriber (synthetic)",
        )
        self._site.note(stay, on, 22, 5, verified, self._site.staff.desk(acts.NURSE))

    def _validity(self, stay: Stay, screening_id: UUID, on: date) -> bool:
        """Whether the specimen is valid, by the laboratory."""
        random = self._telling.random
        creatinine, gravity = 20 + random.randrange(1800) / 10, 1.004 + random.randrange(26) / 1000
        drawn = random.random()
        is_dilute, ph = drawn < self._site.rates.dilute, 5 + random.randrange(30) / 10
        if is_dilute:
            creatinine, gravity = 5 + random.randrange(140) / 10, 1.002
            self._site.tally.count("dilute")
        elif drawn < self._site.rates.dilute + 0.004:
            ph = 3.2
        reported = ValidityReported(
            episode_id=stay.episode_id,
            screening_id=screening_id,
            creatinine_mg_dl=round(creatinine, 1),
            specific_gravity=round(gravity, 3),
            ph=round(ph, 1),
        )
        at = self._telling.at(on, 16, random.randrange(60))
        self._telling.tell(at, stay.chart, LAB, reported, source=Source.LAB)
        return not is_dilute and ph > 4

    def _confirm(self, stay: Stay, screening_id: UUID, on: date, found: frozenset[str]) -> frozenset[str]:
        """What is left of the findings after mass spectrometry, two days later."""
        telling, random = self._telling, self._telling.random
        results, final = [], set()
        for analyte in sorted(found):
            prescribed = analyte == _PRESCRIBED and stay.patient.prescribed
            overturned = not prescribed and random.random() < self._site.rates.overturned
            if not prescribed:
                self._site.tally.count("confirmed")
                self._site.tally.count("overturned", overturned)
            if not overturned:
                final.add(analyte)
            cutoff = _CUTOFFS[analyte]
            value = random.randrange(cutoff) // 2 if overturned else cutoff + random.randrange(1, cutoff * 20)
            results.append(
                AnalyteResult(
                    analyte=analyte,
                    loinc=_LOINC[analyte, True],
                    outcome=AnalyteOutcome.NEGATIVE if overturned else AnalyteOutcome.POSITIVE,
                    value_ng_ml=value,
                    cutoff_ng_ml=cutoff,
                )
            )
        at = telling.at(on + 2 * _DAY, 8, random.randrange(60))
        reported = DefinitiveReported(
            episode_id=stay.episode_id, screening_id=screening_id, at=at, analytes=tuple(results)
        )
        telling.tell(at + timedelta(minutes=5), stay.chart, LAB, reported, source=Source.LAB)
        return frozenset(final)

    def _swapped(
        self, stay: Stay, screening_id: UUID, told: Told, results: tuple[AnalyteResult, ...], read_at: datetime
    ) -> None:
        """The laboratory puts a report right: two cups were swapped."""

        def corrected() -> ResultCorrected:
            return ResultCorrected(
                corrects=told.version,
                episode_id=stay.episode_id,
                screening_id=screening_id,
                at=read_at,
                analytes=tuple(_NEGATIVE[result.analyte] for result in results),
            )

        at = read_at + timedelta(days=3)
        self._telling.tell(at, stay.chart, LAB, corrected, source=Source.LAB, reason="Two specimens were swapped.")

    def _discuss(self, stay: Stay, screening_id: UUID, on: date) -> None:
        """Reviewed by the clinician, and talked about with the patient, if they are still there."""
        minute = self._telling.random.randrange(50)
        reviewed = ResultReviewed(episode_id=stay.episode_id, screening_id=screening_id, on=on)
        self._site.note(stay, on, 12, minute, reviewed)
        if not stay.gone and not stay.ended and self._telling.chance(0.93):
            discussed = ResultDiscussed(episode_id=stay.episode_id, screening_id=screening_id, on=on)
            self._site.note(stay, on, 12, minute + 6, discussed)
