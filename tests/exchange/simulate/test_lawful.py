"""What is told keeps every rule: an import takes all of it, and so does a restore."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from domain.chart.disclosure import DisclosureMade
from exchange.importing import import_file
from exchange.restoring import restore_file
from exchange.simulate.care import Care
from exchange.simulate.measuring import Tally
from exchange.simulate.site import programs
from exchange.simulate.writing import Written, write
from store.store import Store
from tests.exchange.program_file import OPERATOR


def written(path: Path, *, seed: int, patients: int, weeks: int) -> Written:
    (one,) = write(programs(1, patients=patients, weeks=weeks, seed=seed), path, Tally(), lambda facts: None)
    return one


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_import_refuses_none_of_it(seed: int, store: Store, tmp_path: Path) -> None:
    told = written(tmp_path / "lives.ndjson", seed=seed, patients=60, weeks=30)
    assert told.facts > 4000
    rejects = tmp_path / "rejects.ndjson"
    imported = import_file(store, told.path, by=OPERATOR, rejects=rejects)
    assert rejects.read_text() == ""
    assert (imported.facts, imported.skipped, imported.rejects) == (told.facts, 0, 0)


def test_a_restore_takes_it_as_it_stands(store: Store, tmp_path: Path) -> None:
    told = written(tmp_path / "lives.ndjson.gz", seed=4, patients=40, weeks=20)
    restored = restore_file(store, told.path, by=OPERATOR)
    assert (restored.ledger, restored.facts) == ("lexington", told.facts)


@pytest.mark.parametrize(("days_later", "told"), [(0, 1), (1, 0)], ids=["on its last day", "the day after"])
def test_nobody_is_told_anything_by_a_consent_that_has_expired(days_later: int, told: int) -> None:
    """Few stay so long: of a hundred thousand facts one."""
    noted: list[Any] = []
    site: Any = SimpleNamespace(
        telling=SimpleNamespace(chance=lambda likely: True), note=lambda *where, **how: noted.append(where[-1])
    )
    until = date(2026, 9, 1)
    stay: Any = SimpleNamespace(patient=SimpleNamespace(tpo_consent=None, family_consent=uuid4(), family_until=until))
    Care(site, SimpleNamespace())._told_others(stay, until + timedelta(days=days_later))
    assert [type(fact) for fact in noted] == [DisclosureMade] * told
