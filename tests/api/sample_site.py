"""The sample program behind the API: restored, with its read tables filled, asked on the evening of 17 April."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from api.app import create_app
from api.tokens import Tokens
from api.wiring import Wiring
from projections.follower import Follower
from projections.prepare import prepare
from store.accesses import Accesses
from store.desk import Desk
from store.keys import FileKeyring
from store.store import Store
from tests.api.client import Client
from tests.api.conftest import KEY, now
from tests.api.program import Site
from tests.conftest import APP_ROLE, Database
from tests.sample_program import sample

ASKING = ("counselor", "supervisor", "front_desk", "compliance_officer", "auditor")
EVENING = datetime(2026, 4, 17, 22, tzinfo=UTC)


@contextmanager
def sample_site(made: Database, keyring: FileKeyring) -> Iterator[Site]:
    """On that database. Those who ask are on the staff list, each by a fact behind the sample's."""
    prepare(made.owner_url, APP_ROLE)
    with Store(made.app_url, keyring) as store:
        store.ledger("lexington").restore(sample())
        Follower(store).catch_up()
        tokens = Tokens(KEY, now)
        wiring = Wiring(
            store=store, desk=Desk(store, now), accesses=Accesses(store), tokens=tokens, clock=lambda: EVENING
        )
        with Client(create_app(wiring)) as client:
            site = Site(client, tokens)
            for role in ASKING:
                site.credential(role, since=date(2026, 1, 1))
            Follower(store).catch_up()
            yield site
