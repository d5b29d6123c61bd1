"""Words as people write them: what counts as the same, and what says nothing."""

from __future__ import annotations

from unicodedata import combining, normalize


def spoken(text: str) -> str:
    """The form in which two ways to write the same are equal: white space, case and the width of letters aside."""
    return " ".join(normalize("NFKC", text).split()).casefold()


def is_blank(text: str | None) -> bool:
    """Whether a text is there and says nothing."""
    return text is not None and not text.strip()


def spoken_name(*names: str) -> str:
    """A person's names as they are looked up: accents, apostrophes, hyphens, commas and the order make no other person.

    `O'Brien-Núñez, Ana` and `Ana Obrien Nunez` are the same.
    """
    plain = "".join(letter for letter in normalize("NFKD", " ".join(names)) if not combining(letter))
    joined = "".join(letter for letter in plain.casefold() if letter.isalnum() or letter not in _WITHIN_A_NAME)
    return " ".join(sorted("".join(letter if letter.isalnum() else " " for letter in joined).split()))


_WITHIN_A_NAME = frozenset("'\u2019\u02bc`\u00b4")
"""Apostrophes: they part no name in two."""
