"""The staff list: credentials that end before their time."""

from __future__ import annotations

import pytest

from domain.facility import Facility
from domain.staff import CredentialEnded
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    COUNSELOR,
    FACILITY,
    NURSE,
    STAFF,
    SUPERVISOR,
    credentialed,
    day,
    staff_uuid,
)
from tests.domain.given import Story, given, said, strike


def ended(on: str, credential: str = "LCADC") -> CredentialEnded:
    return CredentialEnded(
        staff_id=staff_uuid(COUNSELOR), credential=credential, on=day(on), reason="licence suspended"
    )


def held(story: Story, on: str) -> list[str | None]:
    facility: Facility = story.state(FACILITY)
    return [c.credential for c in facility.credentials(staff_uuid(COUNSELOR), day(on))]


def test_the_day_on_which_a_credential_ends_is_its_last() -> None:
    story = given(ended("2026-03-02"))
    assert {on: held(story, on) for on in ("2025-01-01", "2026-03-02", "2026-03-03")} == {
        "2025-01-01": ["LCADC"],
        "2026-03-02": ["LCADC"],
        "2026-03-03": [],
    }


def test_an_ended_credential_signs_nothing_afterwards() -> None:
    story = given(*ACTIVE, ended("2026-03-03"))
    late = {"at": "2026-03-05 12:00", "reason": "Found later."}
    story.when(care.level_assessed("2026-03-03"), **late).recorded()
    story.when(care.level_assessed("2026-03-04"), **late).refused("act.not-credentialed")


def test_a_credential_ends_in_every_role_that_the_person_has_with_it() -> None:
    also = credentialed(COUNSELOR)
    story = given(credentialed(SUPERVISOR), also, ended("2026-03-02"))
    assert held(story, "2026-03-03") == []


def test_other_credentials_of_the_person_stay() -> None:
    story = given(credentialed(COUNSELOR, credential="LPCC"), ended("2026-03-02"))
    assert held(story, "2026-03-03") == ["LPCC"]


def test_a_line_that_begins_later_stays() -> None:
    """Renewed, after a time without."""
    story = given(credentialed(COUNSELOR, "2026-06-01"), ended("2026-03-02"))
    assert (held(story, "2026-05-31"), held(story, "2026-06-01")) == ([], ["LCADC"])


def test_a_credential_ends_before_the_day_up_to_which_it_was_given() -> None:
    story = given(credentialed(NURSE, "2026-01-01", "2026-12-31", credential="LPN"))
    end = CredentialEnded(staff_id=staff_uuid(NURSE), credential="LPN", on=day("2026-03-02"), reason="left")
    story.tell(end)
    facility: Facility = story.state(FACILITY)
    assert [c.credential for c in facility.credentials(staff_uuid(NURSE), day("2026-03-03"))] == ["RN"]
    line = facility.staff[staff_uuid(NURSE)][-1]
    assert (line.valid_to, line.last_day) == (day("2026-12-31"), day("2026-03-02"))


def test_a_credential_that_is_not_on_the_staff_list_does_not_end() -> None:
    given().when(ended("2026-03-02", "LPCC")).refused("credential.unknown")
    stranger = CredentialEnded(staff_id=staff_uuid(NURSE), credential="LCADC", on=day("2026-03-02"), reason="left")
    given().when(stranger).refused("credential.unknown")


def test_a_credential_does_not_end_before_it_begins() -> None:
    late = "Found in the register."
    given().when(ended("2024-12-31"), reason=late).refused("credential.not-begun")
    given().when(ended("2025-01-01"), reason=late).recorded()


@pytest.mark.parametrize("again", ["2026-03-01", "2026-03-02", "2026-03-03"])
def test_a_credential_ends_once(again: str) -> None:
    given(ended("2026-03-02")).when(ended(again), reason="Once more.").refused("credential.already-ended")


def test_a_credential_that_has_run_out_does_not_end_again() -> None:
    story = given(credentialed(COUNSELOR, "2025-01-01", "2025-12-31", credential="CADC"))
    story.when(ended("2026-03-02", "CADC")).refused("credential.already-ended")


def test_an_end_that_was_struck_has_ended_nothing() -> None:
    story = given(ended("2026-03-02"))
    story.tell(said(strike(story.state(FACILITY).version), stream=FACILITY))
    assert held(story, "2026-03-03") == ["LCADC"]
    story.when(ended("2026-03-04")).recorded()


def test_a_line_is_not_struck_from_under_its_end() -> None:
    story = given(ended("2026-03-02"))
    line = 2 + STAFF.index(COUNSELOR)
    end = story.state(FACILITY).version
    story.when(said(strike(line), stream=FACILITY)).refused("correction.breaks-history", naming=f"{FACILITY}@{end}")


def test_a_future_end_waits_for_its_day() -> None:
    given().when(ended("2026-03-02"), at="2026-03-01 12:00").refused("entry.in-the-future")
