"""The monthly report: the show rate of a site, and the positivity of its screens."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from domain.compliance.attendance import att_1_of_month
from domain.compliance.patient_period import care_in
from domain.compliance.payer import of_payer
from domain.compliance.period import Period
from domain.compliance.rule_set import Positivity, RuleSet, ShowRate, Terms
from domain.compliance.screening import scr_3
from domain.compliance.timetable import lay_out
from domain.compliance.verdict import Row
from domain.month import Month
from domain.site import Site

MONTHLY: Final[tuple[type[Terms], ...]] = (ShowRate, Positivity)
"""The rules that a monthly report has rows for."""


def assess_month(
    site: Site, month: Month, *, rule_set: RuleSet, as_of: date, known_at: datetime, payer: str | None = None
) -> list[Row]:
    """The rows of a month's report, sorted by rule. `site`, `as_of`, `known_at` and `payer` as for a week's."""
    period, code, zone = Period.of_month(month), site.facility.code or "", site.facility.clock
    charts = list(site.charts.values())
    if payer is not None:
        charts = [of_payer(chart, payer) for chart in charts]
    rows = []
    if (rate := rule_set.terms(ShowRate)) is not None:
        timetable = lay_out(
            site.sessions.values(),
            period,
            zone=zone,
            modalities=rule_set.modalities,
            as_of=as_of,
            known_at=known_at,
        )
        months = [care for chart in charts if (care := care_in(chart, timetable, site.cohorts, period)) is not None]
        rows.append(att_1_of_month(months, code, period, as_of, rate))
    if (positivity := rule_set.terms(Positivity)) is not None:
        rows.append(scr_3(charts, code, period, zone, as_of, positivity))
    return sorted(rows, key=lambda row: row.place)
