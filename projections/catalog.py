"""Every projection of this version."""

from __future__ import annotations

from typing import Final

from projections import activity, attendance, census, elsewhere, names, screenings, sessions, status, step_downs
from projections.projection import Projection

PROJECTIONS: Final[tuple[Projection, ...]] = (
    status.PROJECTION,
    sessions.PROJECTION,
    attendance.PROJECTION,
    census.PROJECTION,
    names.PROJECTION,
    screenings.PROJECTION,
    step_downs.PROJECTION,
    activity.PROJECTION,
    elsewhere.PROJECTION,
)
