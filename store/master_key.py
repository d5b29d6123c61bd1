"""Whether the master key at hand is the one that a database was made with: asked before anything is done with either.

A database that holds a ledger holds keys that a master key wraps. To make a new one for it would hide the loss until
somebody needs a chart, and what is then recorded under the new one would be lost with the old file's return.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, LiteralString

from store.database import Database
from store.errors import KeyringError
from store.keys import FileKeyring, Keyring
from store.sealing import bound

_WRAPPED: Final[LiteralString] = "SELECT ledger, lookup_key FROM ledger ORDER BY ledger LIMIT 1"


def keyring_for(conninfo: str, path: Path) -> FileKeyring:
    """The master key in that file; made there, at the first use of a database that holds nothing yet.

    KeyringError when the file is missing and the database needs it, or when it can't be used.
    """
    if not path.exists():
        with Database(conninfo, pool_size=1) as database:
            [rows] = database.select((_WRAPPED, {}))
        # Asked again: of two who open a new one at once, the other may have made both meanwhile.
        if rows and not path.exists():
            raise KeyringError(
                f"The master key {path} is missing, and without it no chart in this database can be read: "
                "restore the file from your backup, or name the place where it lies in STEPDOWN_MASTER_KEY_FILE."
            )
    return FileKeyring(path)


def refuse_other(database: Database, keyring: Keyring) -> None:
    """KeyringError when another master key wraps the keys of this database."""
    [rows] = database.select((_WRAPPED, {}))
    for ledger, wrapped in rows:
        keyring.unwrap(wrapped, bound("lookup", ledger))
