"""The checker finds what it is there to find: each invariant is broken once, on purpose, and it says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, LiteralString

import msgspec
import psycopg
import pytest

from projections.follower import Follower
from store.append import NewFact
from store.errors import VersionConflict
from tests.conftest import Database
from tests.faults.checker import check, check_places, projections_stand_where_they_say
from tests.faults.commands import Hand
from tests.faults.conftest import Run
from tests.faults.evidence import Place, gather
from tests.faults.journal import (
    Acknowledged,
    Attempt,
    Fact,
    Fault,
    Journal,
    Line,
    Log,
    Refused,
    Seen,
    Unknown,
    Waited,
    lines_of,
)
from tests.faults.victims import forget
from tests.store.given import a_chart, trigger

LEDGER = "lexington"


class Recorder:
    """Sends commands one at a time, and keeps the log of it as lines."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.lines: list[Line] = []

    def attempt(self, key: str, *facts: NewFact) -> Attempt:
        marked = [replace(new, envelope=replace(new.envelope, reason=key)) for new in facts]
        return Attempt(LEDGER, key, [Fact.of(new) for new in marked])

    def send(self, key: str, *facts: NewFact) -> Acknowledged:
        attempt = self.attempt(key, *facts)
        with self.place.store(2) as store:
            sent = [fact.new() for fact in attempt.facts]
            receipt = store.ledger(LEDGER).append(sent, command=attempt.command())
        answer = Acknowledged.of(key, receipt)
        self.lines += [attempt, answer]
        return answer

    def violations(self) -> set[str]:
        """The invariants that don't hold."""
        return {violation.invariant for violation in check(self.place, Log.of(self.lines))}

    def superuser(self, statement: LiteralString, **given: Any) -> None:
        with psycopg.connect(self.place.superuser_url) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            assert connection.execute(statement, given).rowcount > 0


@pytest.fixture(scope="module")
def shared(make_database: Callable[[], Database], key_file: Path) -> Place:
    """On the session's server: nothing is killed here."""
    database = make_database()
    return Place(database.app_url, database.superuser_url, key_file)


@pytest.fixture
def clients(shared: Place) -> Recorder:
    """Three commands on record: two facts of one chart, one of another, one more of the first."""
    with psycopg.connect(shared.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in EMPTY:
            connection.execute(statement)
    forget(shared)
    recorder = Recorder(shared)
    first, second = a_chart(), a_chart()
    recorder.send("one", trigger(first, 1), trigger(first, 2))
    recorder.send("two", trigger(second, 1))
    recorder.send("three", trigger(first, 3))
    with shared.store() as store:
        Follower(store).catch_up()
    return recorder


EMPTY: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM fact",
    "DELETE FROM ledger",
    "DELETE FROM chart_key",
    "DELETE FROM idempotency",
    "DELETE FROM claim",
)


def test_nothing_is_found_where_nothing_is_wrong(clients: Recorder) -> None:
    assert clients.violations() == set()
    assert check_places(clients.place, Log.of(clients.lines), LEDGER) == []


def test_an_acknowledged_command_that_is_lost_is_found(clients: Recorder) -> None:
    attempt = clients.attempt("lost", trigger(a_chart(), 1))
    three = clients.lines[-1]
    assert isinstance(three, Acknowledged)
    answer = msgspec.structs.replace(three, key="lost", stream=attempt.facts[0].stream, version=1, latest=1, position=5)
    clients.lines += [attempt, answer]
    assert check_places(clients.place, Log.of(clients.lines), LEDGER)
    # Sent again it isn't on record: it is written then, elsewhere than the first answer said.
    assert clients.violations() >= {"acknowledged_is_stored", "resending_gives_the_same_answer"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"position": 3},
        {"version": 2, "latest": 2},
        {"recorded_at": timedelta(microseconds=1)},
    ],
)
def test_a_receipt_that_says_something_else_than_is_stored_is_found(clients: Recorder, wrong: dict[str, Any]) -> None:
    three = clients.lines.pop()
    assert isinstance(three, Acknowledged)
    if "recorded_at" in wrong:
        wrong = {"recorded_at": three.recorded_at + wrong["recorded_at"]}
    clients.lines.append(msgspec.structs.replace(three, **wrong))
    assert "acknowledged_is_stored" in clients.violations()


def test_two_different_answers_to_one_command_are_found(clients: Recorder) -> None:
    _, one, _, two, *_ = clients.lines
    assert isinstance(one, Acknowledged)
    assert isinstance(two, Acknowledged)
    clients.lines.append(msgspec.structs.replace(two, key="one"))
    found = check(clients.place, Log.of(clients.lines), resend=False)
    assert {violation.invariant for violation in found} == {"acknowledged_is_stored"}


def test_a_command_that_says_twice_to_be_the_first_is_found(clients: Recorder) -> None:
    clients.lines.append(clients.lines[-1])
    assert clients.violations() == {"acknowledged_is_stored"}


def test_a_command_that_is_stored_twice_is_found(clients: Recorder) -> None:
    attempt = clients.attempt("twice", trigger(a_chart(), 1))
    again = clients.attempt("twice", trigger(a_chart(), 1))
    with clients.place.store(2) as store:
        ledger = store.ledger(LEDGER)
        answer = ledger.append([fact.new() for fact in attempt.facts], command=attempt.command())
        ledger.append([fact.new() for fact in again.facts])
    clients.lines += [attempt, again, Acknowledged.of("twice", answer)]
    assert clients.violations() == {"commands_count_once"}


def test_half_a_command_is_found(clients: Recorder) -> None:
    chart = a_chart()
    attempt = clients.attempt("half", trigger(chart, 1), trigger(chart, 2))
    with clients.place.store(2) as store:
        store.ledger(LEDGER).append([attempt.facts[0].new()], command=attempt.command())
    clients.lines += [attempt, Unknown(LEDGER, "half")]
    assert "commands_count_once" in clients.violations()


def test_other_contents_than_were_sent_are_found(clients: Recorder) -> None:
    chart = a_chart()
    sent = clients.attempt("changed", trigger(chart, 1, "payday"))
    kept = clients.attempt("changed", trigger(chart, 1, "a birthday"))
    with clients.place.store(2) as store:
        answer = store.ledger(LEDGER).append([kept.facts[0].new()], command=sent.command())
    clients.lines += [sent, Acknowledged.of("changed", answer)]
    assert clients.violations() == {"commands_count_once"}


def test_a_command_that_was_refused_and_is_there_is_found(clients: Recorder) -> None:
    clients.lines[-1] = Refused(LEDGER, "three", "VersionConflict")
    assert clients.violations() == {"commands_count_once"}


def test_a_command_that_was_broken_off_may_be_there_or_not(clients: Recorder) -> None:
    clients.lines[-1] = Unknown(LEDGER, "three")
    clients.lines += [clients.attempt("four", trigger(a_chart(), 1)), Unknown(LEDGER, "four")]
    # The fifth's client was killed before it heard; what it rests on has moved, so it is refused when sent again.
    clients.lines += [clients.attempt("five", trigger(a_chart(), 7))]
    log = Log.of(clients.lines)
    assert check(clients.place, log) == []
    assert [story.denied for story in log.stories.values()] == [False, False, False, False, True]
    assert [len(story.answers) for story in log.stories.values()] == [2, 2, 1, 1, 0]


def test_a_command_that_nobody_sent_is_found(clients: Recorder) -> None:
    del clients.lines[-2:]
    assert clients.violations() == {"commands_count_once"}


def test_a_fact_without_a_command_is_found(clients: Recorder) -> None:
    with clients.place.store(2) as store:
        store.ledger(LEDGER).append([trigger(a_chart(), 1)])
    assert clients.violations() == {"commands_count_once"}


def test_a_kept_command_that_is_gone_is_found(clients: Recorder) -> None:
    clients.superuser("DELETE FROM idempotency WHERE position = 3")
    found = check(clients.place, Log.of(clients.lines), resend=False)
    assert {violation.invariant for violation in found} == {"commands_count_once"}
    # The facts are in the way when it is sent again: a conflict, where it had been acknowledged.
    assert clients.violations() == {"commands_count_once", "resending_gives_the_same_answer"}


def test_a_hole_is_found(clients: Recorder) -> None:
    clients.superuser("UPDATE fact SET position = 9 WHERE position = 4")
    clients.superuser("UPDATE ledger SET position = 9")
    assert clients.violations() >= {"positions_and_versions_have_no_hole", "projections_equal_a_fresh_fold"}


def test_a_version_that_is_missing_is_found(clients: Recorder) -> None:
    clients.superuser("UPDATE fact SET version = 4 WHERE position = 4")
    assert "positions_and_versions_have_no_hole" in places(clients)


def places(clients: Recorder) -> set[str]:
    return {violation.invariant for violation in check_places(clients.place, Log.of(clients.lines), LEDGER)}


def test_a_head_that_ran_ahead_is_found(clients: Recorder) -> None:
    clients.superuser("UPDATE ledger SET position = 5")
    assert "positions_and_versions_have_no_hole" in places(clients)


def test_a_time_that_falls_is_found(clients: Recorder) -> None:
    clients.superuser("UPDATE fact SET recorded_at = recorded_at - interval '1 hour' WHERE position = 3")
    assert "recorded_at_rises" in places(clients)


def test_two_transactions_of_one_instant_are_found(clients: Recorder) -> None:
    clients.superuser(
        "UPDATE fact SET recorded_at = (SELECT recorded_at FROM fact WHERE position = 2) WHERE position = 3"
    )
    assert "recorded_at_rises" in places(clients)


def test_a_transaction_within_another_is_found(clients: Recorder) -> None:
    # Both are of the superuser's transaction now, and position 3 stands between them.
    clients.superuser("UPDATE fact SET type = type WHERE position IN (2, 4)")
    assert places(clients) == {"recorded_at_rises", "acknowledged_is_stored"}


def test_a_key_or_a_claim_of_a_chart_that_never_began_is_found(clients: Recorder) -> None:
    clients.superuser("UPDATE chart_key SET stream = 'chart/0' WHERE stream = (SELECT min(stream) FROM chart_key)")
    assert places(clients) == {"nothing_stands_alone"}


def test_a_receipt_that_points_nowhere_is_found(clients: Recorder) -> None:
    clients.superuser("UPDATE idempotency SET position = 1000 WHERE position = 3")
    assert places(clients) == {"nothing_stands_alone"}
    assert clients.violations() == {"nothing_stands_alone", "resending_gives_the_same_answer"}


def test_a_row_that_is_not_what_the_facts_say_is_found(clients: Recorder) -> None:
    clients.superuser("DELETE FROM projection.status")
    assert clients.violations() == {"projections_equal_a_fresh_fold"}
    books = gather(clients.place)
    assert list(projections_stand_where_they_say(clients.place, books))


def test_a_position_beyond_the_rows_is_found(clients: Recorder) -> None:
    books = gather(clients.place)
    assert list(projections_stand_where_they_say(clients.place, books)) == []
    clients.superuser("UPDATE projection.position SET position = 3 WHERE projection = 'status'")
    assert list(projections_stand_where_they_say(clients.place, books))
    clients.superuser("UPDATE projection.position SET position = 3")
    assert list(projections_stand_where_they_say(clients.place, books))


def test_a_fact_that_was_set_aside_is_found(clients: Recorder) -> None:
    clients.superuser(
        "INSERT INTO projection.set_aside (ledger, projection, position, stream, version, type, reason)"
        " SELECT ledger, 'status', position, stream, version, type, 'no reason' FROM fact WHERE position = 1"
    )
    assert clients.violations() == {"projections_equal_a_fresh_fold"}


@pytest.mark.parametrize(
    "reads",
    [
        [Seen("r", LEDGER, "head", 3), Seen("r", LEDGER, "head", 2)],
        [Seen("r", LEDGER, "projections", 4), Seen("r", LEDGER, "projections", 3)],
        [Seen("r", LEDGER, "head", 5)],
        [Seen("r", LEDGER, "tail", 2, 1, 2), Seen("r", LEDGER, "tail", 4, 4, 1)],
        [Seen("r", LEDGER, "tail", 4, 1, 3)],
        [Waited("r", LEDGER, 3, 2)],
    ],
)
def test_a_read_that_falls_or_misses_or_did_not_wait_is_found(clients: Recorder, reads: list[Seen | Waited]) -> None:
    clients.lines += reads
    assert clients.violations() == {"reads_never_fall"}


def test_reads_that_only_rise_are_fine(clients: Recorder) -> None:
    clients.lines += [Seen("r", LEDGER, "tail", 2, 1, 2), Seen("q", LEDGER, "tail", 1, 1, 1)]
    clients.lines += [Seen("r", LEDGER, "tail", 4, 3, 2), Waited("r", LEDGER, 3, 4), Seen("r", LEDGER, "head", 4)]
    assert clients.violations() == set()


def test_an_error_that_is_no_answer_is_found(clients: Recorder) -> None:
    clients.lines.append(Fault("r", "AssertionError"))
    assert clients.violations() == {"nobody_met_a_fault"}


def test_a_journal_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    with Journal(path) as journal:
        journal.note(Unknown(LEDGER, "one"))
        journal.note(Unknown(LEDGER, "two"))
    path.write_bytes(path.read_bytes()[:-3])
    assert list(lines_of(path)) == [Unknown(LEDGER, "one")]


def test_a_seed_decides_what_is_sent(run: Run) -> None:
    first, second, other = (Hand(Random(seed), LEDGER) for seed in (run.seed, run.seed, run.seed + 1))
    plans = [(first.next(), second.next(), other.next()) for _ in range(5)]
    assert all(one == two for one, two, _ in plans)
    assert any(one != three for one, _, three in plans)


def test_a_command_that_was_acknowledged_cannot_be_refused_later(clients: Recorder) -> None:
    """The control of the resending: the store itself does refuse what is not the same command."""
    attempt = clients.lines[-2]
    assert isinstance(attempt, Attempt)
    with clients.place.store(2) as store, pytest.raises(VersionConflict):
        store.ledger(LEDGER).append([fact.new() for fact in attempt.facts])
