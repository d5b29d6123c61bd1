"""A site starts: patients in treatment come in with a file, take their seats, and go on as anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.claims import EPISODE, SEAT, Seat
from exchange.importing import import_file
from exchange.reports import site_at
from exchange.restoring import restore_file
from store.store import Store
from tests.exchange.program_file import (
    OPERATOR,
    Values,
    changed,
    first_of,
    read_rejects,
    sample_lines,
    write,
)

PATIENT = "7d2b9c1e-0f43-4b7a-8a57-3f3f6a1f7c01"
CARRIED = "7d2b9c1e-0f43-4b7a-8a57-3f3f6a1f7c02"


def site_lines() -> list[Values]:
    """The sample's site: opened, with staff and cohorts."""
    site = [line for line in sample_lines() if line["stream"].startswith(("facility/", "cohort/"))]
    return [line for line in site if line["recorded_at"] < "2026-03-01"]


def chart_lines(**carried: Any) -> list[Values]:
    """One patient, registered and carried over by the administrator on the evening of 1 March."""
    lines = sample_lines()
    clinician = first_of(lines, "Enrolled")["fact"]["primary_clinician_id"]
    registered = changed(
        first_of(lines, "PatientRegistered"),
        stream=f"chart/{PATIENT}",
        version=1,
        recorded_at="2026-03-02T01:30:00.000000Z",
        reason=None,
        fact={"mrn": "MRN-CARRIED"},
    )
    fact = {
        "episode_id": CARRIED,
        "state": "active",
        "admitted_on": "2026-02-02",
        "cohort_id": first_of(lines, "CohortFormed")["stream"].removeprefix("cohort/"),
        "primary_clinician_id": clinician,
        "from_system": "the former system",
    }
    carried_over = {
        **registered,
        "by": lines[0]["by"],
        "version": 2,
        "type": "EpisodeCarriedOver",
        "recorded_at": "2026-03-02T01:31:00.000000Z",
        "source": "import",
        "fact": fact | carried,
    }
    return [registered, carried_over]


def test_an_episode_comes_in_as_it_stands_from_the_date_at_the_site(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "start.ndjson", [*site_lines(), *chart_lines()])
    imported = import_file(store, path, by=OPERATOR, rejects=tmp_path / "rejects.ndjson")
    assert read_rejects(tmp_path / "rejects.ndjson") == []
    assert imported.rejects == 0
    site = site_at(store.ledger("lexington"), imported.facts)
    episode = site.charts[UUID(PATIENT)].episodes[UUID(CARRIED)]
    assert episode.carried_over
    assert str(episode.opened_on(site.facility.clock)) == "2026-03-01"


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        ({"source": "api"}, "carry-over.import-only"),
        ({"fact": {"cohort_id": CARRIED}}, "cohort.unknown"),
        ({"fact": {"admitted_on": "2026-03-02"}}, "entry.in-the-future"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_that_cannot_be_is_refused(store: Store, tmp_path: Path, spoilt: Values, rule: str) -> None:
    registered, carried = chart_lines()
    path = write(tmp_path / "start.ndjson", [*site_lines(), registered, changed(carried, **spoilt)])
    import_file(store, path, by=OPERATOR, rejects=tmp_path / "rejects.ndjson")
    assert [reject["rule"] for reject in read_rejects(tmp_path / "rejects.ndjson")] == [rule]


@pytest.mark.parametrize("restored", [False, True], ids=["imported", "restored"])
def test_a_seat_and_the_id_of_the_episode_are_taken(store: Store, tmp_path: Path, restored: bool) -> None:
    lines = [*site_lines(), *chart_lines()]
    if restored:
        for position, line in enumerate(lines, start=1):
            line["position"] = position
        restore_file(store, write(tmp_path / "start.ndjson", lines), by=OPERATOR)
    else:
        import_file(store, write(tmp_path / "start.ndjson", lines), by=OPERATOR)
    ledger, chart = store.ledger("lexington"), f"chart/{PATIENT}"
    assert ledger.holder(EPISODE, CARRIED) == chart
    cohort = UUID(lines[-1]["fact"]["cohort_id"])
    assert list(ledger.held(SEAT, [Seat(cohort, n).value for n in range(1, 20)]).values()) == [chart]
