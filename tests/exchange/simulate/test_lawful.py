"""What is told keeps every rule: an import takes all of it, and so does a restore."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.importing import import_file
from exchange.restoring import restore_file
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
