"""Random commands, put to the program and to a plain model of the contract: no difference in what either answers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.model.machine import TALLY
from tests.domain.model.rules_of_care import Attending, Disclosing, Screening, Stepping
from tests.domain.model.rules_of_entry import WayIn, WayOut
from tests.domain.model.rules_of_the_site import Sessions, Site


class Program(WayIn, WayOut, Attending, Stepping, Screening, Disclosing, Sessions, Site):
    """Everything at once."""


def test_the_program_answers_as_the_contract_says(request: pytest.FixtureRequest) -> None:
    full = request.config.getoption("--full")
    TALLY.clear()
    run_state_machine_as_test(
        seed(request.config.option.seed)(Program),
        settings=settings(
            max_examples=2_000 if full else 40,
            stateful_step_count=60 if full else 40,
            report_multiple_bugs=False,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    recorded = sum(n for (_, rule), n in TALLY.items() if not rule)
    share = recorded / sum(TALLY.values())
    print(f"{sum(TALLY.values())} commands, {share:.0%} recorded")
    for (name, rule), n in sorted(TALLY.items()):
        print(f"{n:6} {name} {rule or 'recorded'}")
    assert 0.35 < share < 0.75
