"""A document as PDF: PDF/A-2b and PDF/UA-1, with fonts that come with typst, the same bytes on every machine."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any, Final
from unicodedata import normalize

import orjson
import typst

from exchange.paper.document import Document, Figure
from exchange.paper.markup import legible

_LONG: Final = 30
"""Letters without a place to break: so many fit into a column."""
_BREAK: Final = "\u200b"


def as_pdf(document: Document) -> bytes:
    """What stands in the document goes in as data, and is read as nothing else."""
    return _compiled(
        {
            "title": _told(document.title),
            "subtitle": _told(document.subtitle),
            "warning": None if document.warning is None else _told(document.warning),
            "facts": [{"label": f.label, "value": _told(f.value), "code": f.code} for f in document.facts],
            "stand": [_told(line) for line in document.stand],
            "stands_at": _date(document),
            "sections": [
                {"title": _told(section.title), "blocks": [_block(block) for block in section.blocks]}
                for section in document.sections
            ],
        }
    )


def _block(block: Any) -> dict[str, Any]:
    if isinstance(block, Figure):
        alt = f"{_told(block.title)}. {_told(block.description)}"
        return {"kind": block.kind, "svg": str(block.svg), "title": _told(block.title), "alt": alt}
    return {"kind": block.kind, **_told_in(asdict(block))}


def _told_in(value: Any) -> Any:
    if isinstance(value, str):
        return _told(value)
    if isinstance(value, dict):
        return {key: _told_in(inner) for key, inner in value.items()}
    return [_told_in(inner) for inner in value] if isinstance(value, list | tuple) else value


def _told(text: str) -> str:
    """Every letter in a font there is, or by its number; nothing so long that it leaves its column."""
    said = "".join(
        letter if _has_font(letter) else f"[U+{ord(letter):04X}]" for letter in normalize("NFC", legible(text))
    )
    return " ".join(_breakable(word) for word in said.split(" "))


def _breakable(word: str) -> str:
    if len(word) <= _LONG or (word.isascii() and set(word) <= _CODE):
        return word
    return _BREAK.join(word[n : n + _LONG] for n in range(0, len(word), _LONG))


_CODE: Final = frozenset("0123456789abcdef-")
"""Letters of ids and hashes, which are given the room that they need."""


@lru_cache(maxsize=5000)
def _has_font(letter: str) -> bool:
    """Whether a font that comes with typst has it. PDF/A takes no letter that nobody can see."""
    if " " <= letter <= "~":
        return True
    probe: dict[str, Any] = {
        "title": "-",
        "subtitle": letter,
        "stand": [],
        "facts": [],
        "sections": [],
        "warning": None,
    }
    try:
        _compiled({**probe, "stands_at": [2000, 1, 1, 0, 0, 0]})
    except typst.TypstError:
        return False
    return True


def _date(document: Document) -> list[int]:
    at = document.stands_at.astimezone(UTC)
    return [at.year, at.month, at.day, at.hour, at.minute, at.second]


def _compiled(data: dict[str, Any]) -> bytes:
    with as_file(files("exchange.paper").joinpath("paper.typ")) as template:
        return typst.compile(
            template,
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"document": orjson.dumps(data).decode()},
            pdf_standards=["a-2b", "ua-1"],
        )
