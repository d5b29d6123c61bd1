"""What the application is wired from; put together by whoever starts it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Request

from api.tokens import Verifier
from store.accesses import Accesses
from store.desk import Desk
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """`host` is the address that the application is served on: development tokens are for loopback alone.

    `clock` gives the time with offset; `new_id` the ids of what commands make.
    """

    store: Store
    desk: Desk
    accesses: Accesses
    tokens: Verifier
    clock: Callable[[], datetime]
    host: str = "127.0.0.1"
    new_id: Callable[[], UUID] = uuid4


def wiring_of(request: Request) -> Wiring:
    wiring: Wiring = request.app.state.wiring
    return wiring


Wired = Annotated[Wiring, Depends(wiring_of)]
