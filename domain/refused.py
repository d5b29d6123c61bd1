"""A refusal is an answer, not an accident: the decision was understood and may not be made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class RefusedLine(NamedTuple):
    """A line of a list that is refused. Lines are counted from 1."""

    line: int
    rule: str
    because: str


class Refused(Exception):
    """A decision that the record does not allow.

    `rule` is the stable id of the rule (`topic.rule`, lower case), `because` one sentence that says what to do and
    holds nothing personal: no name, number or text of a patient. `lines`: of a list, every line that is refused.
    """

    def __init__(self, rule: str, because: str, *, lines: Sequence[RefusedLine] = ()) -> None:
        super().__init__(f"{rule}: {because}")
        self.rule = rule
        self.because = because
        self.lines = lines
