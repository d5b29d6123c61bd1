"""Weeks and months of years that nobody means, for which there are no dates to count from, are none."""

from __future__ import annotations

import pytest

from domain.month import Month
from domain.week import Week


@pytest.mark.parametrize("label", ["0001-W01", "9999-W52", "1879-W52", "2202-W01"])
def test_a_week_of_a_year_that_nobody_means_is_told_apart(label: str) -> None:
    with pytest.raises(ValueError, match=r"^No such week can be meant: .* from 1880 to 2200\.$"):
        Week.parse(label)


@pytest.mark.parametrize("label", ["0001-01", "9999-12", "1879-12", "2201-01"])
def test_a_month_of_a_year_that_nobody_means_is_told_apart(label: str) -> None:
    with pytest.raises(ValueError, match=r"^No such month can be meant: .* from 1880 to 2200\.$"):
        Month.parse(label)


def test_the_first_and_the_last_are_ones() -> None:
    assert [str(Month.parse(label)) for label in ("1880-01", "2200-12")] == ["1880-01", "2200-12"]
    assert [str(Week.parse(label)) for label in ("1880-W02", "2200-W52")] == ["1880-W02", "2200-W52"]
