"""An import that is cut off, or isn't alone: what is in stays, nothing comes in twice or rests on what has gone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.chart.identity import PatientRegistered
from domain.facility import HolidayDeclared
from domain.record import Envelope, Person, Source
from domain.session import CancellationCause, SessionCancelled
from exchange import importing, ledger_import
from exchange.errors import FileUnreadable, NotImported
from exchange.importing import Imported, Stage, import_file
from store.append import NewFact
from store.errors import VersionConflict
from store.keys import FileKeyring
from store.ledger import Ledger
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import (
    OPERATOR,
    changed,
    content,
    exported,
    read_rejects,
    sample_lines,
    write,
)

REPOSITORY = Path(ledger_import.__file__).parents[1]
ADMINISTRATOR = Person("staff/5671adcb-bb58-4e96-9429-93508d7fd0d9", "O. Registrar", "administrator")


def live(stream: str, version: int, fact: Any) -> NewFact:
    envelope = Envelope(by=ADMINISTRATOR, source=Source.WEB, correlation_id=uuid4())
    return NewFact(stream=stream, version=version, envelope=envelope, fact=fact)


PART = 700
"""The sample up to here holds every kind of stream, and enough for several batches."""


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A file of the sample's beginning."""
    return write(tmp_path / "part.ndjson", sample_lines()[:PART])


def check_all_is_in_once(store: Store, lines: int = PART) -> None:
    """Each stream of the sample as it is there, whatever came between; positions without a hole."""
    found = exported(store)
    assert [line["position"] for line in found] == list(range(1, len(found) + 1))
    names = Counter((line["stream"], line["version"]) for line in found)
    assert max(names.values()) == 1
    by_name = {(line["stream"], line["version"]): content(line) for line in found}
    assert [by_name[line["stream"], line["version"]] for line in sample_lines()[:lines]] == [
        content(line) for line in sample_lines()[:lines]
    ]


class Interrupted(Exception):
    """Somebody pulled the plug."""


def stop_at(lines: int) -> Callable[[Stage, int, int], None]:
    def progress(stage: Stage, done: int, _of: int) -> None:
        if stage is Stage.RECORDING and done >= lines:
            raise Interrupted

    return progress


@pytest.mark.parametrize("batch", [1, 7, 200])
def test_an_import_that_was_cut_off_goes_on_where_it_was(
    store: Store, part: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(importing, "CHUNK_LINES", 100)
    monkeypatch.setattr(ledger_import, "BATCH_FACTS", batch)
    with pytest.raises(Interrupted):
        import_file(store, part, by=OPERATOR, progress=stop_at(300))
    before = exported(store)
    assert 300 - batch <= len(before) < 300
    assert {line["type"] for line in before}.isdisjoint({"ImportCompleted"})
    rest = import_file(store, part, by=OPERATOR)
    assert (rest.facts, rest.skipped, rest.rejects) == (PART - len(before), len(before), 0)
    after = exported(store)
    assert after[: len(before)] == before
    assert after[-1]["fact"]["facts"] == rest.facts
    assert len(after) == PART + 1
    check_all_is_in_once(store)


KILLED = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from domain.record import Person
    from exchange import importing, ledger_import
    from store.keys import FileKeyring
    from store.store import Store

    def kill(stage, done, of):
        if stage == "recording" and done >= 600:
            os.kill(os.getpid(), 9)

    url, key, path = sys.argv[1:]
    importing.CHUNK_LINES = 100
    ledger_import.BATCH_FACTS = 200
    with Store(url, FileKeyring(Path(key))) as store:
        operator = Person("operator/tests", "T. Operator", "operator")
        importing.import_file(store, Path(path), by=operator, progress=kill)
    """
)


def test_a_killed_import_is_safe_to_run_again(database: Database, part: Path, tmp_path: Path) -> None:
    keyring = tmp_path / "master.key"
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, database.app_url, str(keyring), str(part)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr
    with Store(database.app_url, FileKeyring(keyring)) as again:
        rest = import_file(again, part, by=OPERATOR)
        # The first batch was on record when the second one was handed over; whether that one is, is the server's.
        assert rest.skipped in (200, 400)
        assert (rest.facts, rest.rejects) == (PART - rest.skipped, 0)
        check_all_is_in_once(again)


def test_two_imports_of_one_file_at_once_bring_it_in_once(store: Store, part: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        imports = [pool.submit(import_file, store, part, by=OPERATOR) for _ in range(2)]
        done: list[Imported] = [running.result() for running in imports]
    assert sum(one.facts for one in done) == PART
    assert [one.facts + one.skipped for one in done] == [PART, PART]
    assert [one.rejects for one in done] == [0, 0]
    check_all_is_in_once(store)


def test_somebody_else_writes_between_any_two_batches(
    store: Store, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every batch rests on the facility: the first try of each finds it changed, and is judged anew."""
    monkeypatch.setattr(ledger_import, "BATCH_FACTS", 100)
    append = Ledger.append
    tries: list[int] = []

    def hurried(self: Ledger, facts: Any, **given: Any) -> Any:
        tries.append(len(facts))
        if len(tries) > 1 and len(tries) % 2:
            version = len(self.read(["facility/lexington"])["facility/lexington"]) + 1
            append(self, [live("facility/lexington", version, HolidayDeclared(on=date(2027, 1, version), name="x"))])
        return append(self, facts, **given)

    monkeypatch.setattr(Ledger, "append", hurried)
    imported = import_file(store, part, by=OPERATOR)
    monkeypatch.undo()
    assert (imported.facts, imported.skipped, imported.rejects) == (PART, 0, 0)
    holidays = [line for line in exported(store) if line["type"] == "HolidayDeclared"]
    assert len(holidays) > 3
    check_all_is_in_once(store)


def test_an_import_that_others_never_let_in_gives_up_and_says_so(
    store: Store, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_import, "BATCH_FACTS", 100)
    append = Ledger.append
    calls: list[int] = []

    def too_slow(self: Ledger, facts: Any, **given: Any) -> Any:
        if not calls:
            calls.append(0)
            return append(self, facts, **given)
        calls.append(len(facts))
        raise VersionConflict

    monkeypatch.setattr(Ledger, "append", too_slow)
    with pytest.raises(NotImported, match="import it again"):
        import_file(store, part, by=OPERATOR)
    assert calls[1:10] == [100, 50, 25, 12, 6, 3, 1, 1, 1]
    monkeypatch.undo()
    assert import_file(store, part, by=OPERATOR).facts == PART - 100
    check_all_is_in_once(store)


def test_a_number_that_somebody_else_took_meanwhile_is_refused(store: Store, part: Path, tmp_path: Path) -> None:
    """After the line was judged, before its batch is written."""
    patient = [line for line in sample_lines()[:PART] if line["type"] == "PatientRegistered"][-1]
    ledger = store.ledger("lexington")
    taken: list[UUID] = []
    judged = Ledger.append

    def hurried(self: Ledger, facts: Any, **given: Any) -> Any:
        if not taken and any(new.stream == patient["stream"] for new in facts):
            taken.append(uuid4())
            chart = f"chart/{taken[0]}"
            fact = PatientRegistered(
                mrn=patient["fact"]["mrn"],
                given_name="Ottoline",
                family_name="Quillfeather",
                birth_date=date(1987, 5, 4),
                sex="female",
            )
            judged(self, [live(chart, 1, fact)])
        return judged(self, facts, **given)

    rejects = tmp_path / "rejects"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "append", hurried)
        import_file(store, part, by=OPERATOR, rejects=rejects)
    rules = {reject["line"]: reject["rule"] for reject in read_rejects(rejects)}
    assert rules.pop(patient["position"]) == "patient.mrn-in-use"
    assert set(rules.values()) == {"line.held-back"}
    assert ledger.holder("mrn", patient["fact"]["mrn"]) == f"chart/{taken[0]}"


def test_a_session_cancelled_meanwhile_takes_its_attendance_with_it(store: Store, tmp_path: Path) -> None:
    """Never an attendance that was judged before the cancellation and stored after it."""
    lines = sample_lines()[:PART]
    # A session that is attended and, in this file, not recorded as held.
    attendance = [line for line in lines if line["type"] == "AttendanceRecorded"][-1]
    session = f"session/{attendance['fact']['session_id']}"
    scheduled = next(line for line in lines if line["stream"] == session)
    kept = [line for line in lines if line["stream"] != session or line is scheduled]
    cancelled: list[int] = []
    append = Ledger.append

    def hurried(self: Ledger, facts: Any, **given: Any) -> Any:
        if not cancelled and any(
            new.stream == attendance["stream"] and new.version == attendance["version"] for new in facts
        ):
            cancelled.append(1)
            append(self, [live(session, 2, SessionCancelled(cause=CancellationCause.WEATHER))])
        return append(self, facts, **given)

    rejects = tmp_path / "rejects"
    path = write(tmp_path / "file.ndjson", kept)
    import_file(store, write(tmp_path / "plan.ndjson", kept[: kept.index(scheduled) + 1]), by=OPERATOR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "append", hurried)
        import_file(store, path, by=OPERATOR, rejects=rejects)
    number = kept.index(attendance) + 1
    assert {reject["line"]: reject["rule"] for reject in read_rejects(rejects)}[
        number
    ] == "attendance.session-cancelled"
    chart = [line for line in exported(store) if line["stream"] == attendance["stream"]]
    assert max(line["version"] for line in chart) < attendance["version"]


@pytest.mark.parametrize("batch", [1, 3])
def test_each_append_names_what_its_own_facts_rest_on(
    store: Store, part: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Also the first of a batch, which was judged when the one before it was full."""
    monkeypatch.setattr(ledger_import, "BATCH_FACTS", batch)
    append = Ledger.append
    missed: list[str] = []
    named: list[str] = []

    def watched(self: Ledger, facts: Any, **given: Any) -> Any:
        sessions = [f"session/{new.fact.session_id}" for new in facts if hasattr(new.fact, "session_id")]
        named.extend(sessions)
        missed.extend(session for session in sessions if session not in given["reads"])
        return append(self, facts, **given)

    monkeypatch.setattr(Ledger, "append", watched)
    assert import_file(store, part, by=OPERATOR).rejects == 0
    assert len(named) > 50
    assert missed == []


def test_a_file_that_changes_while_it_is_imported_is_not_closed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_import, "BATCH_FACTS", 20)
    path = write(tmp_path / "changing.ndjson", sample_lines()[:50])

    def change(stage: Stage, done: int, _of: int) -> None:
        if stage is Stage.RECORDING and done == 0:
            lines = sample_lines()[:50]
            write(path, [*lines[:-1], changed(lines[-1], reason="changed")])

    with pytest.raises(FileUnreadable, match="changed while it was imported"):
        import_file(store, path, by=OPERATOR, progress=change)
    assert [line["type"] for line in exported(store)] == [line["type"] for line in sample_lines()[:40]]
