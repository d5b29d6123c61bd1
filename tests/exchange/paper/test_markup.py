"""Text becomes markup in one place, and nothing that it says is taken for markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.paper.markup import Markup, element, legible
from exchange.paper.short_names import short_names
from tests.exchange.paper.given import HOSTILE, ids


@given(st.text(), st.text())
def test_any_text_is_read_back_as_it_can_be_shown(content: str, attribute: str) -> None:
    read = ET.fromstring(element("p", content, title=attribute))
    assert (read.text or "") == legible(content)
    assert read.attrib == {"title": legible(attribute)}
    assert list(read) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_shown_steers_nothing(text: str) -> None:
    shown = legible(text)
    assert not any(ord(letter) < 32 or 0x202A <= ord(letter) <= 0x202E for letter in shown)
    assert "<script" not in element("td", text)


def test_what_is_markup_already_stays_so_and_pieces_follow_one_another() -> None:
    inner = element("b", "a < b")
    assert element("p", "x &", inner, [inner, Markup("<!-- -->")]) == (
        "<p>x &amp;<b>a &lt; b</b><b>a &lt; b</b><!-- --></p>"
    )


def test_attributes_are_named_as_svg_has_them_and_numbers_are_short() -> None:
    assert element("line", x1=1.0, y1=2.345, stroke_width=0.5, class_="c", dash=None) == (
        '<line x1="1" y1="2.35" stroke-width="0.5" class="c"/>'
    )


def test_ids_are_told_apart_by_their_beginning_or_by_their_end() -> None:
    assert short_names([]) == {}
    assert short_names(ids(2)) == {key: key[:8] for key in ids(2)}
    in_order = ["0190aaaa-0000-7000-8000-00000000001a", "0190aaaa-0000-7000-8000-00000000001b"]
    assert list(short_names(in_order).values()) == ["…0000001a", "…0000001b"]
    close = ["123456789a-0000-same", "123456789b-0000-same"]
    assert list(short_names(close).values()) == ["123456789a", "123456789b"]
