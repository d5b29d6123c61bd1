"""The clients' log: what each sent and what it was told, and what each reader saw.

A line is one `write` to a file opened for appending: it is with the kernel when the call returns, so whoever is killed
leaves whole lines up to the last one, which alone may be torn. (The machine itself doesn't die in these tests.)
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from domain.record import Envelope, Person, Source
from store.append import Command, NewFact, Receipt
from store.body import decode_body, encode_body

SCOPE = "clients"
"""Who sends the commands, for all clients: a command is known by its key alone."""


_NOBODY = Envelope(by=Person("system", "Nobody", "system"), source=Source.SYSTEM, correlation_id=UUID(int=0))


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """A fact as it was sent; `body` is envelope and fact as JSON."""

    stream: str
    version: int
    type: str
    body: str

    @classmethod
    def of(cls, new: NewFact) -> Fact:
        return cls(new.stream, new.version, type(new.fact).__name__, encode_body(new.envelope, new.fact).decode())

    @classmethod
    def judged(cls, stream: str, fact: Any) -> Fact:
        """A fact that the desk is asked for: its version and its envelope are the desk's."""
        return cls(stream, 0, type(fact).__name__, encode_body(_NOBODY, fact).decode())

    def new(self) -> NewFact:
        envelope, fact = decode_body(self.type, self.body.encode())
        return NewFact(stream=self.stream, version=self.version, envelope=envelope, fact=fact)


class Attempt(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A command goes out. Without an outcome after it in the same file, its client was killed before it knew.

    `whole` is False where the system may record more with the facts (a decision).
    """

    ledger: str
    key: str
    facts: list[Fact]
    reads: dict[str, int] = {}
    body: str = ""
    whole: bool = True

    def command(self) -> Command:
        return Command(SCOPE, self.key, self.body.encode())


class Acknowledged(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The receipt."""

    ledger: str
    key: str
    stream: str
    version: int
    latest: int
    position: int
    recorded_at: datetime
    repeated: bool = False

    @classmethod
    def of(cls, key: str, receipt: Receipt) -> Acknowledged:
        return cls(
            receipt.ledger,
            key,
            receipt.stream,
            receipt.version,
            receipt.latest,
            receipt.position,
            receipt.recorded_at,
            receipt.repeated,
        )

    @property
    def place(self) -> tuple[str, int, int, int, datetime]:
        """What all answers to one command have in common."""
        return self.stream, self.version, self.latest, self.position, self.recorded_at


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Nothing was written, the client was told: a conflict, a claim that is taken, a database out of reach."""

    ledger: str
    key: str
    why: str


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """The client was told that nobody knows."""

    ledger: str
    key: str


class Seen(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A reader was at this position. `what`: `head`, `tail` or `projections`.

    On the tail it read `count` facts from position `first` on, and nothing between them and what it had read before.
    """

    reader: str
    ledger: str
    what: str
    position: int
    first: int = 0
    count: int = 0


class Waited(msgspec.Struct, frozen=True, tag=True):
    """A reader was told that the projections have come to `asked`, and then saw them at `seen`."""

    reader: str
    ledger: str
    asked: int
    seen: int


class Fault(msgspec.Struct, frozen=True, tag=True):
    """Something that no client should ever meet."""

    client: str
    what: str


Line: TypeAlias = Attempt | Acknowledged | Refused | Unknown | Seen | Waited | Fault

_DECODER = msgspec.json.Decoder(Line)


class Journal:
    """One client's file. Thread-safe: the lines of several threads stand one after the other."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def note(self, line: Line) -> None:
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lines_of(path: Path) -> Iterator[Line]:
    """The whole lines of a file; a torn last one is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _DECODER.decode(line)


@dataclass
class Story:
    """One command through all its attempts, by whomever."""

    ledger: str
    key: str
    attempts: list[Attempt] = field(default_factory=list)
    answers: list[Acknowledged] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    unknown: int = 0
    denied: bool = False
    """Sent again when all was over, it was refused: so it is not on record, whatever became of it before."""

    @property
    def is_open(self) -> bool:
        """Whether it may be on record though nobody was told so."""
        return not self.answers and not self.denied and self.unknown + self.unfinished > 0

    @property
    def unfinished(self) -> int:
        """Attempts whose client was killed."""
        return len(self.attempts) - len(self.answers) - len(self.refusals) - self.unknown

    def answered_attempt(self) -> Attempt | None:
        """The attempt that the first answer is to: a decision's, or the one whose facts the receipt names."""
        for attempt in reversed(self.attempts):
            for answer in self.answers[:1]:
                first = attempt.facts[0]
                if not attempt.whole or (first.stream, first.version) == (answer.stream, answer.version):
                    return attempt
        return None


@dataclass
class Log:
    """Everything that all clients and readers noted. `reads` in the order of each file."""

    stories: dict[tuple[str, str], Story] = field(default_factory=dict)
    reads: list[Seen | Waited] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Log:
        log = cls()
        for line in lines:
            log.take(line)
        return log

    def take(self, line: Line) -> None:
        match line:
            case Attempt():
                self.story(line).attempts.append(line)
            case Acknowledged():
                self.story(line).answers.append(line)
            case Refused():
                self.story(line).refusals.append(line)
            case Unknown():
                self.story(line).unknown += 1
            case Seen() | Waited():
                self.reads.append(line)
            case Fault():
                self.faults.append(line)

    def story(self, line: Any) -> Story:
        return self.stories.setdefault((line.ledger, line.key), Story(line.ledger, line.key))

    @property
    def ledgers(self) -> list[str]:
        return sorted({ledger for ledger, _ in self.stories} | {read.ledger for read in self.reads})

    @property
    def acknowledged(self) -> int:
        """How many commands were."""
        return sum(bool(story.answers) for story in self.stories.values())


def read_journals(folder: Path) -> Log:
    """The journals (`*.journal`) of a folder, as one log."""
    return Log.of(line for path in sorted(folder.glob("*.journal")) for line in lines_of(path))
