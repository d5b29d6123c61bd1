"""A store with the sample program, its read tables current, for tests that only read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from exchange.restoring import restore_file
from projections.follower import Follower
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import OPERATOR, SAMPLE


@pytest.fixture(scope="session")
def followed(make_database: Callable[[], Database], keyring: FileKeyring) -> Iterator[Store]:
    with Store(make_database().app_url, keyring, pool_size=4) as opened:
        restore_file(opened, SAMPLE, by=OPERATOR)
        Follower(opened).catch_up()
        yield opened
