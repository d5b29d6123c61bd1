"""ATT-1: does the patient come to what they are expected in?"""

from __future__ import annotations

from domain.compliance.patient_week import PatientWeek, Visit
from domain.compliance.rule_set import ShowRate
from domain.compliance.verdict import Row, Verdict


def att_1(week: PatientWeek, terms: ShowRate) -> Row:
    """ATT-1, patient and week: sessions recorded as attended, of the expected ones.

    Excused absences stay in the divisor; no record is not attended. Our default, no source sets a rate.
    """
    expected = week.expected
    attended = [visit for visit in expected if visit.attended]
    evidence = [name for visit in expected if (name := week.record_of(visit))]
    if expected:
        evidence += [visit.slot.planned_by for visit in expected]
        evidence += [*week.admitted_by, *week.assigned_by]
    return week.row(
        terms.rule,
        _verdict(week, expected),
        len(attended),
        len(expected),
        evidence=evidence,
        missing=[f"attendance record in {visit.slot.name}" for visit in expected if visit.record is None],
    )


def _verdict(week: PatientWeek, expected: list[Visit]) -> Verdict:
    """In an order of its own: `met` comes after `pending`, since a session still to come may be missed."""
    if not week.is_active:
        return Verdict.NOT_APPLICABLE
    if not week.is_full:
        return Verdict.PARTIAL
    if not week.is_over:
        return Verdict.PENDING
    if not expected:
        return Verdict.NOT_APPLICABLE
    missed = [visit for visit in expected if not visit.attended]
    if not missed:
        return Verdict.MET
    return Verdict.NOT_MET_EXCUSED if all(visit.excused for visit in missed) else Verdict.NOT_MET
