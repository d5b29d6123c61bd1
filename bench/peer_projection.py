"""The peer's projection: the library's `ProjectionRunner` over its Postgres recorders, as its documentation says.

One row a chart, written with the tracking position in one transaction; who wrote waits with `wait()` and reads the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier

from bench.peer import PeerChart, PeerRecord, peer_record

# The library makes the classes of events while it makes the aggregate's.
_Opened: Final[Any] = vars(PeerChart)["Opened"]
_AttendanceRecorded: Final[Any] = vars(PeerChart)["AttendanceRecorded"]


class PeerStatus(PostgresTrackingRecorder):
    """How many sessions each chart has a record for."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        table = Identifier(self.datastore.schema, "peer_status")
        self.sql_create_statements.append(
            SQL("CREATE TABLE IF NOT EXISTS {0} (chart uuid PRIMARY KEY, sessions bigint NOT NULL)").format(table)
        )
        self._begin = SQL("INSERT INTO {0} VALUES (%s, 0)").format(table)
        self._attend = SQL("UPDATE {0} SET sessions = sessions + 1 WHERE chart = %s").format(table)
        self._read = SQL("SELECT sessions FROM {0} WHERE chart = %s").format(table)

    def begin(self, chart: UUID, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(self._begin, [chart], prepare=True)
            self._insert_tracking(cursor, tracking)

    def attend(self, chart: UUID, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(self._attend, [chart], prepare=True)
            self._insert_tracking(cursor, tracking)

    def sessions(self, chart: UUID) -> int:
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            row = cursor.execute(self._read, [chart], prepare=True).fetchone()
        return 0 if row is None else int(row["sessions"])


class PeerStatusProjection(Projection[PeerStatus]):
    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.insert_tracking(tracking)

    @process_event.register(_Opened)
    def opened(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.begin(domain_event.originator_id, tracking)

    @process_event.register(_AttendanceRecorded)
    def attended(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.attend(domain_event.originator_id, tracking)


@contextmanager
def peer_projection(owner: str) -> Iterator[ProjectionRunner[PeerRecord, PeerStatus]]:
    """The runner at work; its `app` is the application, its `view` the rows."""
    with peer_record(owner, writers=6) as made:
        kind, env = type(made), dict(made.env)
    with ProjectionRunner[PeerRecord, PeerStatus](
        application_class=kind, projection_class=PeerStatusProjection, view_class=PeerStatus, env=env
    ) as runner:
        yield runner
