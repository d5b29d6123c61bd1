"""Acts in doubt: a credential that turns out to have ended strikes nothing, and flags what was done since."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.acts import ACTS
from domain.chart import evolve
from domain.doubt import Acted, acted, in_doubt
from domain.facility import Facility
from domain.record import Entry, Envelope, Person, Source
from domain.recording import act_date
from domain.scene import Scene
from domain.staff import CredentialEnded
from domain.status import census_row, present
from tests.domain import care, cast
from tests.domain.cast import (
    ACTIVE,
    CHART,
    COUNSELOR,
    FACILITY,
    FRONT_DESK,
    PEOPLE,
    STAFF,
    SUPERVISOR,
    SYSTEM,
    TUESDAY,
    ZONE,
    attended,
    day,
    local,
    staff_uuid,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import Said, Story, given, said, strike

LATER = "2026-03-20 12:00"


def ended(person: Person, on: str) -> Said:
    fact = CredentialEnded(
        staff_id=staff_uuid(person), credential=person.credential or "", on=day(on), reason="licence suspended"
    )
    return said(fact, at=LATER, reason="The board's letter came today.")


def doubted(story: Story) -> list[str]:
    """The facts of the chart in doubt."""
    facility: Facility = story.state(FACILITY)
    found = []
    for entry in story.streams[CHART]:
        end = story._scheduled_end(entry.fact)
        if in_doubt(acted(entry, ZONE, scheduled_end=end), facility):
            found.append(type(entry.fact).__name__)
    return found


def flags(story: Story, as_of: str = "2026-03-20") -> list[str]:
    scene = story.scene(local(LATER))
    asked: dict[str, Any] = {
        "facility": scene.facility,
        "sessions": scene.sessions,
        "cohorts": scene.cohorts,
        "as_of": day(as_of),
    }
    document = present(story.chart, **asked, known_at=local(LATER), position=1)
    row = census_row(story.chart, **asked)
    assert row is not None
    assert row["flags"] == document["flags"]
    found: list[str] = document["flags"]
    return found


TREATED = (
    *ACTIVE,
    care.level_assessed("2026-03-05"),
    said(care.plan_signed("2026-03-06"), at="2026-03-06 18:00"),
)


def test_nothing_is_in_doubt_while_credentials_hold() -> None:
    story = given(*TREATED)
    assert doubted(story) == []
    assert "credential_in_doubt" not in flags(story)


def test_what_was_done_up_to_the_last_day_stands_without_doubt() -> None:
    story = given(*TREATED, ended(COUNSELOR, "2026-03-06"))
    assert doubted(story) == []
    assert "credential_in_doubt" not in flags(story)


def test_what_was_done_since_the_last_day_is_in_doubt_and_stands() -> None:
    story = given(*TREATED, ended(COUNSELOR, "2026-03-05"))
    assert doubted(story) == ["TreatmentPlanSigned"]
    assert "credential_in_doubt" in flags(story)
    assert story.broken == []
    assert len(story.chart.episodes[cast.EPISODE].plans) == 1


def test_taking_attendance_is_in_doubt_and_the_episode_does_not_rest_on_it() -> None:
    story = given(*ACTIVE, attended(TUESDAY), ended(COUNSELOR, "2026-03-02"))
    assert doubted(story) == ["AttendanceRecorded"]
    assert "credential_in_doubt" not in flags(story)


def test_a_signature_is_in_doubt_when_the_credential_had_ended_on_the_day_of_signing() -> None:
    signed = said(care.plan_signed("2026-03-04"), at="2026-03-06 18:00", reason="Signed on paper.")
    story = given(*ACTIVE, signed, ended(COUNSELOR, "2026-03-05"))
    assert doubted(story) == ["TreatmentPlanSigned"]


def test_the_status_does_not_look_beyond_its_date() -> None:
    story = given(*TREATED, ended(COUNSELOR, "2026-03-05"))
    assert "credential_in_doubt" not in flags(story, "2026-03-05")
    assert "credential_in_doubt" in flags(story, "2026-03-06")


def test_a_struck_act_leaves_no_doubt() -> None:
    story = given(*TREATED)
    version = story.state(CHART).version
    story.tell(said(strike(version), at="2026-03-07 09:00"), ended(COUNSELOR, "2026-03-05"))
    assert "credential_in_doubt" not in flags(story)


def test_a_discharge_that_was_voided_leaves_no_doubt() -> None:
    story = given(*ACTIVE, cast.discharged("2026-03-09"))
    discharge = story.state(CHART).version
    story.tell(said(cast.voided(discharge), reason="Came back the next day."), ended(COUNSELOR, "2026-03-08"))
    assert [signed.fact for signed in story.chart.signed if signed.version == discharge] == []
    assert "credential_in_doubt" not in flags(story)


def test_the_acts_of_others_are_not_in_doubt() -> None:
    story = given(*TREATED, ended(SUPERVISOR, "2026-03-01"))
    assert doubted(story) == []


def test_a_second_credential_in_the_role_leaves_no_doubt() -> None:
    also = cast.credentialed(COUNSELOR, credential="LPCC")
    story = given(also, *TREATED, ended(COUNSELOR, "2026-03-01"))
    assert doubted(story) == []


def test_a_line_of_the_staff_list_that_was_struck_bears_nothing_out() -> None:
    story = given(*TREATED)
    line = 2 + STAFF.index(COUNSELOR)
    story.tell(said(strike(line), stream=FACILITY, at=LATER))
    assert "IntakeAssessed" in doubted(story)
    assert "credential_in_doubt" in flags(story)


def test_a_line_without_a_credential_bears_out_what_needs_none() -> None:
    facility: Facility = given().state(FACILITY)
    by = FRONT_DESK
    on = (day("2026-03-02"),)
    assert not in_doubt(Acted(by, ACTS["AttendanceRecorded"], on), facility)
    assert in_doubt(Acted(by, ACTS["LevelOfCareAssessed"], on), facility)


@pytest.mark.parametrize("role", ["system", "lab", "administrator", "operator"])
def test_who_needs_no_line_in_the_staff_list_is_not_in_doubt(role: str) -> None:
    person = PEOPLE[role]
    assert not in_doubt(Acted(person, ACTS["Admitted"], (day("2026-03-02"),)), given().state(FACILITY))


def test_a_person_named_otherwise_than_the_staff_list_does_is_in_doubt() -> None:
    stranger = Person(id="staff/ames", name="R. Ames", role="counselor")
    assert in_doubt(Acted(stranger, ACTS["Admitted"], (day("2026-03-02"),)), given().state(FACILITY))


# ---- what is kept of who signed


RESTED_UPON = [*sorted(name for name, act in ACTS.items() if act.credential or act.signature), "Discharged"]


def entry_of(name: str, by: Person = COUNSELOR) -> Entry:
    envelope = Envelope(by=by, source=Source.WEB, correlation_id=UUID(int=1))
    return Entry(version=99, recorded_at=local("2026-07-06 12:00"), envelope=envelope, fact=EVERY[name])


@pytest.mark.parametrize("name", sorted(EVERY.keys() & set(RESTED_UPON)))
def test_what_an_episode_rests_on_is_kept_with_who_signed_and_when(name: str) -> None:
    """The day kept is that on which the decision judged the credential."""
    story = given(*ACTIVE)
    entry = entry_of(name)
    (signed,) = [signed for signed in evolve(story.chart, entry).signed if signed.version == entry.version]
    assert (signed.fact, signed.by, signed.role) == (name, COUNSELOR.id, "counselor")
    scene = Scene(ledger=cast.LEDGER, at=entry.recorded_at, facility=story.state(FACILITY))
    assert (signed.on or day("2026-07-06")) == act_date(entry.fact, scene)


def test_of_nothing_else_it_is_kept_who_recorded_it() -> None:
    story = given(*ACTIVE)
    others = ("AttendanceRecorded", "InquiryReceived", "SpecimenCollected", "ConsentGiven")
    assert not any(s.version == 99 for name in others for s in evolve(story.chart, entry_of(name)).signed)
    assert not any(s.version == 99 for s in evolve(story.chart, entry_of("Admitted", SYSTEM)).signed)
