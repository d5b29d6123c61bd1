"""A document written in the form that was asked for."""

from __future__ import annotations

from typing import assert_never

from exchange.paper.document import Document, Form
from exchange.paper.page import as_html
from exchange.paper.pdf import as_pdf


def write(document: Document, form: Form) -> bytes:
    """The same document has the same bytes, whenever and wherever it is written."""
    match form:
        case Form.PDF:
            return as_pdf(document)
        case Form.HTML:
            return as_html(document)
        case _:
            assert_never(form)
