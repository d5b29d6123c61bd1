"""Mergers, links and corrected identities by file: judged, exported, imported elsewhere and restored as they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.claims import MRN
from domain.record import stream_uuid
from exchange import replay
from exchange.importing import import_file
from exchange.restoring import restore_file
from projections.links import chart_that_stays
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import (
    OPERATOR,
    Values,
    changed,
    content,
    exported,
    first_of,
    read_rejects,
    sample_lines,
    write,
)
from tests.exchange.test_replay import ANN, AS_OF, NOW

LINES = sample_lines()
BY = next(line["by"] for line in LINES if line["by"]["role"] == "administrator")
CLERK = next(line["by"] for line in LINES if line["by"]["role"] == "intake_clinician")
STAYS, GOES, THIRD, UNMERGED = [line["stream"] for line in LINES if line["type"] == "Discharged"][:4]
NUMBERS = {line["stream"]: line["fact"]["mrn"] for line in LINES if line["type"] == "PatientRegistered"}
VERSIONS = {line["stream"]: line["version"] for line in LINES}
LOUISVILLE = "louisville"


def key(stream: str) -> str:
    return str(stream_uuid(stream))


class Further:
    """Lines after those of the sample."""

    def __init__(self) -> None:
        self.versions = dict(VERSIONS)
        self.lines: list[Values] = []

    def add(self, stream: str, type_: str, fact: Any, *, by: Any = BY, reason: str | None = "By file.") -> int:
        self.versions[stream] = version = self.versions.get(stream, 0) + 1
        self.lines.append(
            changed(LINES[0], stream=stream, version=version, type=type_, by=by, reason=reason, causation_id=None)
            | {"fact": fact, "recorded_at": f"2026-06-01T12:00:{len(self.lines):02}.000000Z"}
        )
        return version

    def merge(self, stays: str, goes: str) -> tuple[int, int]:
        one = self.add(stays, "ChartsMerged", {"from_chart": key(goes)})
        return one, self.add(goes, "MergedInto", {"chart": key(stays)})


def imported(store: Store, tmp_path: Path, lines: list[Values]) -> list[tuple[int, str]]:
    """Imports them; the number and the rule of each line that was refused."""
    rejects = tmp_path / "rejects.ndjson"
    import_file(store, write(tmp_path / "file.ndjson", lines), by=OPERATOR, rejects=rejects)
    return [(reject["line"] - len(LINES), reject["rule"]) for reject in read_rejects(rejects)]


def whose(store: Store, number: str) -> str | None:
    """The chart that is found by a number."""
    ledger = store.ledger("lexington")
    stream = ledger.holder(MRN, number.upper())
    if stream is None:
        return None
    chart = chart_that_stays(ledger, stream_uuid(stream), upto=ledger.head().position)
    return None if chart is None else f"chart/{chart.patient_id}"


@pytest.fixture
def joined() -> Further:
    """Merged, separated, merged the other way; a number corrected, its former one given to another."""
    further = Further()
    one, other = further.merge(STAYS, GOES)
    further.add(STAYS, "EnteredInError", {"target": one})
    further.add(GOES, "EnteredInError", {"target": other})
    further.merge(GOES, STAYS)
    further.add(THIRD, "IdentityCorrected", {"mrn": "NEW-1"}, by=CLERK)
    return further


def test_what_was_joined_comes_in_goes_out_and_is_restored(
    store: Store, tmp_path: Path, joined: Further, make_database: Callable[[], Database], keyring: FileKeyring
) -> None:
    assert imported(store, tmp_path, [*LINES, *joined.lines]) == []
    found = {number: whose(store, number) for number in (NUMBERS[STAYS], NUMBERS[GOES], NUMBERS[THIRD], "NEW-1")}
    assert list(found.values()) == [GOES, GOES, None, THIRD]
    file = write(tmp_path / "exported.ndjson", exported(store))
    with Store(make_database().app_url, keyring) as other:
        restore_file(other, file, by=OPERATOR)
        assert {number: whose(other, number) for number in found} == found
    with Store(make_database().app_url, keyring) as third:
        import_file(third, file, by=OPERATOR)
        assert [content(line) for line in exported(third)][: len(LINES)] == [content(line) for line in LINES]
        assert {number: whose(third, number) for number in found} == found


def test_a_file_is_refused_what_live_is_refused(store: Store, tmp_path: Path) -> None:
    further = Further()
    further.add(STAYS, "ChartsMerged", {"from_chart": key(STAYS)})  # into itself; the rest of the stream is held back
    further.add(THIRD, "MergedInto", {"chart": key(GOES)})
    further.merge(GOES, UNMERGED)
    further.add(UNMERGED, "IdentityCorrected", {"sex": "female"}, by=CLERK)
    assert imported(store, tmp_path, [*LINES, *further.lines]) == [
        (1, "merge.into-itself"),
        (2, "merge.one-sided"),
        (5, "chart.merged"),
    ]


def elsewhere() -> list[Values]:
    """The beginning of another site, with a patient of its own."""
    opened = changed(first_of(LINES, "FacilityOpened"), ledger=LOUISVILLE, stream=f"facility/{LOUISVILLE}")
    opened["fact"]["code"] = LOUISVILLE
    clerk = next(
        line for line in LINES if line["type"] == "StaffCredentialed" and line["fact"]["role"] == CLERK["role"]
    )
    credentialed = changed(clerk, ledger=LOUISVILLE, stream=f"facility/{LOUISVILLE}", version=2)
    patient = changed(first_of(LINES, "PatientRegistered"), ledger=LOUISVILLE, by=CLERK)
    return [opened, credentialed, patient]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_chart_of_another_site_is_linked_by_file(store: Store, tmp_path: Path, at_once: bool) -> None:
    there = elsewhere()
    link = {"ledger": LOUISVILLE, "patient_id": key(there[-1]["stream"]), "basis": "Signed for."}
    further = Further()
    further.add(STAYS, "ChartLinked", link, reason=None)
    further.add(GOES, "ChartLinked", {**link, "patient_id": str(UUID(int=1))}, reason=None)
    if at_once:
        lines = [*LINES, *there, *further.lines]
    else:
        import_file(store, write(tmp_path / "there.ndjson", there), by=OPERATOR)
        lines = [*LINES, *further.lines]
    refused = imported(store, tmp_path, lines)
    assert [rule for _, rule in refused] == ["link.unknown-chart"]
    ledger = store.ledger("lexington")
    chart = chart_that_stays(ledger, stream_uuid(STAYS), upto=ledger.head().position)
    assert chart is not None
    assert [(one.ledger, str(one.patient_id)) for one in chart.links] == [(LOUISVILLE, link["patient_id"])]


def test_a_history_says_what_a_linked_site_has_learned_since(store: Store, tmp_path: Path) -> None:
    """Nothing is new here: the same facts, the same position, another answer."""
    there = elsewhere()
    link = {"ledger": LOUISVILLE, "patient_id": key(there[-1]["stream"]), "basis": "Signed for."}
    further = Further()
    further.add(f"chart/{ANN}", "ChartLinked", link, reason=None)
    assert imported(store, tmp_path, [*LINES, *there, *further.lines]) == []

    def history() -> replay.History:
        found = replay.answer(store, "lexington", ANN, now=NOW, as_of=AS_OF)
        assert found is not None
        return found

    before = history()
    assert "open_elsewhere" not in before.status["flags"]
    inquiry = changed(
        first_of(LINES, "InquiryReceived"), ledger=LOUISVILLE, stream=there[-1]["stream"], version=2, by=CLERK
    )
    import_file(store, write(tmp_path / "later.ndjson", [inquiry]), by=OPERATOR)
    after = history()
    assert "open_elsewhere" in after.status["flags"]
    assert after.knowledge == before.knowledge
