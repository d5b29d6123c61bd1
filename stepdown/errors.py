"""What ends a command with exit code 1: one sentence on the terminal, and nothing else."""

from __future__ import annotations


class Wrong(Exception):
    """Refused or found wrong. The message is one sentence that says what to do; nothing personal is in it."""
