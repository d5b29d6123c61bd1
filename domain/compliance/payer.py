"""A payer's share of the record: the rows of a payer's rule set are about that payer's episodes alone."""

from __future__ import annotations

from dataclasses import replace

from domain.chart import Chart


def of_payer(chart: Chart, payer: str) -> Chart:
    """The chart with the payer's episodes alone, and what belongs to them."""
    kept = {
        key: episode
        for key, episode in chart.episodes.items()
        if episode.enrollment is not None and episode.enrollment.payer == payer
    }
    if len(kept) == len(chart.episodes):
        return chart
    return replace(
        chart,
        episodes=kept,
        attendances={key: one for key, one in chart.attendances.items() if one.episode_id in kept},
        screenings={key: one for key, one in chart.screenings.items() if one.episode_id in kept},
        step_downs={key: one for key, one in chart.step_downs.items() if one.episode_id in kept},
    )
