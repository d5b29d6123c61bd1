"""How far long work has come, on a terminal; in a file a line now and then, of what may take minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from exchange.importing import Progress as Told
from exchange.importing import Stage, no_progress
from stepdown.terminal import notes, say, shown

LINE_SECONDS: Final = 5.0
"""Between two lines of progress, where there is no terminal."""

_WORDS: Final = {Stage.READING: "Reading", Stage.RECORDING: "Recording"}


@contextmanager
def shown_progress() -> Iterator[Told]:
    """What an import tells its progress to. Each stage of each file has a bar, gone at the end."""
    console = notes()
    if not console.is_terminal:
        yield no_progress
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bars:
        tasks = {stage: bars.add_task(words, total=None, visible=False) for stage, words in _WORDS.items()}

        def told(stage: Stage, done: int, of: int) -> None:
            bars.update(tasks[stage], completed=done, total=of, visible=True)

        yield told


@contextmanager
def folding() -> Iterator[Callable[[str, int, int], None]]:
    """How far each ledger is folded, and how many facts a second."""
    console = notes()
    if not console.is_terminal:
        yield _lines_of_folding()
        return
    rate = TextColumn("{task.fields[rate]:>8,.0f} facts/s")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bars:
        tasks: dict[str, TaskID] = {}
        begun = monotonic()
        folded: dict[str, int] = {}

        def told(ledger: str, done: int, of: int) -> None:
            if ledger not in tasks:
                tasks[ledger] = bars.add_task(ledger, total=of, rate=0.0)
            folded[ledger] = done
            per_second = sum(folded.values()) / max(monotonic() - begun, 0.001)
            bars.update(tasks[ledger], completed=done, total=of, rate=per_second)

        yield told


def _lines_of_folding() -> Callable[[str, int, int], None]:
    """The same in a file: a line every few seconds, so that who looks sees that it goes on."""
    last = monotonic()

    def told(ledger: str, done: int, of: int) -> None:
        nonlocal last
        if (now := monotonic()) - last >= LINE_SECONDS:
            last = now
            say(f"{shown(ledger)}: {done:,} of {of:,} facts folded.")

    return told


@contextmanager
def doing(words: str) -> Iterator[None]:
    """Says what is being done, where nobody can say how far it has come."""
    console = notes()
    if not console.is_terminal:
        yield
        return
    with console.status(f"{words}…"):
        yield


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], object]]:
    """What is told how much was made so far, where nobody knows how much it will be."""
    console = notes()
    if not console.is_terminal:
        yield lambda done: None
        return
    with console.status(f"0 {what}…") as status:
        yield lambda done: status.update(f"{done:,} {what}…")
