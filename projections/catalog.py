"""Every projection of this version."""

from __future__ import annotations

from typing import Final

from projections import attendance, census, names, sessions, status
from projections.projection import Projection

PROJECTIONS: Final[tuple[Projection, ...]] = (
    status.PROJECTION,
    sessions.PROJECTION,
    attendance.PROJECTION,
    census.PROJECTION,
    names.PROJECTION,
)
