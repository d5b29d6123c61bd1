"""Group commit: the appends that callers of one process ask for at the same time go out in one transaction.

Nobody owns a thread for it. Whoever comes while nobody writes leads: writes for everybody who waits, then hands the
lead to the one who has waited longest. What stands in the way of one request falls back on that one alone, whether the
others of its group show it at once or the database does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Lock
from time import monotonic
from typing import Final

import psycopg

from store.append import AppendRequest, Receipt
from store.conflicts import AlreadyAnswered, concerned, explained
from store.database import UNREACHABLE, Database
from store.errors import ClaimTaken, KeyReused, StoreError, Unavailable, VersionConflict
from store.writing import write

LARGEST: Final = 128
"""Requests in one transaction, at most."""

LINGER: Final = 0.0005
"""Seconds that a leader waits, at most, for those who wrote with the last groups and will be back at once."""

AWAKE: Final = 2
"""How many of a group are woken by its leader. Each wakes one more."""

_ENDED: Final = -1
"""Nobody read a version like this."""

_BROKEN_OFF: Final = (
    "Writing this was broken off: whether it was recorded isn't known, so send the same request with the same "
    "idempotency key again."
)


class _Waiting:
    """A request, and its caller, who waits for what becomes of it or for the lead.

    Who has waited wakes the one that is `next`: to wake all of a group at once would let them stand in each other's way
    for Python's lock, at a tenth or more of the processor's time for every command.
    """

    __slots__ = ("_gate", "_left", "next", "outcome", "request", "settled")

    def __init__(self, request: AppendRequest) -> None:
        self.request = request
        self.settled = False
        self.outcome: Exception | None = None
        self.next: list[_Waiting] = []
        self._left = False
        self._gate = Lock()
        self._gate.acquire()

    def settle(self, outcome: Exception | None) -> None:
        """None when it is on record."""
        self.settled, self.outcome = True, outcome

    def wait(self) -> None:
        self._gate.acquire()

    def wake(self) -> None:
        self._gate.release()
        if self._left:
            self.leave()

    def leave(self) -> None:
        """Waits no more, whether woken or interrupted; then who wakes this one wakes the next as well."""
        self._left = True
        # Taken out at one go: whoever is faster wakes it, and nobody twice.
        with suppress(IndexError):
            self.next.pop().wake()


class GroupCommit:
    """Of one database, over all its ledgers. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = Lock()
        self._filled = Condition(self._turn)
        self._queue: deque[_Waiting] = deque()
        self._leader: _Waiting | None = None
        self._expected = 1

    @property
    def waiting(self) -> int:
        """How many callers wait for their turn at present."""
        return len(self._queue)

    def append(self, request: AppendRequest) -> None:
        """Returns when the request is on record, with its position and time in it.

        Raises AlreadyAnswered and the errors of the store: then nothing of it is written, but for Unavailable with
        `recorded` None, when that isn't known.
        """
        mine = _Waiting(request)
        try:
            with self._turn:
                self._queue.append(mine)
                if self._leader is None:
                    self._leader = mine
                if len(self._queue) >= self._expected:
                    self._filled.notify()
            if self._leader is not mine:
                mine.wait()
            if self._leader is mine:
                self._lead(mine)
        except BaseException:
            # Interrupted, wherever that was: this caller is not to be waited for, and somebody else leads.
            with self._turn:
                self._retire(mine)
            raise
        finally:
            mine.leave()
        if mine.outcome is not None:
            raise mine.outcome

    def _lead(self, mine: _Waiting) -> None:
        """Writes for those whose turn it is. Whatever becomes of this, they are told, and somebody else leads."""
        group: list[_Waiting] = []
        try:
            with self._turn:
                self._linger()
                while self._queue and len(group) < LARGEST:
                    group.append(self._queue.popleft())
            self._settle(group)
        finally:
            with self._turn:
                # As many as were here may come again; when they don't, fewer are waited for each time.
                self._expected = min(LARGEST, max(len(group) + len(self._queue), (self._expected + 1) // 2))
                self._retire(mine)
            for waiting in group:
                if not waiting.settled:
                    waiting.settle(Unavailable(_BROKEN_OFF, recorded=None))
            _wake_in_turn([waiting for waiting in group if waiting is not mine])

    def _retire(self, mine: _Waiting) -> None:
        """Waits no more. If the lead was here, whoever has waited longest has it now. Called in turn."""
        if mine in self._queue:
            self._queue.remove(mine)
        if self._leader is mine:
            self._leader = self._queue[0] if self._queue else None
            if self._leader is not None:
                self._leader.wake()

    def _linger(self) -> None:
        until = monotonic() + LINGER
        while len(self._queue) < self._expected and (left := until - monotonic()) > 0:
            self._filled.wait(left)

    def _settle(self, group: Sequence[_Waiting]) -> None:
        kept, held_back = _apart(group)
        self._write(kept)
        again = []
        for waiting, before, why in held_back:
            # Once the one before it is on record, it is known what becomes of this one: unless it may have been carried
            # out before, which goes before all else and only the database knows.
            outcome = None
            if before.outcome is None and (why is _repeated or waiting.request.command is None):
                outcome = why(waiting.request, before.request)
            if outcome is not None:
                waiting.settle(outcome)
            else:
                again.append(waiting)
        self._write_one_by_one(again)

    def _write(self, group: Sequence[_Waiting]) -> None:
        requests = [waiting.request for waiting in group]
        try:
            with self._database.connection(writes=True) as connection:
                write(connection, requests)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DivisionByZero) as error:
            if len(group) > 1:
                self._write_apart(group)
            else:
                group[0].settle(self._explained(requests[0], claims_first=error.sqlstate == "23505"))
        except Unavailable as error:
            _settle_unavailable(group, str(error), recorded=error.recorded)
        except (StoreError, ValueError) as error:
            # A ValueError is of what can't be sent at all.
            if len(group) > 1:
                self._write_one_by_one(group)
            else:
                group[0].settle(error)
        else:
            for waiting in group:
                waiting.settle(None)

    def _write_apart(self, group: Sequence[_Waiting]) -> None:
        """After a conflict: those whom it concerns one by one, the others together."""
        try:
            numbers = concerned(self._database, [waiting.request for waiting in group])
        except StoreError:
            _settle_unavailable(group, UNREACHABLE, recorded=False)
            return
        alone = [waiting for n, waiting in enumerate(group) if n in numbers]
        rest = [waiting for n, waiting in enumerate(group) if n not in numbers]
        if alone and rest:
            self._write(rest)
            self._write_one_by_one(alone)
        else:
            # It concerns everybody, or nobody any more: there is no better way.
            self._write_one_by_one(group)

    def _write_one_by_one(self, group: Sequence[_Waiting]) -> None:
        for n, waiting in enumerate(group):
            self._write([waiting])
            if isinstance(waiting.outcome, Unavailable):
                # Nobody is to wait for an outage once for each who came before.
                _settle_unavailable(group[n + 1 :], UNREACHABLE, recorded=False)
                return

    def _explained(self, request: AppendRequest, *, claims_first: bool) -> Exception:
        try:
            return explained(self._database, request, claims_first=claims_first)
        except StoreError as error:
            return error


def _wake_in_turn(group: Sequence[_Waiting]) -> None:
    """So many at once as can be at work: the others are woken by those before them."""
    for before, waiting in zip(group, group[AWAKE:], strict=False):
        before.next.append(waiting)
    for waiting in group[:AWAKE]:
        waiting.wake()


def _settle_unavailable(group: Sequence[_Waiting], because: str, *, recorded: bool | None) -> None:
    for waiting in group:
        waiting.settle(Unavailable(because, recorded=recorded))


_Why = Callable[[AppendRequest, AppendRequest], Exception | None]
"""What becomes of a request once the other is on record; None when that is to be seen."""


def _apart(group: Sequence[_Waiting]) -> tuple[list[_Waiting], list[tuple[_Waiting, _Waiting, _Why]]]:
    """Those that can go out together, and those that one before them in the group is in the way of.

    As the database would look it up: the idempotency key first, then claims, then versions.
    """
    kept: list[_Waiting] = []
    held_back: list[tuple[_Waiting, _Waiting, _Why]] = []
    commands: dict[tuple[str, bytes], _Waiting] = {}
    claims: dict[tuple[str, str, bytes], _Waiting] = {}
    written: dict[tuple[str, str], tuple[int, _Waiting]] = {}
    types: dict[tuple[str, str], _Waiting] = {}
    for waiting in group:
        request = waiting.request
        ledger, command = request.ledger, request.command
        touched = [(ledger, claim.kind, claim.key) for claim in (*request.claims, *request.releases)]
        if command is not None and (before := commands.get((ledger, command.key))) is not None:
            held_back.append((waiting, before, _repeated))
            continue
        if (before := next((claims[claim] for claim in touched if claim in claims), None)) is not None:
            held_back.append((waiting, before, _claimed))
            continue
        if (before := _moved(request, written) or _sought(request, types)) is not None:
            held_back.append((waiting, before, lambda _request, _before: VersionConflict()))
            continue
        kept.append(waiting)
        if command is not None:
            commands[ledger, command.key] = waiting
        claims |= dict.fromkeys(touched, waiting)
        for event in request.events:
            written[ledger, str(event.originator_id)] = event.originator_version, waiting
            types[ledger, event.topic] = waiting
        # Whoever writes to a chart that one before them ends has to see that first.
        written |= dict.fromkeys([(ledger, stream) for stream in request.ends], (_ENDED, waiting))
    return kept, held_back


def _repeated(request: AppendRequest, before: AppendRequest) -> Exception:
    command = before.command
    if command is None or request.command is None or before.recorded_at is None:
        raise AssertionError("Commands that are on record are compared.")
    if request.command.body != command.body:
        return KeyReused()
    stream, version, latest = command.stream, command.version, command.latest
    receipt = Receipt(before.ledger, stream, version, latest, before.position, before.recorded_at, repeated=True)
    return AlreadyAnswered(receipt)


def _claimed(request: AppendRequest, before: AppendRequest) -> Exception | None:
    held = {(claim.kind, claim.key): claim.stream for claim in before.claims}
    for claim in request.claims:
        if held.get((claim.kind, claim.key), claim.stream) != claim.stream:
            return ClaimTaken(claim.kind)
    return None


def _moved(request: AppendRequest, written: dict[tuple[str, str], tuple[int, _Waiting]]) -> _Waiting | None:
    """The one before that takes a stream further than this request read it."""
    if not written:
        return None
    for stream, version in request.reads.items():
        latest, before = written.get((request.ledger, stream), (version, None))
        if latest != version:
            return before
    return None


def _sought(request: AppendRequest, types: dict[tuple[str, str], _Waiting]) -> _Waiting | None:
    """The one before that writes a fact which this request looked for and didn't find."""
    if request.none_since is None:
        return None
    return next((types[place] for name in request.none_since.types if (place := (request.ledger, name)) in types), None)
