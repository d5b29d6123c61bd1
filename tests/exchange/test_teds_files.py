"""Submissions as files: columns and bytes of each format, the manifest, and what was sent read again."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.teds.records import Kind, Records, applied
from exchange import teds
from exchange.errors import FileUnreadable, NotAsked
from exchange.export.files import FORMATS
from exchange.export.kinds import KINDS
from exchange.export.question import Asked
from exchange.export.taking import manifest_of, write_table
from exchange.export.teds import submitted
from exchange.manifest import Taker
from exchange.restoring import restore_file
from exchange.teds_sent import TRANSACTION, read_manifest, read_sent
from store.store import Store
from tests.exchange.program_file import OPERATOR, SAMPLE
from tests.exchange.test_destroyed_charts import destroy, discharged

A, D = Kind.ADMISSIONS, Kind.DISCHARGES
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
LAST = date(2026, 5, 10)
BEFORE_VOID = datetime.fromisoformat("2026-03-25T13:20:00-04:00")
TAKER = Taker(by="staff/x", purpose="operations", at=NOW)


def question(**asked: Any) -> Asked:
    return Asked(**{"facility": "lexington", "now": NOW, "as_of": LAST, **asked})


def taken(store: Store, kind: Kind, asked: Asked, *formats: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The bytes of each file, and the manifest of the last."""
    files = {name: io.BytesIO() for name in formats or ("ndjson",)}
    with KINDS[kind.value].opened(store, asked) as table:
        written = write_table(table, files)  # type: ignore[arg-type]
        manifest = json.loads(manifest_of(table, name := [*files][-1], written[name], TAKER).as_json())
    return {name: file.getvalue() for name, file in files.items()}, manifest


def rows(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("kind", Kind)
def test_two_exports_at_one_cut_are_the_same_bytes(restored: Store, kind: Kind) -> None:
    once, _ = taken(restored, kind, question(), *FORMATS)
    again, _ = taken(restored, kind, question(), *FORMATS)
    assert once == again
    assert {name: len(text) > 1000 for name, text in once.items()} == dict.fromkeys(FORMATS, True)


def test_rows_name_their_columns_and_nobody(restored: Store) -> None:
    files, manifest = taken(restored, D, question(), "ndjson", "csv")
    found = rows(files["ndjson"])
    names = [TRANSACTION, *(item.name for item in D.items)]
    assert [*found[0]] == names == files["csv"].decode().splitlines()[0].split(",")
    assert [column["name"] for column in manifest["columns"]] == names
    (row,) = (row for row in found if row["client_id"].startswith("115a3c98"))
    assert (row[TRANSACTION], row["LOS"], row["discharged_on"], row["carried_over"], row["EMPLOY_D"]) == (
        "A",
        31,
        "2026-04-03",
        False,
        -9,
    )
    assert not any(word in files["csv"] for word in (b"Testa", b"Simulacrum", b"SYN-LEX", b"1986-04-15"))


def test_dates_and_codes_are_typed_in_a_workbook(restored: Store) -> None:
    files, _ = taken(restored, A, question(), "xlsx")
    with zipfile.ZipFile(io.BytesIO(files["xlsx"])) as workbook:
        sheets = {name: workbook.read(name).decode() for name in workbook.namelist() if "sheets/sheet" in name}
    # 2026-02-19 is the 46,072nd day of the calendar that workbooks count by.
    assert any("<v>46072</v>" in text for text in sheets.values())
    assert any("<v>-9</v>" in text for text in sheets.values())


def test_the_manifest_says_what_a_later_export_needs(restored: Store, tmp_path: Path) -> None:
    _, first = taken(restored, D, question(known_at=BEFORE_VOID, to_on=date(2026, 4, 30)))
    assert first["parameters"] == {"from": None, "to": "2026-04-30", "state": 21}
    assert (first["transactions"], first["doubled"], first["charts_destroyed"]) == ({"A": 2, "C": 0, "D": 0}, 0, 0)
    path = tmp_path / "first.manifest.json"
    path.write_text(json.dumps(first))
    files, then = taken(restored, D, submitted(question(), "teds-d", manifest=path))
    assert then["parameters"] == {
        "from": None,
        "to": None,
        "state": 21,
        "since_position": first["position"],
        "since_as_of": "2026-05-10",
        "since_from": None,
        "since_to": "2026-04-30",
    }
    assert then["transactions"] == {"A": 25, "C": 0, "D": 1}
    deleted, *added = rows(files["ndjson"])
    assert (deleted[TRANSACTION], deleted["discharged_on"], deleted["REASON"]) == ("D", "2026-03-25", None)
    assert {row[TRANSACTION] for row in added} == {"A"}


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_files_that_were_sent_say_what_the_state_has(restored: Store, tmp_path: Path, form: str) -> None:
    paths = []
    known: dict[str, Any] = {"manifest": None}
    for n, asked in enumerate((question(known_at=BEFORE_VOID), question())):
        files, manifest = taken(restored, D, submitted(asked, "teds-d", **known), form)
        paths.append(tmp_path / f"{n}.{form}")
        paths[-1].write_bytes(files[form])
        known["manifest"] = tmp_path / f"{n}.manifest.json"
        known["manifest"].write_text(json.dumps(manifest))
    assert read_sent(paths, D) == everything(restored)
    files, manifest = taken(restored, D, submitted(question(), "teds-d", files=paths))
    assert manifest["transactions"] == {"A": 0, "C": 0, "D": 0}
    assert rows(files["ndjson"]) == []
    assert len(manifest["parameters"]["sent"]) == 2


def everything(store: Store) -> Records:
    found = teds.answer(store, "lexington", D, now=NOW, asked=teds.Asked(as_of=LAST))
    return applied({}, found.lines, D)


def test_what_was_sent_of_a_destroyed_chart_is_deleted_by_its_file(store: Store, tmp_path: Path) -> None:
    restore_file(store, SAMPLE, by=OPERATOR)
    files, _ = taken(store, A, question(), "csv")
    path = tmp_path / "sent.csv"
    path.write_bytes(files["csv"])
    gone = discharged(store)
    destroy(store, gone)
    after, manifest = taken(store, A, submitted(question(), "teds-a", files=[path]))
    assert manifest["charts_destroyed"] == 1
    (row,) = rows(after["ndjson"])
    assert (row[TRANSACTION], row["client_id"], row["AGE"]) == ("D", str(gone), None)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text * 2,
        lambda text: text.replace(b'"A"', b'"D"'),
        lambda text: text.replace(b'"system_transaction"', b'"transaction"'),
        lambda text: text.replace(b'"admitted_on":"2026', b'"admitted_on":"soon'),
        lambda text: text.replace(b'"provider_id":"SYN-2070"', b'"provider_id":null'),
        lambda text: b"client_id\n1\n",
        lambda text: text[:-40],
        lambda text: b"\xff\xfe",
    ],
    ids=["twice", "deleted before", "no transaction", "no date", "no key", "another table", "torn", "no text"],
)
def test_what_cannot_have_been_sent_is_refused_by_the_name_of_the_file(
    restored: Store, tmp_path: Path, change: Any
) -> None:
    files, _ = taken(restored, A, question())
    path = tmp_path / "sent.ndjson"
    path.write_bytes(files["ndjson"])
    assert len(read_sent([path], A)) == 39
    path.write_bytes(change(files["ndjson"]))
    with pytest.raises(FileUnreadable, match=r"^sent\.ndjson doesn't follow") as refused:
        read_sent([path], A)
    assert "SYN" not in str(refused.value)
    with pytest.raises(FileUnreadable, match=r"^missing\.csv can't be read"):
        read_sent([tmp_path / "missing.csv"], A)


def test_what_is_no_manifest_is_refused(restored: Store, tmp_path: Path) -> None:
    path = tmp_path / "teds.csv"
    path.write_text("system_transaction\n")
    with pytest.raises(FileUnreadable, match=r"^teds\.csv is no manifest"):
        read_manifest(path)
    with pytest.raises(FileUnreadable, match=r"^missing can't be read"):
        read_manifest(tmp_path / "missing")
    path.write_text("[]")
    with pytest.raises(NotAsked, match="no manifest"):
        submitted(question(), "teds-a", manifest=path)
