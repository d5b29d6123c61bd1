"""Who may record what: the table of the rules (§5), role by role and fact by fact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from domain import recording
from domain.acts import ACTS, act_of
from domain.catalog import FACTS
from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.chart.exit import DischargeReason
from domain.record import Entry, Envelope, Person, Source
from domain.refused import Refused
from tests.domain import care, cast
from tests.domain.acts_table import GROUP, MAY, TABLE, WITH_A_CREDENTIAL
from tests.domain.cast import (
    ACTIVE,
    ADMINISTRATOR,
    COUNSELOR,
    ENROLLED,
    FRONT_DESK,
    MONDAY,
    PEOPLE,
    SUPERVISOR,
    SYSTEM,
    THERAPIST,
    TUESDAY,
    absent,
    assessed,
    attended,
    corrected,
    credentialed,
    day,
    discharged,
    hold_started,
    inquired,
    local,
    registered,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import given, said, strike, unopened

ON_RECORD: Final = Entry(
    version=1,
    recorded_at=local("2026-03-13 12:00"),
    envelope=Envelope(by=COUNSELOR, source=Source.WEB, correlation_id=cast.EPISODE),
    fact=discharged("2026-03-12"),
)
"""What a summary is about, or a strike is aimed at."""


def refusal(fact: Any, by: Person, *staff: Any, at: str = "2026-07-06 12:00", on_record: Entry = ON_RECORD) -> str:
    """The rule by which this person may not record this fact; empty where it is not about who may."""
    envelope = Envelope(by=by, source=Source.WEB, correlation_id=cast.EPISODE, reason="Entered later.")
    entry = Entry(version=2, recorded_at=local(at), envelope=envelope, fact=fact)
    try:
        recording.judge(entry, given(*staff).scene(local(at)), (on_record,))
    except Refused as refused:
        return refused.rule if refused.rule.startswith("act.") else ""
    return ""


def test_every_fact_but_those_of_access_is_somebodys_act() -> None:
    names = {kind.__name__ for stream, facts in FACTS.items() if stream != "access" for kind in facts}
    assert names == set(EVERY)
    assert sorted(names - set(MAY)) == []


def test_each_fact_stands_in_one_row() -> None:
    assert len(MAY) == sum(len(facts.split()) for _, facts, _ in TABLE)


def test_who_may_what_is_kept_as_the_rules_say_it() -> None:
    """Every row, those of facts as well that the program does not record."""
    assert {name: act.roles for name, act in ACTS.items()} == MAY
    assert {name for name, act in ACTS.items() if act.credential} == set(" ".join(WITH_A_CREDENTIAL).split())


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_fact_is_recorded_by_those_whom_the_rules_name_and_by_nobody_else(name: str) -> None:
    assert {role for role, person in PEOPLE.items() if not refusal(EVERY[name], person)} == MAY[name]


@pytest.mark.parametrize("name", sorted(EVERY))
def test_some_acts_need_a_credential_and_others_only_a_line_in_the_staff_list(name: str) -> None:
    """Somebody new, in the first role that the rules name, with a line in the staff list that has no credential."""
    for role in sorted(MAY[name] - {"administrator", "operator", "system", "lab"}):
        person = Person(id=f"staff/{cast.ANN}", name="Somebody New", role=role)
        rule = refusal(EVERY[name], person, credentialed(person))
        assert rule == ("act.without-credential" if name in " ".join(WITH_A_CREDENTIAL).split() else "")


def test_nobody_acts_in_a_role_that_the_rules_do_not_know() -> None:
    driver = Person(id=f"staff/{cast.ANN}", name="Somebody New", role="driver")
    given(credentialed(driver)).when(cast.registered, by=driver).refused("act.not-permitted", naming="driver")


def test_a_role_that_is_no_word_is_not_repeated() -> None:
    strange = Person(id=f"staff/{cast.ANN}", name="Somebody New", role="Philippa Quimby, 12 Sycamore Street")
    given().when(cast.registered, by=strange).refused("act.not-permitted", naming="the role given")


# ---- who is meant


def test_an_administrator_needs_no_line_in_the_staff_list() -> None:
    unopened(EVERY["FacilityOpened"]).when(credentialed(COUNSELOR), by=ADMINISTRATOR).recorded()


def test_a_person_who_is_not_on_the_staff_list_records_nothing() -> None:
    stranger = replace(COUNSELOR, id=f"staff/{cast.ANN}")
    given().when(registered, by=stranger).refused("act.not-credentialed")


@pytest.mark.parametrize(
    "id_",
    [
        "staff/ames",
        "operator/root",
        "system",
        "",
        "staff/",
        f"chart/{cast.ANN}",
        COUNSELOR.id.upper(),
        f"staff/{str(cast.staff_uuid(COUNSELOR)).upper()}",
        f"staff/{cast.staff_uuid(COUNSELOR).hex}",
        f"staff/{{{cast.staff_uuid(COUNSELOR)}}}",
        f"{COUNSELOR.id} ",
    ],
)
def test_a_person_is_named_by_the_id_of_the_staff_list_and_by_no_other_spelling(id_: str) -> None:
    given().when(registered, by=replace(COUNSELOR, id=id_)).refused("act.unknown-person")


@pytest.mark.parametrize(
    ("fact", "by"),
    [
        (EVERY["ScreeningOrdered"], replace(SYSTEM, id=COUNSELOR.id)),
        (EVERY["ValidityReported"], replace(PEOPLE["lab"], id=COUNSELOR.id)),
        (EVERY["ValidityReported"], replace(PEOPLE["lab"], id="lab")),
        (EVERY["HolidayDeclared"], replace(ADMINISTRATOR, id="staff/registrar")),
        (EVERY["HolidayDeclared"], replace(ADMINISTRATOR, id="operator/root")),
        (EVERY["ImportCompleted"], replace(PEOPLE["operator"], id=COUNSELOR.id)),
        (EVERY["ImportCompleted"], replace(PEOPLE["operator"], id="operator/ ")),
    ],
    ids=lambda value: value.id if isinstance(value, Person) else type(value).__name__,
)
def test_interfaces_administrators_and_operators_are_named_as_such(fact: Any, by: Person) -> None:
    assert refusal(fact, by) == "act.unknown-person"
    assert refusal(fact, PEOPLE[by.role]) == ""


def test_nobody_cosigns_for_themselves_by_spelling_their_id_otherwise() -> None:
    also = replace(COUNSELOR, role="supervisor")
    capitals = replace(also, id=f"staff/{str(cast.staff_uuid(COUNSELOR)).upper()}")
    story = given(credentialed(also), *ACTIVE, care.recommended())
    story.when(care.cosigned(), by=capitals).refused("act.unknown-person")


def test_a_person_acts_in_the_role_that_the_staff_list_gives() -> None:
    given(*ENROLLED).when(assessed(), by=replace(FRONT_DESK, role="counselor")).refused("act.not-credentialed")


def test_a_person_with_two_roles_acts_in_either() -> None:
    also = replace(COUNSELOR, role="supervisor")
    story = given(credentialed(also), *ACTIVE)
    story.when(strike(5), by=also).refused("correction.breaks-history")
    story.when(hold_started("2026-03-03"), by=COUNSELOR).recorded()


def test_before_the_facility_is_opened_nobody_is_known() -> None:
    unopened().when(registered, by=COUNSELOR).refused("facility.not-opened")


# ---- when the credential is valid


def test_a_credential_is_valid_on_its_first_and_its_last_day() -> None:
    newcomer = Person(id=f"staff/{cast.ANN}", name="Somebody New", role="counselor", credential="CADC")
    lines = (credentialed(newcomer, "2026-03-03", "2026-03-05"),)
    rules = {on: refusal(care.level_assessed(f"2026-03-0{on}"), newcomer, *lines) for on in range(2, 7)}
    assert rules == {2: "act.not-credentialed", 3: "", 4: "", 5: "", 6: "act.not-credentialed"}


def test_what_is_entered_late_is_judged_on_the_date_of_the_act() -> None:
    """The credential has ended since, and did not end before."""
    leaver = Person(id=f"staff/{cast.ANN}", name="Somebody Gone", role="counselor", credential="CADC")
    story = given(credentialed(leaver, last="2026-03-02"), *ACTIVE)
    story.when(care.level_assessed("2026-03-02"), by=leaver, at="2026-03-10 09:00", reason="Found later.").recorded()
    story.when(care.level_assessed("2026-03-03"), by=leaver).refused("act.not-credentialed")


def test_an_undated_fact_is_judged_on_the_day_of_recording() -> None:
    leaver = Person(id=f"staff/{cast.ANN}", name="Somebody Gone", role="counselor", credential="CADC")
    story = given(credentialed(leaver, last="2026-03-02"))
    story.when(registered, by=leaver, at="2026-03-02 23:59").recorded()
    story.when(registered, by=leaver, at="2026-03-03 00:00").refused("act.not-credentialed")


def test_an_absence_is_judged_on_the_day_of_its_session() -> None:
    leaver = Person(id=f"staff/{cast.ANN}", name="Somebody Gone", role="counselor", credential="CADC")
    story = given(credentialed(leaver, last="2026-03-02"), *ENROLLED)
    story.when(said(absent(MONDAY), by=leaver, at="2026-03-03 09:00")).recorded()
    story.when(said(absent(TUESDAY), by=leaver, at="2026-03-04 09:00")).refused("act.not-credentialed")


def test_an_absence_foretold_is_judged_on_the_day_of_recording() -> None:
    leaver = Person(id=f"staff/{cast.ANN}", name="Somebody Gone", role="counselor", credential="CADC")
    story = given(credentialed(leaver, last="2026-03-02"), *ENROLLED)
    story.when(said(absent(TUESDAY, excused=True), by=leaver, at="2026-03-02 09:00")).recorded()


@pytest.mark.parametrize(
    "signature",
    [care.recommended(), care.cosigned(), care.plan_signed("2026-03-05"), care.relapse_prevention("2026-03-05")],
    ids=lambda fact: type(fact).__name__,
)
def test_who_signs_is_credentialed_on_the_day_of_signing_as_well(signature: Any) -> None:
    on = signature.on.isoformat()
    role = "supervisor" if type(signature).__name__ == "StepDownCosigned" else "counselor"
    leaver = Person(id=f"staff/{cast.ANN}", name="Somebody Gone", role=role, credential="CADC")
    line = credentialed(leaver, last=on)
    assert refusal(signature, leaver, line, at=f"{on} 23:30") == ""
    assert refusal(signature, leaver, line, at="2026-03-07 09:00") == "act.not-credentialed"


def test_a_struck_line_of_the_staff_list_credentials_nobody() -> None:
    newcomer = Person(id=f"staff/{cast.ANN}", name="Somebody New", role="counselor", credential="CADC")
    story = given(credentialed(newcomer))
    version = story.state(cast.FACILITY).version
    story.tell(said(strike(version), stream=cast.FACILITY))
    story.when(registered, by=newcomer).refused("act.not-credentialed")


# ---- acts within a fact


def test_front_desk_notes_an_absence_but_excuses_none() -> None:
    story = given(*ENROLLED)
    story.when(absent(MONDAY), by=FRONT_DESK).recorded()
    story.when(absent(MONDAY, excused=True), by=FRONT_DESK).refused("act.not-permitted")


EXCUSED: Final = absent(MONDAY, excused=True)
BOTH: Final = frozenset(GROUP.split())
"""They may take attendance, and excuse."""


@pytest.mark.parametrize(
    ("was", "becomes", "roles"),
    [
        (attended(MONDAY), absent(MONDAY), BOTH | {"front_desk"}),
        (absent(MONDAY), attended(MONDAY), BOTH | {"front_desk"}),
        (absent(MONDAY), EXCUSED, BOTH),
        (attended(MONDAY), EXCUSED, BOTH),
        (EXCUSED, absent(MONDAY), BOTH),
        (EXCUSED, attended(MONDAY), BOTH),
        (EXCUSED, replace(EXCUSED, method="phone"), BOTH | {"case_manager"}),
    ],
    ids=lambda value: value.outcome.value if isinstance(value, AttendanceRecorded) else "",
)
def test_a_correction_is_judged_by_what_was_and_by_what_becomes_of_it(
    was: AttendanceRecorded, becomes: AttendanceRecorded, roles: frozenset[str]
) -> None:
    story = given(*ENROLLED, was)
    correction = said(corrected(6, becomes), reason="Written down wrongly.", at="2026-03-03 12:00")
    for role, person in PEOPLE.items():
        when = story.when(correction, by=person)
        assert (when.refusal is None) == (role in roles), role
        if when.refusal is not None:
            when.refused("act.not-permitted")


def test_a_correction_of_a_correction_is_judged_by_the_one_that_counts() -> None:
    excuse = said(corrected(6, EXCUSED), reason="The family called.", at="2026-03-03 12:00")
    story = given(*ENROLLED, absent(MONDAY), excuse)
    again = said(corrected(7, absent(MONDAY)), reason="They had not.", at="2026-03-03 13:00")
    story.when(again, by=FRONT_DESK).refused("act.not-permitted")
    story.when(again, by=COUNSELOR).recorded()


def test_a_case_manager_excuses_but_takes_no_attendance() -> None:
    story = given(*ENROLLED)
    story.when(attended(MONDAY), by=PEOPLE["case_manager"]).refused("act.not-permitted")
    story.when(absent(MONDAY, excused=True), by=PEOPLE["case_manager"]).recorded()


@pytest.mark.parametrize("reason", list(DischargeReason))
def test_an_administrator_discharges_for_any_reason_except_completed_and_transferred(reason: DischargeReason) -> None:
    when = given(*ACTIVE).when(discharged("2026-03-05", reason=reason), by=ADMINISTRATOR)
    if reason in (DischargeReason.COMPLETED, DischargeReason.TRANSFERRED):
        when.refused("act.not-permitted")
    else:
        when.recorded()


def test_an_administrator_signs_no_summary_of_a_completed_program() -> None:
    completed = given(*ACTIVE, discharged("2026-03-12", reason=DischargeReason.COMPLETED))
    completed.when(care.summarized(), by=ADMINISTRATOR).refused("act.not-permitted")
    given(*ACTIVE, discharged("2026-03-12")).when(care.summarized(), by=ADMINISTRATOR).recorded()


def test_a_summary_is_about_the_discharge_that_stands() -> None:
    story = given(*ACTIVE, discharged("2026-03-12", reason=DischargeReason.COMPLETED))
    story.tell(said(cast.voided(8), reason="Wrong reason."), discharged("2026-03-12"))
    story.when(care.summarized(), by=ADMINISTRATOR).recorded()


@pytest.mark.parametrize("by", [COUNSELOR, THERAPIST, SUPERVISOR, PEOPLE["medical_director"]], ids=lambda p: p.role)
def test_clinicians_strike_attendance_and_screening(by: Person) -> None:
    story = given(*ACTIVE, care.ordered())
    story.when(strike(6), by=by).recorded()
    story.when(strike(8), by=by).recorded()


def test_a_counselor_strikes_no_enrollment() -> None:
    story = given(*ENROLLED)
    story.when(strike(5), by=COUNSELOR).refused("act.not-permitted")
    story.when(strike(5), by=SUPERVISOR).recorded()


def test_the_system_strikes_nothing_but_an_admission() -> None:
    assert "system" not in act_of(EVERY["EnteredInError"], struck=EVERY["Enrolled"]).roles
    assert "system" in act_of(EVERY["EnteredInError"], struck=EVERY["Admitted"]).roles
    given(*ACTIVE).when(strike(6), by=SYSTEM).refused("act.not-permitted")


def test_the_outcome_decides_whether_taking_attendance_is_an_excuse() -> None:
    excuse = {
        outcome: "case_manager" in act_of(replace(attended(MONDAY), outcome=outcome)).roles for outcome in Outcome
    }
    assert excuse == {Outcome.ATTENDED: False, Outcome.ABSENT_EXCUSED: True, Outcome.ABSENT_UNEXCUSED: False}


def test_who_recommended_a_step_down_does_not_cosign_it() -> None:
    also = replace(COUNSELOR, role="supervisor")
    story = given(credentialed(also), *ACTIVE, care.recommended())
    story.when(care.cosigned(), by=also).refused("step-down.cosigned-by-recommender")
    story.when(care.cosigned(), by=SUPERVISOR).recorded()


def test_an_inquiry_is_dated_by_its_first_contact() -> None:
    newcomer = Person(id=f"staff/{cast.ANN}", name="Somebody New", role="counselor", credential="CADC")
    line = credentialed(newcomer, "2026-02-26")
    assert refusal(inquired(at="2026-02-25 12:00"), newcomer, line) == "act.not-credentialed"
    assert refusal(inquired(at="2026-02-26 12:00"), newcomer, line) == ""
    assert day("2026-02-26") == line.valid_from


def test_a_refused_strike_says_what_it_would_strike_and_who_may() -> None:
    story = given(*ACTIVE)
    story.when(strike(5), by=COUNSELOR).refused(
        "act.not-permitted", naming="Striking Enrolled is not an act of the role counselor: ask one of"
    )
    story.when(strike(5), by=COUNSELOR).refused("act.not-permitted", naming="medical_director or supervisor")
    story.when(strike(6), by=FRONT_DESK).refused(
        "act.not-permitted", naming="counselor or medical_director or supervisor or therapist"
    )
    story.when(strike(99), by=COUNSELOR).refused("act.not-permitted", naming="EnteredInError is not an act")


def test_a_refused_correction_says_what_it_would_correct() -> None:
    story = given(*ENROLLED, EXCUSED)
    story.when(corrected(6, absent(MONDAY)), by=FRONT_DESK).refused(
        "act.not-permitted", naming="Correcting AttendanceRecorded is not an act of the role front_desk"
    )
