"""What ends a command with exit code 1: one sentence on the terminal, and nothing else."""

from __future__ import annotations


class Wrong(Exception):
    """Refused or found wrong. The message is one sentence that says what to do; nothing personal is in it."""


class Misused(Exception):
    """Options that don't fit what is there to work on: exit code 2. The message is a clause, without a full stop."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option
