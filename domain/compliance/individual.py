"""IND-1: does the patient see somebody alone?"""

from __future__ import annotations

from collections.abc import Iterable

from domain.compliance.interval import Interval, minutes
from domain.compliance.patient_period import PatientPeriod
from domain.compliance.rule_set import IndividualSessions
from domain.compliance.verdict import Row, first_true
from domain.session import SessionKind


def ind_1(week: PatientPeriod, terms: IndividualSessions) -> Row:
    """IND-1, patient and week: individual sessions with credit, a full minute at least. Figure: sessions.

    The facility offered one when it held one that the patient has a record for. Source: Landmark (individual therapy at
    least once a week).
    """
    owed = terms.at_least_sessions
    visits = [v for v in week.visits if v.slot.session.kind is SessionKind.INDIVIDUAL]
    value = _with_credit(v.credited for v in visits)
    verdict = first_true(
        active=week.is_active,
        full=week.is_full,
        met=value >= owed,
        over=week.is_over,
        offered=_with_credit(v.slot.interval for v in visits) >= owed,
        excused=_with_credit(v.if_excused_came for v in visits) >= owed,
    )
    missing = [f"times held of {v.slot.name}" for v in visits if v.slot.interval is None]
    if not visits:
        missing.append("individual session with a record of the patient")
    return week.row(
        terms.rule, verdict, value, owed, evidence=week.evidence_of(visits, SessionKind.INDIVIDUAL), missing=missing
    )


def _with_credit(intervals: Iterable[Interval | None]) -> int:
    return sum(1 for interval in intervals if interval is not None and minutes([interval]) >= 1)
