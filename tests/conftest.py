"""A real Postgres for the tests: one embedded server a session, a prepared database, emptied before each test."""

from __future__ import annotations

import gc
import secrets
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from projections.prepare import prepare
from stepdown.embedded import Embedded
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store
from tests.shared_memory import Block, blocks, free_unused

TEMPLATE = "prepared"
USUAL_SEED = 2026
APP_ROLE = "stepdown"
BLOCKS_BEFORE: pytest.StashKey[set[Block]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    faults = parser.getgroup("faults")
    faults.addoption("--full", action="store_true", help="faults, fuzz, naive rules and model in their long form")
    faults.addoption("--facts", type=int, default=50_000, help="how many sixteen writers put on one ledger; 50000")
    faults.addoption("--seed", type=int, help=f"what these choose at random; {USUAL_SEED}, in full form any")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:
        config.option.seed = secrets.randbelow(2**31) if config.option.full else USUAL_SEED
    if config.option.full:
        print(f"seed {config.option.seed}", flush=True)
    if not hasattr(config, "workerinput"):
        config.stash[BLOCKS_BEFORE] = blocks()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Tests kill servers and never start them again. Workers have ended by now."""
    if BLOCKS_BEFORE in config.stash:
        free_unused(config.stash[BLOCKS_BEFORE])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """There is no garbage among modules and the list of tests: to look for it takes nearly half of the time until they
    begin to run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@dataclass(frozen=True)
class Database:
    """One database and the logins to it, as URLs."""

    name: str
    owner_url: str
    app_url: str
    superuser_url: str

    @classmethod
    def on(cls, server: Embedded, name: str) -> Database:
        def url(login: str) -> str:
            return urlsplit(login)._replace(path=f"/{name}").geturl()

        return cls(name, url(server.owner_url), url(server.app_url), url(server.superuser_url))

    def empty(self) -> None:
        """Deletes what tests wrote. Only a superuser can: triggers are set aside for the length of a transaction."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            tables = connection.execute(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'projection')"
                " AND tablename NOT LIKE '%yoyo%' AND tablename <> 'definition'"
            ).fetchall()
            deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(*table)) for table in tables]
            statements = [sql.SQL("SET LOCAL session_replication_role = replica"), *deletes]
            with connection.transaction():
                connection.execute(sql.SQL("; ").join(statements))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The session's server; not durable, for speed."""
    with Embedded.start(tmp_path_factory.mktemp("server"), durable=False) as embedded:
        yield embedded


@pytest.fixture(scope="session")
def template(server: Embedded) -> Database:
    """A prepared database that nobody is connected to."""
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    prepared = Database.on(server, TEMPLATE)
    migrate(prepared.owner_url, APP_ROLE)
    prepare(prepared.owner_url, APP_ROLE)
    return prepared


@pytest.fixture(scope="session")
def make_database(server: Embedded, template: Database) -> Callable[[], Database]:
    """Makes a further prepared database, empty, for a test that needs one of its own. Takes about 0.1 s."""
    numbers = count(1)

    def make() -> Database:
        name = f"test_{next(numbers)}"
        with psycopg.connect(server.owner_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                    sql.Identifier(name), sql.Identifier(TEMPLATE)
                )
            )
        return Database.on(server, name)

    return make


@pytest.fixture(scope="session")
def shared_database(make_database: Callable[[], Database]) -> Database:
    """The database that most tests use, one after another."""
    return make_database()


@pytest.fixture
def database(shared_database: Database) -> Database:
    """A prepared database without a fact."""
    shared_database.empty()
    return shared_database


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> FileKeyring:
    return FileKeyring(tmp_path_factory.mktemp("keys") / "master.key")


@pytest.fixture
def store(database: Database, keyring: FileKeyring) -> Iterator[Store]:
    """An opened store on a prepared database without a fact."""
    with Store(database.app_url, keyring, pool_size=12) as opened:
        yield opened
