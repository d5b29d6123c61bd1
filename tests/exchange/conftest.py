"""A store with the sample program restored, for tests that only read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from exchange.restoring import restore_file
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import OPERATOR, SAMPLE


@pytest.fixture(scope="session")
def restored(make_database: Callable[[], Database], keyring: FileKeyring) -> Iterator[Store]:
    """Nobody writes to it."""
    with Store(make_database().app_url, keyring, pool_size=4) as opened:
        head = restore_file(opened, SAMPLE, by=OPERATOR).head
        yield opened
        assert opened.ledger("lexington").head() == head, "A test wrote to what others only read."
