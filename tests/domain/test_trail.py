"""Where each fact left the patient, and how two statuses of one date differ."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chart import fold
from domain.record import stream_uuid
from domain.status import episode_shown
from domain.trail import STANDING, differing, standings
from domain.week import local_date
from tests.sample_program import known, sample, site_of

CHARTS = {stream: entries for stream, entries in known(sample()).items() if stream.startswith("chart/")}
SITE = site_of(sample()).facility


@pytest.mark.parametrize("stream", sorted(CHARTS)[::4])
def test_what_changed_adds_up_to_what_was_known_right_after_each_fact(stream: str) -> None:
    """Folded anew for each fact, as of the day of its recording."""
    entries = CHARTS[stream]
    told: dict[str, Any] = dict.fromkeys(STANDING)
    for n, moved in enumerate(standings(stream_uuid(stream), entries, SITE), start=1):
        assert all(told[name] != value for name, value in moved.items())
        told |= moved
        on = local_date(entries[n - 1].recorded_at, SITE.clock)
        shown = episode_shown(fold(stream_uuid(stream), entries[:n]), SITE, on)
        assert told == {name: shown[name] for name in STANDING}


def test_the_way_of_a_patient_is_told_state_by_state() -> None:
    """In the sample somebody was admitted, tapered and was discharged."""
    ways = [
        [moved["state"] for moved in standings(stream_uuid(stream), entries, SITE) if "state" in moved]
        for stream, entries in CHARTS.items()
    ]
    assert all(way[0] == "inquiry" for way in ways if way)
    assert any(way[-3:] == ["active", "tapering", "discharged"] for way in ways)


VALUES = st.none() | st.integers(0, 3) | st.lists(st.sampled_from(["a", "b"]), max_size=2)
STATUSES = st.fixed_dictionaries(
    {"as_of": st.just("2026-04-17"), "known_at": st.text(max_size=3), "position": st.integers()},
    optional={
        "episode": st.dictionaries(st.sampled_from(["state", "cohort_id"]), VALUES),
        "flags": VALUES,
        "merged_into": VALUES,
    },
)


def flat(status: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in status.items():
        if name in ("as_of", "known_at", "position"):
            continue
        found |= {f"{name}.{i}": v for i, v in value.items()} if isinstance(value, dict) else {name: value}
    return {name: value for name, value in found.items() if value is not None}


@settings(max_examples=300)
@given(before=STATUSES, after=STATUSES)
def test_the_differences_lead_from_one_status_to_the_other_and_say_nothing_else(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    changes = differing(before, after)
    assert all(one["before"] != one["after"] for one in changes)
    assert all(flat(before).get(one["field"]) == one["before"] for one in changes)
    reached = flat(before) | {one["field"]: one["after"] for one in changes}
    assert {name: value for name, value in reached.items() if value is not None} == flat(after)


def test_where_there_was_no_chart_everything_is_new() -> None:
    assert differing(None, {"position": 3, "week": {"minutes": 0}, "flags": []}) == [
        {"field": "week.minutes", "before": None, "after": 0},
        {"field": "flags", "before": None, "after": []},
    ]
