"""Documents to look into: of the sample program, of small programs, and with whatever people are called."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from pypdf import PdfReader

from domain.compliance.rule_set import RuleSet
from domain.compliance.weekly import assess_week
from domain.site import Site
from domain.week import Week
from exchange.paper.document import Column, Document, Fact, Figure, Section, Table, Words
from exchange.paper.reports import report_document
from exchange.reports import Report, ReportHeader
from exchange.rows import canonical_sha256
from tests.domain.program import LATER
from tests.rule_sets import LANDMARK_IOP

SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = (
    "<script>alert(1)</script>",
    '#import "x": *',
    "#strike[x] $ x^2 $ *b* _i_ `r` @ref <label> \\",
    "=cmd|'/c calc'!A0",
    "]]>&amp;\"'--",
    "שלום עולם",
    "محمد علي",
    "\u202egnp.exe",
    "\x00\x07\x1b[31m",
    "漢字 張偉",
    "A" * 300,
    "\ud7ff\uffff\U000e0041",
    "line\nbreak\ttab",
)
"""What somebody might call themselves, or a cohort."""


def report_of(site: Site, week: str, *, as_of: date | None = None, rule_set: RuleSet = LANDMARK_IOP) -> Report:
    """The report of a week of a small program, as of its Sunday unless said."""
    period = Week.parse(week)
    on = as_of or period.sunday
    rows = assess_week(site, period, rule_set=rule_set, as_of=on, known_at=LATER)
    header = ReportHeader(
        facility="lexington",
        period=period,
        payer=None,
        rule_set=rule_set.name,
        rule_set_version=rule_set.version,
        rules=tuple(dict.fromkeys(row.rule for row in rows)),
        as_of=on,
        known_at=LATER,
        asked_known_at=None,
        position=17,
        generated_at=datetime(2027, 5, 1, 9, tzinfo=UTC),
        rows=len(rows),
        sha256=canonical_sha256(rows),
        requested_by="staff/asker",
        purpose="audit",
    )
    return Report(header=header, rows=tuple(rows))


def document_of(site: Site, week: str = "2026-W10", **asked: Any) -> Document:
    rule_set = asked.get("rule_set", LANDMARK_IOP)
    return report_document(site, report_of(site, week, **asked), rule_set)


def saying(*texts: str) -> Document:
    """A document that says these in every place where something from the record may stand."""
    table = Table(
        caption=texts[0],
        columns=(Column(head="Name", share=1), Column(head="Code", codes=True), Column(head="Ink", to_fill=True)),
        rows=tuple((text, text[:20], "") for text in texts),
        by_hand=True,
    )
    return Document(
        title=f"Title {texts[-1]}",
        subtitle=texts[0],
        facts=tuple(Fact(label="Said", value=text, code=n % 2 == 1) for n, text in enumerate(texts)),
        sections=(
            *(Section(title=text, blocks=(Words(text=text),)) for text in texts),
            Section(title="Table", blocks=(table,)),
        ),
        stand=tuple(text for text in texts if len(text) < 60),
        stands_at=datetime(2026, 4, 20, 12, tzinfo=UTC),
        warning=texts[1 % len(texts)],
    )


def figures_of(document: Document) -> list[Figure]:
    return [block for section in document.sections for block in section.blocks if isinstance(block, Figure)]


def parsed(figure: Figure) -> ET.Element:
    return ET.fromstring(figure.svg)


def words_of(element: ET.Element) -> Iterator[str]:
    return (" ".join(text.split()) for text in element.itertext() if text.strip())


def text_of(pdf: bytes) -> str:
    """All that stands on its pages, with one space between words."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def ids(count: int) -> list[str]:
    return [str(UUID(int=n << 96)) for n in range(1, count + 1)]
