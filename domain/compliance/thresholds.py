"""Another figure for a rule, to see what it would say: written like `HRS-1.at_least_minutes=480`.

Nothing is adopted by that. What can't be meant is told in one sentence that repeats nothing of what was written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from re import compile as compile_pattern
from typing import Final

from domain.compliance.rule_document import with_figures
from domain.compliance.rule_set import KINDS, RuleSet, Terms

_WRITTEN: Final = compile_pattern(r"(?P<rule>[^.=]*)\.(?P<name>[^.=]*)=(?P<value>[0-9]{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A figure of a rule by its name in the rule set's document."""

    rule: str
    name: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A threshold as it was in the rule set, None where the set left it out, and as it is now."""

    rule: str
    name: str
    before: int | None
    after: int


def read_threshold(text: str) -> Threshold:
    """The threshold that `HRS-1.at_least_minutes=480` names. ValueError, with one sentence, for anything else."""
    written = _WRITTEN.fullmatch(text)
    if written is None or not text.isascii():
        raise ValueError("Write a threshold as rule, name and whole number, like HRS-1.at_least_minutes=480.")
    return Threshold(rule=written["rule"], name=written["name"], value=int(written["value"]))


def with_thresholds(rule_set: RuleSet, thresholds: Iterable[Threshold]) -> tuple[RuleSet, tuple[Change, ...]]:
    """The rule set with these figures instead of its own, and what that changes.

    ValueError, with one sentence, for a rule or a figure that the set does not have, one that is named twice, and a
    number out of range.
    """
    changes: list[Change] = []
    rules = {terms.rule: terms for terms in rule_set.rules}
    given: dict[str, dict[str, int]] = {}
    for threshold in thresholds:
        terms = _terms(rule_set, rules, threshold.rule)
        _judge_name(terms, threshold.name)
        figures = given.setdefault(terms.rule, {})
        if threshold.name in figures:
            raise ValueError(f"{terms.rule}.{threshold.name} is there twice: give it once.")
        figures[threshold.name] = threshold.value
        before: int | None = getattr(terms, threshold.name)
        changes.append(Change(rule=terms.rule, name=threshold.name, before=before, after=threshold.value))
    anew = {rule: with_figures(rules[rule], figures, rule_set.name) for rule, figures in given.items()}
    return replace(rule_set, rules=tuple(anew.get(terms.rule, terms) for terms in rule_set.rules)), tuple(changes)


def _terms(rule_set: RuleSet, rules: dict[str, Terms], rule: str) -> Terms:
    if rule in rules:
        return rules[rule]
    its_own = f"{rule_set.name} (version {rule_set.version}) has {', '.join(rules)}"
    if any(kind.rule == rule for kind in KINDS):
        raise ValueError(f"{rule} is no rule of this rule set: {its_own}.")
    raise ValueError(f"There is no such rule: {its_own}.")


def _judge_name(terms: Terms, name: str) -> None:
    names = [field.name for field in fields(terms)]
    if not names:
        raise ValueError(f"{terms.rule} has no threshold to change.")
    if name not in names:
        raise ValueError(f"{terms.rule} has no such threshold: it has {', '.join(names)}.")
