"""The report as a document: the same bytes each time, every row in it, tagged and described, safe whatever it says."""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from dataclasses import replace
from datetime import date, timedelta, timezone
from hashlib import sha256
from io import BytesIO

import pytest
from pypdf import PdfReader

from domain.compliance.verdict import Row
from domain.site import Site
from exchange.paper.document import Form, Table, Words
from exchange.paper.limits import LIMITS, Limit
from exchange.paper.page import policy
from exchange.paper.pdf import as_pdf
from exchange.paper.reports import report_document
from exchange.paper.telling import verdict_told
from exchange.paper.writing import write
from tests.domain.compliance.evenings import SUNDAY, Evenings, ann_of
from tests.domain.program import Program
from tests.exchange.paper.given import HOSTILE, SVG, document_of, figures_of, report_of, saying, text_of
from tests.rule_sets import ASAM_2_1, LANDMARK_IOP, TEDS_IOP
from tests.sample_program import sample, site_of

WEEK = "2026-W15"


@pytest.fixture(scope="module")
def site() -> Site:
    return site_of(sample())


@pytest.fixture(scope="module")
def pdf(site: Site) -> bytes:
    return write(document_of(site, WEEK), Form.PDF)


@pytest.fixture(scope="module")
def page(site: Site) -> ET.Element:
    return parsed_page(write(document_of(site, WEEK), Form.HTML))


def parsed_page(written: bytes) -> ET.Element:
    """It is XML as well, so that what is not well-formed is found."""
    return ET.fromstring(written.removeprefix(b"<!DOCTYPE html>\n"))


def cells(row: Row) -> str:
    return f"{verdict_told(row.verdict)} {row.value} {row.of}"


# ---- the same bytes


@pytest.mark.parametrize("form", Form)
def test_nothing_of_who_asked_and_when_is_in_it(site: Site, form: Form) -> None:
    report = report_of(site, WEEK)
    later = replace(
        report.header,
        generated_at=report.header.generated_at + timedelta(days=90),
        requested_by="staff/another",
        purpose="operations",
        asked_known_at=report.header.known_at + timedelta(days=1),
    )
    one = write(report_document(site, report, LANDMARK_IOP), form)
    assert write(report_document(site, replace(report, header=later), LANDMARK_IOP), form) == one
    assert b"staff/" not in one


def test_another_cut_is_another_document(site: Site) -> None:
    report = report_of(site, WEEK)
    further = replace(report, header=replace(report.header, position=report.header.position + 1))
    for form in Form:
        one = write(report_document(site, report, LANDMARK_IOP), form)
        assert write(report_document(site, further, LANDMARK_IOP), form) != one


def test_an_instant_is_dated_the_same_in_whatever_zone_it_is_given(site: Site) -> None:
    document = document_of(site, WEEK)
    elsewhere = document.stands_at.astimezone(timezone(timedelta(hours=9)))
    assert as_pdf(replace(document, stands_at=elsewhere)) == as_pdf(document)


# ---- what stands in it


def test_every_row_stands_in_the_pdf(site: Site, pdf: bytes) -> None:
    text = text_of(pdf)
    rows = report_of(site, WEEK).rows
    assert len(rows) > 200
    for row in rows:
        after = text.split(f"{row.rule}: ", 1)[1]
        assert re.search(rf"{row.subject_id}.{{0,80}}? {cells(row)} ", after), row


def test_every_row_stands_in_the_page(site: Site, page: ET.Element) -> None:
    lines = {" ".join(cell.text or "" for cell in line if cell.text) for line in page.iter("tr")}
    for row in report_of(site, WEEK).rows:
        assert any(line.startswith(row.subject_id) and cells(row) in line for line in lines), row


@pytest.mark.parametrize("form", Form)
def test_of_more_rows_than_it_takes_it_says_where_they_stand(site: Site, form: Form) -> None:
    report = report_of(site, WEEK)
    rows = len(report.rows)

    def said(limit: Limit) -> str:
        written = write(report_document(site, report, LANDMARK_IOP, limit), form)
        return text_of(written) if form is Form.PDF else " ".join(parsed_page(written).itertext())

    patients = LIMITS[form].patients
    short, whole = said(Limit(rows=rows - 1, patients=patients)), said(Limit(rows=rows, patients=patients))
    sentence = (
        f"The {rows:,} rows, more than the {rows - 1:,} that this document takes, stand in the same report as "
        f"CSV, XLSX or NDJSON, with SHA-256 {report.header.sha256} of the canonical rows."
    )
    assert sentence in short
    assert sentence not in whole
    assert "Rows of HRS-1" in whole
    assert "Rows of HRS-1" not in short
    for kept in ("Verdicts by rule", "Treatment minutes of each patient", "What the pictures show"):
        assert kept in short


def test_pictures_show_as_many_patients_as_fit_and_say_so(site: Site) -> None:
    report = report_of(site, WEEK)
    patients = sorted({row.subject_id for row in report.rows if row.rule == "HRS-1"})
    document = report_document(site, report, LANDMARK_IOP, Limit(rows=len(report.rows), patients=5))
    told = next(section for section in document.sections if section.title == "Hours of each patient").blocks[0]
    assert isinstance(told, Words)
    assert f"Of {len(patients)} patients" in told.text
    assert "the first 5 by id" in told.text
    [table] = [b for s in document.sections if s.title == "Patients" for b in s.blocks if isinstance(b, Table)]
    assert len(table.rows) == 5
    assert all(patient.startswith(row[0]) for patient, row in zip(patients, table.rows, strict=False))
    strips = [figure for figure in figures_of(document) if figure.title.startswith("Attendance of")]
    drawn = " ".join(str(figure.svg) for figure in strips)
    assert [patient for patient in patients if patient[:8] in drawn] == patients[:5]


def test_each_page_says_what_it_is_and_where_it_stands(site: Site, pdf: bytes) -> None:
    header = report_of(site, WEEK).header
    pages = PdfReader(BytesIO(pdf)).pages
    assert 5 < len(pages) < 20
    for number, page in enumerate(pages, start=1):
        text = " ".join(page.extract_text().split())
        for said in (
            f"lexington · weekly {WEEK} · landmark-iop 1 · as of 2026-04-12 · known at 2027-01-01T00:00:00Z",
            f"position 17 · {header.rows} rows",
            f"SHA-256 {header.sha256}",
            f"page {number} of {len(pages)}",
        ):
            assert said in text


def test_the_title_block_says_what_the_report_rests_on(site: Site, page: ET.Element) -> None:
    header = report_of(site, WEEK).header
    [block] = page.iter("dl")
    told = {(term.text or ""): "".join(said.itertext()) for term, said in zip(block[::2], block[1::2], strict=True)}
    assert told == {
        "Facility": "Lexington IOP (synthetic) (lexington)",
        "Week": "2026-W15: 2026-04-06 to 2026-04-12",
        "Rule set": "landmark-iop, version 1",
        "As of": "2026-04-12: what had happened by the end of that day",
        "Known at": "2027-01-01T00:00:00Z (19:00:00 EST on 2026-12-31): what was on record then",
        "Position": "17 in the ledger lexington",
        "Rows": f"{header.rows}",
        "SHA-256 of the canonical rows": header.sha256,
    }


def test_charts_that_were_destroyed_are_counted(site: Site) -> None:
    report = report_of(site, WEEK)
    gone = replace(report, header=replace(report.header, charts_destroyed=2))
    [rows] = [fact for fact in report_document(site, gone, LANDMARK_IOP).facts if fact.label == "Rows"]
    assert rows.value.endswith("; 2 charts were destroyed and have none")


def test_the_summary_counts_every_row_once(site: Site) -> None:
    report = report_of(site, WEEK)
    table = document_of(site, WEEK).sections[0].blocks[1]
    assert table.kind == "table"
    counted = [[0 if cell == "\u2013" else int(cell) for cell in line[2:]] for line in table.rows]
    assert all(sum(line[:-1]) == line[-1] for line in counted)
    assert sum(line[-1] for line in counted) == len(report.rows)
    hours = [row for row in report.rows if row.rule == "HRS-1"]
    assert counted[0][0] == sum(row.verdict == "met" for row in hours)


def test_what_pictures_show_stands_in_a_table_too(site: Site, page: ET.Element) -> None:
    document = document_of(site, WEEK)
    [patients] = [section for section in document.sections if section.title == "Patients"]
    table = patients.blocks[1]
    assert table.kind == "table"
    hours = {row.subject_id: row for row in report_of(site, WEEK).rows if row.rule == "HRS-1"}
    assert len(table.rows) == len(hours)
    for name, minutes, of, verdict, *_ in table.rows:
        [row] = [row for key, row in hours.items() if key.startswith(name)]
        assert (minutes, of, verdict) == (str(row.value), str(row.of), verdict_told(row.verdict))


# ---- for everybody


def test_the_pdf_is_tagged_and_says_what_it_conforms_to(pdf: bytes, site: Site) -> None:
    reader = PdfReader(BytesIO(pdf))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Weekly compliance report 2026-W15, Lexington IOP (synthetic)"
    said = reader.xmp_metadata.stream.get_data().decode()  # type: ignore[union-attr]
    assert "<pdfaid:part>2</pdfaid:part>" in said
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in said
    assert "<pdfuaid:part>1</pdfuaid:part>" in said
    assert len(reader.outline) == len(document_of(site, WEEK).sections)


def test_each_picture_of_the_pdf_is_told_in_words(pdf: bytes, site: Site) -> None:
    told = sorted(alternatives(PdfReader(BytesIO(pdf)).trailer["/Root"]["/StructTreeRoot"]))
    assert told == sorted(f"{one.title}. {one.description}" for one in figures_of(document_of(site, WEEK)))


def alternatives(element: object) -> list[str]:
    """What stands instead of pictures, in the tree of tags."""
    found, waiting = [], [element]
    while waiting:
        one = waiting.pop()
        one = one.get_object() if hasattr(one, "get_object") else one
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            if "/Alt" in one:
                found.append(str(one["/Alt"]))
            if "/K" in one:
                waiting.append(one["/K"])
    return found


def test_the_page_has_landmarks_headings_and_tables_that_are_read_aloud(page: ET.Element) -> None:
    assert page.attrib["lang"] == "en"
    assert [one.tag for one in page.findall("body/*")] == ["header", "nav", "main", "footer"]
    assert len(list(page.iter("h1"))) == 1
    names = [one.attrib["id"] for one in page.iter() if "id" in one.attrib]
    assert len(names) == len(set(names))
    for one in page.iter():
        for referring in ("aria-labelledby", "href"):
            if referring in one.attrib:
                assert {name.removeprefix("#") for name in one.attrib[referring].split()} <= set(names)
    for table in page.iter("table"):
        assert table.findtext("caption")
        assert {head.attrib["scope"] for head in table.findall("thead/tr/th")} == {"col"}
        for line in table.findall("tbody/tr"):
            assert line[0].attrib["scope"] == "row"
            assert len(line) == len(table.findall("thead/tr/th"))
    assert all(figure.find(f"{SVG}svg") is not None for figure in page.iter("figure"))


def test_the_page_needs_nothing_from_elsewhere(page: ET.Element) -> None:
    assert {one.tag for one in page.iter()} & {"script", "link", "img", "iframe", "object"} == set()
    for one in page.iter():
        assert "style" not in one.attrib
        assert not any(name.startswith("on") for name in one.attrib)
        assert one.attrib.get("href", "#").startswith("#")
    [style] = page.iter("style")
    assert style.text
    assert "url(" not in style.text
    assert "@import" not in style.text
    digest = b64encode(sha256(style.text.encode()).digest()).decode()
    assert policy() == f"default-src 'none'; style-src 'sha256-{digest}'"
    assert [one.attrib.get("content") for one in page.iter("meta") if "http-equiv" in one.attrib] == [policy()]


def test_text_has_contrast_enough() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, of either ink on white."""
    for ink in ("1b2430", "5b6673"):
        channels = [int(ink[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5


# ---- whatever it says


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_on_record_is_shown_and_does_nothing(text: str) -> None:
    document = saying(text, "plain")
    page = parsed_page(write(document, Form.HTML))
    assert {one.tag for one in page.iter()} == {
        one.tag for one in parsed_page(write(saying("x", "y"), Form.HTML)).iter()
    }
    pdf = write(document, Form.PDF)
    assert PdfReader(BytesIO(pdf)).trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert pdf == write(document, Form.PDF)


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isascii() and text.isprintable()])
def test_code_of_any_kind_stands_in_the_pdf_as_it_was_written(text: str) -> None:
    shown = text_of(write(saying(text, "plain"), Form.PDF)).replace("\u200b", "")
    assert text.replace(" ", "") in shown.replace(" ", "")
    assert html.escape(text, quote=False).encode() in write(saying(text, "plain"), Form.HTML)


def test_a_letter_that_no_font_has_is_told_by_its_number_in_the_pdf_alone() -> None:
    document = saying("漢", "plain")
    assert "[U+6F22]" in text_of(write(document, Form.PDF))
    assert "漢".encode() in write(document, Form.HTML)


def test_a_cohort_of_any_name_harms_nothing() -> None:
    for name in HOSTILE:
        program = Evenings()
        ann_of(program, *program.three_evenings())
        formed = program.streams[f"cohort/{program.cohort_id}"]
        formed[0] = replace(formed[0], fact=replace(formed[0].fact, name=name))
        document = document_of(program.site())
        parsed_page(write(document, Form.HTML))
        assert write(document, Form.PDF).startswith(b"%PDF")


# ---- small and large


@pytest.mark.parametrize("form", Form)
def test_a_week_without_anybody_is_a_document_that_says_so(form: Form) -> None:
    written = write(document_of(Program().site()), form)
    text = text_of(written) if form is Form.PDF else " ".join("".join(parsed_page(written).itertext()).split())
    assert "Nobody was enrolled on a date of the week." in text
    assert "Positive screens by month" in text


def test_a_rule_set_without_hours_or_screens_says_so_or_shows_none() -> None:
    program = Evenings()
    ann_of(program, *program.three_evenings())
    titles = [section.title for section in document_of(program.site(), rule_set=TEDS_IOP).sections]
    assert titles == [
        "Summary",
        "Hours of each patient",
        "Attendance",
        "Patients",
        "HRS-2: at least 3 days of 120 minutes or more",
    ]
    assert "This rule set asks for no minutes a week." in text_of(
        write(document_of(program.site(), rule_set=TEDS_IOP), Form.PDF)
    )
    assert figures_of(document_of(program.site(), rule_set=ASAM_2_1))


def test_a_hundred_patients_are_written_and_none_is_left_out() -> None:
    program = Program()
    for _ in range(9):
        cohort = program.cohort("mon", "tue", "thu")
        evenings = [program.held(cohort, f"2026-03-0{n} 18:00", f"2026-03-0{n} 21:00") for n in (2, 3, 5)]
        for n in range(12):
            patient = program.patient(cohort, date(2026, 2, 20))
            patient.admitted(date(2026, 2, 23))
            patient.absent(evenings[n % 3], excused=n % 2 == 0)
    report = report_of(program.site(), "2026-W10", as_of=SUNDAY)
    assert report.header.rows > 500
    document = report_document(program.site(), report, LANDMARK_IOP)
    written = write(document, Form.PDF)
    text = text_of(written)
    hours = text.split("HRS-1: ", 1)[1].split("HRS-2: ", 1)[0]
    subjects = [row.subject_id for row in report.rows if row.rule == "HRS-1"]
    assert len(subjects) == 108
    assert all(subject in hours for subject in subjects)
    assert len(PdfReader(BytesIO(written)).pages) < 30
    assert sum("patients 1 to" in figure.title for figure in figures_of(document)) == 1
    assert len(json.dumps([figure.svg for figure in figures_of(document)])) < 400_000
