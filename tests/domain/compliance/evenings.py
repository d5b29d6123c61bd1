"""A patient of a cohort that meets Mon/Tue/Thu from 18:00 to 21:00, in the week 2026-W10."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tests.domain.program import Patient, Program

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 3, n) for n in range(2, 7))
SUNDAY = date(2026, 3, 8)


class Evenings(Program):
    """A program with one cohort, one active patient, and three evenings held."""

    def __init__(self) -> None:
        super().__init__()
        self.cohort_id = self.cohort("mon", "tue", "thu")
        self.ann = self.patient(self.cohort_id, date(2026, 2, 20))
        self.ann.admitted(date(2026, 2, 23))

    def evening(self, on: date, starts: str = "18:00", ends: str = "21:00") -> UUID:
        return self.held(self.cohort_id, f"{on} {starts}", f"{on} {ends}")

    def three_evenings(self) -> tuple[UUID, UUID, UUID]:
        return self.evening(MONDAY), self.evening(TUESDAY), self.evening(THURSDAY)


def ann_of(program: Evenings, *attended: UUID) -> Patient:
    for session_id in attended:
        program.ann.attended(session_id)
    return program.ann
