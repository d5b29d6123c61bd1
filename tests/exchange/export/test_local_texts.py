"""Instants in a site's zone: whatever the zone, the same text as of each instant asked for by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.export.local_texts import LocalTexts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEXINGTON = ZoneInfo("America/New_York")
ZONES = ["America/New_York", "America/Phoenix", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
AROUND_CHANGES = [
    datetime(2026, 3, 8, 6, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
    datetime(2026, 4, 4, 15, 15, tzinfo=UTC),
    datetime(1883, 11, 18, 17, 1, tzinfo=UTC),
]
instants = st.one_of(
    st.sampled_from(AROUND_CHANGES),
    st.timedeltas(timedelta(days=-32_000), timedelta(days=84_000)).map(lambda since: EPOCH + since),
)


@pytest.mark.parametrize("name", ZONES)
@given(values=st.lists(st.none() | instants, max_size=12))
def test_texts_are_those_of_each_instant_by_itself(name: str, values: list[datetime | None]) -> None:
    zone = ZoneInfo(name)
    texts = LocalTexts(zone)
    for _ in range(2):  # Learning the hours, and knowing them.
        told = texts.of(values)
        for value, text in zip(values, told, strict=True):
            if value is None:
                assert text == ""
            else:
                assert text == orjson.loads(orjson.dumps(value.astimezone(zone)))


def test_an_hour_in_which_the_clock_is_put_forward_has_two_offsets() -> None:
    told = LocalTexts(LEXINGTON).of(AROUND_CHANGES[:4])
    assert told == [
        "2026-03-08T01:59:59.999999-05:00",
        "2026-03-08T03:00:00-04:00",
        "2026-11-01T01:30:00-04:00",
        "2026-11-01T01:30:00-05:00",
    ]


def test_instants_with_other_offsets_are_shown_in_the_zone_too() -> None:
    evening = datetime(2026, 3, 2, 18, 5, 7, 20, tzinfo=LEXINGTON)
    theirs = evening.astimezone(timezone(timedelta(hours=9)))
    assert LocalTexts(LEXINGTON).of([theirs, None, evening.astimezone(UTC)]) == [
        "2026-03-02T18:05:07.000020-05:00",
        "",
        "2026-03-02T18:05:07.000020-05:00",
    ]
    assert LocalTexts(LEXINGTON).of([]) == []
