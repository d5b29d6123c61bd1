"""The records of attendance of a site, of all patients, out of the read tables: a stream of them at one moment.

Ordered by patient, start and session, so that whoever folds one chart after the other gives the same.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from domain.attendance_list import Listed
from projections.attendance import PROJECTION as ATTENDANCE
from projections.census import PROJECTION as CENSUS
from projections.cut import Cut, cut_of
from projections.reading import BEGIN_SNAPSHOT, FOR_LEDGER, GATE
from projections.sessions import PROJECTION as SESSIONS
from store.ahead import pages
from store.database import AS_READER, COMMIT, Connection, without_haste
from store.store import Store

# The columns of `Listed`. A chart that was destroyed is not shown before its rows are gone from here either.
_RECORDS: Final[LiteralString] = """
DECLARE records NO SCROLL CURSOR FOR
SELECT record.patient_id::text, session.starts_at, record.session_id::text, record.episode_id::text,
       session.cohort_id::text, session.kind, session.modality, session.cancelled IS NOT NULL,
       CASE WHEN session.cancelled IS NULL THEN session.started_at END,
       CASE WHEN session.cancelled IS NULL THEN session.ended_at END,
       record.outcome, record.arrived_at, record.left_at, record.family_members, record.recorded_at, record.corrected,
       record.version, episode.admitted_on, episode.ended_on
FROM projection.attendance record
JOIN projection.sessions session ON session.ledger = record.ledger AND session.session_id = record.session_id
LEFT JOIN projection.census episode ON episode.ledger = record.ledger
    AND episode.patient_id = record.patient_id AND episode.episode_id = record.episode_id
WHERE record.ledger = %(ledger)s AND session.starts_at IS NOT NULL
  AND (%(since)s::timestamptz IS NULL OR session.starts_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR session.starts_at < %(until)s)
  AND NOT EXISTS (
    SELECT FROM chart_key gone
    WHERE gone.ledger = record.ledger AND gone.stream = 'chart/' || record.patient_id AND gone.wrapped IS NULL
  )
ORDER BY record.patient_id, session.starts_at, record.session_id
"""
# All of it is wanted, not the first rows soon.
_ALL_OF_IT: Final[LiteralString] = "SET LOCAL cursor_tuple_fraction = 1"
_IS_SET_ASIDE: Final[LiteralString] = """
SELECT EXISTS (
    SELECT FROM projection.set_aside WHERE ledger = %(ledger)s AND projection = ANY(%(projections)s)
)
"""

NEEDED: Final = (ATTENDANCE, SESSIONS, CENSUS)


@dataclass(frozen=True, slots=True)
class Records:
    """`pages` of records whose session starts in the time asked for, all as of `cut`."""

    cut: Cut
    pages: Generator[list[Listed]]


@contextmanager
def records(store: Store, ledger: str, *, since: datetime | None, until: datetime | None) -> Iterator[Records | None]:
    """The records while the block lasts; None where the tables can't be shown, or lack something: then the ledger has
    to be asked. `until` is not included.

    One connection is held meanwhile, in one snapshot, however long it takes. Raises the errors of the store.
    """
    with store.database.connection() as connection:
        connection.execute(BEGIN_SNAPSHOT)
        try:
            connection.execute(AS_READER)
            connection.execute(GATE)
            without_haste(connection)
            connection.execute(FOR_LEDGER, {"ledger": ledger})
            found = _records(connection, {"ledger": ledger, "since": since, "until": until})
            try:
                yield found
            finally:
                # A page may be under way: before anything else is said to the server, it is taken.
                if found is not None:
                    found.pages.close()
            connection.execute(COMMIT)
        except BaseException:
            connection.rollback()
            raise


def _records(connection: Connection, asked: dict[str, object]) -> Records | None:
    cursor = connection.cursor(binary=True)
    ledger = str(asked["ledger"])
    cut = cut_of(cursor, ledger, NEEDED)
    names = [projection.name for projection in NEEDED]
    [[is_set_aside]] = cursor.execute(_IS_SET_ASIDE, {"ledger": ledger, "projections": names}).fetchall()
    if cut is None or is_set_aside:
        return None
    cursor.execute(_ALL_OF_IT)
    cursor.execute(_RECORDS, asked)
    return Records(cut, _listed(connection))


def _listed(connection: Connection) -> Generator[list[Listed]]:
    with closing(pages(connection, "records")) as found:
        for page in found:
            yield list(map(Listed._make, page))
