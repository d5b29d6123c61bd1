"""The library's own test cases for application recorders, on ours. What doesn't fit is listed in decision 0002."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase

from store.database import Database as Pool
from store.group import GroupCommit
from store.keys import FileKeyring
from store.ledger_keys import KeyCache, LedgerKeys
from store.recorder import LedgerRecorder
from tests.conftest import Database


class OnALedger:
    """The recorder that the cases below are run on."""

    recorder: LedgerRecorder

    @pytest.fixture(autouse=True)
    def _recorder(self, database: Database, keyring: FileKeyring) -> Iterator[None]:
        with Pool(database.app_url, pool_size=12) as pool:
            keys = LedgerKeys("library", pool, keyring, KeyCache(10))
            self.recorder = LedgerRecorder("library", pool, keys, GroupCommit(pool))
            yield

    def create_recorder(self) -> LedgerRecorder:
        return self.recorder

    def new_originator_id(self) -> str:
        """Our streams are named by text."""
        return str(uuid4())


class TestLedgerRecorder(OnALedger, ApplicationRecorderTestCase[LedgerRecorder]):
    """All of its cases."""


class TestPositionsOfOneAppendAreTogether(OnALedger, NonInterleavingNotificationIDsBaseCase):
    """Two appends of a thousand facts at once."""


# The base classes are test cases themselves, abstract: they aren't to be collected here.
del ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase
