"""A rule set out of its document: a table of names and figures, as a compliance officer writes it.

At its head `name`, `version`, `title`, `effective_on` and `modalities`; then a table for each rule, called by its id,
with `says` and `source` in words and its figures. What is left out, misspelt or out of range is told, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from datetime import date, datetime
from re import compile as compile_pattern
from typing import Any, Final, cast

from domain.compliance.rule_set import KINDS, DaysOffered, Duration, QualifyingDays, RuleSet, Terms
from domain.session import Modality
from domain.week import WEEK_MINUTES

_NAME: Final = compile_pattern(r"[a-z0-9][a-z0-9.-]*")
_VERSION: Final = compile_pattern(r"[1-9][0-9]*")
_HEAD: Final = ("name", "version", "title", "effective_on", "modalities")
_WORDS: Final = ("says", "source")
_WEEK_DAYS: Final = 7
_DAY_MINUTES: Final = 24 * 60


class RuleSetFault(ValueError):
    """A document that is no rule set. The message is one sentence that names the place in it."""


def read_rule_set(document: Mapping[str, Any], named: str) -> RuleSet:
    """The rule set in a parsed document. `named`: what errors call it. RuleSetFault where it is none."""
    known = {kind.rule: kind for kind in KINDS}
    for key in document:
        if key not in _HEAD and key not in known:
            raise _fault(named, f"`{key}` is neither a rule nor one of {', '.join(_HEAD)}")
    rules = tuple(_terms(kind, document[rule], named) for rule, kind in known.items() if rule in document)
    if not rules:
        raise _fault(named, f"it has no rule: give one at least of {', '.join(known)}")
    return RuleSet(
        name=_matching(document, "name", _NAME, "small letters, digits, dots and hyphens", named),
        version=_matching(document, "version", _VERSION, "a number in quotes, counted from 1", named),
        title=_text(document, "title", named),
        effective_on=_date(document, named),
        modalities=_modalities(document, named),
        rules=rules,
    )


def with_figures(terms: Terms, figures: Mapping[str, int], named: str) -> Terms:
    """The rule with some of its figures changed. RuleSetFault where one of them is out of range."""
    where = f"{terms.rule}, "
    read: dict[str, Any] = {name: _figure(value, name, named, where) for name, value in figures.items()}
    anew: Any = replace(terms, **read)
    _judge(anew, named, where)
    return cast(Terms, anew)


def _fault(named: str, what: str) -> RuleSetFault:
    return RuleSetFault(f"Rule set {named}: {what}.")


def _text(table: Mapping[str, Any], key: str, named: str, where: str = "") -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _fault(named, f"{where}`{key}` has to be there, in words between quotes")
    return value


def _matching(document: Mapping[str, Any], key: str, pattern: Any, form: str, named: str) -> str:
    value = _text(document, key, named)
    if not pattern.fullmatch(value):
        raise _fault(named, f"`{key}` has to be {form}")
    return value


def _date(document: Mapping[str, Any], named: str) -> date:
    value = document.get("effective_on")
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _fault(named, "`effective_on` has to be a date without quotes, like 2026-01-01")
    return value


def _modalities(document: Mapping[str, Any], named: str) -> frozenset[Modality]:
    given = document.get("modalities")
    choices = [modality.value for modality in Modality]
    if not isinstance(given, list) or not given or any(each not in choices for each in given):
        raise _fault(named, f"`modalities` has to be a list of {' or '.join(choices)}, one at least")
    return frozenset(Modality(each) for each in given)


def _terms(kind: type[Terms], table: Any, named: str) -> Terms:
    where = f"{kind.rule}, "
    if not isinstance(table, Mapping):
        raise _fault(named, f"{kind.rule} has to be a table, [{kind.rule}]")
    for words in _WORDS:
        _text(table, words, named, where)
    figures = {field.name: field for field in fields(kind)}
    for key in table:
        if key not in figures and key not in _WORDS:
            raise _fault(named, f"{where}`{key}` is none of its figures: {', '.join(figures) or 'it has none'}")
    read: dict[str, int] = {}
    for name, field in figures.items():
        if name in table:
            read[name] = _figure(table[name], name, named, where)
        elif field.default is MISSING:
            raise _fault(named, f"{where}`{name}` is missing")
    terms = kind(**read)
    _judge(terms, named, where)
    return terms


def _figure(value: Any, name: str, named: str, where: str) -> int:
    # True and False are numbers too, in Python.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _fault(named, f"{where}`{name}` has to be a whole number from 1")
    if value > WEEK_MINUTES:
        raise _fault(named, f"{where}`{name}` is more than the minutes of a week")
    return value


def _judge(terms: Terms, named: str, where: str) -> None:
    match terms:
        case QualifyingDays() | DaysOffered():
            if terms.at_least_days > _WEEK_DAYS or terms.of_at_least_minutes > _DAY_MINUTES:
                raise _fault(named, f"{where}a week has 7 days, and a day 1440 minutes")
        case Duration() if terms.at_most_days < terms.at_least_days:
            raise _fault(named, f"{where}`at_most_days` is less than `at_least_days`")
        case _:
            return
