"""Legal holds: set and released by the authority that is named."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from domain.legal_hold import LegalHoldReleased, LegalHoldSet
from tests.domain.cast import ANN, COUNSELOR, FACILITY, day, registered
from tests.domain.every_fact import EVERY
from tests.domain.given import Story, given, said, strike

hold: LegalHoldSet = EVERY["LegalHoldSet"]
release: LegalHoldReleased = EVERY["LegalHoldReleased"]
ANOTHER = "Kentucky Attorney General"


def held_by(story: Story) -> list[str]:
    return [held.authority for held in story.state(FACILITY).holds.get(ANN, ())]


def test_a_hold_is_live_until_it_is_released() -> None:
    story = given(registered, hold)
    assert held_by(story) == [hold.authority]
    story.tell(release)
    assert held_by(story) == []
    assert ANN not in story.state(FACILITY).holds


def test_each_authority_holds_and_releases_for_itself() -> None:
    story = given(registered, hold, replace(hold, authority=ANOTHER), release)
    assert held_by(story) == [ANOTHER]


def test_an_authority_holds_once() -> None:
    story = given(registered, hold)
    story.when(hold).refused("legal-hold.already-set")
    spelled = replace(hold, authority=f"  {hold.authority.upper()} ")
    story.when(spelled).refused("legal-hold.already-set")
    story.tell(release)
    story.when(hold, reason="Demanded once more.").recorded()


def test_a_release_ends_a_hold_of_that_authority() -> None:
    given(registered).when(release).refused("legal-hold.not-set")
    story = given(registered, hold)
    story.when(replace(release, authority=ANOTHER)).refused("legal-hold.not-set")
    story.tell(release)
    story.when(release).refused("legal-hold.not-set")


def test_a_hold_is_not_released_before_it_was_set() -> None:
    early = replace(release, on=day("2026-03-01"))
    story = given(registered, hold)
    story.when(early, reason="Entered late.").refused("legal-hold.released-before-set")
    story.when(replace(release, on=hold.on)).recorded()


@pytest.mark.parametrize("fact", [hold, release], ids=lambda fact: type(fact).__name__)
def test_a_hold_is_on_a_chart_of_this_site(fact: LegalHoldSet | LegalHoldReleased) -> None:
    """Nobody is held whose chart isn't here."""
    given().when(hold).refused("legal-hold.unknown-chart")
    stranger = UUID(int=0xBAD)
    given(registered, hold).when(replace(hold, patient_id=stranger)).refused("legal-hold.unknown-chart")
    given(registered, replace(hold, authority=" x ")).when(replace(fact, authority=" ")).refused("legal-hold.authority")


def test_a_compliance_officer_holds_and_nobody_who_treats() -> None:
    given(registered).when(hold, by=COUNSELOR).refused("act.not-permitted")


def test_a_hold_is_not_struck_from_under_its_release() -> None:
    story = given(registered, hold, release)
    version = story.state(FACILITY).version
    telling = said(strike(version - 1), stream=FACILITY)
    story.when(telling).refused("correction.breaks-history", naming=f"{FACILITY}@{version}")
    story.tell(said(strike(version), stream=FACILITY))
    assert held_by(story) == [hold.authority]
