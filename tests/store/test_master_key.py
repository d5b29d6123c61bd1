"""A master key and a database belong together: neither a lost key nor another one passes for the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.errors import KeyringError
from store.keys import FileKeyring
from store.master_key import keyring_for, refuse_other
from store.store import Store
from tests.conftest import Database
from tests.store.given import a_chart, trigger


def test_a_database_without_a_ledger_gets_a_new_key_and_then_keeps_to_it(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    keyring = keyring_for(database.app_url, path)
    with Store(database.app_url, keyring) as store:
        refuse_other(store.database, keyring)
        store.ledger("lexington").append([trigger(a_chart(), 1)])
        refuse_other(store.database, keyring_for(database.app_url, path))


def test_a_lost_key_is_missed_and_no_other_takes_its_place(database: Database, store: Store, tmp_path: Path) -> None:
    store.ledger("lexington").append([trigger(a_chart(), 1)])
    with pytest.raises(KeyringError, match=r"lost/master\.key is missing, .* restore the file from your backup"):
        keyring_for(database.app_url, tmp_path / "lost" / "master.key")
    assert not (tmp_path / "lost").exists()


def test_another_key_is_refused_before_anything_is_done_with_it(
    database: Database, store: Store, tmp_path: Path
) -> None:
    store.ledger("lexington").append([trigger(a_chart(), 1)])
    with pytest.raises(KeyringError, match="use the key file that it was made with"):
        refuse_other(store.database, FileKeyring(tmp_path / "other.key"))
