"""What people see: answers on stdout, everything else on stderr."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from functools import cache
from typing import Final

from rich.console import Console

_COLUMNS: Final = 140
"""The width of a table that goes to no terminal."""


@cache
def answers() -> Console:
    """Where answers go. No markup and no highlighting: what people are called is no markup."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _COLUMNS
    return Console(markup=False, highlight=False, emoji=False, width=width)


@cache
def notes() -> Console:
    """Where progress is shown, if anybody is there to see it."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def write_whole() -> None:
    """Makes stdout write all of what it is given, or raise.

    Under PYTHONUNBUFFERED, as containers have it, it may write a part alone, say so to nobody, and the answer that goes
    to a full disk looks done.
    """
    if isinstance(sys.stdout.buffer, io.RawIOBase):
        whole = open(sys.stdout.fileno(), "wb", closefd=False)  # noqa: SIM115 - as long as the process
        sys.stdout = io.TextIOWrapper(whole, sys.stdout.encoding, sys.stdout.errors, line_buffering=True)


def write(answer: bytes) -> None:
    """An answer for programs, byte for byte."""
    sys.stdout.flush()
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


def print_lines(lines: Iterable[str]) -> None:
    """An answer for people that is laid out already, line by line."""
    for line in lines:
        answers().print(line, soft_wrap=True)


def say(line: str) -> None:
    """A line beside the answer, whatever the answer is piped into."""
    print(line, file=sys.stderr, flush=True)


def shown(text: object) -> str:
    """Text from the record, for a terminal: control characters, which could steer it, are shown as �."""
    return "".join(c if c.isprintable() else "�" for c in str(text))
