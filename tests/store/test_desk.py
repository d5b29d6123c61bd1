"""Several facts decided together: a group's roster, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from bench.caseload import LATE, Group, caseload
from domain.record import Person, Source, stream_name
from domain.refused import Refused
from store.append import Command, Receipt
from store.desk import Desk, Filing, Stale
from store.errors import KeyReused
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.store.racing import race


@dataclass(frozen=True)
class Site:
    """A cohort of twelve in its second week, and the desk there."""

    store: Store
    desk: Desk
    group: Group

    @property
    def roster(self) -> list[Filing]:
        """The next session, everybody's attendance of it."""
        return [Filing(case.stream, case.to_come[0]) for case in self.group.cases]

    @property
    def session(self) -> str:
        return stream_name("session", self.group.cases[0].to_come[0].session_id)

    @property
    def by(self) -> Person:
        return self.group.counselor

    def record(self, filings: list[Filing], *, key: str | None = None, expected: int | None = None) -> Receipt:
        command = None if key is None else Command("roster", key, b"{}", resource=self.session)
        return self.desk.record_all(
            "desk", filings, by=self.by, source=Source.API, reason=LATE, command=command, expected=expected
        )

    def versions(self) -> list[int]:
        streams = [case.stream for case in self.group.cases]
        return [len(entries) for entries in self.store.ledger("desk").read(streams).values()]


@pytest.fixture
def site(store: Store) -> Site:
    made = caseload("desk", seed=3, groups=1, weeks=1)
    made.restore(store)
    return Site(store, Desk(store, lambda: datetime.now(UTC)), made.groups[0])


def test_a_roster_is_recorded_in_one_transaction(site: Site) -> None:
    before, head = site.versions(), site.store.ledger("desk").head()
    receipt = site.record(site.roster, key="roster-1")
    assert site.versions() == [version + 1 for version in before]
    facts = site.store.ledger("desk").facts(after=head.position)
    assert {fact.recorded_at for fact in facts} == {receipt.recorded_at}
    assert len({fact.envelope.correlation_id for fact in facts}) == 1
    assert receipt.stream == site.session
    assert site.record(site.roster, key="roster-1") == replace(receipt, repeated=True)
    assert site.versions() == [version + 1 for version in before]


def test_one_line_refused_and_nothing_is_recorded(site: Site) -> None:
    before = site.versions()
    site.record(site.roster[5:6])
    once = site.versions()
    with pytest.raises(Refused) as refusal:
        site.record(site.roster)
    assert refusal.value.rule == "attendance.already-recorded"
    assert site.versions() == once
    assert sum(once) == sum(before) + 1


def test_each_line_is_judged_with_those_before_it(site: Site) -> None:
    first = site.roster[0]
    with pytest.raises(Refused) as refusal:
        site.record([first, first])
    assert refusal.value.rule == "attendance.already-recorded"
    following = [Filing(case.stream, fact) for case in site.group.cases[:2] for fact in case.to_come[:3]]
    before = site.versions()
    site.record(following)
    assert site.versions() == [version + (3 if n < 2 else 0) for n, version in enumerate(before)]


def test_a_roster_decided_on_an_older_version_of_its_session_is_told_so(site: Site) -> None:
    version = len(site.store.ledger("desk").read([site.session])[site.session])
    with pytest.raises(Stale):
        site.record(site.roster, key="roster-1", expected=version - 1)
    receipt = site.record(site.roster, key="roster-1", expected=version)
    with pytest.raises(KeyReused):
        site.desk.record_all(
            "desk",
            site.roster,
            by=site.by,
            source=Source.API,
            reason=LATE,
            command=Command("roster", "roster-1", b'{"other": true}', resource=site.session),
        )
    assert site.record(site.roster, key="roster-1", expected=version).position == receipt.position


def test_the_same_roster_sent_by_many_at_once_is_recorded_once(site: Site) -> None:
    before = site.versions()
    outcomes = race(6, lambda: site.record(site.roster, key="roster-1"))
    assert sorted(outcome.repeated for outcome in outcomes) == [False, *[True] * 5]
    assert len({outcome.position for outcome in outcomes}) == 1
    assert site.versions() == [version + 1 for version in before]


def test_what_another_process_wrote_between_is_read_before_deciding(
    site: Site, database: Database, keyring: FileKeyring
) -> None:
    case = site.group.cases[0]
    with Store(database.app_url, keyring, pool_size=2) as elsewhere:
        other = Desk(elsewhere, lambda: datetime.now(UTC))
        for n, desk in enumerate((site.desk, other, site.desk, other)):
            desk.record("desk", case.stream, case.to_come[n], by=site.by, source=Source.API, reason=LATE)
    with pytest.raises(Refused) as refusal:
        site.desk.record("desk", case.stream, case.to_come[3], by=site.by, source=Source.API, reason=LATE)
    assert refusal.value.rule == "attendance.already-recorded"
