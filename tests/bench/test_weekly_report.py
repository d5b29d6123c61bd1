"""The site that reports are measured on is one that the program itself could have made."""

from __future__ import annotations

import pytest

from bench import weekly_report
from bench.lab import Lab
from bench.large_site import LEDGER, NOW, YEAR, make_large_site
from bench.synthetic import SEATS
from bench.weekly_report import Asked
from domain.week import Week
from tests.projections.tables import folded, positions, written

GROUPS = 2


def test_the_read_tables_of_a_large_site_hold_what_its_facts_say(lab: Lab) -> None:
    made = make_large_site(lab, "large_made", groups=GROUPS)
    assert made.patients == GROUPS * SEATS
    with made.opened(3) as store:
        facts = [fact for after in range(0, made.facts, 5000) for fact in store.ledger(LEDGER).facts(after=after)]
        assert len(facts) == made.facts
        assert written(store, LEDGER) == folded(facts)
        assert set(positions(store, LEDGER).values()) == {made.facts}


def test_every_seat_is_taken_in_the_week_at_hand_and_in_that_of_a_year_ago(lab: Lab) -> None:
    made = make_large_site(lab, "large_asked", groups=GROUPS)
    for known_at in (None, NOW - YEAR):
        week = Week.of((known_at or NOW).date())
        asked = Asked("", made.app, lab.folder / "master.key", LEDGER, week, NOW, known_at, 1, None)
        took = weekly_report.measured(asked) if known_at is None else weekly_report.taken(asked)
        assert took.patients == GROUPS * SEATS
        assert took.position == made.facts or known_at is not None


def test_it_says_how_long_reports_take_and_how_much_memory(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    # That a process of its own measures is seen above: each takes two seconds to begin.
    monkeypatch.setattr(weekly_report, "measured", weekly_report.taken)
    lines = weekly_report.run(lab)
    assert [line.split("|")[1:3] for line in lines[2:]] == [
        [" large ", " present "],
        [" large ", " a year ago "],
        [" small ", " present "],
        [" small ", " a week ago "],
    ]
    assert "≤ 0.15" in lines[4]
