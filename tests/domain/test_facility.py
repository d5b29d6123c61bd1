"""The program site: opened once, in a zone; its staff, holidays and rule sets by date."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.compliance.rule_set import RuleSet
from domain.facility import Facility, FacilityOpened, HolidayDeclared, RuleSetAdopted, evolve, judge
from domain.record import EnteredInError, Entry, Envelope, Person, Source
from domain.refused import Refused
from domain.site import fold_facility
from domain.staff import CredentialEnded
from tests.domain.cast import (
    ADMINISTRATOR,
    COMPLIANCE_OFFICER,
    COUNSELOR,
    FACILITY,
    INTAKE_CLINICIAN,
    NURSE,
    ZONE,
    credentialed,
    day,
    local,
    registered,
    staff_uuid,
)
from tests.domain.given import Story, given, said, strike, unopened
from tests.rule_sets import RULE_SETS

opened = FacilityOpened(code="lexington", name="Lexington", zone="America/New_York", licence_number="SYN-1")
easter = HolidayDeclared(on=day("2026-04-06"), name="Easter Monday")


def adopted(effective_on: str, rule_set: str = "landmark-iop", payer: str | None = None) -> RuleSetAdopted:
    return RuleSetAdopted(rule_set=rule_set, version="1", effective_on=day(effective_on), payer=payer)


def ended(person: Person, on: str = "2026-03-02") -> CredentialEnded:
    return CredentialEnded(staff_id=staff_uuid(person), credential=str(person.credential), on=day(on), reason="lapsed")


def facility(story: Story) -> Facility:
    folded: Facility = story.state(FACILITY)
    return folded


# ---- opening


def test_a_facility_is_opened_with_its_code_its_name_and_its_zone() -> None:
    assert facility(unopened(opened)) == Facility(
        version=1, code="lexington", name="Lexington", zone=ZoneInfo("America/New_York"), licence_number="SYN-1"
    )


def test_a_facility_is_opened_once() -> None:
    unopened(opened).when(opened).refused("facility.already-opened")


def test_a_facility_has_the_code_of_its_ledger() -> None:
    other = FacilityOpened(code="louisville", name="Louisville", zone="America/Kentucky/Louisville")
    unopened().when(other).refused("facility.other-code")


@pytest.mark.parametrize("code", ["lexington.access", "", "a b", "-", "lexington/1", "x" * 64])
def test_a_facility_has_a_code_that_is_no_name_of_another_ledger(code: str) -> None:
    strange = FacilityOpened(code=code, name="Lexington", zone="America/New_York")
    envelope = Envelope(by=ADMINISTRATOR, source=Source.API, correlation_id=UUID(int=1))
    new = Entry(version=1, recorded_at=local("2026-01-07 08:00"), envelope=envelope, fact=strange)
    with pytest.raises(Refused) as refused:
        judge(Facility(), new, code, RULE_SETS)
    assert refused.value.rule == "facility.code-form"


def test_a_facility_is_kept_in_the_stream_of_its_ledger() -> None:
    unopened().when(said(opened, stream="facility/louisville")).refused("fact.other-stream")


@pytest.mark.parametrize("zone", ["", "Lexington", "America", "America/", "../zone", "/etc/localtime", "a" * 400, "\0"])
def test_a_facility_is_in_a_zone_that_exists(zone: str) -> None:
    strange = FacilityOpened(code="lexington", name="Lexington", zone=zone)
    unopened().when(strange).refused("facility.unknown-zone", naming="America/New_York")


@pytest.mark.parametrize("fact", [easter, credentialed(COUNSELOR), adopted("2026-01-01"), registered], ids=str)
def test_nothing_is_recorded_before_the_facility_is_opened(fact: object) -> None:
    unopened().when(fact, by=ADMINISTRATOR if fact is not registered else COUNSELOR).refused("facility.not-opened")


def test_an_unopened_facility_has_no_clock() -> None:
    with pytest.raises(LookupError):
        _ = Facility().clock
    assert facility(given()).clock == ZONE


# ---- staff


def test_a_credential_does_not_end_before_it_starts() -> None:
    backwards = credentialed(NURSE, "2026-03-02", "2026-03-01")
    given().when(backwards).refused("credential.ends-before-it-starts")
    given().when(credentialed(NURSE, "2026-03-02", "2026-03-02")).recorded()


def test_a_person_signs_with_the_credentials_of_a_date() -> None:
    key = staff_uuid(COUNSELOR)
    story = unopened(
        opened,
        credentialed(COUNSELOR, "2025-01-01", "2026-01-31", credential="CADC"),
        credentialed(COUNSELOR, "2026-01-15", credential="LCADC"),
    )
    dates = ("2024-12-31", "2025-01-01", "2026-01-15", "2026-01-31", "2026-02-01")
    held = {on: [c.credential for c in facility(story).credentials(key, day(on))] for on in dates}
    assert held == {
        "2024-12-31": [],
        "2025-01-01": ["CADC"],
        "2026-01-15": ["CADC", "LCADC"],
        "2026-01-31": ["CADC", "LCADC"],
        "2026-02-01": ["LCADC"],
    }
    assert facility(story).credentials(staff_uuid(NURSE), day("2026-01-15")) == ()


def test_a_line_of_the_staff_list_names_the_fact_that_it_rests_on() -> None:
    story = unopened(opened, credentialed(NURSE))
    (line,) = facility(story).staff[staff_uuid(NURSE)]
    assert (line.version, line.role, line.credential, line.name) == (2, "nurse", "RN", NURSE.name)


def test_a_credential_may_be_recorded_afterwards() -> None:
    given().when(credentialed(NURSE, "2020-01-01", "2020-12-31"), at="2026-03-02 09:00").recorded()


# ---- holidays and rule sets


def test_a_holiday_is_declared_once() -> None:
    story = given(easter)
    story.when(easter).refused("holiday.already-declared")
    assert list(facility(story).holidays) == [date(2026, 4, 6)]


def test_a_holiday_that_was_struck_may_be_declared_again() -> None:
    story = given(easter)
    version = facility(story).version
    assert facility(story).holidays == {easter.on: version}
    story.tell(said(strike(version), stream=FACILITY))
    assert facility(story).holidays == {}
    story.when(easter).recorded()


def test_the_rule_set_of_a_date_is_the_latest_effective_one() -> None:
    story = given(
        adopted("2026-03-01", "asam-2.1"), adopted("2026-02-01"), adopted("2026-02-15", "az-s9480", "self_pay")
    )
    by_date = {on: facility(story).adopted(day(on)) for on in ("2026-01-31", "2026-02-28", "2026-03-01")}
    assert {on: a.rule_set if a else None for on, a in by_date.items()} == {
        "2026-01-31": None,
        "2026-02-28": "landmark-iop",
        "2026-03-01": "asam-2.1",
    }


def test_of_two_rule_sets_adopted_for_one_date_the_later_recorded_counts() -> None:
    story = given(adopted("2026-02-01"), adopted("2026-02-01", "asam-2.1"))
    found = facility(story).adopted(day("2026-02-01"))
    assert found is not None
    assert (found.rule_set, found.rule_set_version, found.version) == ("asam-2.1", "1", facility(story).version)


def test_the_rule_set_of_a_payer_is_another_one() -> None:
    story = given(adopted("2026-02-01"), adopted("2026-02-01", "az-s9480", payer="self_pay"))
    found = facility(story).adopted(day("2026-02-01"), payer="self_pay")
    assert found is not None
    assert found.rule_set == "az-s9480"


def test_a_compliance_officer_adopts_rule_sets() -> None:
    given().when(adopted("2026-02-01"), by=COMPLIANCE_OFFICER).recorded()
    given().when(easter, by=COMPLIANCE_OFFICER).refused("act.not-permitted")


# ---- strikes and folds


def test_the_opening_of_a_facility_is_not_struck_from_under_its_facts() -> None:
    story = given()
    telling = said(strike(1), stream=FACILITY)
    story.when(telling).refused("correction.breaks-history", naming="facility/lexington@2")


def test_a_fact_of_another_kind_does_not_belong_to_a_facility() -> None:
    given().when(said(registered, stream=FACILITY), by=INTAKE_CLINICIAN).refused("fact.other-stream")
    given().when(said(easter, stream="cohort/00000000-0000-0000-0000-000000000c01")).refused("fact.other-stream")


def test_a_corrupt_history_is_no_answer_but_an_error() -> None:
    entries = given().streams[FACILITY]
    alien = Entry(version=99, recorded_at=entries[0].recorded_at, envelope=entries[0].envelope, fact=registered)
    with pytest.raises(TypeError, match="PatientRegistered"):
        fold_facility([*entries, alien])


def test_the_version_of_a_facility_is_that_of_its_last_entry_even_of_a_strike() -> None:
    story = given(easter)
    version = facility(story).version
    story.tell(said(strike(version), stream=FACILITY))
    assert isinstance(story.streams[FACILITY][-1].fact, EnteredInError)
    assert facility(story).version == version + 1


@pytest.mark.parametrize(("name", "version"), [("landmark-iop", "99"), ("landmark-iop", ""), ("lenient", "1")])
def test_a_facility_adopts_no_rule_set_that_is_not_shipped(name: str, version: str) -> None:
    unknown = RuleSetAdopted(rule_set=name, version=version, effective_on=day("2026-01-01"))
    given().when(unknown).refused("rule-set.unknown")


@pytest.mark.parametrize("known", RULE_SETS.known, ids=lambda known: known.name)
def test_a_facility_adopts_any_rule_set_that_is_shipped(known: RuleSet) -> None:
    shipped = RuleSetAdopted(rule_set=known.name, version=known.version, effective_on=day("2026-01-01"))
    given().when(shipped).recorded()


def test_a_staff_list_is_the_same_told_at_once_or_fact_by_fact_and_stays_as_it_was_told() -> None:
    entries = given(credentialed(NURSE, "2026-01-01")).tell(ended(NURSE)).streams[FACILITY]
    step_by_step = Facility()
    told = [step_by_step := evolve(step_by_step, entry) for entry in entries]
    assert fold_facility(entries) == step_by_step
    assert [len(one.credentials(staff_uuid(NURSE), day("2026-03-03"))) for one in told[-3:]] == [1, 2, 0]
