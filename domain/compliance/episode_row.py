"""The row of a finding about a patient that rests on facts of the chart alone."""

from __future__ import annotations

from collections.abc import Iterable

from domain.chart import Chart
from domain.compliance.period import Period
from domain.compliance.verdict import Figures, Row, Verdict, cited
from domain.record import stream_name


def episode_row(
    chart: Chart,
    rule: str,
    period: Period,
    verdict: Verdict,
    value: int,
    of: int,
    *,
    versions: Iterable[int],
    also: Iterable[str] = (),
    missing: Iterable[str] = (),
    figures: Figures = (),
) -> Row:
    """`versions` are those of the chart's facts behind it, `also` names facts of other streams."""
    stream = stream_name("chart", chart.patient_id)
    return Row(
        rule=rule,
        subject="patient",
        subject_id=str(chart.patient_id),
        period_start=period.first,
        period_end=period.last,
        verdict=verdict,
        value=value,
        of=of,
        evidence=cited([*(f"{stream}@{version}" for version in versions), *also]),
        missing=tuple(missing),
        figures=figures,
    )
