"""A site as it is now, out of the read tables: with the charts of who is in treatment, or has left not long ago."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final, LiteralString

from domain.claims import cohorts_named
from domain.site import Site
from projections import status
from projections.attendance import PROJECTION as ATTENDANCE
from projections.census import PROJECTION as CENSUS
from projections.cut import cut_of
from projections.reading import facts_lacking, snapshot
from projections.sessions import PROJECTION as SESSIONS
from projections.sessions import sessions_needed
from projections.site import A_DAY, midnights, site_at
from store.store import Store

_ADMITTED: Final[LiteralString] = """
SELECT patient_id, min(admitted_on) FILTER (WHERE ended_on IS NULL OR ended_on >= %(open_on)s)
FROM projection.census
WHERE ledger = %(ledger)s AND admitted_on IS NOT NULL AND (ended_on IS NULL OR ended_on >= %(left_since)s)
GROUP BY patient_id
"""


def site_in_care(
    store: Store, facility: str, *, open_on: date, left_since: date, first: date, last: date
) -> tuple[Site, int, datetime] | None:
    """The facility, the whole charts of who was admitted and has not left, or left on `left_since` or later; the
    sessions that they have records for, and all from `first` (or from the first admission of an episode open on
    `open_on`) to `last`; the cohorts of these charts. Then the position it stands at, and when that was recorded.

    None where the ledger has to be asked: the tables are behind, or lack a fact. Sessions lack their earlier starts.
    Raises the errors of the store.
    """
    asked = {"ledger": facility, "open_on": open_on - A_DAY, "left_since": left_since - A_DAY}
    with snapshot(store, facility) as cursor:
        cut = cut_of(cursor, facility, (CENSUS, status.PROJECTION, SESSIONS, ATTENDANCE))
        if cut is None or cut.known_at is None or facts_lacking(cursor, facility):
            return None
        admitted = cursor.execute(_ADMITTED, asked).fetchall()
        patients = [row[0] for row in admitted]
        begins = min([first, *(row[1] for row in admitted if row[1] is not None)])
        since, until = midnights(begins - A_DAY, last + A_DAY, UTC)
        charts = status.sealed_charts(cursor, facility, patients)
        sessions = sessions_needed(cursor, facility, patients, since=since, until=until)
    opened = status.opened(store.ledger(facility), charts)
    cohorts = frozenset().union(*map(cohorts_named, opened.values()))
    site = site_at(store, facility, cohorts, upto=cut.position)
    if site.facility.zone is None:
        return None
    return replace(site, charts=opened, sessions=sessions), cut.position, cut.known_at
