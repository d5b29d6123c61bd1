"""A ledger out of its export: as it stood, or not at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from domain.claims import MRN, SEAT, Seat, cohort_held
from domain.files import LedgerRestored
from domain.record import Person, stream_name
from domain.refused import Refused
from exchange.errors import ExchangeError, FileUnreadable, NotRestored
from exchange.reports import site_at
from exchange.restoring import restore_file
from store.errors import LedgerNotEmpty
from store.store import Store
from tests.exchange.program_file import (
    FACTS,
    OPERATOR,
    SAMPLE,
    Values,
    changed,
    exported,
    first_of,
    sample_lines,
    write,
)


def test_the_sample_program_is_restored_and_closed_with_who_did_it(store: Store) -> None:
    seen: list[tuple[Any, int, int]] = []
    done = restore_file(store, SAMPLE, by=OPERATOR, progress=lambda *told: seen.append(told))
    assert (done.ledger, done.facts, done.head.position) == ("lexington", FACTS, FACTS + 1)
    [last] = store.ledger("lexington").facts(after=FACTS)
    digest = sha256(SAMPLE.read_bytes()).hexdigest()
    assert last.fact == LedgerRestored(file_sha256=digest, facts=FACTS)
    assert last.envelope.by == OPERATOR
    assert done.file_sha256 == digest
    assert seen[-1] == ("recording", FACTS, FACTS)


def test_claims_and_seats_are_made_anew(restored: Store) -> None:
    ledger = restored.ledger("lexington")
    registered = [line for line in sample_lines() if line["type"] == "PatientRegistered"]
    assert ledger.held(MRN, [line["fact"]["mrn"] for line in registered]) == {
        line["fact"]["mrn"]: line["stream"] for line in registered
    }
    site = site_at(ledger, FACTS)
    for key, cohort in site.cohorts.items():
        values = [Seat(key, n).value for n in range(1, cohort.capacity + 1)]
        sitting = {stream_name("chart", p) for p, chart in site.charts.items() if cohort_held(chart) == key}
        assert set(ledger.held(SEAT, values).values()) == sitting


def test_a_ledger_that_holds_facts_is_not_restored_into(store: Store) -> None:
    restore_file(store, SAMPLE, by=OPERATOR)
    with pytest.raises(LedgerNotEmpty):
        restore_file(store, SAMPLE, by=OPERATOR)
    assert store.ledger("lexington").head().position == FACTS + 1


def test_an_export_of_a_restored_ledger_can_be_restored_elsewhere(
    restored: Store, store: Store, tmp_path: Path
) -> None:
    lines = exported(restored)
    restore_file(store, write(tmp_path / "again.ndjson", lines), by=OPERATOR)
    assert exported(store)[: FACTS + 1] == lines


Broken = Callable[[list[Values]], list[Values | bytes]]


def replaced(number: int, **values: Any) -> Broken:
    return lambda lines: [*lines[: number - 1], changed(lines[number - 1], **values), *lines[number:]]


def aimed(number: int, **aim: int) -> Broken:
    """The first fact from there on that says of another one, saying so of a later one."""

    def broken(lines: list[Values]) -> list[Values | bytes]:
        [field] = aim
        at, line = next((at, line) for at, line in enumerate(lines) if at + 1 >= number and field in line["fact"])
        return [*lines[:at], {**line, "fact": {**line["fact"], **aim}}, *lines[at + 1 :]]

    return broken


BROKEN: dict[str, tuple[Broken, str]] = {
    "a strike of what is to come": (
        aimed(1, target=900),
        r"Line \d+: It strikes or corrects what doesn't come before it",
    ),
    "a correction of what is to come": (aimed(1, corrects=900), r"Line \d+: It strikes or corrects what doesn't come"),
    "a correction of nothing": (aimed(1, corrects=0), r"Line \d+: It strikes or corrects what doesn't come before it"),
    "no JSON": (lambda lines: [*lines[:2000], b'{"ledger": "lexing', *lines[2001:]], "Line 2001: This is no JSON"),
    "an unknown type": (replaced(2001, type="PatientAbducted"), "Line 2001: `type` names no fact"),
    "an unknown field": (replaced(2001, colour="blue"), "Line 2001: `colour` is no field"),
    "a naive time": (replaced(2001, recorded_at="2026-04-01T12:00:00"), "Line 2001: `recorded_at`"),
    "a line left out": (lambda lines: [*lines[:2000], *lines[2001:]], "Line 2001: `position` must be 2001"),
    "no position": (
        lambda lines: [{name: value for name, value in line.items() if name != "position"} for line in lines],
        "Line 1: `ledger`, `position` and `recorded_at` are needed",
    ),
    "a version left out": (replaced(2001, version=99), "Line 2001: `version` must be"),
    "time that falls": (replaced(2001, recorded_at="2026-01-07T13:00:00Z"), "Line 2001: `recorded_at` is before"),
    "another ledger": (replaced(2001, ledger="louisville"), "Line 2001: It is of another ledger"),
    "nothing": (lambda _: [], r"holds no facts"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_with_one_bad_line_nothing_is_written(store: Store, tmp_path: Path, name: str) -> None:
    broken, because = BROKEN[name]
    path = write(tmp_path / "broken.ndjson", broken(sample_lines()))
    with pytest.raises(NotRestored, match=because):
        restore_file(store, path, by=OPERATOR)
    assert store.ledgers() == []


def test_a_time_of_recording_that_is_still_to_come_does_not_get_into_a_ledgers_clock(
    store: Store, tmp_path: Path
) -> None:
    lines = sample_lines()
    last = lines[-1]
    last["recorded_at"] = (store.database.now() + timedelta(minutes=1)).isoformat()
    with pytest.raises(NotRestored, match=rf"^Line {FACTS}: `recorded_at` is still to come"):
        restore_file(store, write(tmp_path / "ahead.ndjson", lines), by=OPERATOR)
    assert store.ledgers() == []
    last["recorded_at"] = store.database.now().isoformat()
    restore_file(store, write(tmp_path / "now.ndjson", lines), by=OPERATOR)


def test_two_patients_with_one_record_number_are_no_ledger(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    one, other = [line for line in lines if line["type"] == "PatientRegistered"][:2]
    other["fact"]["mrn"] = f" {one['fact']['mrn'].lower()} "
    with pytest.raises(NotRestored, match=rf"^Line {other['position']}: Another record has the same mrn"):
        restore_file(store, write(tmp_path / "twice.ndjson", lines), by=OPERATOR)
    assert store.ledgers() == []


def test_a_truncated_file_is_refused_whole(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(SAMPLE.read_bytes()[:-1000])
    with pytest.raises(FileUnreadable):
        restore_file(store, path, by=OPERATOR)
    assert store.ledgers() == []


def test_a_file_that_changes_while_it_is_restored_is_refused_whole(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "changing.ndjson"
    path.write_bytes(gzip.decompress(SAMPLE.read_bytes()))

    def change(stage: str, done: int, _of: int) -> None:
        if stage == "recording" and done == 0:
            lines = sample_lines()
            first_of(lines, "PatientRegistered")["fact"]["given_name"] = "Changed"
            write(path, lines)

    with pytest.raises(FileUnreadable, match="changed while it was restored"):
        restore_file(store, path, by=OPERATOR, progress=change)
    assert store.ledger("lexington").head().position == 0


def test_only_an_operator_restores(store: Store) -> None:
    with pytest.raises(Refused) as refused:
        restore_file(store, SAMPLE, by=Person("staff/1", "R. Ames", "counselor"))
    assert refused.value.rule == "file.not-permitted"
    assert store.ledgers() == []


def test_no_refusal_of_a_file_says_what_stands_in_it(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    patient = first_of(lines, "PatientRegistered")
    patient["fact"]["birth_date"] = "13/13/1980 Quillfeather"
    with pytest.raises(ExchangeError) as refused:
        restore_file(store, write(tmp_path / "wrong.ndjson", lines), by=OPERATOR)
    assert "`birth_date`" in str(refused.value)
    for value in (*map(json.dumps, patient["fact"].values()), "Quillfeather"):
        assert value.strip('"') not in str(refused.value)
