"""The way out: discharge and its undoing, the summary, aftercare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.chart.exit import Discharged, DischargeReason
from domain.chart.states import State
from domain.session import CancellationCause, SessionCancelled
from tests.domain.care import aftercare, summarized, trigger
from tests.domain.cast import (
    ACTIVE,
    ADMINISTRATOR,
    AFTERCARE,
    CHART,
    COUNSELOR,
    ENROLLED,
    EPISODE,
    INQUIRED,
    NEXT_MONDAY,
    SECOND_EPISODE,
    THURSDAY,
    TUESDAY,
    absent,
    attended,
    corrected,
    day,
    discharged,
    hold_started,
    inquired,
    voided,
)
from tests.domain.given import Said, given, of, said, strike

COMPLETED = discharged("2026-03-05", last_service_on="2026-03-02", reason=DischargeReason.COMPLETED)
cancelled = SessionCancelled(cause=CancellationCause.WEATHER)


def void(version: int) -> Said:
    return said(voided(version), reason="Wrong chart.")


# ---- discharge


@pytest.mark.parametrize("so_far", [INQUIRED, ENROLLED], ids=len)
def test_only_who_was_admitted_is_discharged(so_far: tuple[Any, ...]) -> None:
    given(*so_far).when(discharged("2026-03-05")).refused("episode.transition")


def test_the_last_service_is_not_after_the_discharge() -> None:
    given(*ACTIVE).when(discharged("2026-03-04", "2026-03-05"), at="2026-03-05 12:00").refused(
        "discharge.last-service-after"
    )


def test_a_discharge_is_never_dated_before_care_was_given() -> None:
    story = given(*ACTIVE, attended(THURSDAY))
    story.when(discharged("2026-03-04", "2026-03-04"), reason="Found later.").refused("discharge.precedes-care")
    story.when(discharged("2026-03-09", "2026-03-02")).refused("discharge.precedes-care", naming="2026-03-05")
    story.when(discharged("2026-03-05", "2026-03-05")).recorded()


def test_an_absence_is_no_service() -> None:
    given(*ACTIVE, absent(THURSDAY)).when(discharged("2026-03-05", "2026-03-02")).recorded()


def test_a_session_that_was_cancelled_since_is_no_service() -> None:
    story = given(*ACTIVE, attended(THURSDAY), of(THURSDAY, cancelled))
    story.when(discharged("2026-03-05", "2026-03-02")).recorded()


def test_a_discharge_says_when_why_and_whether_its_length_was_explained() -> None:
    explained = Discharged(
        episode_id=EPISODE,
        on=day("2026-03-05"),
        last_service_on=day("2026-03-02"),
        reason=DischargeReason.COMPLETED,
        duration_reason="insurance ended",
    )
    discharge = given(*ACTIVE, explained).episode.discharge
    assert discharge is not None
    assert (discharge.on, discharge.last_service_on, discharge.reason, discharge.explained, discharge.version) == (
        day("2026-03-05"),
        day("2026-03-02"),
        DischargeReason.COMPLETED,
        True,
        8,
    )
    short = given(*ACTIVE, COMPLETED).episode.discharge
    assert short is not None
    assert not short.explained


# ---- voided


def test_a_voided_discharge_reopens_the_episode() -> None:
    episode = given(*ACTIVE, COMPLETED, void(8)).episode
    assert (episode.discharge, episode.ended_on()) == (None, None)
    assert episode.state_on(day("2026-03-05")) is State.ACTIVE


def test_a_discharge_may_be_made_anew_after_it_was_voided() -> None:
    story = given(*ACTIVE, COMPLETED, void(8), discharged("2026-03-09"))
    assert story.episode.discharge is not None
    assert story.episode.discharge.version == 10
    story.tell(void(10))
    assert story.episode.discharge is None
    story.when(void(8)).refused("correction.replaced-target", naming="version 9 instead")


def test_a_voided_discharge_may_come_back() -> None:
    """Striking the correction brings back what it replaced."""
    story = given(*ACTIVE, COMPLETED, void(8), strike(9))
    assert story.episode.discharge is not None
    assert story.episode.discharge.version == 8
    assert story.episode.state_on(day("2026-03-05")) is State.DISCHARGED


def test_a_discharge_does_not_come_back_where_care_went_on() -> None:
    story = given(*ACTIVE, COMPLETED, void(8), attended(NEXT_MONDAY))
    story.when(strike(9)).refused("correction.breaks-history", naming=f"{CHART}@10")
    story = given(*ACTIVE, COMPLETED, void(8), discharged("2026-03-09"))
    story.when(strike(9)).refused("correction.breaks-history", naming=f"{CHART}@10")


def test_a_discharge_is_not_voided_while_another_episode_is_open() -> None:
    story = given(*ACTIVE, COMPLETED, inquired(SECOND_EPISODE, "2026-03-06 12:00"))
    story.when(void(8)).refused("discharge.another-episode-open")
    story.tell(strike(9))
    story.when(void(8)).recorded()


@pytest.mark.parametrize("fact", [aftercare(), summarized()], ids=lambda fact: type(fact).__name__)
def test_a_discharge_is_not_voided_while_something_rests_on_it(fact: Any) -> None:
    story = given(*ACTIVE, COMPLETED, fact)
    story.when(void(8)).refused("discharge.rested-upon")
    story.tell(strike(9))
    story.when(void(8)).recorded()


def test_a_discharge_is_voided_in_its_own_episode() -> None:
    story = given(*ACTIVE, COMPLETED, inquired(SECOND_EPISODE, "2026-03-06 12:00"))
    other = said(voided(8).__class__(episode_id=SECOND_EPISODE, corrects=8), reason="Wrong chart.")
    story.when(other).refused("discharge.other-episode")


def test_clinicians_discharge_and_only_their_seniors_void() -> None:
    story = given(*ACTIVE, COMPLETED)
    for by in (COUNSELOR, ADMINISTRATOR):
        story.when(void(8), by=by).refused("act.not-permitted")


# ---- summary and aftercare


def test_a_summary_follows_a_discharge() -> None:
    given(*ACTIVE).when(summarized()).refused("summary.without-discharge")
    given(*ACTIVE, COMPLETED).when(summarized("2026-03-04")).refused("summary.without-discharge")
    story = given(*ACTIVE, COMPLETED).when(summarized("2026-03-05")).recorded()
    assert [step.on for step in story.episode.summaries] == [day("2026-03-05")]


def test_a_discharge_is_summed_up_once() -> None:
    story = given(*ACTIVE, COMPLETED, summarized("2026-03-05"))
    story.when(summarized("2026-03-06")).refused("summary.already-signed")
    story.tell(strike(9), summarized("2026-03-06"), strike(11), void(8), discharged("2026-03-09"))
    story.when(summarized("2026-03-09")).recorded()


@pytest.mark.parametrize("reason", list(DischargeReason))
def test_aftercare_is_for_those_who_completed(reason: DischargeReason) -> None:
    when = given(*ACTIVE, discharged("2026-03-05", reason=reason)).when(aftercare())
    if reason is DischargeReason.COMPLETED:
        when.recorded()
    else:
        when.refused("aftercare.not-completed")


def test_aftercare_begins_after_the_discharge() -> None:
    given(*ACTIVE).when(aftercare()).refused("aftercare.not-completed")
    given(*ACTIVE, COMPLETED).when(aftercare("2026-03-04")).refused("aftercare.not-completed")
    given(*ACTIVE, COMPLETED).when(aftercare("2026-03-05")).recorded()


def test_aftercare_starts_once() -> None:
    story = given(*ACTIVE, COMPLETED, aftercare())
    story.when(aftercare("2026-03-16")).refused("aftercare.already-started")
    story.tell(strike(9))
    story.when(aftercare("2026-03-16")).recorded()


def test_aftercare_is_not_struck_from_under_its_guest() -> None:
    story = given(*ACTIVE, COMPLETED, aftercare(), attended(AFTERCARE))
    story.when(strike(9)).refused("correction.breaks-history", naming=f"{CHART}@10")


def test_a_hold_is_not_entered_late_after_the_discharge() -> None:
    story = given(*ACTIVE, COMPLETED, trigger())
    story.when(hold_started("2026-03-06")).refused("episode.transition")
    story.when(hold_started("2026-03-04"), reason="Found later.").recorded()


def test_attendance_of_the_last_day_may_be_entered_after_the_discharge() -> None:
    story = given(*ACTIVE, discharged("2026-03-03", "2026-03-03"))
    story.when(attended(TUESDAY)).recorded()


# ---- care found after the last service


def test_no_care_is_entered_after_the_last_service_of_a_discharge() -> None:
    story = given(*ACTIVE, COMPLETED)
    story.when(attended(TUESDAY), reason="Found later.").refused("attendance.after-last-service")
    story.when(absent(THURSDAY), reason="Found later.").recorded()
    story.tell(void(8), attended(TUESDAY))
    story.when(COMPLETED, reason="Found later.").refused("discharge.precedes-care", naming="2026-03-03")
    story.when(replace(COMPLETED, last_service_on=day("2026-03-03")), reason="Found later.").recorded()


def test_no_absence_after_the_last_service_is_corrected_to_care() -> None:
    story = given(*ACTIVE, absent(TUESDAY), COMPLETED)
    came = said(corrected(8, attended(TUESDAY)), reason="Wrong box.")
    story.when(came).refused("correction.breaks-history", naming=f"{CHART}@9")
    story.tell(void(9), came)


def test_no_care_after_the_last_service_comes_back_with_a_strike() -> None:
    missed = said(corrected(8, absent(TUESDAY)), reason="Wrong box.")
    story = given(*ACTIVE, attended(TUESDAY), missed, COMPLETED)
    story.when(strike(9)).refused("correction.breaks-history", naming=f"{CHART}@10")
    story = given(*ACTIVE, COMPLETED, void(8), attended(TUESDAY))
    story.when(strike(9)).refused("correction.breaks-history", naming=f"{CHART}@8")


def test_a_guest_comes_after_the_last_service() -> None:
    story = given(*ACTIVE, COMPLETED, aftercare("2026-03-05"))
    story.when(attended(NEXT_MONDAY)).recorded()
    story.when(attended(THURSDAY), reason="Found later.").recorded()
    story.when(attended(TUESDAY), reason="Found later.").refused("attendance.after-last-service")
