from __future__ import annotations

from datetime import date

import pytest

from domain.compliance.rule_set import KINDS
from domain.facility import RuleSetAdopted
from tests.domain.program import Program
from tests.rule_sets import ASAM_2_1, AZ_S9480, LANDMARK_IOP, RULE_SETS, TEDS_IOP

named, applying = RULE_SETS.named, RULE_SETS.applying

SUNDAY = date(2026, 3, 8)


def adopt(program: Program, name: str, effective_on: date, *, version: str = "1", payer: str | None = None) -> None:
    adopted = RuleSetAdopted(rule_set=name, version=version, effective_on=effective_on, payer=payer)
    program.record("facility/lexington", adopted)


def test_the_shipped_rule_sets_hold_the_rules_that_their_sources_name() -> None:
    rules = {rule_set.name: [terms.rule for terms in rule_set.rules] for rule_set in RULE_SETS.known}
    assert rules == {
        "landmark-iop": [kind.rule for kind in KINDS],
        "asam-2.1": ["HRS-1", "HRS-4"],
        "teds-iop": ["HRS-2"],
        "az-s9480": ["HRS-1", "HRS-2"],
    }


def test_a_rule_set_is_found_by_name_and_version() -> None:
    assert named("teds-iop", SUNDAY) is TEDS_IOP
    assert named("az-s9480", SUNDAY, "1") is AZ_S9480


@pytest.mark.parametrize(("name", "version"), [("landmark", None), ("landmark-iop", "2"), ("", None)])
def test_an_unknown_rule_set_is_one_sentence_that_names_the_choices(name: str, version: str | None) -> None:
    with pytest.raises(ValueError, match=r"^There is no such rule set: choose one of asam-2\.1 .*teds-iop.*\.$"):
        named(name, SUNDAY, version)


def test_without_an_adoption_the_default_applies() -> None:
    assert applying(Program().site().facility, SUNDAY) is LANDMARK_IOP


def test_the_rule_set_adopted_by_the_last_date_of_the_period_applies() -> None:
    program = Program()
    adopt(program, "teds-iop", date(2026, 1, 1))
    adopt(program, "asam-2.1", SUNDAY)
    adopt(program, "az-s9480", date(2026, 3, 9))
    facility = program.site().facility
    assert applying(facility, SUNDAY) is ASAM_2_1
    assert applying(facility, date(2026, 3, 7)) is TEDS_IOP


def test_the_rule_set_asked_for_goes_before_the_adopted_one() -> None:
    program = Program()
    adopt(program, "teds-iop", date(2026, 1, 1))
    assert applying(program.site().facility, SUNDAY, asked="az-s9480") is AZ_S9480


def test_a_rule_set_adopted_for_a_payer_is_not_the_sites() -> None:
    program = Program()
    adopt(program, "teds-iop", date(2026, 1, 1), payer="commercial")
    assert applying(program.site().facility, SUNDAY) is LANDMARK_IOP


def test_an_adopted_version_that_is_not_shipped_is_refused_rather_than_replaced() -> None:
    program = Program()
    adopt(program, "landmark-iop", date(2026, 1, 1), version="7")
    with pytest.raises(ValueError, match="There is no such rule set"):
        applying(program.site().facility, SUNDAY)
