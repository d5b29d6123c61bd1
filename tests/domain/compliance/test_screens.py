"""SCR-1, SCR-2 and SCR-3. The cohort meets Mon/Tue/Thu; the week is 2026-W10, the month March."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain.chart.screening import (
    AnalyteOutcome,
    AnalyteResult,
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
from domain.compliance.monthly import assess_month
from domain.compliance.verdict import Row
from domain.facility import HolidayDeclared
from domain.month import Month
from tests.domain.compliance.evenings import FRIDAY, MONDAY, SUNDAY, THURSDAY, TUESDAY, Evenings, ann_of
from tests.domain.program import LATER, local
from tests.rule_sets import LANDMARK_IOP

OPIATES = "opiates"
POSITIVE, NEGATIVE, INCONCLUSIVE = AnalyteOutcome.POSITIVE, AnalyteOutcome.NEGATIVE, AnalyteOutcome.INCONCLUSIVE


class Screened(Evenings):
    """An evening of each scheduled day was held and attended."""

    def __init__(self) -> None:
        super().__init__()
        ann_of(self, *self.three_evenings())

    def ordered(self) -> UUID:
        key = self.new_id()
        self.ann.records(
            ScreeningOrdered(episode_id=self.ann.episode_id, screening_id=key, panel=(OPIATES,), random=True)
        )
        return key

    def of(self, key: UUID, fact: type[Any], **more: Any) -> int:
        return self.ann.records(fact(episode_id=self.ann.episode_id, screening_id=key, **more))

    def collected(self, at: str = f"{TUESDAY} 18:00") -> UUID:
        key = self.ordered()
        self.of(key, SpecimenCollected, collected_at=local(at), matrix="urine", observed=True)
        return key

    def reported(self, key: UUID, outcome: AnalyteOutcome, fact: type[Any] = PresumptiveReported) -> int:
        analytes = (AnalyteResult(analyte=OPIATES, loinc="19295-5", outcome=outcome),)
        return self.of(key, fact, at=local(f"{TUESDAY} 19:00"), analytes=analytes)

    def month(self, as_of: date = date(2026, 3, 31)) -> Row:
        rows = assess_month(self.site(), Month.parse("2026-03"), rule_set=LANDMARK_IOP, as_of=as_of, known_at=LATER)
        return next(row for row in rows if row.rule == "SCR-3")

    def positivity(self) -> tuple[int, int]:
        return self.month().value, self.month().of


# ---- SCR-1


def test_a_specimen_a_week_is_collected() -> None:
    program = Screened()
    assert program.finding("SCR-1", as_of=TUESDAY) == ("pending", 0, 1)
    program.collected(f"{SUNDAY} 23:59")
    assert program.finding("SCR-1") == ("met", 1, 1)
    assert program.finding("SCR-1", as_of=FRIDAY) == ("pending", 0, 1)
    assert program.finding("SCR-1", "2026-W11")[0] == "facility_shortfall"


def test_nobody_asked_who_came() -> None:
    assert Screened().finding("SCR-1") == ("facility_shortfall", 0, 1)


@pytest.mark.parametrize(
    ("refused", "missed", "verdict"),
    [
        (True, None, "not_met"),
        (False, False, "not_met"),
        (False, True, "not_met_excused"),
        (True, True, "not_met"),
    ],
)
def test_a_refusal_or_a_missed_collection_is_none(refused: bool, missed: bool | None, verdict: str) -> None:
    program = Screened()
    key = program.ordered()
    if missed is not None:
        program.of(key, CollectionMissed, at=local(f"{TUESDAY} 18:00"), excused=missed)
    if refused:
        program.of(key, SpecimenRefused, at=local(f"{TUESDAY} 18:30"))
    assert program.finding("SCR-1") == (verdict, 0, 1)


def test_who_was_away_all_week_with_an_excuse_is_excused() -> None:
    for excused, verdict in ((True, "not_met_excused"), (False, "not_met")):
        program = Evenings()
        monday, *others = program.three_evenings()
        program.ann.absent(monday, excused=excused)
        for evening in others:
            program.ann.absent(evening, excused=True)
        assert program.finding("SCR-1") == (verdict, 0, 1)


# ---- SCR-2


def followed_up(program: Screened, as_of: date) -> tuple[str, int, int]:
    (row,) = program.findings("SCR-2", as_of)
    return row.verdict.value, row.value, row.of


def test_a_result_is_reviewed_and_discussed_within_three_business_days() -> None:
    """Reported on Tuesday, so due on Friday, and the weekend behind it."""
    program = Screened()
    key = program.collected()
    program.reported(key, NEGATIVE)
    program.of(key, ResultReviewed, on=THURSDAY)
    assert followed_up(program, FRIDAY) == ("pending", 3, 3)
    assert followed_up(program, SUNDAY) == ("not_met", 3, 3)
    talk = program.of(key, ResultDiscussed, on=SUNDAY)
    assert followed_up(program, SUNDAY) == ("met", 3, 3)
    program.ann.strikes(talk)
    program.of(key, ResultDiscussed, on=date(2026, 3, 9))
    assert followed_up(program, date(2026, 3, 9)) == ("not_met", 4, 3)
    program.record("facility/lexington", HolidayDeclared(on=FRIDAY, name="A holiday"))
    assert followed_up(program, date(2026, 3, 9)) == ("met", 3, 3)


# ---- SCR-3


def test_what_confirms_replaces_what_screens() -> None:
    program = Screened()
    key = program.collected()
    program.reported(key, POSITIVE)
    assert program.positivity() == (1, 1)
    report = program.reported(key, NEGATIVE, DefinitiveReported)
    assert program.positivity() == (0, 1)
    analytes = (AnalyteResult(analyte=OPIATES, loinc="18390-5", outcome=POSITIVE),)
    program.of(key, ResultCorrected, corrects=report, at=local("2026-04-20 09:00"), analytes=analytes)
    assert program.positivity() == (1, 1)


def test_a_prescription_makes_a_positive_expected() -> None:
    for analyte, to_on, positive in ((OPIATES, TUESDAY, 0), (OPIATES, MONDAY, 1), ("fentanyl", TUESDAY, 1)):
        program = Screened()
        program.reported(program.collected(), POSITIVE)
        verified = PrescriptionVerified(
            episode_id=program.ann.episode_id, analyte=analyte, from_on=MONDAY, to_on=to_on, prescriber="Dr. Y"
        )
        program.ann.records(verified)
        assert program.positivity() == (positive, 1)


def test_what_is_in_neither_figure_is_reported() -> None:
    program = Screened()
    program.collected()
    program.reported(program.collected(), INCONCLUSIVE)
    dilute = program.collected()
    program.reported(dilute, POSITIVE)
    program.of(dilute, ValidityReported, creatinine_mg_dl=12, specific_gravity=1.002)
    program.of(program.ordered(), SpecimenRefused, at=local(f"{TUESDAY} 18:00"))
    program.of(program.ordered(), CollectionMissed, at=local(f"{TUESDAY} 18:00"), excused=True)
    row = program.month()
    assert (row.verdict, row.value, row.of) == ("not_applicable", 0, 0)
    assert {name: count for name, count in row.figures if count} == {
        "dilute": 1,
        "inconclusive": 1,
        "without_result": 1,
        "refused": 1,
        "missed": 1,
    }


def test_the_month_is_that_of_the_collection_and_pending_until_it_is_over() -> None:
    program = Screened()
    program.reported(program.collected("2026-02-28 23:59"), POSITIVE)
    program.reported(program.collected("2026-03-01 00:00"), POSITIVE)
    row = program.month(date(2026, 3, 30))
    assert (row.verdict, row.value, row.of) == ("pending", 1, 1)
    assert program.month().verdict == "met"
    assert program.month(date(2026, 3, 1)).of == 0
