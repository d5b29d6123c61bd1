"""The master key: made once, for its owner alone, and needed to open what it wrapped."""

from __future__ import annotations

import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store.errors import KeyringError
from store.keys import FileKeyring
from store.sealing import LookupKey
from store.store import Store
from tests.conftest import Database
from tests.store.given import a_chart, trigger


def test_the_key_file_is_made_on_first_use_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "master.key"
    wrapped = FileKeyring(path).wrap(b"k" * 32, b"about")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert FileKeyring(path).unwrap(wrapped, b"about") == b"k" * 32
    assert os.listdir(path.parent) == ["master.key"]


def test_a_wrapped_key_opens_for_what_it_was_wrapped_for_alone(tmp_path: Path) -> None:
    keyring = FileKeyring(tmp_path / "master.key")
    wrapped = keyring.wrap(b"k" * 32, b"one chart")
    with pytest.raises(KeyringError, match="use the key file that it was made with"):
        keyring.unwrap(wrapped, b"another chart")
    with pytest.raises(KeyringError, match="use the key file that it was made with"):
        FileKeyring(tmp_path / "other.key").unwrap(wrapped, b"one chart")


def test_of_many_who_make_the_first_key_all_get_the_same(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with ThreadPoolExecutor(8) as threads:
        keyrings = list(threads.map(lambda _: FileKeyring(path), range(8)))
    wrapped = keyrings[0].wrap(b"k" * 32, b"about")
    assert {keyring.unwrap(wrapped, b"about") for keyring in keyrings} == {b"k" * 32}


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    FileKeyring(path)
    path.chmod(0o640)
    with pytest.raises(KeyringError, match="open to others"):
        FileKeyring(path)


@pytest.mark.parametrize("content", ["", "00ff", "not hexadecimal", "é"])
def test_a_damaged_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(KeyringError, match="damaged"):
        FileKeyring(path)


def test_a_place_where_no_key_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyringError, match="can't be read or made"):
        FileKeyring(tmp_path / "file" / "master.key")


def test_a_database_does_not_open_with_another_master_key(database: Database, store: Store, tmp_path: Path) -> None:
    chart = a_chart()
    store.ledger("lexington").append([trigger(chart, 1)])
    with Store(database.app_url, FileKeyring(tmp_path / "other.key")) as other:
        ledger = other.ledger("lexington")
        with pytest.raises(KeyringError, match="use the key file"):
            ledger.read([chart])
        with pytest.raises(KeyringError, match="use the key file"):
            ledger.append([trigger(chart, 2)])


def test_keyed_hashes_for_different_uses_and_of_different_parts_differ() -> None:
    key = LookupKey(b"k" * 32)
    digests = [
        key.digest("claim", "mrn", "12"),
        key.digest("column", "mrn", "12"),
        key.digest("claim", "mrn1", "2"),
        key.digest("claim", "mrn", b"1", b"2"),
        LookupKey(b"l" * 32).digest("claim", "mrn", "12"),
    ]
    assert len(set(digests)) == len(digests)
    assert key.digest("claim", "mrn", "12") == digests[0]


def test_a_fingerprint_tells_keys_apart_and_holds_nothing_of_them(tmp_path: Path) -> None:
    path, other = tmp_path / "master.key", tmp_path / "other.key"
    fingerprint = FileKeyring(path).fingerprint
    assert FileKeyring(path).fingerprint == fingerprint != FileKeyring(other).fingerprint
    assert len(bytes.fromhex(fingerprint)) == 16
    assert all(fingerprint[at : at + 8] not in path.read_text() for at in range(0, 32, 8))


@pytest.mark.parametrize("value", ["", "12", "1" * 200])
def test_a_keyed_hash_is_an_hmac_of_its_length_prefixed_parts(value: str) -> None:
    secret = bytes(range(32))
    message = b"".join(len(part).to_bytes(8, "big") + part for part in (b"claim", b"mrn", value.encode()))
    assert LookupKey(secret).digest("claim", "mrn", value) == hmac.digest(secret, message, "sha256")[:16]
