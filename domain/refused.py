"""A refusal is an answer, not an accident: the decision was understood and may not be made."""

from __future__ import annotations


class Refused(Exception):
    """A decision that the record does not allow.

    `rule` is the stable id of the rule (`topic.rule`, lower case), `because` one sentence that says what to do and
    holds nothing personal: no name, number or text of a patient.
    """

    def __init__(self, rule: str, because: str) -> None:
        super().__init__(f"{rule}: {because}")
        self.rule = rule
        self.because = because
