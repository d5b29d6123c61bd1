"""A program that is told fact by fact, and what its first patient's status says of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.session import SessionKind
from domain.status import census_row, present
from tests.domain.program import LATER, Program

COHORT_DAYS = ("mon", "tue", "thu")
FIRST = date(2026, 2, 23)


class Told(Program):
    """One patient of one cohort, admitted on Monday 2026-02-23."""

    def __init__(self) -> None:
        super().__init__()
        self.cohort_id = self.cohort(*COHORT_DAYS)
        self.ann = self.patient(self.cohort_id, date(2026, 2, 20))
        self.ann.admitted(FIRST)

    def evening(self, on: str, kind: SessionKind = SessionKind.GROUP) -> UUID:
        return self.held(self.cohort_id, f"{on} 18:00", f"{on} 21:00", kind=kind)

    def status(self, as_of: str, known_at: datetime = LATER) -> dict[str, Any]:
        site = self.site(known_at)
        return present(
            site.charts[self.ann.patient_id],
            sessions=site.sessions,
            cohorts=site.cohorts,
            facility=site.facility,
            as_of=date.fromisoformat(as_of),
            known_at=known_at,
            position=1,
        )

    def census(self, as_of: str) -> dict[str, Any] | None:
        site = self.site()
        chart = site.charts[self.ann.patient_id]
        asked = date.fromisoformat(as_of)
        return census_row(chart, facility=site.facility, sessions=site.sessions, cohorts=site.cohorts, as_of=asked)
