"""The documents of the rule sets: what is shipped stays as it was shipped, and what is wrong in one is told."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from domain.compliance.rule_document import RuleSetFault
from domain.compliance.rule_sets import RuleSets
from store.rule_sets import documents, read_documents, shipped
from tests.rule_sets import AZ_S9480

SHIPPED = {
    "asam-2.1.1.toml": "92359b9a84d04545d91492554a3845a6fbef53437745cfcfe7cbd547084c2db2",
    "az-s9480.1.toml": "34ee81186786bc97dc56ca2a69f0c094d36dc4be73ef2064c1cfddc81c771d37",
    "landmark-iop.1.toml": "488b98d1b01dba5aa0be99ce617cb31463bea8be912592179e91afe45476827e",
    "teds-iop.1.toml": "6b3c330cf2637fb55b7f1b0153b1032096c3124d8e921f4df143e458453c7c90",
}
"""File → its SHA-256. A changed figure, or another way to count, is a new version in a new file: add its line."""

AZ = next(file for file in documents() if file.name == "az-s9480.1.toml").read_text(encoding="utf-8")


def test_a_document_that_was_shipped_never_changes() -> None:
    assert {file.name: sha256(file.read_bytes()).hexdigest() for file in documents()} == SHIPPED


def test_what_is_shipped_is_read_once() -> None:
    assert shipped() is shipped()


def written(folder: Path, **files: str) -> RuleSets:
    """What the documents say; a name in the arguments is that of its file, with `__` for a dot and `_` for a hyphen."""
    paths = []
    for name, text in files.items():
        path = folder / f"{name.replace('__', '.').replace('_', '-')}.toml"
        path.write_text(text)
        paths.append(path)
    return read_documents(list(paths))


def changed(old: str, new: str) -> str:
    assert old in AZ
    return AZ.replace(old, new)


def test_a_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert written(tmp_path, az_s9480__1=AZ).known == (AZ_S9480,)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("at_least_minutes = 540", "at_least_minuts = 540", "HRS-1, `at_least_minuts` is none of its figures"),
        ("at_least_minutes = 540", "", "HRS-1, `at_least_minutes` is missing"),
        ("at_least_minutes = 540", "at_least_minutes = 0", "`at_least_minutes` has to be a whole number from 1"),
        ("at_least_minutes = 540", "at_least_minutes = 9.5", "has to be a whole number from 1"),
        ("at_least_minutes = 540", "at_least_minutes = true", "has to be a whole number from 1"),
        ("at_least_minutes = 540", 'at_least_minutes = "540"', "has to be a whole number from 1"),
        ("at_least_minutes = 540", "at_least_minutes = 20000", "more than the minutes of a week"),
        ("at_least_days = 2", "at_least_days = 8", "HRS-2, a week has 7 days"),
        ("[HRS-1]", "[HRS-9]", "`HRS-9` is neither a rule nor one of name"),
        ("[HRS-1]", "HRS-1 = 5\n[HRS-3]", "HRS-1 has to be a table"),
        ('source = "Arizona, S9480: nine hours a week"', "", "HRS-1, `source` has to be there"),
        ('name = "az-s9480"', 'name = "AZ S9480"', "`name` has to be small letters"),
        ('name = "az-s9480"', 'name = "az-s9481"', "called after its name and version"),
        ('version = "1"', "version = 1", "`version` has to be there, in words between quotes"),
        ('version = "1"', 'version = "one"', "`version` has to be a number in quotes"),
        ("effective_on = 2025-01-01", 'effective_on = "2025-01-01"', "`effective_on` has to be a date without quotes"),
        ("effective_on = 2025-01-01", "effective_on = 2025-01-01T00:00:00Z", "`effective_on` has to be a date"),
        (
            'modalities = ["in_person", "telehealth"]',
            "modalities = []",
            "`modalities` has to be a list of in_person or",
        ),
        ('modalities = ["in_person", "telehealth"]', 'modalities = ["fax"]', "`modalities` has to be a list"),
        ("[HRS-1]", "[HRS-1", "this is not TOML"),
    ],
)
def test_what_is_wrong_in_a_document_is_told_in_one_sentence(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(RuleSetFault) as fault:
        written(tmp_path, az_s9480__1=changed(old, new))
    assert told in str(fault.value)
    assert str(fault.value).startswith("Rule set az-s9480.1.toml: ")


def test_a_document_without_a_rule_is_none(tmp_path: Path) -> None:
    with pytest.raises(RuleSetFault, match="it has no rule"):
        written(tmp_path, az_s9480__1=AZ[: AZ.index("[HRS-1]")])


def test_days_at_most_are_no_fewer_than_days_at_least(tmp_path: Path) -> None:
    with pytest.raises(RuleSetFault, match="DUR-1, `at_most_days` is less"):
        written(
            tmp_path,
            az_s9480__1=AZ + '[DUR-1]\nsays = "x"\nsource = "x"\nat_least_days = 9\nat_most_days = 8\n',
        )


def test_versions_of_one_name_come_in_order_and_once(tmp_path: Path) -> None:
    second = changed('version = "1"', 'version = "2"')
    with pytest.raises(RuleSetFault, match="version 2 is effective before 1"):
        written(tmp_path, az_s9480__1=AZ, az_s9480__2=second.replace("2025-01-01", "2024-12-31"))
    with pytest.raises(RuleSetFault, match="version 1 is there twice"):
        RuleSets.of([AZ_S9480, AZ_S9480])


def test_by_its_name_alone_the_version_effective_at_the_time_is_meant(tmp_path: Path) -> None:
    """Before the first version, the first; and the tenth comes after the ninth."""
    later = {
        n: changed('version = "1"', f'version = "{n}"').replace("2025-01-01", f"2025-{n:02d}-01") for n in range(2, 11)
    }
    known = written(tmp_path, az_s9480__1=AZ, **{f"az_s9480__{n}": text for n, text in later.items()})
    dates = {"2024-06-30": "1", "2025-01-31": "1", "2025-09-30": "9", "2026-03-08": "10"}
    assert {on: known.named("az-s9480", date.fromisoformat(on)).version for on in dates} == dates
    assert known.named("az-s9480", date(2026, 3, 8), "9").version == "9"
