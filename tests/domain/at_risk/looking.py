"""Somebody of a cohort that meets Mon/Tue/Thu from 18:00 to 21:00, looked at at 17:55 on a day of 2026-W10."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from domain.at_risk.due import Due
from domain.at_risk.hours import Goal, Hours
from domain.at_risk.listing import AtRisk, AtRiskList, at_risk
from domain.compliance.rule_set import RuleSet
from domain.session import CancellationCause, SessionCancelled, SessionHeld
from domain.week import Week, local_date
from tests.domain.compliance.evenings import MONDAY, THURSDAY, TUESDAY, Evenings
from tests.domain.program import ZONE, Program, local
from tests.rule_sets import LANDMARK_IOP


class Ahead(Evenings):
    """The three evenings are planned; none is held yet. Facts are on record from the beginning of the year."""

    def __init__(self) -> None:
        super().__init__()
        self.monday, self.tuesday, self.thursday = (
            self.planned(self.cohort_id, f"{on} 18:00", f"{on} 21:00") for on in (MONDAY, TUESDAY, THURSDAY)
        )

    def takes_place(self, session_id: UUID, starts: str, ends: str) -> None:
        held = SessionHeld(started_at=local(starts), ended_at=local(ends), staff=())
        self.record(f"session/{session_id}", held)

    def cancelled(self, session_id: UUID) -> None:
        self.record(f"session/{session_id}", SessionCancelled(cause=CancellationCause.FACILITY))

    def monday_attended(self, until: str = "21:00") -> None:
        self.takes_place(self.monday, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
        self.ann.attended(self.monday, f"{MONDAY} 18:00", f"{MONDAY} {until}")


def looked_at(
    program: Program,
    at: str | datetime,
    *,
    week: str | None = None,
    as_of: date | None = None,
    rule_set: RuleSet = LANDMARK_IOP,
) -> AtRiskList:
    """The list as it is seen at a local time, with all on record by then: that is how late everything was recorded."""
    known_at = local(at) if isinstance(at, str) else at
    on = as_of or local_date(known_at, ZONE)
    label = Week.of(on) if week is None else Week.parse(week)
    return at_risk(program.site(known_at), label, rule_set=rule_set, as_of=on, known_at=known_at)


def only(found: AtRiskList) -> AtRisk:
    (row,) = found.rows
    return row


def hours(found: AtRiskList) -> Hours:
    seen = only(found).hours
    assert seen is not None
    return seen


def goal(found: AtRiskList, rule: str = "HRS-1") -> Goal:
    return next(one for one in hours(found).goals if one.rule == rule)


def told(one: Goal) -> tuple[str, int, int, list[UUID]]:
    return one.reach.value, one.value, one.of, [chance.session.session_id for chance in one.sessions]


def dues(found: AtRiskList, step: str) -> list[Due]:
    return [due for row in found.rows for due in row.due if due.step == step]
