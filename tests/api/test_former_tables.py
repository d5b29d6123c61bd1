"""The read tables are of another version of the program, and lack columns that this one asks for: it answers from the
ledger, or says to try again; never with what is in them, and never with an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from projections.catalog import PROJECTIONS
from projections.rebuild import renew
from store.keys import FileKeyring
from tests.api.program import Site
from tests.api.questions import Question, questions_of
from tests.api.sample_site import sample_site
from tests.api.test_problems import is_problem
from tests.conftest import Database

NAMES = [projection.name for projection in PROJECTIONS]

WAITING = {
    "status": {"read_census", "read_site_screenings", "read_site_step_downs"},
    "sessions": {"read_census", "read_sessions"},
    "attendance": {"read_census", "read_sessions"},
    "census": {"read_census"},
    "names": {"find_patients"},
    "screenings": {"read_site_screenings"},
    "step_downs": {"read_site_step_downs"},
    "activity": set(),
    "elsewhere": set(),
}
"""Which questions say to try again while a table is of another version. A new projection says it here."""

_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'projection' AND table_name = %s AND column_name <> 'ledger'
"""


@pytest.fixture(scope="module")
def place(make_database: Callable[[], Database]) -> Database:
    return make_database()


@pytest.fixture(scope="module")
def site(place: Database, keyring: FileKeyring) -> Iterator[Site]:
    with sample_site(place, keyring) as site:
        yield site


@pytest.fixture(scope="module")
def asked(site: Site) -> list[Question]:
    """All that take a time, and those that find their rows by the tables."""
    by_name = {"name": "nobody of this name"}
    by_person = {"person": site.people["counselor"].id}
    activity = f"/facilities/{site.code}/activity"
    return [
        # Each of these answers is in the answer to the next question about who looked.
        *(each for each in questions_of(site) if each.name != "read_access"),
        Question("find_patients", "/patients", "counselor", False, False, by_name),
        Question("read_activity of one", activity, "compliance_officer", False, True, by_person),
    ]


def as_a_former_version_has_it(place: Database, projection: str) -> None:
    with psycopg.connect(place.owner_url) as connection:
        connection.execute("UPDATE projection.definition SET sha256 = 'former' WHERE projection = %s", [projection])
        for [column] in connection.execute(_COLUMNS, [projection]).fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE projection.{} RENAME {} TO {}").format(
                    *map(sql.Identifier, (projection, column, f"former_{column}"))
                )
            )


@pytest.mark.parametrize("projection", NAMES)
def test_what_needs_the_table_waits_for_it_or_does_without(
    place: Database, site: Site, asked: list[Question], projection: str
) -> None:
    usual = {each.name: each.ask(site).content for each in asked}
    as_a_former_version_has_it(place, projection)
    waiting = set()
    for each in asked:
        answer = each.ask(site)
        if answer.status_code == 503:
            assert is_problem(answer, 503)["type"] == "urn:stepdown:problem:try-again"
            waiting.add(each.name)
        else:
            assert answer.content == usual[each.name], (each.name, answer.text)
    assert renew(site.client.app.state.wiring.store, place.owner_url) == [projection]
    assert waiting == WAITING[projection]
    assert {each.name: each.ask(site).content for each in asked} == usual
