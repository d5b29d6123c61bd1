"""Servers to be killed: durable ones of their own, not the session's. Seeds and sizes of the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from projections.prepare import prepare
from stepdown.embedded import Embedded
from store.keys import FileKeyring
from store.migrate import migrate
from tests.conftest import APP_ROLE, Database
from tests.faults.evidence import Place


@dataclass(frozen=True)
class Run:
    """`seed` decides everything that is chosen at random; `full` is the long form (`make faults`). `facts` is how many
    sixteen writers put on one ledger."""

    seed: int
    full: bool
    facts: int

    def size(self, short: int, full: int) -> int:
        return full if self.full else short


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    option = request.config.getoption
    return Run(option("--seed"), option("--full"), option("--facts"))


@pytest.fixture(autouse=True)
def _say_seed(run: Run) -> None:
    """Shown with every failure."""
    print(f"Run it again with --seed {run.seed}{' --full' if run.full else ''}.")


@dataclass(frozen=True)
class Durable:
    """A durable server in a data folder; `server` changes when it is started anew."""

    data: Path
    server: Embedded

    def place(self, name: str, key_file: Path) -> Place:
        database = Database.on(self.server, name)
        return Place(database.app_url, database.superuser_url, key_file)


@pytest.fixture(scope="session")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Durable]:
    """One for the tests of this folder that don't kill it."""
    data = tmp_path_factory.mktemp("durable")
    with Embedded.start(data, durable=True) as server:
        yield Durable(data, server)


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "master.key"
    FileKeyring(path)
    return path


@pytest.fixture(scope="session")
def make_place(durable: Durable, key_file: Path) -> Callable[[], Place]:
    """Makes a prepared, empty database on the durable server."""
    numbers = count(1)

    def make() -> Place:
        name = f"faults_{next(numbers)}"
        with psycopg.connect(durable.server.owner_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        prepare_database(Database.on(durable.server, name))
        return durable.place(name, key_file)

    return make


def prepare_database(database: Database) -> None:
    migrate(database.owner_url, APP_ROLE)
    prepare(database.owner_url, APP_ROLE)


@pytest.fixture
def place(make_place: Callable[[], Place]) -> Place:
    return make_place()


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """The folder of the clients' journals."""
    folder = tmp_path / "journals"
    folder.mkdir()
    return folder
