"""What people see: answers on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from functools import cache

from rich.console import Console


@cache
def answers() -> Console:
    """Where answers go. No markup and no guessing of colours: names of people are no markup."""
    return Console(markup=False, highlight=False, emoji=False)


@cache
def notes() -> Console:
    """Where everything goes that is no answer: progress, sums, hints."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def say(line: str) -> None:
    """A line beside the answer, as it is: for reading, whatever the answer is piped into."""
    print(line, file=sys.stderr, flush=True)
