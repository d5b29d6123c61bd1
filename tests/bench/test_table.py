"""What is shown of figures: medians, ratios and bars."""

from __future__ import annotations

import pytest

from bench.table import Bar, Rates, Spread, rates_table, ratios, table, tally


def test_a_spread_shows_its_median_and_its_ends() -> None:
    assert Spread([3.0, 1.0, 2000.0]).shown() == "3 (1 to 2,000)"
    assert Spread([0.125, 0.25]).shown(2) == "0.19 (0.12 to 0.25)"


def test_a_bar_is_reached_by_the_median_alone() -> None:
    assert Bar(0.5).judged(Spread([0.1, 0.5, 0.9])) == "≥ 0.5 reached"
    assert Bar(0.5).judged(Spread([0.1, 0.49, 0.9])) == "≥ 0.5 missed"
    assert Bar(5, at_most=True).judged(5.0) == "≤ 5 reached"
    assert Bar(5, at_most=True).judged(5.1) == "≤ 5 missed"


def test_ratios_are_taken_within_a_round() -> None:
    # The medians alone would give 1.
    assert ratios([60.0, 600.0, 6.0], [100.0, 1000.0, 10.0]).values == pytest.approx([0.6, 0.6, 0.6])
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_ours_stands_beside_floor_and_peer_with_its_bars() -> None:
    figures = {"floor": [100.0, 1000.0, 10.0], "peer": [10.0, 100.0, 1.0], "ours": [60.0, 600.0, 6.0]}
    rows = [
        Rates(label="1", figures=figures, times_peer=1.2),
        Rates(label="32", figures=figures, of_floor=0.8, times_peer=8),
        Rates(label="two", figures={"floor": figures["floor"], "ours": figures["ours"]}, of_floor=0.35),
    ]
    header, _, one, many, two = rates_table("writers", "facts", rows)
    assert header.startswith("| writers | floor, facts/s | peer, facts/s | ours, facts/s | ours ÷ floor | bar |")
    assert one == (
        "| 1 | 100 (10 to 1,000) | 10 (1 to 100) | 60 (6 to 600)"
        " | 0.60 (0.60 to 0.60) |  | 6.0 (6.0 to 6.0) | ≥ 1.2 reached |"
    )
    assert many.split(" | ")[5:] == ["≥ 0.8 missed", "6.0 (6.0 to 6.0)", "≥ 8 missed |"]
    assert two.split(" | ")[2] == ""
    assert two.split(" | ")[5:] == ["≥ 0.35 reached", "", " |"]


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == ["| a | b |", "|---|---|", "| 1 | 2 |"]


def test_bars_are_counted_where_a_table_judges_them() -> None:
    rows = [["1", "≥ 0.5 reached", "≤ 2 missed"], ["reached", "", "≥ 3 missed"]]
    lines = [*table(["a", "bar", "bar"], rows), "", "The clients missed nothing."]
    assert tally(lines) == (1, 2)
    assert tally([]) == (0, 0)
