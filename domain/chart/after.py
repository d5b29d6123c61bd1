"""After treatment: aftercare once a week, free of charge, for those who completed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AftercareStarted:
    episode_id: UUID
    on: date
