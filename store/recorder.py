"""The library's recorder and factory on our tables. One recorder a ledger, over the pool of its store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString, NoReturn
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    TrackingRecorder,
)
from eventsourcing.utils import Environment

from store.append import AppendRequest
from store.database import Database
from store.group import GroupCommit
from store.ledger_keys import LedgerKeys

_ANY: Final = 2**63 - 1

_EVENTS: Final[LiteralString] = """
SELECT stream, version, type, body FROM fact
WHERE ledger = %(ledger)s AND stream = %(stream)s AND version > %(gt)s AND version <= %(lte)s
ORDER BY version LIMIT %(limit)s
"""
_EVENTS_BACKWARDS: Final[LiteralString] = """
SELECT stream, version, type, body FROM fact
WHERE ledger = %(ledger)s AND stream = %(stream)s AND version > %(gt)s AND version <= %(lte)s
ORDER BY version DESC LIMIT %(limit)s
"""
_NOTIFICATIONS: Final[LiteralString] = """
SELECT stream, version, type, body, position FROM fact
WHERE ledger = %(ledger)s AND position >= %(first)s AND position <= %(stop)s
  AND (type = ANY(%(topics)s) OR %(topics)s::text[] = '{}')
ORDER BY position LIMIT %(limit)s
"""
_HEAD: Final[LiteralString] = "SELECT position FROM ledger WHERE ledger = %(ledger)s AND position > 0"


class LedgerRecorder(ApplicationRecorder):
    """Appends and reads in one ledger, as the library asks for it."""

    def __init__(self, ledger: str, database: Database, keys: LedgerKeys, group: GroupCommit) -> None:
        self._ledger = ledger
        self._database = database
        self._keys = keys
        self._group = group

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Appends; answers the positions. `request=` says what else goes into the transaction.

        Raises VersionConflict, ClaimTaken, KeyReused, AlreadyAnswered, Unavailable: nothing is written then.
        """
        if kwargs.get("tracking") is not None:
            raise NotImplementedError("Positions of projections are kept by the projections.")
        if not stored_events:
            return []
        request: AppendRequest | None = kwargs.get("request")
        if request is None:
            self._keys.begin()
            request = AppendRequest(ledger=self._ledger)
        request.events = stored_events
        self._group.append(request)
        return list(range(request.position - len(stored_events) + 1, request.position + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        given = {
            "ledger": self._ledger,
            "stream": str(originator_id),
            "gt": -1 if gt is None else gt,
            "lte": _ANY if lte is None else lte,
            "limit": limit,
        }
        [rows] = self._database.select((_EVENTS_BACKWARDS if desc else _EVENTS, given))
        return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        given = {
            "ledger": self._ledger,
            "first": (start or 0) + (0 if inclusive_of_start else 1),
            "stop": _ANY if stop is None else stop,
            "topics": list(topics),
            "limit": limit,
        }
        [rows] = self._database.select((_NOTIFICATIONS, given))
        return [Notification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        [rows] = self._database.select((_HEAD, {"ledger": self._ledger}))
        return rows[0][0] if rows else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        raise NotImplementedError("Nobody subscribes to one ledger: the follower reads all of them in batches.")


class LedgerFactory(InfrastructureFactory[TrackingRecorder]):
    """Gives the library our recorder. Its `close` does nothing: the pool is the store's, and outlives a ledger."""

    def __init__(self, env: Environment, recorder: LedgerRecorder) -> None:
        super().__init__(env)
        self._recorder = recorder

    def application_recorder(self) -> ApplicationRecorder:
        return self._recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        _not_here("Snapshots are")

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> TrackingRecorder:
        _not_here("Tracking is")

    def process_recorder(self) -> ProcessRecorder:
        _not_here("Processing is")


def _not_here(what: str) -> NoReturn:
    raise NotImplementedError(f"{what} no part of a ledger: projections keep their own positions.")
