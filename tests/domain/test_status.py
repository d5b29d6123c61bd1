"""The status document: that of the sample program, and its edges."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.status import present
from tests.sample_program import EXPECTED, sample, site_of

AS_OF = date(2026, 4, 17)
KNOWN_AT = datetime(2026, 4, 18, 3, 59, 59, tzinfo=UTC)

DOCUMENTS = sorted(EXPECTED.glob("status-*.json"))


def sample_status(patient_id: UUID, as_of: date = AS_OF, known_at: datetime = KNOWN_AT) -> dict[str, Any]:
    site = site_of(sample(), known_at)
    return present(
        site.charts[patient_id],
        sessions=site.sessions,
        cohorts=site.cohorts,
        zone=site.facility.clock,
        facility="lexington",
        as_of=as_of,
        known_at=known_at,
        position=max(fact.position for fact in sample() if fact.recorded_at <= known_at),
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_sample_program_gives_the_expected_status(path: Any) -> None:
    """Keys in the same order; flags may hold more."""
    expected = json.loads(path.read_text())
    given = sample_status(UUID(expected["patient_id"]))
    assert set(expected["flags"]) <= set(given["flags"])
    given["flags"] = [flag for flag in given["flags"] if flag in expected["flags"]]
    assert json.dumps(given) == json.dumps(expected)
