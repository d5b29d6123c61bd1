"""The rule sets that are shipped: one TOML document for each version, read with the code they come with.

A version that was shipped is never edited, since reports were issued by it: another figure is a new file.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from domain.compliance.rule_document import RuleSetFault, read_rule_set
from domain.compliance.rule_sets import RuleSets


def documents() -> list[Traversable]:
    """The files, by name: `<rule set>.<version>.toml`."""
    found = files("domain").joinpath("rule_sets").iterdir()
    return sorted((file for file in found if file.name.endswith(".toml")), key=lambda file: file.name)


@cache
def shipped() -> RuleSets:
    """All of them, validated. RuleSetFault names the document and the place in it that is wrong."""
    return read_documents(documents())


def read_documents(found: list[Traversable]) -> RuleSets:
    """The rule sets in these files. RuleSetFault where one is not what its name says."""
    read = []
    for file in found:
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RuleSetFault(f"Rule set {file.name}: this is not TOML: {error}.") from None
        rule_set = read_rule_set(document, file.name)
        if file.name != f"{rule_set.name}.{rule_set.version}.toml":
            raise RuleSetFault(f"Rule set {file.name}: the file has to be called after its name and version.")
        read.append(rule_set)
    return RuleSets.of(read)
