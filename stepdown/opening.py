"""From settings to an open store: the database named from outside, or the embedded one, prepared for this version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from domain.record import Source
from projections.hands import Reopen
from projections.position import lag
from projections.prepare import prepare
from stepdown.embedded import Embedded
from stepdown.embedded.cluster import Layout
from stepdown.errors import Wrong
from stepdown.settings import Settings, read_settings
from store.accesses import Accesses
from store.desk import Desk
from store.errors import SchemaMismatch
from store.keys import FileKeyring
from store.master_key import keyring_for, refuse_other
from store.migrate import check, migrate
from store.store import Store

EMBEDDED_LOGIN: Final = "stepdown"
"""The application's login of the embedded Postgres."""


def now() -> datetime:
    """This machine's clock: the one that is passed to everything below."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Opened:
    """One process's use of one database. `owner_url`: the login that owns it, where it is known. `reopen` opens the
    store in another process, which ends before this one closes it."""

    settings: Settings
    store: Store
    desk: Desk
    accesses: Accesses
    reopen: Reopen = field(repr=False)
    owner_url: str | None = field(default=None, repr=False)


@contextmanager
def opened(settings: Settings) -> Iterator[Opened]:
    """The store, open meanwhile. Ends the embedded Postgres if nobody else uses it.

    `Wrong`, `EmbeddedError` or an error of the store says why there is none.
    """
    with ExitStack() as stack:
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
            login_of(url, "STEPDOWN_DATABASE_URL")
            check(url)
            owner_url = None if settings.owner_url is None else settings.owner_url.get_secret_value()
        else:
            embedded = stack.enter_context(Embedded.start(settings.data).watch())
            url, owner_url = embedded.app_url, embedded.owner_url
            prepare_embedded(embedded)
        keyring = keyring_for(url, settings.master_key)
        store = stack.enter_context(Store(url, keyring, pool_size=settings.pool_size))
        refuse_other(store.database, keyring)
        if settings.database_url is not None:
            # Ledgers without read tables: half prepared is not prepared.
            lag(store)
        accesses = Accesses(store, source=Source.SYSTEM)
        yield Opened(settings, store, Desk(store, now), accesses, partial(another, url, settings.master_key), owner_url)


def settings_at(data: Path | None) -> Settings:
    """The settings of a command that begins no record, as `read_settings`. `Wrong` where the embedded database isn't
    there yet: made for it, a mistyped folder would get keys, and an answer that knows of nothing."""
    settings = read_settings(data)
    if settings.database_url is None and not Layout(settings.data.resolve()).cluster.exists():
        raise Wrong(
            f"There is no record in the folder {settings.data}: name the one that has it (--data, STEPDOWN_DATA). "
            "`stepdown serve`, `import`, `migrate` and `restore` begin one, `stepdown demo` one with the sample."
        )
    return settings


def another(url: str, master_key: Path) -> Store:
    """The store of that database once more, to be opened, for a process that folds."""
    return Store(url, FileKeyring(master_key), pool_size=2)


def prepare_embedded(embedded: Embedded) -> list[str]:
    """Brings the embedded database to this version; answers what was done."""
    try:
        check(embedded.app_url)
    except SchemaMismatch:
        return _prepare(embedded.owner_url, embedded.app_url, EMBEDDED_LOGIN)
    return _named("read tables of", prepare(embedded.owner_url, EMBEDDED_LOGIN))


def prepare_external(settings: Settings) -> list[str]:
    """Brings the database named from outside to this version, as its owner; answers what was done."""
    if settings.database_url is None or settings.owner_url is None:
        raise Wrong("Set STEPDOWN_OWNER_URL to the owner of the database that STEPDOWN_DATABASE_URL names.")
    owner, url = settings.owner_url.get_secret_value(), settings.database_url.get_secret_value()
    login_of(owner, "STEPDOWN_OWNER_URL")
    return _prepare(owner, url, login_of(url, "STEPDOWN_DATABASE_URL"))


def _prepare(owner_url: str, url: str, login: str) -> list[str]:
    done = _named("migration", migrate(owner_url, login)) + _named("read tables of", prepare(owner_url, login))
    check(url)
    return done


def _named(what: str, names: list[str]) -> list[str]:
    return [f"{what} {name}" for name in names]


def login_of(url: str, variable: str) -> str:
    """The login that a database URL names. `Wrong` names the variable, and nothing of what is in it."""
    try:
        login = conninfo_to_dict(url).get("user")
    except ProgrammingError:
        raise Wrong(
            f"{variable} is no database URL: write it like postgresql://login:password@host/database."
        ) from None
    if not login:
        raise Wrong(f"{variable} names no login: write it like postgresql://login:password@host/database.")
    return str(login)
