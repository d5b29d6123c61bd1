"""Tables as files: encodings, separators, quotes, line ends, headers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.csv_file import Row, TableFile, is_table
from exchange.errors import ColumnsUnknown, FileUnreadable

HEADER = "MRN,Date,Outcome,Staff,Reason"


def rows(path: Path, text: str | bytes) -> list[Row]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(TableFile(path).rows())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_rows_have_the_number_of_their_first_line_and_stand_as_they_were(path: Path) -> None:
    text = f'\r\n{HEADER},,\r\n\r\nA,1/2/2026,attended,x,"two\r\n\r\nlines",,\r\n,,,,\r\nB,,,,,\r\n\r\n'
    first, second = rows(path, text)
    assert (first.line.number, second.line.number) == (4, 8)
    assert first.cells["reason"] == "two\n\nlines"
    assert first.line.text.decode() == 'A,1/2/2026,attended,x,"two\r\n\r\nlines",,'
    assert (second.cells["mrn"], second.fault) == ("B", None)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_and_marks(path: Path, mark: str, bom: bytes, end: str) -> None:
    text = bom + end.join([HEADER.replace(",", mark), mark.join(["A", "x", "y", "z", '"a,b;c\td"'])]).encode()
    [row] = rows(path, text)
    assert list(row.cells.values()) == ["A", "x", "y", "z", "a,b;c\td"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252"])
def test_another_encoding_says_how_to_save(path: Path, encoding: str) -> None:
    with pytest.raises(FileUnreadable, match="CSV UTF-8"):
        rows(path, f"{HEADER}\r\nA,1/2/2026,attended,Zoé,\r\n".encode(encoding))


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("mrn, DATE ,Out-Come,STAFF", "unknown: `out_come`, missing: `outcome`"),
        ("mrn,date,outcome", "missing: `staff`"),
        ("mrn,outcome,staff", "missing: `date or session_id`"),
        ("mrn,date,Session Date,outcome,staff", "given twice: `date`"),
        ("mrn,first name,last name,dob,gender,staff,shoe size", "reads like patients, unknown: `shoe_size`"),
        ("mrn,collected,specimen,observed,staff,12345", "reads like screenings, unknown: (?)"),
    ],
)
def test_columns_that_do_not_fit_are_named_with_those_that_are_known(path: Path, header: str, names: str) -> None:
    with pytest.raises(ColumnsUnknown) as error:
        rows(path, header + "\r\n")
    assert names in str(error.value)
    assert "attendance: mrn, date, start" in str(error.value)


def test_a_row_of_data_in_place_of_the_header_is_not_repeated(path: Path) -> None:
    with pytest.raises(ColumnsUnknown, match=r"unknown: column 1, column 2, .*column 6, missing") as e:
        rows(path, "MRN-7731,Ottoline,Quillfeather,5/4/1987,female,R. Ames\r\n")
    assert not any(word in str(e.value) for word in ("ottoline", "quillfeather", "7731", "ames", "1987"))


@pytest.mark.parametrize("text", ["", "\r\n\r\n", ",,,\r\n", '"mrn,date\r\n'])
def test_no_header(path: Path, text: str) -> None:
    with pytest.raises(FileUnreadable):
        rows(path, text)


def test_a_quote_that_is_not_closed_is_found_before_anything_is_taken(path: Path) -> None:
    with pytest.raises(FileUnreadable, match="isn't closed, in the row of line 3"):
        rows(path, f'{HEADER}\r\nA,,,,\r\nB,,,,"open\r\nC,,,,\r\n')
    with pytest.raises(FileUnreadable, match="isn't closed, in the row of line 2"):
        rows(path, f'{HEADER}\r\nA,,,,"open\r\n' + "C,,,,\r\n" * 30_000)


def test_a_row_with_broken_quotes_or_too_many_cells_is_refused_alone(path: Path) -> None:
    broken, long, fine = rows(path, f'{HEADER}\r\nA,"a"b,,,\r\nB,Lexington, KY,a,b,c\r\nC,,,,\r\n')
    assert broken.fault is not None
    assert long.fault is not None
    assert "no column" in long.fault.because
    assert (fine.fault, fine.line.number) == (None, 4)


def test_carriage_returns_alone_are_no_lines(path: Path) -> None:
    with pytest.raises(FileUnreadable):
        rows(path, f"{HEADER}\rA,,,,\r")


def test_a_line_longer_than_any_row_is_no_table(path: Path) -> None:
    with pytest.raises(FileUnreadable, match="no table of text"):
        rows(path, f"{HEADER}\r\n" + "x" * (1 << 20) + ",,,,\r\n")


@pytest.mark.parametrize(
    ("name", "is_one"), [("a.csv", True), ("A.CSV", True), ("a.tsv.gz", True), ("a.ndjson", False)]
)
def test_a_table_is_known_by_its_name(name: str, is_one: bool) -> None:
    assert is_table(Path(name)) is is_one


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\0\ufeff"), max_size=12).map(str.strip)


@given(
    st.lists(st.lists(_TEXT, min_size=5, max_size=5).filter(any), max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_whatever_stands_in_it(path: Path, given: list[list[str]], mark: str, end: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, lineterminator=end)
    writer.writerows([HEADER.split(","), *given])
    found = rows(path, out.getvalue())
    assert [list(row.cells.values()) for row in found] == given
    lines = out.getvalue().encode().split(b"\n")
    for row in found:
        text = row.line.text.split(b"\n")
        last = [lines[row.line.number - 1 + n].rstrip(b"\r") for n in range(len(text))]
        assert [part.rstrip(b"\r") for part in text] == last
