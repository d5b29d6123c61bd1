"""Holds the clients' log against the database: what was promised, is it so?

It knows nothing of how a fact is written. `python -m tests.faults.checker --help` runs it on journals that are kept.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from domain.record import Recorded
from projections.follower import Follower
from store.append import Receipt
from store.errors import ClaimTaken, StoreError, VersionConflict
from store.ledger import Ledger
from store.store import Store
from tests.faults.evidence import Book, Place, gather
from tests.faults.journal import Acknowledged, Attempt, Fact, Log, Seen, Story, Waited, read_journals
from tests.projections.tables import folded, positions, set_aside, written

RESENDERS = 8


@dataclass(frozen=True)
class Violation:
    """`invariant` is the name of the check that found it."""

    invariant: str
    says: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.says}"


Books = dict[str, Book]


def check(place: Place, log: Log, *, ledgers: Sequence[str] | None = None, resend: bool = True) -> list[Violation]:
    """Every violation of every invariant; empty when all hold. Nobody may write meanwhile.

    Of these ledgers only, where they are named. `resend` sends every command once more that was acknowledged or whose
    outcome nobody knows; what comes of it is checked as the rest is.
    """
    wanted = None if ledgers is None else set(ledgers)
    log = _only(log, wanted)
    found: list[Violation] = []
    if resend:
        # First: what nobody knew is known then, and everything after looks at both.
        found += _named(resending_gives_the_same_answer, place, log)
    books = gather(place, None if wanted is None else sorted(wanted))
    for book in books.values():
        for of_a_book in OF_A_BOOK:
            found += _named(of_a_book, book)
    for of_the_log in OF_LOG_AND_BOOKS:
        found += _named(of_the_log, log, books)
    found += _named(projections_equal_a_fresh_fold, place, books)
    return found


def check_places(place: Place, log: Log, ledger: str) -> list[Violation]:
    """For ledgers too large to open: order, times and receipts, without contents."""
    books = gather(place, [ledger], contents=False)
    found: list[Violation] = []
    for of_a_book in OF_A_BOOK:
        found += _named(of_a_book, books[ledger])
    for of_the_log in (nobody_met_a_fault, acknowledged_is_stored, reads_never_fall):
        found += _named(of_the_log, _only(log, {ledger}), books)
    return found


def _named(invariant: Callable[..., Iterator[str]], *given: object) -> list[Violation]:
    return [Violation(invariant.__name__, says) for says in invariant(*given)]


def _only(log: Log, ledgers: set[str] | None) -> Log:
    if ledgers is None:
        return log
    stories = {key: story for key, story in log.stories.items() if story.ledger in ledgers}
    return Log(stories, [read for read in log.reads if read.ledger in ledgers], log.faults)


# ---- of a ledger alone


def positions_and_versions_have_no_hole(book: Book) -> Iterator[str]:
    """Positions 1..n up to the head, versions 1..n in each stream, and in the same order."""
    for number, row in enumerate(book.rows, start=1):
        if row.position != number:
            yield f"{book.ledger}: position {row.position} stands where {number} belongs."
            break
    last = book.rows[-1] if book.rows else None
    if (book.position, book.recorded_at) != ((last.position, last.recorded_at) if last else (0, None)):
        yield f"{book.ledger}: the head says {book.position}, the last fact is {last.position if last else 0}."
    versions: Counter[str] = Counter()
    for row in book.rows:
        versions[row.stream] += 1
        if row.version != versions[row.stream]:
            yield f"{book.ledger}: {row.stream}@{row.version} stands where version {versions[row.stream]} belongs."
            return


def recorded_at_rises(book: Book) -> Iterator[str]:
    """Never back; equal within a transaction only, whose facts stand together."""
    for before, after in pairwise(book.rows):
        if after.recorded_at < before.recorded_at:
            yield f"{book.ledger}: position {after.position} was recorded before {before.position}."
        elif after.recorded_at == before.recorded_at and after.transaction != before.transaction:
            yield f"{book.ledger}: positions {before.position} and {after.position} of two transactions share a time."
    seen: set[str] = set()
    for transaction, rows in groupby(book.rows, key=lambda row: row.transaction):
        if transaction in seen:
            yield f"{book.ledger}: another transaction stands within that of position {next(rows).position}."
        seen.add(transaction)


def nothing_stands_alone(book: Book) -> Iterator[str]:
    """Keys, claims and kept commands come in with facts, and charts with their keys: all or nothing."""
    for what, stream in book.stray:
        yield f"{book.ledger}: {what} of {stream}, which has no fact or no key."
    for stream, version, position, there in book.pointers:
        if not there:
            yield f"{book.ledger}: the receipt of {stream}@{version} names position {position}: nothing is there."


# ---- of the log and what is stored


def nobody_met_a_fault(log: Log, books: Books) -> Iterator[str]:
    """No client met an error that isn't an answer."""
    for fault in log.faults:
        yield f"{fault.client}: {fault.what}"


def acknowledged_is_stored(log: Log, books: Books) -> Iterator[str]:
    """Where the receipt says, when it says; every answer to a command is the same, and one at most is the first."""
    for story in log.stories.values():
        if not story.answers:
            continue
        if len({answer.place for answer in story.answers}) > 1:
            yield f"{story.key}: two different answers."
        if sum(not answer.repeated for answer in story.answers) > 1:
            yield f"{story.key}: carried out twice, by its answers."
        for answer in story.answers[:1]:
            yield from _is_there(story, answer, books)


def _is_there(story: Story, answer: Acknowledged, books: Books) -> Iterator[str]:
    book = books.get(answer.ledger)
    last = book.by_position.get(answer.position) if book else None
    if book is None or last is None or last.recorded_at != answer.recorded_at:
        yield f"{story.key}: acknowledged at {answer.ledger}:{answer.position}, which isn't there, or not of that time."
        return
    named = book.by_name.get((answer.stream, answer.version))
    sent = story.answered_attempt()
    if named is None or sent is None:
        yield f"{story.key}: {answer.stream}@{answer.version} was answered, and isn't there or was never sent."
        return
    if named.transaction != last.transaction:
        yield f"{story.key}: {answer.stream}@{answer.version} is not of the transaction that was acknowledged."
    if sent.whole:
        for back, fact in enumerate(reversed(sent.facts)):
            row = book.by_position.get(answer.position - back)
            if row is None or (row.stream, row.version, row.type) != (fact.stream, fact.version, fact.type):
                yield f"{story.key}: {fact.stream}@{fact.version} isn't where the receipt says."


def commands_count_once(log: Log, books: Books) -> Iterator[str]:
    """A command's facts, known by their marker, are those of one attempt, all of them, once, in one transaction.

    What was refused or never sent is not there at all.
    """
    for book in books.values():
        if book.facts is None:
            raise ValueError("This needs the facts opened.")
        marked, stranger = _marked(book.facts)
        for position in stranger:
            yield f"{book.ledger}: nobody sent what stands at position {position}."
        for key in marked.keys() - {story.key for story in log.stories.values() if story.ledger == book.ledger}:
            yield f"{book.ledger}: nobody sent the command {key}, whose facts are there."
        if book.commands != len(marked):
            yield f"{book.ledger}: {book.commands} commands are kept, the facts are of {len(marked)}."
        for story in log.stories.values():
            if story.ledger == book.ledger:
                yield from _once(story, marked.get(story.key, []), book)


def _marked(facts: Sequence[Recorded]) -> tuple[dict[str, list[Recorded]], list[int]]:
    """The facts of each command, and the positions of those that are of none.

    Clients give each fact the key of its command as its reason. What the system adds names its cause.
    """
    marked: defaultdict[str, list[Recorded]] = defaultdict(list)
    stranger = []
    for fact in facts:
        if fact.envelope.causation_id is not None:
            continue
        if fact.envelope.reason is None:
            stranger.append(fact.position)
        else:
            marked[fact.envelope.reason].append(fact)
    return dict(marked), stranger


def _once(story: Story, stored: Sequence[Recorded], book: Book) -> Iterator[str]:
    if not stored:
        if story.answers:
            yield f"{story.key}: acknowledged, and nothing of it is there."
        return
    if not story.answers and not story.is_open:
        yield f"{story.key}: refused each time, and {len(stored)} facts of it are there."
    if len({book.by_position[fact.position].transaction for fact in stored}) != 1:
        yield f"{story.key}: its facts are of several transactions."
    if not any(_is_same(attempt, stored) for attempt in story.attempts):
        yield f"{story.key}: the {len(stored)} facts that are there are not what one attempt sent."


def _is_same(attempt: Attempt, stored: Sequence[Recorded]) -> bool:
    if not attempt.whole:
        # Where a decision's fact comes to stand is the system's affair.
        return [_content(fact) for fact in attempt.facts] == [(type(each.fact).__name__, each.fact) for each in stored]
    if [each.position for each in stored] != list(range(stored[0].position, stored[0].position + len(stored))):
        return False
    return [(fact.stream, fact.version, *_content(fact)) for fact in attempt.facts] == [
        (each.stream, each.version, type(each.fact).__name__, each.fact) for each in stored
    ]


def _content(fact: Fact) -> tuple[str, object]:
    return fact.type, fact.new().fact


def reads_never_fall(log: Log, books: Books) -> Iterator[str]:
    """No reader was ever further back than before, or beyond the end; on the tail no reader missed one."""
    last: dict[tuple[str, str, str], int] = {}
    for read in log.reads:
        head = books[read.ledger].position if read.ledger in books else 0
        match read:
            case Waited():
                if read.seen < read.asked:
                    yield f"{read.reader}: waited for {read.ledger}:{read.asked}, and then saw {read.seen}."
            case Seen():
                place = (read.reader, read.ledger, read.what)
                before = last.get(place, 0)
                if read.position < before:
                    yield f"{read.reader}: saw {read.what} of {read.ledger} at {before}, then at {read.position}."
                if read.count and (read.first != before + 1 or read.position - read.first + 1 != read.count):
                    yield f"{read.reader}: {read.count} facts from {read.first} to {read.position} after {before}."
                if read.position > head:
                    yield f"{read.reader}: saw {read.what} of {read.ledger} at {read.position}, beyond its end {head}."
                last[place] = read.position


# ---- what is asked of the system again


def projections_equal_a_fresh_fold(place: Place, books: Books) -> Iterator[str]:
    """Once the follower has caught up, the read tables hold what the facts fold to, whole."""
    with place.store() as store:
        try:
            Follower(store).catch_up()
        except StoreError as error:
            yield f"The follower can't go on: {error}"
        for book in books.values():
            if not book.ledger.endswith(".access"):
                yield from _folds(store, book, book.position)


def projections_stand_where_they_say(place: Place, books: Books) -> Iterator[str]:
    """As they are found: position and rows belong together, however far they have come."""
    with place.store() as store:
        for book in books.values():
            reached = set(positions(store, book.ledger).values())
            if len(reached) > 1 or max(reached, default=0) > book.position:
                yield f"{book.ledger}: the projections are at {sorted(reached)}, the ledger at {book.position}."
            else:
                yield from _folds(store, book, max(reached, default=0))


def _folds(store: Store, book: Book, position: int) -> Iterator[str]:
    if book.facts is None:
        raise ValueError("This needs the facts opened.")
    for projection, aside, *_ in set_aside(store, book.ledger):
        yield f"{book.ledger}: {projection} has set position {aside} aside."
    if (reached := set(positions(store, book.ledger).values()) or {0}) != {position}:
        yield f"{book.ledger}: the projections are at {sorted(reached)}, not at {position}."
    found, wanted = written(store, book.ledger), folded(book.facts[:position])
    for table in vars(wanted):
        has, should = getattr(found, table), getattr(wanted, table)
        if wrong := [key for key in has.keys() | should.keys() if has.get(key) != should.get(key)]:
            yield f"{book.ledger}: {len(wrong)} rows of {table} are not what the facts up to {position} fold to."


def resending_gives_the_same_answer(place: Place, log: Log) -> Iterator[str]:
    """Every command that was acknowledged, and every one that may be on record, is sent once more.

    What the latter come to is noted in the log, so that all that follows holds for them too.
    """
    stories = [story for story in log.stories.values() if story.answers or story.is_open]
    with place.store(RESENDERS) as store, ThreadPoolExecutor(RESENDERS) as threads:
        for story, answer in zip(stories, threads.map(lambda story: _resend(store, story), stories), strict=True):
            if isinstance(answer, Receipt):
                given = Acknowledged.of(story.key, answer)
                if story.answers and (given.place != story.answers[0].place or not given.repeated):
                    yield f"{story.key}: answered otherwise when it was sent again."
                story.answers.append(given)
            elif story.answers:
                yield f"{story.key}: acknowledged, and answered with {answer!r} when it was sent again."
            else:
                story.denied = True


def _resend(store: Store, story: Story) -> Receipt | StoreError | None:
    attempt = story.answered_attempt() or story.attempts[-1]
    ledger: Ledger = store.ledger(story.ledger)
    if not attempt.whole:
        return ledger.answered(attempt.command())
    try:
        facts = [fact.new() for fact in attempt.facts]
        return ledger.append(facts, reads=attempt.reads, command=attempt.command())
    except (VersionConflict, ClaimTaken) as error:
        return error


OF_A_BOOK: tuple[Callable[[Book], Iterator[str]], ...] = (
    positions_and_versions_have_no_hole,
    recorded_at_rises,
    nothing_stands_alone,
)
OF_LOG_AND_BOOKS: tuple[Callable[[Log, Books], Iterator[str]], ...] = (
    nobody_met_a_fault,
    acknowledged_is_stored,
    commands_count_once,
    reads_never_fall,
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.checker", description=__doc__)
    parser.add_argument("journals", type=Path, help="the folder of the clients' journals")
    parser.add_argument("--app", required=True, help="URL of the application's login")
    parser.add_argument("--superuser", required=True, help="URL of the superuser's login")
    parser.add_argument("--key-file", type=Path, required=True)
    given = parser.parse_args()
    log = read_journals(given.journals)
    found = check(Place(given.app, given.superuser, given.key_file), log)
    print(*found, sep="\n")
    print(f"{log.acknowledged} of {len(log.stories)} commands were acknowledged; {len(found)} violations.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
