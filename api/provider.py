"""Tokens of an identity provider: verified by its public keys, never issued here.

This is how a program serves others than its own machine. The provider puts the claims of `api.tokens` into its access
tokens; who may hold which role at which site is its word, and the facility's staff list still decides each act.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.known_tokens import KnownTokens, SignedIn
from api.tokens import KeyFileError, TokenError, verified

ALGORITHMS: Final = ["ES256", "ES384", "RS256", "PS256"]
"""Signatures with a public key only: a shared secret, or none, is no proof of who issued a token."""


class Provider:
    """Verifies what one issuer signed for one audience. `clock` gives the time with offset."""

    loopback_only: Final = False

    def __init__(
        self, keys: KeySet, *, issuer: str, audience: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._known = KnownTokens()

    @classmethod
    def of_file(
        cls, path: Path, *, issuer: str, audience: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> Self:
        """The public keys of a JWKS file. KeyFileError where it holds none, or others than public ones."""
        try:
            keys = KeySet.import_key_set(json.loads(path.read_bytes()))
        except OSError as error:
            raise KeyFileError(f"{path.name} can't be read ({error.strerror}): name a JWKS file.") from None
        except (JoseError, ValueError, KeyError, TypeError):
            raise KeyFileError(f"{path.name} is no JWKS file: name the provider's public keys.") from None
        if not keys.keys or any(key.key_type == "oct" or key.is_private for key in keys.keys):
            raise KeyFileError(f"{path.name} must hold public keys, and nothing else.")
        return cls(keys, issuer=issuer, audience=audience, clock=clock)

    def verify(self, token: str) -> SignedIn:
        """Who holds the token. TokenError when it isn't the issuer's, isn't for us, is over or says too little."""
        now = self._clock()
        if (known := self._known.find(token, now)) is not None:
            return known
        header, found = verified(token, self._keys, ALGORITHMS, issuer=self._issuer, audience=self._audience, now=now)
        # An identity token, which tells a client who signed in, is no access token.
        if header.get("typ") not in ("at+jwt", "application/at+jwt", "JWT"):
            raise TokenError("This token isn't valid here.")
        self._known.keep(token, found)
        return found.signed_in
