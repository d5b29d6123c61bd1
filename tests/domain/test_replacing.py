"""States are replaced as the standard library would, only faster."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.chart import Chart
from domain.chart.episode import Episode
from domain.chart.identity import Identity
from domain.chart.screening import Screening
from domain.replacing import replace

ID = UUID("8f14e45f-ceea-467f-a9a7-7f1c3a4f7d01")
OPENED = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "changed"),
    [
        (Chart(patient_id=ID, version=3), {"version": 4, "identity": Identity(mrn="SYN-1", version=4)}),
        (Episode(episode_id=ID, first_contact_at=OPENED, version=2), {"carried_over": True}),
        (
            Screening(screening_id=ID, episode_id=ID, panel=("opiates",), version=9, ordered_at=OPENED),
            {"collected_at": OPENED},
        ),
    ],
)
def test_what_is_replaced_is_a_copy_with_other_values(state: Any, changed: dict[str, Any]) -> None:
    before = dataclasses.asdict(state)

    further = replace(state, **changed)

    assert further == dataclasses.replace(state, **changed)
    assert type(further) is type(state)
    assert dataclasses.asdict(state) == before


def test_a_field_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="Chart has no field versoin"):
        replace(Chart(patient_id=ID), versoin=4)


def test_what_was_replaced_is_as_frozen_as_before() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(Chart(patient_id=ID), version=4).version = 5  # type: ignore[misc]
