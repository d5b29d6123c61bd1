"""Tokens that were verified before: a signature is checked once, the times of a token at each request."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Final

from domain.record import Person

KEPT: Final = 10_000
"""Tokens at hand, of everybody who is signed in at some hundred sites. About 5 MB."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person and the one site that they are signed in at."""

    person: Person
    facility: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token said whose signature was right. It holds from `since` to before `until`, in seconds since 1970."""

    signed_in: SignedIn
    since: float
    until: float


class KnownTokens:
    """Of one issuer's keys: whoever is given other keys begins with none. Tokens are known by their hash alone.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Verified] = OrderedDict()
        self._lock = Lock()

    def find(self, token: str, now: datetime) -> SignedIn | None:
        """Who holds it, if it was verified before and holds now."""
        name = _name(token)
        with self._lock:
            known = self._known.get(name)
            if known is None:
                return None
            if not known.since <= int(now.timestamp()) < known.until:
                del self._known[name]
                return None
            self._known.move_to_end(name)
            return known.signed_in

    def keep(self, token: str, verified: Verified) -> None:
        with self._lock:
            self._known[_name(token)] = verified
            if len(self._known) > KEPT:
                self._known.popitem(last=False)


def _name(token: str) -> bytes:
    return sha256(token.encode(errors="surrogatepass")).digest()
