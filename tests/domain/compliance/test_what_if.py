"""The same week under other rules: given what happened, then this differs, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn

from domain.compliance.rule_set import RuleSet
from domain.compliance.thresholds import Threshold, read_threshold, with_thresholds
from domain.compliance.verdict import Row, Verdict
from domain.compliance.what_if import Pair, paired, verdicts, what_if
from domain.month import Month
from domain.week import Week
from tests.domain.compliance.evenings import MONDAY, THURSDAY, TUESDAY, Evenings, ann_of
from tests.domain.compliance.histories import History, weeks_of_care
from tests.domain.program import LATER
from tests.rule_sets import ASAM_2_1, AZ_S9480, LANDMARK_IOP, TEDS_IOP

W10 = Week.parse("2026-W10")


def changed(rule_set: RuleSet, *written: str) -> RuleSet:
    return with_thresholds(rule_set, [read_threshold(text) for text in written])[0]


def compared(program: Evenings, other: RuleSet, *, adopted: RuleSet = LANDMARK_IOP) -> dict[str, Pair]:
    """The pairs of the only patient's week, by rule."""
    pairs = what_if(program.site(), W10, adopted=adopted, other=other, as_of=W10.sunday, known_at=LATER)
    return {pair.row.rule: pair for pair in pairs if pair.row.subject == "patient"}


def shown(row: Row | None) -> tuple[str, int, int] | None:
    return None if row is None else (row.verdict.value, row.value, row.of)


def two_evenings_and_two_hours() -> Evenings:
    program = Evenings()
    ann_of(program, program.evening(MONDAY), program.evening(TUESDAY)).attended(
        program.evening(THURSDAY), f"{THURSDAY} 18:00", f"{THURSDAY} 20:00"
    )
    return program


def test_a_lower_threshold_turns_the_rule_that_it_belongs_to_and_no_other() -> None:
    pairs = compared(two_evenings_and_two_hours(), changed(LANDMARK_IOP, "HRS-1.at_least_minutes=480"))
    assert shown(pairs["HRS-1"].adopted) == ("not_met", 480, 540)
    assert shown(pairs["HRS-1"].other) == ("met", 480, 480)
    assert [rule for rule, pair in pairs.items() if pair.changed] == ["HRS-1"]


def test_several_thresholds_change_at_once() -> None:
    other = changed(LANDMARK_IOP, "HRS-2.at_least_days=2", "HRS-2.of_at_least_minutes=120", "HRS-4.at_most_minutes=479")
    pairs = compared(two_evenings_and_two_hours(), other)
    assert shown(pairs["HRS-2"].other) == ("met", 3, 2)
    assert shown(pairs["HRS-4"].other) == ("not_met", 480, 479)
    assert not pairs["HRS-1"].changed


def test_a_rule_that_the_other_set_leaves_out_stands_alone_and_has_not_changed() -> None:
    pairs = compared(two_evenings_and_two_hours(), TEDS_IOP)
    assert pairs["HRS-1"].other is None
    assert not pairs["HRS-1"].changed
    assert shown(pairs["HRS-2"].other) == ("met", 3, 3)
    assert compared(two_evenings_and_two_hours(), LANDMARK_IOP, adopted=TEDS_IOP)["HRS-1"].adopted is None


def test_verdicts_are_counted_by_rule_under_both() -> None:
    pairs = compared(two_evenings_and_two_hours(), AZ_S9480).values()
    assert verdicts(pairs)["HRS-2"] == ({Verdict.NOT_MET: 1}, {Verdict.MET: 1})
    assert verdicts(pairs)["HRS-4"] == ({Verdict.MET: 1}, {})


def test_windows_of_another_length_are_not_put_beside_each_other() -> None:
    """Of the windows that end in the week of 2026-03-02, from the admission on 2026-02-23."""
    program = Evenings()
    both = what_if(
        program.site(),
        W10,
        adopted=LANDMARK_IOP,
        other=changed(LANDMARK_IOP, "FAM-1.every_days=13"),
        as_of=W10.sunday,
        known_at=LATER,
    )
    family = [(p.adopted is None, p.row.period_end, p.changed) for p in both if p.row.rule == "FAM-1"]
    assert family == [(True, date(2026, 3, 7), True), (False, date(2026, 3, 8), True)]


def test_a_month_is_compared_too() -> None:
    program = two_evenings_and_two_hours()
    pairs = what_if(
        program.site(),
        Month.parse("2026-03"),
        adopted=LANDMARK_IOP,
        other=ASAM_2_1,
        as_of=date(2026, 3, 31),
        known_at=LATER,
    )
    assert [(pair.row.rule, pair.adopted is None, pair.other is None) for pair in pairs] == [
        ("ATT-1", False, True),
        ("SCR-3", False, True),
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@drawn(history=weeks_of_care())
def test_each_side_is_the_report_by_that_rule_set_whatever_happened(history: History) -> None:
    other = changed(LANDMARK_IOP, "HRS-1.at_least_minutes=300", "FAM-1.every_days=7")
    site, asked = history.program.site(history.known_at), {"as_of": history.as_of, "known_at": history.known_at}
    pairs = what_if(site, history.week, adopted=LANDMARK_IOP, other=other, **asked)
    for side, rule_set in (("adopted", LANDMARK_IOP), ("other", other)):
        rows = [getattr(pair, side) for pair in pairs if getattr(pair, side) is not None]
        assert rows == history.program.report(str(history.week), rule_set=rule_set, **asked)
    same = what_if(site, history.week, adopted=LANDMARK_IOP, other=LANDMARK_IOP, **asked)
    assert not any(pair.changed for pair in same)


def test_rows_of_one_subject_and_period_are_paired_in_their_order() -> None:
    row = Row(
        rule="INT-1",
        subject="patient",
        subject_id="1",
        period_start=MONDAY,
        period_end=MONDAY,
        verdict=Verdict.MET,
        value=0,
        of=3,
    )
    later = replace(row, value=1)
    assert paired([row, later], [row]) == [Pair(adopted=row, other=row), Pair(adopted=later, other=None)]


# ---- what can't be meant


@pytest.mark.parametrize(
    ("rule_set", "written", "said"),
    [
        (
            TEDS_IOP,
            "HRS-1.at_least_minutes=480",
            r"^HRS-1 is no rule of this rule set: teds-iop \(version 1\) has HRS-2",
        ),
        (LANDMARK_IOP, "HRS-9.at_least_minutes=480", r"^There is no such rule: landmark-iop .* has HRS-1, HRS-2, "),
        (LANDMARK_IOP, "HRS-1.minutes=480", r"^HRS-1 has no such threshold: it has at_least_minutes, under_18_"),
        (LANDMARK_IOP, "ATT-1.rate=1", r"^ATT-1 has no threshold to change\.$"),
        (LANDMARK_IOP, "HRS-1.rule=1", r"^HRS-1 has no such threshold"),
        (LANDMARK_IOP, "HRS-1.at_least_minutes=0", r"HRS-1, `at_least_minutes` has to be a whole number from 1\.$"),
        (LANDMARK_IOP, "HRS-1.at_least_minutes=10081", r"HRS-1, `at_least_minutes` is more than the minutes of a week"),
        (LANDMARK_IOP, "HRS-2.at_least_days=8", r"HRS-2, a week has 7 days, and a day 1440 minutes\.$"),
        (LANDMARK_IOP, "DUR-1.at_most_days=48", r"DUR-1, `at_most_days` is less than `at_least_days`\.$"),
    ],
)
def test_a_threshold_that_there_is_not_is_named_clearly(rule_set: RuleSet, written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        changed(rule_set, written)


@pytest.mark.parametrize(
    "written",
    ["", "HRS-1", "HRS-1=480", "HRS-1.at_least_minutes", "HRS-1.at_least_minutes=9.5", "HRS-1.a=-1", "HRS-1.a=٣"],
)
def test_what_is_not_written_like_a_threshold_is_told_how_to_be(written: str) -> None:
    with pytest.raises(ValueError, match=r"^Write a threshold as rule, name and whole number, like HRS-1\."):
        read_threshold(written)


def test_a_threshold_is_given_once() -> None:
    with pytest.raises(ValueError, match=r"^HRS-1\.at_least_minutes is there twice"):
        changed(LANDMARK_IOP, "HRS-1.at_least_minutes=480", "HRS-1.at_least_minutes=500")


def test_two_figures_of_a_rule_are_judged_together_and_one_left_out_can_be_added() -> None:
    both = changed(LANDMARK_IOP, "DUR-1.at_least_days=10", "DUR-1.at_most_days=48")
    assert next(terms for terms in both.rules if terms.rule == "DUR-1") == replace(
        next(terms for terms in LANDMARK_IOP.rules if terms.rule == "DUR-1"), at_least_days=10, at_most_days=48
    )
    minors = Threshold(rule="HRS-1", name="under_18_at_least_minutes", value=360)
    [change] = with_thresholds(LANDMARK_IOP, [minors])[1]
    assert (change.before, change.after) == (None, 360)
