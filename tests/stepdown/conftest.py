"""The sample program, restored once by the command itself, for everything that only reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.record import Recorded
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.stepdown.command import SAMPLE, run_apart


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers as they are where no terminal is: readline tells of one in the processes that tests run in."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)


@dataclass(frozen=True)
class Program:
    """A database, the data folder with its keys, and how commands find them."""

    database: Database
    data: Path

    @property
    def variables(self) -> dict[str, str]:
        return {"STEPDOWN_DATABASE_URL": self.database.app_url, "STEPDOWN_DATA": str(self.data)}

    def accesses(self) -> list[Recorded]:
        """What the access ledger of the sample's site holds."""
        with Store(self.database.app_url, FileKeyring(self.data / "master.key")) as store:
            return store.ledger("lexington.access").facts()


@pytest.fixture(scope="session")
def sample_program(make_database: Callable[[], Database], tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(make_database(), tmp_path_factory.mktemp("program"))
    run_apart("import", "--restore", SAMPLE, cwd=program.data, **program.variables).done()
    return program


@pytest.fixture
def program(sample_program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Program:
    """The sample program; what a test changes about its facts, others see: it only reads."""
    return _used(sample_program, monkeypatch, tmp_path)


@pytest.fixture
def empty_program(make_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Program:
    """A prepared database of the test's own, without a fact."""
    data = tmp_path / "data"
    data.mkdir()
    return _used(Program(make_database(), data), monkeypatch, tmp_path)


def _used(program: Program, monkeypatch: pytest.MonkeyPatch, cwd: Path) -> Program:
    for name, value in program.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("STEPDOWN_OWNER_URL", raising=False)
    monkeypatch.chdir(cwd)
    return program
