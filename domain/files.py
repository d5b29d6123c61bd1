"""What the ledger keeps of files that came in: one stream for each file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCompleted:
    """`file_sha256` in hexadecimal; `facts` and `rejects` count lines."""

    file_sha256: str
    facts: int
    rejects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRestored:
    """`former_checkpoint` is the last signed checkpoint of the ledger that the file came from, where there is one."""

    file_sha256: str
    facts: int
    former_checkpoint: str | None = None


ImportFact: TypeAlias = ImportCompleted | LedgerRestored
