"""Who needs what by when at a site, by the adopted rule set: for today from the read tables, at any other cut from the
ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.at_risk.due import DAYS_AFTER, Due
from domain.at_risk.due_site import StaffDue
from domain.at_risk.hours import Chance, Goal, Hours
from domain.at_risk.listing import AtRisk, AtRiskList, at_risk
from domain.compliance.rule_set import RuleSet
from domain.site import Site
from domain.week import Week
from exchange.cut import Cut, Knowledge, cut_at, take_cut, utc_text
from exchange.reports import ASKED_NOTHING, applying, site_at
from projections.in_care import site_in_care
from projections.site import A_DAY, is_past
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRiskAnswer:
    """`asked_at` is the moment at which a session is over or is not: asked again with it as `known_at`, the answer is
    the same."""

    facility: str
    week: Week
    rule_set: RuleSet
    cut: Cut
    asked_at: datetime
    found: AtRiskList

    @property
    def patients(self) -> list[UUID]:
        """Whose charts are shown."""
        return sorted({row.patient_id for row in self.found.rows})

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        known = self.cut.knowledge
        asked = known.asked_known_at
        return {
            "facility": self.facility,
            "week": str(self.week),
            "as_of": self.cut.as_of.isoformat(),
            "known_at": utc_text(known.known_at),
            **({} if asked is None else {"asked_known_at": utc_text(asked)}),
            "position": known.position,
            "asked_at": utc_text(self.asked_at),
            "rule_set": self.rule_set.name,
            "rule_set_version": self.rule_set.version,
            "rows": [_row(row) for row in self.found.rows],
            "staff": [_staff(one) for one in self.found.staff],
        }


def answer(
    store: Store,
    facility: str,
    *,
    now: datetime,
    week: Week | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> AtRiskAnswer:
    """Without a week that of `as_of`, which is today at the site by `now`, or the local date of `known_at`.

    By the rule set adopted by the week's Sunday. NotOnRecord for a site that was not open at the cut.
    """
    site, cut = _site(store, facility, now=now, week=week, as_of=as_of, known_at=known_at)
    of_week = week or Week.of(cut.as_of)
    rules = applying(cut.facility, of_week.sunday, ASKED_NOTHING)
    asked_at = _asked_at(cut, known_at, now)
    found = at_risk(site, of_week, rule_set=rules, as_of=cut.as_of, known_at=asked_at)
    return AtRiskAnswer(facility=facility, week=of_week, rule_set=rules, cut=cut, asked_at=asked_at, found=found)


def _site(
    store: Store, facility: str, *, now: datetime, week: Week | None, as_of: date | None, known_at: datetime | None
) -> tuple[Site, Cut]:
    """From the read tables what is about now, where they are near enough and lack nothing; else from the ledger."""
    if known_at is None and not is_past(as_of, now):
        on = as_of or now.astimezone(UTC).date()
        around = week or Week.of(on)
        present = site_in_care(
            store,
            facility,
            open_on=on,
            left_since=min(on - timedelta(days=DAYS_AFTER), around.monday),
            first=min(around.monday, Week.of(on - A_DAY).monday),
            last=max(around.sunday, Week.of(on + A_DAY).sunday),
        )
        if present is not None:
            site, position, known_until = present
            known = Knowledge(position=position, known_at=known_until.astimezone(UTC))
            return site, cut_at(known, site.facility, known_at=None, as_of=as_of, now=now)
    ledger = store.ledger(facility)
    cut = take_cut(ledger, known_at=known_at, as_of=as_of, now=now)
    return site_at(ledger, cut.knowledge.position), cut


def _asked_at(cut: Cut, known_at: datetime | None, now: datetime) -> datetime:
    """Now, or what is given: the last fact may be hours old, and evenings over since that nobody has recorded."""
    return max(cut.knowledge.known_at, now if known_at is None else min(known_at, now))


def _row(row: AtRisk) -> dict[str, Any]:
    return {
        "patient_id": str(row.patient_id),
        "episode_id": str(row.episode_id),
        "state": row.state.value,
        "since": row.since.isoformat(),
        "cohort_id": None if row.cohort_id is None else str(row.cohort_id),
        "days_left": row.days_left,
        "hours": None if row.hours is None else _hours(row.hours),
        "due": [_due(due) for due in row.due],
    }


def _hours(hours: Hours) -> dict[str, Any]:
    return {
        "minutes": hours.minutes,
        "goals": [_goal(goal) for goal in hours.goals],
        "ahead": [_chance(chance) for chance in hours.ahead],
        "unrecorded": [_chance(chance) for chance in hours.unrecorded],
        "untimed": [_chance(chance) for chance in hours.untimed],
    }


def _goal(goal: Goal) -> dict[str, Any]:
    return {
        "rule": goal.rule,
        "value": goal.value,
        "of": goal.of,
        "verdict": goal.reach.value,
        "sessions": [str(chance.session.session_id) for chance in goal.sessions],
        "short_by": goal.short_by,
        "because": None if goal.because is None else goal.because.value,
    }


def _chance(chance: Chance) -> dict[str, Any]:
    """The interval is that which counts: of who came late it begins when they came."""
    return {
        "session_id": str(chance.session.session_id),
        "kind": chance.session.kind.value,
        "on": chance.day.isoformat(),
        "from_at": utc_text(chance.interval.start),
        "to_at": utc_text(chance.interval.end),
        "minutes": chance.minutes,
    }


def _due(due: Due) -> dict[str, Any]:
    return {
        "step": due.step.value,
        "rule": due.rule,
        "due_on": due.due_on.isoformat(),
        "days_left": due.days_left,
        "since": due.since,
        "sentence": due.sentence,
    }


def _staff(one: StaffDue) -> dict[str, Any]:
    return {"staff_id": str(one.staff_id), "role": one.role, "credential": one.credential, **_due(one.due)}
