"""The sample program, restored and followed once for the tests that only read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from projections.follower import Follower
from store.keys import FileKeyring
from store.store import Store
from tests.sample_program import sample


@pytest.fixture(scope="session")
def followed(make_database: Callable[[], Any], keyring: FileKeyring) -> Iterator[Store]:
    """A store whose ledger `lexington` is the sample program, and whose read tables are current."""
    with Store(make_database().app_url, keyring) as store:
        store.ledger("lexington").restore(sample())
        Follower(store).catch_up()
        yield store
        assert store.ledger("lexington").head().position == len(sample()), "A test wrote to what others only read."
