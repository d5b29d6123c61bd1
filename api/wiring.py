"""What the application is wired from; put together by whoever starts it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Request

from api.tokens import Verifier
from projections.watch import Watches
from store.accesses import Accesses
from store.desk import Desk
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """`host` is the address that the application is served on: development tokens are for loopback alone.

    `clock` gives the time with offset; `new_id` the ids of what commands make, `new_seed` those of
    random draws; `watches` are over the sites of `store`.
    """

    store: Store
    desk: Desk
    accesses: Accesses
    tokens: Verifier
    clock: Callable[[], datetime]
    host: str = "127.0.0.1"
    new_id: Callable[[], UUID] = uuid4
    new_seed: Callable[[], str] = token_hex
    watches: Watches = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "watches", Watches(self.store))


def wiring_of(request: Request) -> Wiring:
    wiring: Wiring = request.app.state.wiring
    return wiring


async def _wired(request: Request) -> Wiring:
    # A dependency that isn't async would take a thread.
    return wiring_of(request)


Wired = Annotated[Wiring, Depends(_wired)]
