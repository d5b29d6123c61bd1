"""Items of the Treatment Episode Data Set: known keys, their codes, and the occasion that they belong to."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chart.teds import AT_ADMISSION, CODES, MISSING, Occasion, TedsItemsRecorded
from tests.domain.cast import ACTIVE, ASSESSED, EPISODE, discharged, teds_items
from tests.domain.given import given

DISCHARGE = Occasion.DISCHARGE


def recorded(items: Any, occasion: Occasion = Occasion.ADMISSION) -> TedsItemsRecorded:
    return TedsItemsRecorded(episode_id=EPISODE, occasion=occasion, items=items)


@pytest.mark.parametrize("key", sorted(CODES))
def test_an_item_has_the_codes_of_the_codebook_and_no_others(key: str) -> None:
    story, codes = given(*ASSESSED), CODES[key]
    for code in (codes.first, codes.last, MISSING):
        story.when(recorded({key: code}, DISCHARGE)).recorded()
    for code in (codes.first - 1, codes.last + 1, -8):
        story.when(recorded({key: code}, DISCHARGE)).refused("teds.code", naming=key)


def test_the_codebook_is_whole() -> None:
    """Admission and discharge variables of the public-use files; three substances, eighteen flags."""
    assert len(AT_ADMISSION) == 61
    assert len(CODES) == 75
    assert sum(key.endswith("FLG") for key in CODES) == 18
    assert (CODES["DSMCRIT"].last, CODES["LOS"].last, CODES["REASON"].last) == (19, 37, 7)


def test_an_item_that_nobody_knows_is_refused() -> None:
    given(*ASSESSED).when(recorded({"HEIGHT": 1})).refused("teds.unknown-item")


def test_what_is_told_at_discharge_is_not_told_at_admission() -> None:
    given(*ACTIVE).when(recorded({"LOS": 9})).refused("teds.not-at-admission", naming="LOS")
    given(*ACTIVE, discharged("2026-03-05")).when(recorded({"LOS": 9, "EMPLOY": 1}, DISCHARGE)).recorded()


def test_a_record_says_something() -> None:
    given(*ASSESSED).when(recorded({})).refused("teds.no-items")


def test_what_becomes_known_later_is_recorded_again() -> None:
    given(*ASSESSED, teds_items()).when(teds_items(PREG=2)).recorded()
