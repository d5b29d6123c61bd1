"""What values become in each format: typed where the format has types, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exchange.errors import NotAsked
from exchange.export.as_csv import CsvWriter
from exchange.export.as_parquet import ParquetWriter
from exchange.export.as_xlsx import CELL_CHARACTERS, XlsxWriter
from exchange.export.columns import About, Column, Layout, Type, Values
from exchange.export.files import FORMATS
from tests.exchange.export.opened_xlsx import Opened

LAYOUT = Layout(
    kind="sample",
    title="Sample",
    says="One row a thing.",
    columns=tuple(
        Column(name=kind.name.lower(), type=kind, meaning=f"Some {kind.value}.")
        for kind in (Type.UUID, Type.TEXT, Type.INTEGER, Type.BOOLEAN, Type.DATE, Type.INSTANT, Type.LIST)
    ),
)
ABOUT = About(layout=LAYOUT, zone=ZoneInfo("America/New_York"), facts=(("facility", "lexington"), ("position", "7")))
ID = "0198c2d4-0000-4000-8000-000000000001"
FULL = (ID, "plain", 7, True, date(2026, 3, 2), datetime(2026, 3, 2, 23, 4, 11, 120415, tzinfo=UTC), ("a", "b"))
EMPTY = (None,) * 7


def written(name: str, *rows: Values) -> bytes:
    out = io.BytesIO()
    writer = FORMATS[name].begin(out, ABOUT)
    writer.write(rows)
    writer.close()
    return out.getvalue()


def row_of(text: str) -> Values:
    return (ID, text, 0, False, date(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC), (text,))


class TestCsv:
    def test_values_are_written_as_the_contract_writes_them(self) -> None:
        assert written("csv", FULL, EMPTY).decode().splitlines() == [
            "uuid,text,integer,boolean,date,instant,list",
            f"{ID},plain,7,true,2026-03-02,2026-03-02T18:04:11.120415-05:00,a; b",
            ",,,,,,",
        ]

    @pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "  =", "\t", "\r"])
    def test_text_is_never_a_formula(self, begins: str) -> None:
        [_, line] = csv.reader(io.StringIO(written("csv", row_of(f'{begins}cmd|" /c calc"!A1,2')).decode()))
        for cell in (line[1], line[6]):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
            assert "calc" in cell

    def test_commas_quotes_and_lines_stay_in_their_cell(self) -> None:
        [_, line] = csv.reader(io.StringIO(written("csv", row_of('a "b", c\nd')).decode()))
        assert line[1] == 'a "b", c d'
        assert len(line) == 7

    def test_an_hour_that_comes_twice_has_both_its_offsets(self) -> None:
        first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
        lines = written("csv", *[(*FULL[:5], first + n * timedelta(hours=1), ()) for n in range(2)]).decode()
        assert [line.split(",")[5] for line in lines.splitlines()[1:]] == [
            "2026-11-01T01:30:00-04:00",
            "2026-11-01T01:30:00-05:00",
        ]

    def test_no_rows_are_a_header(self) -> None:
        assert written("csv") == b"uuid,text,integer,boolean,date,instant,list\n"


class TestNdjson:
    def test_values_keep_their_types(self) -> None:
        full, empty = (json.loads(line) for line in written("ndjson", FULL, EMPTY).splitlines())
        assert list(full.items()) == [
            ("uuid", ID),
            ("text", "plain"),
            ("integer", 7),
            ("boolean", True),
            ("date", "2026-03-02"),
            ("instant", "2026-03-02T18:04:11.120415-05:00"),
            ("list", ["a", "b"]),
        ]
        assert set(empty.values()) == {None}


class TestXlsx:
    def test_cells_are_typed_and_instants_are_on_the_sites_clock(self) -> None:
        header, row = Opened(written("xlsx", FULL, EMPTY)).rows(1)
        assert [cell.text for cell in header.values()] == list(LAYOUT.names)
        assert (row["B"].type, row["B"].text) == ("inlineStr", "plain")
        assert (row["C"].type, row["C"].text) == (None, "7")
        assert (row["D"].type, row["D"].text) == ("b", "1")
        assert (row["E"].type, row["E"].form, row["E"].moment) == (None, "yyyy-mm-dd", datetime(2026, 3, 2))  # noqa: DTZ001
        assert (row["F"].form, row["F"].moment) == (
            'yyyy-mm-dd hh:mm:ss "EST"',
            datetime(2026, 3, 2, 18, 4, 11),  # noqa: DTZ001
        )
        assert row["G"].text == "a; b"

    def test_summer_and_winter_are_named(self) -> None:
        summer = (*FULL[:5], datetime(2026, 7, 1, 22, tzinfo=UTC), ())
        rows = Opened(written("xlsx", FULL, summer)).rows(1)
        assert [row["F"].form for row in rows[1:]] == ['yyyy-mm-dd hh:mm:ss "EST"', 'yyyy-mm-dd hh:mm:ss "EDT"']

    @pytest.mark.parametrize(
        "text", ["=1+1", "{=1}", "https://example.org", "0042", "@x", "_x0041_", "\x07", "\u202eabc"]
    )
    def test_text_stays_text(self, text: str) -> None:
        cell = Opened(written("xlsx", row_of(text))).rows(1)[1]["B"]
        assert cell.type == "inlineStr"

    def test_the_header_stays_in_sight_and_filters(self) -> None:
        sheet = Opened(written("xlsx", FULL, FULL)).sheet(1)
        kinds = {element.tag.rpartition("}")[2]: element for element in sheet.iter()}
        assert (kinds["pane"].get("ySplit"), kinds["pane"].get("state")) == ("1", "frozen")
        assert kinds["autoFilter"].get("ref") == "A1:G3"

    def test_a_sheet_says_what_this_is(self) -> None:
        book = Opened(written("xlsx", FULL, EMPTY))
        assert book.sheets == ["Sample", "About"]
        said = [[cell.text for cell in row.values()] for row in book.rows(2)]
        assert said[0] == ["Sample", "", "One row a thing."]
        assert ["facility", "", "lexington"] in said
        assert ["rows", "", "2"] in said
        assert any(line[0] == "time zone" and line[2].startswith("America/New_York") for line in said)
        assert ["instant", "instant", "Some instant."] in said

    def test_what_a_cell_has_no_room_for_is_cut_off_visibly(self) -> None:
        cell = Opened(written("xlsx", row_of("\U0001f600" * CELL_CHARACTERS))).rows(1)[1]["B"]
        assert cell.text.endswith("(cut off: a cell holds no more)")
        assert len(cell.text.encode("utf-16-le")) // 2 <= CELL_CHARACTERS

    def test_rows_that_a_sheet_has_no_room_for_go_on_in_the_next(self) -> None:
        out = io.BytesIO()
        writer = XlsxWriter(out, ABOUT, sheet_rows=3)
        writer.write([(ID, str(n), n, True, None, None, ()) for n in range(5)])
        writer.close()
        book = Opened(out.getvalue())
        assert book.sheets == ["Sample", "Sample (2)", "Sample (3)", "About"]
        assert [[row["B"].text for row in book.rows(n)] for n in (1, 2, 3)] == [
            ["text", "0", "1"],
            ["text", "2", "3"],
            ["text", "4"],
        ]

    def test_the_parts_of_the_archive_say_nothing_of_when_they_were_made(self) -> None:
        dates = {part.date_time for part in Opened(written("xlsx", FULL)).archive.infolist()}
        assert dates == {(1980, 1, 31, 0, 0, 0)}


class TestParquet:
    def test_columns_have_types(self, tmp_path: Path) -> None:
        import duckdb

        path = tmp_path / "sample.parquet"
        path.write_bytes(written("parquet", FULL, EMPTY, row_of("=1+1\x00 ü")))
        with duckdb.connect() as database:
            found = database.read_parquet(str(path))
            assert [str(kind) for kind in found.types] == [
                "UUID",
                "VARCHAR",
                "BIGINT",
                "BOOLEAN",
                "DATE",
                "TIMESTAMP WITH TIME ZONE",
                "VARCHAR[]",
            ]
            columns = '"uuid"::text, "text", "integer", "boolean", "date", epoch_us("instant"), "list"'
            rows = found.project(columns).fetchall()
        microseconds = int(FULL[5].timestamp()) * 1_000_000 + 120415
        assert rows[0] == (ID, "plain", 7, True, date(2026, 3, 2), microseconds, ["a", "b"])
        assert rows[1] == EMPTY
        assert rows[2][1] == "=1+1\x00 ü"

    def test_without_the_extra_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("exchange.export.as_parquet.find_spec", lambda name: None)
        with pytest.raises(NotAsked, match=r"stepdown\[parquet\]"):
            ParquetWriter(io.BytesIO(), ABOUT)


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_same_rows_are_the_same_bytes(name: str) -> None:
    rows: Sequence[Values] = [FULL, EMPTY, row_of("x")] * 100
    assert written(name, *rows) == written(name, *rows)


@pytest.mark.parametrize("writer", [XlsxWriter, ParquetWriter])
def test_a_file_that_is_given_up_leaves_nothing_behind(
    writer: type[XlsxWriter | ParquetWriter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    begun = writer(io.BytesIO(), ABOUT)
    begun.write([FULL])
    assert list(tmp_path.iterdir())
    begun.discard()
    assert list(tmp_path.iterdir()) == []


def test_rows_are_written_as_they_come() -> None:
    out = io.BytesIO()
    writer = CsvWriter(out, ABOUT)
    writer.write([FULL])
    before = out.tell()
    writer.write([FULL] * 2)
    assert out.tell() > before
