"""The rule sets that are shipped, by name."""

from __future__ import annotations

from datetime import date
from typing import Final

from domain.compliance.rule_set import RuleSet
from store.rule_sets import shipped

RULE_SETS: Final = shipped()


def _named(name: str) -> RuleSet:
    return RULE_SETS.named(name, date(2026, 1, 1))


LANDMARK_IOP: Final = _named("landmark-iop")
ASAM_2_1: Final = _named("asam-2.1")
TEDS_IOP: Final = _named("teds-iop")
AZ_S9480: Final = _named("az-s9480")
