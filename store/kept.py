"""The rows of issued reports: kept as they were issued, in the transaction of the fact that says their hash.

They tell of charts, so they never lie in plain: each report's are packed and sealed under a key of its own, bound to
ledger, stream and hash. The keys of the charts in them open nothing here, and their end changes nothing here.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, LiteralString

from store.database import Database
from store.errors import KeyAltered, KeyringError, RowsAltered, Unreadable
from store.ledger_keys import LedgerKeys
from store.round_trip import Sent, Statement, blobs, texts
from store.sealing import ChartKey, NotOpened, bound

_WRITE: Final = Statement.of(
    "kept_rows",
    """
INSERT INTO kept_rows (ledger, stream, sha256, body)
SELECT new.name, new.stream, new.sha256, new.body
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) AS new (name, stream, sha256, body)
""",
)
_READ: Final[LiteralString] = """
SELECT body FROM kept_rows WHERE ledger = %(ledger)s AND sha256 = %(sha256)b AND stream = %(stream)s
"""


@dataclass(frozen=True, slots=True)
class KeptRows:
    """A report's rows in their canonical form, and the stream of the report."""

    stream: str
    canonical: bytes


@dataclass(frozen=True, slots=True)
class SealedRows:
    """The same as they are stored; `sha256` is that of the canonical form."""

    stream: str
    sha256: bytes
    body: bytes


def seal_rows(key: ChartKey, ledger: str, kept: KeptRows) -> SealedRows:
    digest = sha256(kept.canonical)
    # Evidence repeats the names of few streams: packed, rows take a tenth of the room.
    body = key.seal(zlib.compress(kept.canonical), _place(ledger, kept.stream, digest.hexdigest()))
    return SealedRows(kept.stream, digest.digest(), body)


def written_rows(kept: Sequence[tuple[str, SealedRows]]) -> list[Sent]:
    """What writes the rows of reports, each with its ledger."""
    if not kept:
        return []
    rows = [one for _, one in kept]
    return [
        (
            _WRITE,
            [
                texts([ledger for ledger, _ in kept]),
                texts([one.stream for one in rows]),
                blobs([one.sha256 for one in rows]),
                blobs([one.body for one in rows]),
            ],
        )
    ]


def read_rows(database: Database, keys: LedgerKeys, ledger: str, stream: str, digest: str) -> bytes | None:
    """The canonical form of the rows that were kept under this hash, in hexadecimal; None where this database never had
    any. RowsAltered when they are gone, don't open, or hash to something else."""
    [found] = database.select((_READ, {"ledger": ledger, "sha256": bytes.fromhex(digest), "stream": stream}))
    if not found:
        if _has_key(keys, stream):
            raise RowsAltered(stream)
        return None
    try:
        canonical = zlib.decompress(keys.one(stream).unseal(found[0][0], _place(ledger, stream, digest)))
    except (NotOpened, Unreadable, KeyringError, zlib.error):
        raise RowsAltered(stream) from None
    if sha256(canonical).hexdigest() != digest:
        raise RowsAltered(stream)
    return canonical


def _has_key(keys: LedgerKeys, stream: str) -> bool:
    """A key comes with the rows: alone, it says that there were some, be it altered."""
    try:
        keys.one(stream)
    except KeyAltered:
        return True
    except Unreadable:
        return False
    return True


def _place(ledger: str, stream: str, digest: str) -> bytes:
    return bound("rows", ledger, stream, digest)
