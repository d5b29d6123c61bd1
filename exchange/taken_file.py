"""A file that is taken in, and by whom: what the ledger keeps of it in a stream of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from domain.acts import ACTS
from domain.files import ImportFact
from domain.record import Envelope, Person, Source, stream_name
from domain.refused import Refused
from store.append import NewFact

_FILES: Final = UUID("5c1d7a36-0c1b-5a39-9a56-6d2ac0b54f0e")
"""Namespace of the streams of files: the same file has the same stream wherever it is taken in."""


_SHA256: Final = re.compile("[0-9a-f]{64}")


def stream_of_file(sha256: str) -> str | None:
    """The stream of the file with these bytes; None for what is no SHA-256 as this program writes it."""
    return stream_name("import", uuid5(_FILES, sha256)) if _SHA256.fullmatch(sha256) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFile:
    """`sha256` is that of the file as it lies on the disk, in hexadecimal; `at` is when, by the database's clock."""

    sha256: str
    by: Person
    at: datetime
    correlation_id: UUID

    @property
    def stream(self) -> str:
        stream = stream_of_file(self.sha256)
        if stream is None:
            raise AssertionError("A file that was read has its SHA-256.")
        return stream

    def closing(self, version: int, fact: ImportFact) -> NewFact:
        """The fact that closes an import or a restore of this file."""
        envelope = Envelope(by=self.by, source=Source.IMPORT, correlation_id=self.correlation_id)
        return NewFact(stream=self.stream, version=version, envelope=envelope, fact=fact)


def judge_operator(by: Person) -> None:
    """Refused unless the person may import and restore."""
    if by.role not in ACTS["ImportCompleted"].roles:
        raise Refused("file.not-permitted", "Taking in a file is not an act of this role: ask an operator.")
