"""The treatment plan: signed, then reviewed."""

from __future__ import annotations

from tests.domain.care import plan_reviewed, plan_signed
from tests.domain.cast import ACTIVE
from tests.domain.given import given, strike


def test_only_a_plan_that_was_signed_is_reviewed() -> None:
    given(*ACTIVE).when(plan_reviewed("2026-03-06")).refused("plan.not-signed")
    story = given(*ACTIVE, plan_signed("2026-03-04"))
    story.when(plan_reviewed("2026-03-03"), reason="Found later.").refused("plan.not-signed")
    for on in ("2026-03-04", "2026-03-06"):
        story.when(plan_reviewed(on), reason="Found later.").recorded()
    given(*ACTIVE, plan_signed("2026-03-04"), strike(8)).when(plan_reviewed()).refused("plan.not-signed")
