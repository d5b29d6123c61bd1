"""SVG and HTML, escaped by construction: text becomes markup here or nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child: TypeAlias = str | Iterable[Markup]
"""Text, markup, or several pieces of markup."""

_EMPTY: Final = frozenset({"meta", "col", "rect", "line", "path", "circle", "polyline"})
"""Elements that close themselves."""

_UNSHOWN: Final = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef\\ufffe\\uffff"
    "\\u202a-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffb\\U000e0000-\\U000e007f]"
)
"""Control characters, which neither XML nor paper has; and those that turn the direction of what stands around them."""


def legible(text: str) -> str:
    """Text on one line: white space is a space, what can't be shown, or would turn its surroundings, is �."""
    return _UNSHOWN.sub("\ufffd", " ".join(text.split()))


def element(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """`class_` is written `class`, `stroke_width` as `stroke-width`; an attribute that is None is left out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{said}/>")
    return Markup(f"<{name}{said}>{''.join(_content(child) for child in children)}</{name}>")


def _content(child: Child) -> str:
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(legible(child), quote=False)
    return "".join(child)


def _value(value: str | float) -> str:
    return escape(legible(value)) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
