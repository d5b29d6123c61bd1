"""The master key and what it wraps. Wrapped keys lie in the database, the master key never does."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.errors import KeyringError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

_FINGERPRINT: Final = b"stepdown: which master key this is"
"""What the fingerprint hashes, keyed by the key: 32 random bytes are beyond guessing."""


class Keyring(Protocol):
    """Wraps keys under a master key. `about` says what the key is for; it opens for nothing else."""

    def wrap(self, key: bytes, about: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """KeyringError when it was wrapped by another master key, or for something else."""
        ...


class FileKeyring:
    """A master key in a file of its own, for one machine. Whoever loses the file loses every chart.

    Made on first use, for its owner's eyes alone; refused when others may read it. `fingerprint`, 32 hex digits, tells
    keys apart and helps nobody to guess one: a backup says by it which key it needs.
    """

    def __init__(self, path: Path) -> None:
        try:
            key = _read(path) if path.exists() else _make(path)
        except OSError as error:
            raise KeyringError(
                f"The master key {path} can't be read or made ({error.strerror}): give this account permission there."
            ) from None
        self._cipher = AESGCM(key)
        self.fingerprint: Final = hmac.digest(key, _FINGERPRINT, "sha256").hex()[:32]

    def wrap(self, key: bytes, about: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], about)
        except (InvalidTag, ValueError):  # The latter where too little is left of it.
            raise KeyringError(
                "This master key doesn't open the keys of this database: use the key file that it was made with."
            ) from None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise KeyringError(f"The master key {path} is open to others: make it yours alone (chmod 600).")
        text = file.read()
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyringError(f"The master key {path} is damaged: restore it from its backup.")
    return key


def _make(path: Path) -> bytes:
    """Written beside and linked into place: never half a key, and of two first users one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES).hex().encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return _read(path)
    finally:
        os.unlink(beside)
    _sync(path.parent)
    return _read(path)


def _sync(folder: Path) -> None:
    """A new name in a folder lasts once the folder is written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
