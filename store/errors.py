"""What the store answers when it can't do what was asked: one sentence each, with nothing personal in it.

None of them holds a parameter, a row or the database's own detail. The conflicts are errors of the `eventsourcing`
library too, so that its own code meets what it expects.
"""

from __future__ import annotations

from eventsourcing.persistence import IntegrityError, OperationalError


class StoreError(Exception):
    """The store could not do it; the message says what to do."""


class VersionConflict(StoreError, IntegrityError):
    """A stream that the decision read or writes has moved on: read it again and decide again."""

    def __init__(self) -> None:
        super().__init__("The record has changed since it was read: read it again and decide again.")


class ClaimTaken(StoreError, IntegrityError):
    """Another stream holds what this append claims. `kind` says what: `mrn`, `seat`, `episode` …"""

    def __init__(self, kind: str) -> None:
        super().__init__(f"This {kind} is taken by another record.")
        self.kind = kind


class KeyReused(StoreError):
    """The idempotency key was used for another request."""

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for another request: send a new request with a new key.")


class Unavailable(StoreError, OperationalError):
    """The database could not be reached, or broke off.

    `recorded` is False when nothing was written, None when that isn't known: the connection broke between the
    request to commit and its answer. The same command with the same idempotency key is safe in both cases.
    """

    def __init__(self, because: str, *, recorded: bool | None = False) -> None:
        super().__init__(because)
        self.recorded = recorded


class SchemaMismatch(StoreError):
    """The database isn't prepared for this version of the program."""


class ShapeError(StoreError):
    """Data doesn't have the shape of a fact. Names the field and what belongs there, never what was found there."""


class Unreadable(StoreError):
    """A stored fact doesn't open: it was altered or moved, or the key of its chart is gone. A bug or damage; never an
    answer."""


class KeyAltered(Unreadable):
    """The key of a chart, or of a report's rows, is there and doesn't open, and the master key is the right one."""


class Misshapen(Unreadable, ShapeError):
    """A stored fact opens, and is not of a shape that this version knows: altered, or of a later version."""


class Destroyed(Unreadable):
    """What was asked for is of a chart whose key was destroyed: nobody reads it again."""


class RowsAltered(StoreError):
    """The rows that are kept of an issued report are not those that it was issued with: damage, or somebody's doing."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The rows that are kept of {name} are not those that were issued: they were altered, or the database is "
            "damaged. Restore it from its backup, and find out who was in it."
        )


class KeyringError(StoreError):
    """The master key is missing, open to others, or not the one that this database was made with."""


class LedgerNotEmpty(StoreError):
    """A restore was asked for into a ledger that holds facts."""

    def __init__(self) -> None:
        super().__init__("This ledger holds facts already: restore into an empty one.")


class LedgerBroken(StoreError):
    """Facts to restore that are no whole ledger: a hole, a wrong order, a stream of another ledger."""
