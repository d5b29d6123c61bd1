"""Corrections and strikes: a reason, and a live target of the right kind."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.domain import care, cast
from tests.domain.cast import (
    ACTIVE,
    ENROLLED,
    MONDAY,
    absent,
    attended,
    corrected,
    discharged,
    local,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import Said, given, of, said, strike


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_correction_needs_a_reason(reason: str | None) -> None:
    story = given(*ACTIVE, discharged("2026-03-02"))
    for fact in (corrected(6, absent(MONDAY)), said(strike(6), reason=""), cast.voided(8)):
        story.when(said(fact, reason=reason or "")).refused("correction.without-reason")


def test_correcting_the_times_of_a_session_needs_a_reason() -> None:
    story = given(of(MONDAY, EVERY["SessionHeld"]))
    story.when(of(MONDAY, EVERY["SessionTimesCorrected"])).refused("correction.without-reason")
    story.when(of(MONDAY, EVERY["SessionTimesCorrected"]), reason="By the door log.").recorded()


@pytest.mark.parametrize("version", [0, -1, 8, 900])
def test_what_does_not_exist_is_not_corrected(version: int) -> None:
    given(*ACTIVE).when(strike(version)).refused("correction.unknown-target", naming=str(version))


def test_a_strike_is_not_struck() -> None:
    given(*ENROLLED, absent(MONDAY), strike(6)).when(strike(7)).refused("correction.unknown-target", naming="7")


def test_what_is_struck_is_neither_struck_nor_corrected_again() -> None:
    story = given(*ENROLLED, absent(MONDAY), strike(6))
    story.when(strike(6)).refused("correction.struck-target", naming="6")
    correction = said(corrected(6, attended(MONDAY)), reason="Came late.")
    story.when(correction).refused("correction.struck-target", naming="6")


def test_what_is_replaced_is_corrected_in_its_live_correction() -> None:
    first = said(corrected(6, absent(MONDAY, excused=True)), reason="The family called.")
    story = given(*ENROLLED, absent(MONDAY), first)
    story.when(strike(6)).refused("correction.replaced-target", naming="version 7 instead")


def test_the_last_of_several_corrections_is_the_live_one() -> None:
    story = given(*ENROLLED, absent(MONDAY))
    story.tell(said(corrected(6, absent(MONDAY, excused=True)), reason="The family called."))
    story.tell(said(corrected(7, absent(MONDAY)), reason="That was another patient."))
    for version in (6, 7):
        story.when(strike(version)).refused("correction.replaced-target", naming="version 8 instead")
    story.when(strike(8)).recorded()


def test_a_correction_corrects_an_entry_of_its_own_kind() -> None:
    story = given(*ACTIVE, care.ordered(), care.collected(), care.presumptive())
    for fact in (
        corrected(10, attended(MONDAY)),
        care.result_corrected(6, at=local("2026-03-03 17:40"), analytes=()),
        cast.voided(6),
    ):
        story.when(said(fact, reason="Wrong.")).refused("correction.wrong-kind")


def test_a_discharge_is_voided_never_struck() -> None:
    story = given(*ACTIVE, discharged("2026-03-05"))
    story.when(strike(8)).refused("correction.wrong-kind")
    story.when(cast.voided(8), reason="Wrong chart.").recorded()


def test_permission_is_asked_before_anything_is_said_of_the_record() -> None:
    """Who may not strike does not learn what is there."""
    given(*ACTIVE).when(strike(900), by=cast.FRONT_DESK).refused("act.not-permitted")


IN_EVERY_STREAM = {
    "facility": said(EVERY["HolidayDeclared"], stream=cast.FACILITY),
    "cohort": said(cast.formed(), stream=f"cohort/{UUID(int=0xC0FFEE)}"),
    "session": said(cast.PLANNED[MONDAY], stream=f"session/{UUID(int=0xC0FFEE)}"),
    "chart": said(care.trigger(), stream=cast.CHART),
    "report": said(cast.issued, stream=f"report/{cast.REPORT}", at="2026-03-09 09:00"),
}


@pytest.mark.parametrize("kind", IN_EVERY_STREAM)
def test_in_every_stream_a_strike_says_why_and_names_what_counts(kind: str) -> None:
    telling = IN_EVERY_STREAM[kind]
    story = given(*(ENROLLED if kind == "chart" else ()), telling)
    stream = telling.stream
    assert stream is not None
    version = len(story.streams[stream])

    def struck(target: int) -> Said:
        return said(strike(target), stream=stream)

    story.when(said(struck(version), reason=" ")).refused("correction.without-reason")
    story.when(struck(version + 1)).refused("correction.unknown-target", naming=str(version + 1))
    story.when(struck(version)).recorded()
    story.when(struck(version)).refused("correction.struck-target", naming=str(version))
    story.when(struck(version + 1)).refused("correction.unknown-target", naming=str(version + 1))
