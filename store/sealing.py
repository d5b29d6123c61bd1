"""Encryption under a chart's key, keyed hashes under a ledger's, and what each is bound to.

Bound means: as associated data of AES-GCM, so that a ciphertext opens in its own place alone. Parts are
length-prefixed: no two lists of parts give the same bytes.
"""

from __future__ import annotations

from hashlib import sha256
from ssl import RAND_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.keys import NONCE_BYTES

DIGEST_BYTES: Final = 16

_BLOCK_BYTES: Final = 64
"""Of SHA-256. Keys are shorter."""

_AES_256_GCM: Final = b"\x01"
"""The first byte of every ciphertext says how it is to be opened."""


def bound(*parts: str) -> bytes:
    """The parts as one value, each behind its length in bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join([len(part).to_bytes(4, "big") + part for part in encoded])


class NotOpened(Exception):
    """A ciphertext that isn't what its place says: altered, moved, or under another key."""


class ChartKey:
    """The key of one chart, ready for use."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, plaintext: bytes, about: bytes) -> bytes:
        # OpenSSL's generator, as good as the system's: to ask that would be to let go of Python's lock, and under load
        # every fact would wait for its turn again.
        nonce = RAND_bytes(NONCE_BYTES)
        return b"".join((_AES_256_GCM, nonce, self._cipher.encrypt(nonce, plaintext, about)))

    def unseal(self, sealed: bytes, about: bytes) -> bytes:
        """NotOpened when `about` isn't what it was sealed with, or a bit has changed."""
        if sealed[:1] != _AES_256_GCM:
            raise NotOpened
        try:
            return self._cipher.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], about)
        except InvalidTag:
            raise NotOpened from None


class LookupKey:
    """Keyed hashes of one ledger: equal values are found, nobody without the key can guess them."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        # Both halves of HMAC, begun once with the key. `hmac.digest` lets go of Python's lock for a microsecond's
        # work: under load, every hash would wait for its turn again.
        padded = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(self, what: str, *parts: str | bytes) -> bytes:
        """HMAC-SHA256 of the parts, cut to 16 bytes. `what` keeps the uses of the key apart."""
        encoded = [part if isinstance(part, bytes) else part.encode() for part in (what, *parts)]
        message = b"".join([len(part).to_bytes(8, "big") + part for part in encoded])
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()[:DIGEST_BYTES]
