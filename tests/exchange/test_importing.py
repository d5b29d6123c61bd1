"""Facts out of a file, judged like live ones, at the time when they were first recorded."""

from __future__ import annotations

import gzip
import json
import stat
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain.claims import MRN, SEAT, Seat, cohort_held
from domain.files import ImportCompleted
from domain.record import Person, stream_name
from domain.refused import Refused
from exchange.errors import FileUnreadable, FileUnwritable
from exchange.importing import Imported, import_file, import_files
from exchange.reports import site_at
from exchange.restoring import restore_file
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import (
    FACTS,
    OPERATOR,
    SAMPLE,
    Values,
    changed,
    content,
    exported,
    first_of,
    read_rejects,
    sample_lines,
    write,
)


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    return tmp_path / "rejects.ndjson"


def numbers(imported: Imported) -> tuple[int, int, int]:
    return imported.facts, imported.skipped, imported.rejects


def test_the_sample_program_comes_in_whole(store: Store, rejects: Path) -> None:
    told: list[tuple[Any, int, int]] = []
    imported = import_file(
        store, SAMPLE, by=OPERATOR, rejects=rejects, progress=lambda *progress: told.append(progress)
    )
    assert numbers(imported) == (FACTS, 0, 0)
    assert imported.ledgers == ("lexington",)
    assert rejects.read_bytes() == b""
    assert told[-1] == ("recording", FACTS, FACTS)
    assert [content(line) for line in exported(store)[:FACTS]] == [content(line) for line in sample_lines()]


def test_the_time_of_recording_is_ours_and_theirs_is_kept(store: Store) -> None:
    import_file(store, SAMPLE, by=OPERATOR)
    lines = exported(store)
    assert [line["recorded_elsewhere_at"] for line in lines[:FACTS]] == [line["recorded_at"] for line in sample_lines()]
    assert all(a["recorded_at"] <= b["recorded_at"] for a, b in pairwise(lines))
    assert lines[0]["recorded_at"] > lines[FACTS - 1]["recorded_elsewhere_at"]


def test_an_import_is_closed_by_a_fact_in_the_transaction_of_its_last_ones(store: Store) -> None:
    import_file(store, SAMPLE, by=OPERATOR)
    *_, last, closing = store.ledger("lexington").facts()
    digest = sha256(SAMPLE.read_bytes()).hexdigest()
    assert closing.fact == ImportCompleted(file_sha256=digest, facts=FACTS, rejects=0)
    assert closing.envelope.by == OPERATOR
    assert (closing.position, closing.version) == (FACTS + 1, 1)
    assert closing.recorded_at == last.recorded_at


def test_a_second_import_adds_nothing_and_says_so(store: Store, rejects: Path) -> None:
    import_file(store, SAMPLE, by=OPERATOR)
    again = import_file(store, SAMPLE, by=OPERATOR, rejects=rejects)
    assert numbers(again) == (0, FACTS, 0)
    assert again.ledgers == ()
    assert store.ledger("lexington").head().position == FACTS + 1


def test_what_a_restore_took_in_is_in(store: Store) -> None:
    restore_file(store, SAMPLE, by=OPERATOR)
    assert numbers(import_file(store, SAMPLE, by=OPERATOR)) == (0, FACTS, 0)


def test_an_export_imported_into_its_own_ledger_adds_nothing(store: Store, tmp_path: Path) -> None:
    import_file(store, SAMPLE, by=OPERATOR)
    path = write(tmp_path / "exported.ndjson", exported(store))
    assert numbers(import_file(store, path, by=OPERATOR)) == (0, FACTS + 1, 0)


def test_an_export_of_a_restored_ledger_imported_into_it_adds_nothing(store: Store, tmp_path: Path) -> None:
    restore_file(store, SAMPLE, by=OPERATOR)
    path = write(tmp_path / "exported.ndjson", exported(store))
    assert numbers(import_file(store, path, by=OPERATOR)) == (0, FACTS + 1, 0)


def test_that_a_former_ledger_was_restored_does_not_come_in_with_its_facts(
    restored: Store, store: Store, tmp_path: Path, rejects: Path
) -> None:
    path = write(tmp_path / "exported.ndjson", exported(restored))
    assert numbers(import_file(store, path, by=OPERATOR, rejects=rejects)) == (FACTS, 0, 1)
    [refused] = read_rejects(rejects)
    assert (refused["line"], refused["rule"]) == (FACTS + 1, "line.restore-record")
    assert [line["type"] for line in exported(store)[FACTS:]] == ["ImportCompleted"]


def test_what_a_former_ledger_imported_comes_in_with_its_facts(
    make_database: Callable[[], Database], keyring: FileKeyring, store: Store, tmp_path: Path
) -> None:
    with Store(make_database().app_url, keyring) as former:
        import_file(former, write(tmp_path / "file.ndjson", sample_lines()[:20]), by=OPERATOR)
        path = write(tmp_path / "exported.ndjson", exported(former))
    assert numbers(import_file(store, path, by=OPERATOR)) == (21, 0, 0)
    assert [line["type"] for line in exported(store)[20:]] == ["ImportCompleted"] * 2


def test_facts_that_a_former_import_took_in_keep_the_time_when_they_were_first_recorded(
    store: Store, tmp_path: Path
) -> None:
    """Half a year later they would all be late entries without a reason."""
    lines = [
        changed(line, recorded_elsewhere_at=line["recorded_at"], recorded_at="2026-11-01T12:00:00Z")
        for line in sample_lines()
    ]
    assert numbers(import_file(store, write(tmp_path / "late.ndjson", lines), by=OPERATOR)) == (FACTS, 0, 0)
    assert exported(store)[0]["recorded_elsewhere_at"] == "2026-01-07T13:00:00.000000Z"


def test_a_plain_file_and_several_files_come_in_likewise(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    parts = [write(tmp_path / "one.ndjson", lines[:3000]), write(tmp_path / "two.ndjson", lines[3000:])]
    assert [numbers(part) for part in import_files(store, parts, by=OPERATOR)] == [(3000, 0, 0), (FACTS - 3000, 0, 0)]
    closings = [line for line in exported(store) if line["type"] == "ImportCompleted"]
    assert [line["fact"]["facts"] for line in closings] == [3000, FACTS - 3000]


def test_a_file_may_hold_several_ledgers(store: Store, tmp_path: Path) -> None:
    one = sample_lines()[:60]
    other = [changed(line, ledger="louisville") for line in one]
    other[0]["fact"]["code"] = "louisville"
    for line in other[:16]:
        line["stream"] = "facility/louisville"
    both = [line for pair in zip(one, other, strict=True) for line in pair]
    imported = import_file(store, write(tmp_path / "both.ndjson", both), by=OPERATOR)
    assert numbers(imported) == (120, 0, 0)
    assert imported.ledgers == ("lexington", "louisville") == tuple(store.ledgers())
    for ledger in store.ledgers():
        assert exported(store, ledger)[-1]["fact"]["facts"] == 60


def test_claims_and_seats_are_those_of_a_restore(store: Store) -> None:
    import_file(store, SAMPLE, by=OPERATOR)
    ledger = store.ledger("lexington")
    mrn = first_of(sample_lines(), "PatientRegistered")
    assert ledger.holder(MRN, mrn["fact"]["mrn"]) == mrn["stream"]
    site = site_at(ledger, FACTS)
    for key, cohort in site.cohorts.items():
        values = [Seat(key, n).value for n in range(1, cohort.capacity + 1)]
        sitting = Counter(stream_name("chart", p) for p, chart in site.charts.items() if cohort_held(chart) == key)
        assert Counter(ledger.held(SEAT, values).values()) == sitting


def test_what_a_line_leaves_out_is_given_and_given_again_the_same(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()[:60]
    for line in lines:
        for name in ("source", "correlation_id", "position", "causation_id", "reason"):
            del line[name]
    path = write(tmp_path / "sparse.ndjson", lines)
    assert numbers(import_file(store, path, by=OPERATOR)) == (60, 0, 0)
    assert {line["source"] for line in exported(store)} == {"import"}
    assert numbers(import_file(store, path, by=OPERATOR)) == (0, 60, 0)


# ---- refused whole


def cut_off(path: Path) -> None:
    path.write_bytes(SAMPLE.read_bytes()[:-1000])


def not_utf_8(path: Path) -> None:
    path.write_bytes(gzip.decompress(SAMPLE.read_bytes()).replace(b'"S. Staff01"', b'"S. St\xe4ff01"'))


def no_facts(path: Path) -> None:
    path.write_bytes(b"position,stream,version\n1,facility/lexington,1\n")


@pytest.mark.parametrize("spoil", [cut_off, not_utf_8, no_facts])
def test_an_unreadable_file_is_refused_whole(store: Store, tmp_path: Path, rejects: Path, spoil: Any) -> None:
    path = tmp_path / "spoiled"
    spoil(path)
    with pytest.raises(FileUnreadable, match=r"^spoiled .*\.$"):
        import_file(store, path, by=OPERATOR, rejects=rejects)
    assert store.ledgers() == []
    assert not rejects.exists()


def test_of_several_files_none_comes_in_when_one_is_unreadable(store: Store, tmp_path: Path) -> None:
    cut_off(tmp_path / "cut.gz")
    with pytest.raises(FileUnreadable):
        import_files(store, [SAMPLE, tmp_path / "cut.gz"], by=OPERATOR)
    assert store.ledgers() == []


def test_nothing_is_imported_when_the_rejects_have_no_place(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable, match=r"^rejects can't be written"):
        import_file(store, SAMPLE, by=OPERATOR, rejects=tmp_path / "nowhere" / "rejects")
    assert store.ledgers() == []


def test_the_rejects_never_take_the_place_of_the_file_itself(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "file.ndjson", sample_lines()[:20])
    (tmp_path / "link").symlink_to(path)
    before = path.read_bytes()
    with pytest.raises(FileUnwritable, match="is the file that is imported"):
        import_file(store, path, by=OPERATOR, rejects=tmp_path / "link")
    assert path.read_bytes() == before
    assert store.ledgers() == []


def test_rejects_that_can_not_be_written_on_the_way_end_the_import_with_a_sentence(
    store: Store, tmp_path: Path
) -> None:
    lines = sample_lines()[:20]
    lines[10]["colour"] = "blue"
    with pytest.raises(FileUnwritable, match=r"^full can't be written \(No space left on device\)\.$"):
        import_file(store, write(tmp_path / "file.ndjson", lines), by=OPERATOR, rejects=Path("/dev/full"))


def test_only_an_operator_imports(store: Store) -> None:
    with pytest.raises(Refused) as refused:
        import_file(store, SAMPLE, by=Person("staff/1", "R. Ames", "administrator"))
    assert refused.value.rule == "file.not-permitted"
    assert store.ledgers() == []


# ---- a broken line in the middle


def check_the_rest_is_in(store: Store, lines: list[Values | bytes], refused: list[Values], imported: Imported) -> None:
    """Every line is in or among the refused, in order, each with a reason and as it was."""
    assert numbers(imported) == (len(lines) - len(refused), 0, len(refused))
    numbered = dict(enumerate(lines, start=1))
    for reject in refused:
        assert list(reject) == ["line", "rule", "because", "input"]
        assert reject["because"].endswith(".")
        line = numbered.pop(reject["line"])
        assert reject["input"] == (
            line.decode() if isinstance(line, bytes) else json.dumps(line, separators=(",", ":"))
        )
    assert [content(line) for line in exported(store)[:-1]] == [
        content(line) for line in numbered.values() if not isinstance(line, bytes)
    ]
    assert [reject["line"] for reject in refused] == sorted(reject["line"] for reject in refused)


def test_a_broken_line_holds_back_its_stream_and_what_needs_it_and_nothing_else(
    store: Store, tmp_path: Path, rejects: Path
) -> None:
    """The line that schedules a group session, cut off: its other lines, and the charts of who came, can't follow."""
    lines: list[Any] = sample_lines()
    scheduled = first_of(lines[500:], "SessionScheduled", kind="group")
    stream, number = scheduled["stream"], scheduled["position"]
    of_session = [n for n, line in enumerate(lines, start=1) if line["stream"] == stream]
    attended = {
        n: line["stream"]
        for n, line in enumerate(lines, start=1)
        if line["fact"].get("session_id") == stream.partition("/")[2]
    }
    assert len(of_session) > 1
    assert attended
    lines[number - 1] = json.dumps(scheduled).encode()[:200]
    imported = import_file(store, write(tmp_path / "broken.ndjson", lines), by=OPERATOR, rejects=rejects)
    refused = read_rejects(rejects)
    check_the_rest_is_in(store, lines, refused, imported)
    rules = {reject["line"]: reject["rule"] for reject in refused}
    assert rules[number] == "line.malformed"
    assert [rules[n] for n in of_session[1:]] == ["line.version-gap"] + ["line.held-back"] * (len(of_session) - 2)
    first = min(attended)
    assert rules[first] == "attendance.unknown-session"
    later = [n for n, line in enumerate(lines, 1) if n > first and n in rules and line["stream"] == attended[first]]
    assert later
    assert {rules[n] for n in later} == {"line.held-back"}
    held = {lines[n - 1]["stream"] for n in rules if n != number}
    assert held == {stream, *attended.values()}
    completed = exported(store)[-1]["fact"]
    assert (completed["facts"], completed["rejects"]) == (imported.facts, imported.rejects)


def test_the_same_file_put_right_adds_what_was_missing(store: Store, tmp_path: Path) -> None:
    lines: list[Any] = sample_lines()
    first_of(lines[500:], "PatientRegistered")["fact"]["birth_date"] = "unknown"
    broken = import_file(store, write(tmp_path / "broken.ndjson", lines), by=OPERATOR)
    right = import_file(store, SAMPLE, by=OPERATOR)
    assert broken.rejects > 1
    assert numbers(right) == (broken.rejects, broken.facts, 0)
    found = sorted(exported(store), key=lambda line: (line["stream"], line["version"]))
    expected = sorted(sample_lines(), key=lambda line: (line["stream"], line["version"]))
    assert [content(line) for line in found if line["type"] != "ImportCompleted"] == [content(x) for x in expected]


def test_the_rejects_are_for_their_owner_alone_and_a_former_file_is_replaced(
    store: Store, tmp_path: Path, rejects: Path
) -> None:
    lines = sample_lines()[:50]
    first_of(lines, "PatientRegistered")["fact"]["colour"] = "blue"
    import_file(store, write(tmp_path / "broken.ndjson", lines), by=OPERATOR, rejects=rejects)
    assert read_rejects(rejects)
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    import_file(store, write(tmp_path / "right.ndjson", sample_lines()[:50]), by=OPERATOR, rejects=rejects)
    assert read_rejects(rejects) == []


def test_rejects_are_not_shown_to_who_could_read_the_former_file(store: Store, tmp_path: Path, rejects: Path) -> None:
    rejects.write_bytes(b"for all\n")
    rejects.chmod(0o644)
    (tmp_path / "second name").hardlink_to(rejects)
    lines = sample_lines()[:50]
    first_of(lines, "PatientRegistered")["fact"]["colour"] = "blue"
    with rejects.open("rb") as opened:
        import_file(store, write(tmp_path / "broken.ndjson", lines), by=OPERATOR, rejects=rejects)
        assert opened.read() == b"for all\n"
    assert read_rejects(rejects)
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert (tmp_path / "second name").read_bytes() == b"for all\n"
    assert {path.name for path in tmp_path.iterdir()} == {"broken.ndjson", "rejects.ndjson", "second name"}


@pytest.mark.parametrize("aim", ["there", "not there"])
def test_rejects_do_not_follow_a_link(store: Store, tmp_path: Path, rejects: Path, aim: str) -> None:
    (tmp_path / "there").write_bytes(b"as it was\n")
    rejects.symlink_to(tmp_path / aim)
    path = write(tmp_path / "file.ndjson", sample_lines()[:20])
    with pytest.raises(FileUnwritable, match="is no regular file"):
        import_file(store, path, by=OPERATOR, rejects=rejects)
    assert (tmp_path / "there").read_bytes() == b"as it was\n"
    assert not (tmp_path / "not there").exists()
    assert store.ledgers() == []
