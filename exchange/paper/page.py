"""A document as one HTML file: no script, nothing from elsewhere, everything escaped. It prints well too."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, assert_never

from exchange.paper.document import Block, Column, Document, Figure, Section, Table, Words
from exchange.paper.markup import Child, Markup, element

LANGUAGE: Final = "en"
_FEW: Final = 3
"""Sections that need no table of contents."""


def as_html(document: Document) -> bytes:
    """UTF-8."""
    title = f"{document.title}, {document.subtitle}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("title", title),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=policy()),
        element("style", Markup(_style())),
    )
    warning = [] if document.warning is None else [element("p", document.warning, class_="warning")]
    header = element(
        "header",
        element("p", document.subtitle, class_="subtitle"),
        element("h1", document.title),
        warning,
        _facts(document),
    )
    sections = [_section(f"section-{n}", section) for n, section in enumerate(document.sections, start=1)]
    contents = element(
        "nav",
        element("h2", "Contents", id="contents"),
        element(
            "ol",
            [
                element("li", element("a", section.title, href=f"#section-{n}"))
                for n, section in enumerate(document.sections, start=1)
            ],
        ),
        aria_labelledby="contents",
    )
    body = element(
        "body",
        header,
        contents if len(sections) > _FEW else Markup(),
        element("main", sections),
        element("footer", [element("p", line) for line in document.stand]),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang=LANGUAGE)}\n".encode()


@cache
def _style() -> str:
    return files("exchange.paper").joinpath("page.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """The page's Content-Security-Policy: its own style sheet, and nothing else."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'"


def _facts(document: Document) -> Markup:
    return element(
        "dl",
        [
            part
            for fact in document.facts
            for part in (
                element("dt", fact.label),
                element("dd", element("code", fact.value) if fact.code else fact.value),
            )
        ],
    )


def _section(name: str, section: Section) -> Markup:
    blocks = [_block(f"{name}-{n}", block) for n, block in enumerate(section.blocks, start=1)]
    return element("section", element("h2", section.title, id=name), blocks, aria_labelledby=name)


def _block(name: str, block: Block) -> Markup:
    match block:
        case Table():
            return _table(name, block)
        case Figure():
            return element("figure", element("figcaption", block.title), block.svg)
        case Words():
            return element("p", block.text)
        case _:
            assert_never(block)


def _table(name: str, table: Table) -> Markup:
    classes = [_class(column) for column in table.columns]
    head = [
        element("th", column.head, scope="col", class_=said)
        for column, said in zip(table.columns, classes, strict=True)
    ]
    rows = [element("tr", _cells(row, classes)) for row in table.rows]
    drawn = element(
        "table",
        element("caption", table.caption, id=name),
        element("thead", element("tr", head)),
        element("tbody", rows),
        class_="by-hand" if table.by_hand else None,
    )
    # A wide table is moved within its own frame, also with the keys.
    return element("div", drawn, class_="wide", role="region", aria_labelledby=name, tabindex="0")


def _cells(row: tuple[Child, ...], classes: list[str | None]) -> list[Markup]:
    first, *others = row
    return [
        element("th", first, scope="row", class_=classes[0]),
        *(element("td", cell, class_=said) for cell, said in zip(others, classes[1:], strict=True)),
    ]


def _class(column: Column) -> str | None:
    if column.to_fill:
        return "to-fill"
    return "figures" if column.figures else "codes" if column.codes else None
