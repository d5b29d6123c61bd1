"""The rule sets that there are, and which of them applies."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from domain.compliance.rule_document import RuleSetFault
from domain.compliance.rule_set import RuleSet

if TYPE_CHECKING:
    from domain.facility import Facility

DEFAULT: Final = "landmark-iop"
"""What judges a site that has adopted nothing."""


@dataclass(frozen=True, slots=True)
class RuleSets:
    """Each name with its versions, in the order of the versions."""

    known: tuple[RuleSet, ...] = ()

    @classmethod
    def of(cls, rule_sets: Iterable[RuleSet]) -> RuleSets:
        """RuleSetFault where two have one name and version, or a later version is effective earlier."""
        known = sorted(rule_sets, key=lambda one: (one.name, int(one.version)))
        for one, next_one in itertools.pairwise(known):
            if one.name != next_one.name:
                continue
            if one.version == next_one.version:
                raise RuleSetFault(f"Rule set {one.name}: version {one.version} is there twice.")
            if next_one.effective_on < one.effective_on:
                raise RuleSetFault(
                    f"Rule set {one.name}: version {next_one.version} is effective before {one.version}."
                )
        return cls(tuple(known))

    def has(self, name: str, version: str) -> bool:
        """Whether a facility can be judged by this rule set in this version."""
        return any((one.name, one.version) == (name, version) for one in self.known)

    def named(self, name: str, on: date, version: str | None = None) -> RuleSet:
        """The rule set of that name, in the version named, else in the latest one effective on a date; before the
        first, the first. ValueError, with one sentence, where there is none."""
        versions = [one for one in self.known if one.name == name and version in (None, one.version)]
        if not versions:
            choices = ", ".join(f"{one.name} (version {one.version})" for one in self.known)
            raise ValueError(f"There is no such rule set: choose one of {choices}.")
        effective = [one for one in versions if one.effective_on <= on]
        return effective[-1] if effective else versions[0]

    def applying(
        self,
        facility: Facility,
        period_end: date,
        *,
        asked: str | None = None,
        version: str | None = None,
        payer: str | None = None,
    ) -> RuleSet:
        """The rule set asked for (in that version, where one is named), else the one adopted by the last date of the
        period (for the payer, where one is named), else landmark-iop. A payer without one has no default. ValueError,
        with one sentence, for none."""
        if asked is not None:
            return self.named(asked, period_end, version)
        adopted = facility.adopted(period_end, payer)
        if adopted is not None:
            return self.named(adopted.rule_set, period_end, adopted.rule_set_version)
        if payer is not None:
            raise ValueError("No rule set is adopted for this payer by then: name the one to judge by.")
        return self.named(DEFAULT, period_end)
