"""The monthly report: the show rate of a site, and the positivity of its screens."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from domain.compliance.attendance import ShowRateOfSite
from domain.compliance.patient_period import care_in
from domain.compliance.payer import of_payer
from domain.compliance.period import Period
from domain.compliance.rule_set import Positivity, RuleSet, ShowRate, Terms
from domain.compliance.screening import PositivityOfSite
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
    rate, positivity = rule_set.terms(ShowRate), rule_set.terms(Positivity)
    timetable = lay_out(
        site.sessions.values(),
        period,
        zone=zone,
        modalities=rule_set.modalities,
        as_of=as_of,
        known_at=known_at,
    )
    shown, screens = ShowRateOfSite(), PositivityOfSite(period, zone, as_of)
    # Each chart is looked at once, and let go: a site may open them as they are asked for.
    for chart in site.charts.values():
        theirs = chart if payer is None else of_payer(chart, payer)
        if rate is not None and (care := care_in(theirs, timetable, site.cohorts, period)) is not None:
            shown.note(care)
        if positivity is not None:
            screens.note(theirs)
    rows = []
    if rate is not None:
        rows.append(shown.att_1(code, period, as_of, rate))
    if positivity is not None:
        rows.append(screens.scr_3(code, positivity))
    return sorted(rows, key=lambda row: row.place)
