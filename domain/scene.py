"""What a judgement may look at besides the stream that the fact goes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.cohort import Cohort
from domain.compliance.rule_sets import RuleSets
from domain.facility import Facility, opened_zone
from domain.session import Session

if TYPE_CHECKING:
    from domain.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The site as it is when somebody decides.

    `at` is the writer's clock, never below the ledger's last `recorded_at`; for an imported line it is when the line
    was recorded elsewhere. `sessions` holds those that the chart has records for and the one at hand, `charts` those
    that the facts of the stream, or the one at hand, name, `elsewhere` those that the fact names in other ledgers,
    `rule_sets` what can be adopted. `untold` are patients of whose charts a file tells no more than that they were
    destroyed: what is said of them elsewhere can't be judged by them any more. `position` is that of the last fact
    before the one at hand; None where a file doesn't say it, or nothing is recorded.
    """

    ledger: str
    at: datetime
    facility: Facility
    cohorts: Mapping[UUID, Cohort] = field(default_factory=dict)
    sessions: Mapping[UUID, Session] = field(default_factory=dict)
    charts: Mapping[UUID, Chart] = field(default_factory=dict)
    elsewhere: Mapping[tuple[str, UUID], Chart] = field(default_factory=dict)
    rule_sets: RuleSets = field(default_factory=RuleSets)
    untold: frozenset[UUID] = frozenset()
    position: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The facility's; `Refused` before it is opened."""
        return opened_zone(self.facility)
