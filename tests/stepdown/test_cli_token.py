"""Development tokens: for people of the staff list, and for an administrator by name."""

from __future__ import annotations

import pytest

from api.tokens import SignedIn, Tokens
from domain.acts import ADMINISTRATOR
from domain.record import Person
from tests.stepdown.command import run
from tests.stepdown.conftest import Program
from tests.stepdown.test_cli_reading import STRANGER, staff


def holder(program: Program, *arguments: str) -> SignedIn:
    """Whom the token that is printed, and nothing else, speaks of."""
    printed = run("token", *arguments).done()
    assert printed.err == ""
    [token] = printed.text.splitlines()
    return Tokens.development(program.data / "token.key").verify(token)


@pytest.mark.parametrize("role", ["counselor", "medical_director", "case_manager"])
def test_a_token_is_for_somebody_of_the_staff_list(program: Program, role: str) -> None:
    found = holder(program, "--role", role, "--facility", "lexington")
    assert (found.facility, found.person.role, found.person.id) == ("lexington", role, f"staff/{staff(role)}")
    assert found.person.credential is not None


def test_of_several_in_a_role_one_is_named(program: Program) -> None:
    second = "c66ca252-49f9-4e17-ac29-acb58c395288"
    assert holder(program, "--role", "counselor", "--staff", second).person.id == f"staff/{second}"


def test_an_administrator_is_named_and_always_has_the_same_id(program: Program) -> None:
    asked = ("--role", ADMINISTRATOR, "--name", "R. Ames")
    person = holder(program, *asked).person
    assert person == holder(program, *asked).person
    assert person == Person(id=person.id, name="R. Ames", role=ADMINISTRATOR)
    assert person.id != holder(program, "--role", ADMINISTRATOR).person.id


def test_nobody_signs_in_who_is_not_on_the_staff_list_in_that_role_today(program: Program) -> None:
    run("token", "--role", "supervisor").refused("nobody as supervisor")
    run("token", "--role", "counselor", "--staff", STRANGER).refused("nobody with this staff_id")
    run("token", "--role", "therapist", "--name", "R. Ames").refused("--staff")
    run("token", "--role", "janitor").refused("no such role", "counselor")
    run("token", "--role", "operator").refused("no such role")
    run("token", "--role", "counselor", "--facility", "springfield").refused("No facility of this code")


def test_somebody_whose_credential_has_ended_is_given_no_token(program: Program) -> None:
    run("token", "--role", "counselor", "--staff", "38b33ee4-bb41-4854-95de-9d5dc4263ae3").refused("today")
