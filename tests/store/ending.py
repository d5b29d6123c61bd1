"""How the stories of the store end a chart, and what is left of it in the tables."""

from __future__ import annotations

import psycopg

from domain.key_destruction import KeyDestroyed
from domain.record import Person, stream_uuid
from store.append import NewFact, Receipt
from store.ledger import Ledger
from tests.conftest import Database
from tests.store.given import new

SITE = "facility/lexington"
OFFICER = Person("staff/6f1c1f0e-3b1c-4a44-9a35-5b9f4f1d8e12", "C. Omply", "compliance_officer")
AUTHORITY = "Schedule of retention, 7 years over"


def ends(chart: str, version: int = 1) -> NewFact:
    return new(SITE, version, KeyDestroyed(patient_id=stream_uuid(chart), authority=AUTHORITY))


def destroy(ledger: Ledger, chart: str, *, at: int, version: int = 1) -> Receipt:
    return ledger.append([ends(chart, version)], reads={chart: at, SITE: version - 1})


def stored(database: Database, chart: str) -> list[tuple[int, int, bytes]]:
    with psycopg.connect(database.superuser_url) as connection:
        return connection.execute(
            "SELECT position, version, body FROM fact WHERE stream = %s ORDER BY version", [chart]
        ).fetchall()


def wrapped(database: Database, chart: str) -> list[bytes | None]:
    with psycopg.connect(database.superuser_url) as connection:
        return [row[0] for row in connection.execute("SELECT wrapped FROM chart_key WHERE stream = %s", [chart])]
