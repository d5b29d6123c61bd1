"""Claims: what no stream can guard. A number is one patient's, an id one chart's, a seat one episode's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest

from domain.chart import Chart
from domain.claims import (
    ACCESSION,
    CONSENT,
    EPISODE,
    MRN,
    SCREENING,
    SEAT,
    STEP_DOWN,
    Claim,
    Seat,
    SeatChanges,
    claims_of,
    claims_struck,
    cohort_held,
    cohorts_named,
    seat_changes,
    seats,
    taken,
)
from domain.cohort import Cohort
from domain.refused import Refused
from tests.domain import care, cast
from tests.domain.cast import (
    ACTIVE,
    ASSESSED,
    CHART,
    ENROLLED,
    EVENINGS,
    INQUIRED,
    MORNINGS,
    SECOND_EPISODE,
    assessed,
    attended,
    corrected,
    discharged,
    enrolled,
    inquired,
    not_admitted,
    registered,
    suitability,
    voided,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import Story, given, said, strike

SMALL: Final = Cohort(cohort_id=EVENINGS, capacity=2)
OTHER: Final = Cohort(cohort_id=MORNINGS, capacity=1)
COHORTS: Final = {EVENINGS: SMALL, MORNINGS: OTHER}

FIRST, SECOND = (seat.value for seat in seats(SMALL))
(ONLY,) = (seat.value for seat in seats(OTHER))
SOMEBODY, SOMEBODY_ELSE = "chart/somebody", "chart/somebody else"
FULL: Final = {FIRST: SOMEBODY, SECOND: SOMEBODY_ELSE}


def claim(value: str) -> Claim:
    return Claim(kind=SEAT, value=value, stream=CHART)


def changes(before: Story, after: Story, held: dict[str, str] | None = None) -> SeatChanges:
    return seat_changes(CHART, before.chart, after.chart, COHORTS, held or {})


NOBODY, ENROLLED_NOW = given(*ASSESSED), given(*ENROLLED)


# ---- ids and numbers


@pytest.mark.parametrize(
    ("fact", "kind", "value"),
    [
        (registered, MRN, "MRN-4711"),
        (replace(registered, mrn=" mrn-4711 "), MRN, "MRN-4711"),
        (replace(registered, mrn="mrn\t \u00a0 4711\n"), MRN, "MRN 4711"),
        (replace(registered, mrn="\uff2d\uff32\uff2e-\uff14\uff17\uff11\uff11"), MRN, "MRN-4711"),
        (inquired(), EPISODE, str(cast.EPISODE)),
        (care.ordered(), SCREENING, str(care.SCREENING)),
        (care.collected(accession="syn-88123 "), ACCESSION, "SYN-88123"),
        (care.recommended(), STEP_DOWN, str(care.STEP_DOWN)),
        (care.consented(), CONSENT, str(care.CONSENT)),
    ],
)
def test_a_fact_claims_the_number_or_the_id_that_it_gives(fact: Any, kind: str, value: str) -> None:
    assert list(claims_of(CHART, fact)) == [Claim(kind=kind, value=value, stream=CHART)]


@pytest.mark.parametrize("accession", [None, "", "  "])
def test_a_specimen_without_a_number_claims_none(accession: str | None) -> None:
    assert list(claims_of(CHART, care.collected(accession=accession))) == []


def test_an_accession_number_is_the_patients_while_one_of_their_specimens_has_it() -> None:
    """A specimen may be of two screenings: striking the one leaves the number to the other."""
    other = UUID(int=0x5C2)
    both = (care.collected(accession="A-1"), care.collected("2026-03-03 17:30", other, "A-1"))
    story = given(*ACTIVE, care.ordered(), care.ordered(other), *both)
    number = Claim(kind=ACCESSION, value="A-1", stream=CHART)

    def struck(version: int) -> list[Claim]:
        decision = story.decided(strike(version))
        return list(claims_struck(CHART, story.streams[CHART], decision.entries))

    assert struck(10) == []
    story.tell(strike(10))
    assert struck(11) == [number]


@pytest.mark.parametrize("mrn", ["", "  ", "\t\n", "\u00a0\u3000"])
def test_a_patient_is_registered_with_a_number(mrn: str) -> None:
    given().when(replace(registered, mrn=mrn)).refused("patient.mrn-missing")


def test_no_other_fact_claims_anything() -> None:
    """A specimen without a number, as here, neither."""
    opening = {
        "PatientRegistered",
        "InquiryReceived",
        "EpisodeCarriedOver",
        "ScreeningOrdered",
        "StepDownRecommended",
        "ConsentGiven",
    }
    assert {name for name, fact in EVERY.items() if list(claims_of(CHART, fact))} == opening


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (MRN, "patient.mrn-in-use"),
        (EPISODE, "episode.id-in-use"),
        (SCREENING, "screening.id-in-use"),
        (ACCESSION, "screening.accession-in-use"),
        (STEP_DOWN, "step-down.id-in-use"),
        (CONSENT, "consent.id-in-use"),
        (SEAT, "cohort.full"),
    ],
)
def test_what_somebody_else_has_claimed_is_refused_by_name(kind: str, rule: str) -> None:
    assert taken(kind).rule == rule


def test_a_consent_has_an_id_of_its_own_within_a_chart_too() -> None:
    story = given(*ENROLLED, care.consented())
    story.when(care.consented()).refused("consent.id-in-use")
    story.when(care.consented(UUID(int=0xC06))).recorded()


# ---- seats


def test_a_cohort_has_as_many_seats_as_its_capacity() -> None:
    assert seats(SMALL) == [Seat(EVENINGS, 1), Seat(EVENINGS, 2)]
    assert f"{EVENINGS}/1" == FIRST


def test_an_enrollment_takes_the_first_free_seat() -> None:
    assert changes(NOBODY, ENROLLED_NOW) == SeatChanges(claims=(claim(FIRST),))
    assert changes(NOBODY, ENROLLED_NOW, {FIRST: SOMEBODY}) == SeatChanges(claims=(claim(SECOND),))
    assert changes(NOBODY, ENROLLED_NOW, {SECOND: SOMEBODY}) == SeatChanges(claims=(claim(FIRST),))


def test_nobody_is_enrolled_in_a_full_cohort() -> None:
    with pytest.raises(Refused) as refused:
        changes(NOBODY, ENROLLED_NOW, FULL)
    assert refused.value.rule == "cohort.full"


def test_nobody_is_assigned_to_a_full_cohort() -> None:
    with pytest.raises(Refused, match=r"cohort\.full"):
        changes(given(*ACTIVE), given(*ACTIVE, care.assigned()), {FIRST: CHART, ONLY: SOMEBODY})


def test_what_changes_no_cohort_changes_no_seat() -> None:
    for fact in (attended(cast.MONDAY), care.ordered(), care.consented()):
        assert changes(ENROLLED_NOW, given(*ENROLLED, fact), {FIRST: CHART}) == SeatChanges()


@pytest.mark.parametrize(
    ("before", "end"),
    [(ENROLLED, not_admitted()), (ACTIVE, discharged("2026-03-05"))],
    ids=["not admitted", "discharged"],
)
def test_who_leaves_gives_the_seat_back(before: tuple[Any, ...], end: Any) -> None:
    held = {FIRST: SOMEBODY, SECOND: CHART}
    assert changes(given(*before), given(*before, end), held) == SeatChanges(releases=(claim(SECOND),))


def test_nobody_gives_back_the_seat_of_somebody_else() -> None:
    assert changes(given(*ACTIVE), given(*ACTIVE, discharged("2026-03-05")), FULL) == SeatChanges()


def test_a_change_of_cohort_moves_the_seat() -> None:
    moved = changes(given(*ACTIVE), given(*ACTIVE, care.assigned()), {FIRST: CHART, SECOND: SOMEBODY})
    assert moved == SeatChanges(claims=(claim(ONLY),), releases=(claim(FIRST),))


def test_a_change_to_the_same_cohort_keeps_the_seat() -> None:
    same = care.assigned(cohort_id=EVENINGS)
    assert changes(given(*ACTIVE), given(*ACTIVE, same), {FIRST: CHART}) == SeatChanges()


def test_the_seat_is_in_the_cohort_that_is_effective_last() -> None:
    to_mornings = care.assigned("2026-04-01")
    entered_later = care.assigned("2026-03-10", EVENINGS)
    assert cohort_held(given(*ACTIVE, to_mornings).chart) == MORNINGS
    assert cohort_held(given(*ACTIVE, to_mornings, entered_later).chart) == MORNINGS


def test_a_voided_discharge_takes_a_seat_where_there_is_one() -> None:
    before, after = _voided()
    assert changes(before, after, {FIRST: SOMEBODY}) == SeatChanges(claims=(claim(SECOND),))


def test_a_voided_discharge_into_a_full_cohort_goes_without_a_seat() -> None:
    before, after = _voided()
    assert changes(before, after, FULL) == SeatChanges()


def _voided() -> tuple[Story, Story]:
    out = (*ACTIVE, discharged("2026-03-05"))
    return given(*out), given(*out, said(voided(8), reason="Wrong chart."))


def test_a_strike_that_brings_a_former_cohort_back_goes_without_a_seat_where_it_is_full() -> None:
    """What is lost is eligibility alone: that is flagged, not refused."""
    before, after = given(*ACTIVE, care.assigned()), given(*ACTIVE, care.assigned(), strike(8))
    assert cohort_held(after.chart) == EVENINGS
    assert changes(before, after, {**FULL, ONLY: CHART}) == SeatChanges(releases=(claim(ONLY),))
    with_room = {FIRST: SOMEBODY, ONLY: CHART}
    assert changes(before, after, with_room) == SeatChanges(claims=(claim(SECOND),), releases=(claim(ONLY),))


def test_who_was_not_admitted_after_all_comes_back_without_a_seat_where_it_is_full() -> None:
    before, after = given(*ENROLLED, not_admitted()), given(*ENROLLED, not_admitted(), strike(6))
    assert changes(before, after, FULL) == SeatChanges()


def test_a_struck_enrollment_gives_the_seat_back() -> None:
    assert changes(ENROLLED_NOW, given(*ENROLLED, strike(5)), {FIRST: CHART}) == SeatChanges(releases=(claim(FIRST),))


def test_a_second_episode_takes_a_seat_of_its_own() -> None:
    before = given(*ACTIVE, discharged("2026-03-03"), inquired(SECOND_EPISODE, "2026-03-04 12:00"))
    after = given(
        *ACTIVE,
        discharged("2026-03-03"),
        inquired(SECOND_EPISODE, "2026-03-04 12:00"),
        assessed("2026-03-04", SECOND_EPISODE),
        suitability(on="2026-03-04", episode_id=SECOND_EPISODE),
        enrolled("2026-03-05", SECOND_EPISODE, cohort_id=MORNINGS),
    )
    assert changes(before, after) == SeatChanges(claims=(claim(ONLY),))
    assert cohorts_named(after.chart) == {EVENINGS, MORNINGS}


def test_nobody_holds_a_seat_before_the_enrollment_or_after_the_end() -> None:
    held = [cohort_held(given(*so_far).chart) for so_far in (INQUIRED, ASSESSED, (*ENROLLED, not_admitted()))]
    assert held == [None, None, None]
    assert cohort_held(Chart(patient_id=cast.ANN)) is None
    assert cohort_held(ENROLLED_NOW.chart) == EVENINGS


def test_a_cohort_that_is_not_at_hand_has_no_seats_to_take() -> None:
    assert seat_changes(CHART, NOBODY.chart, ENROLLED_NOW.chart, {}, {}) == SeatChanges()
    assert seat_changes(CHART, ENROLLED_NOW.chart, NOBODY.chart, {}, {}) == SeatChanges()


def test_a_correction_of_attendance_moves_no_seat() -> None:
    correction = said(corrected(6, cast.absent(cast.MONDAY)), reason="Wrong box.")
    assert changes(given(*ACTIVE), given(*ACTIVE, correction), {FIRST: CHART}) == SeatChanges()


def test_charts_that_enroll_at_the_same_time_reach_for_different_seats() -> None:
    claimed = [
        seat_changes(f"chart/{UUID(int=n)}", NOBODY.chart, ENROLLED_NOW.chart, COHORTS, {}).claims[0].value
        for n in range(2)
    ]
    assert sorted(claimed) == sorted([FIRST, SECOND])
