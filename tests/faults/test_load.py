"""The load and the checker agree where nothing goes wrong."""

from __future__ import annotations

from pathlib import Path

from tests.faults.checker import check
from tests.faults.conftest import Run
from tests.faults.evidence import Place
from tests.faults.journal import Journal, read_journals
from tests.faults.load import Task, open_site, work


def test_without_a_fault_every_invariant_holds(place: Place, journals: Path, run: Run) -> None:
    with Journal(journals / "opening.journal") as journal, place.store() as store:
        open_site(store, "lexington", journal)
    work(
        Task(
            url=place.app_url,
            key_file=place.key_file,
            journal=journals / "writer.journal",
            name="writer",
            seed=run.seed,
            commands=60,
            seconds=60,
        )
    )
    log = read_journals(journals)
    assert log.acknowledged > 400
    assert check(place, log) == []
