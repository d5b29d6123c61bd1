"""Reports issued and asked again, as tests tell of them; and the same record folded by hand, to hold them against."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from domain.compliance.verdict import Row
from domain.compliance.weekly import assess_week
from domain.month import Month
from domain.record import Envelope, Person, Recorded, Source
from domain.staff import StaffCredentialed
from domain.week import Week
from exchange import issued
from exchange.delta import Delta, Difference
from exchange.issued import IssuedReport
from exchange.issuing import prepare
from exchange.reports import Question
from exchange.rows import record
from store.append import NewFact, Receipt
from store.desk import Desk
from store.store import Store
from tests.rule_sets import RULE_SETS
from tests.sample_program import site_of

SITE = "facility/lexington"
OFFICER = Person(f"staff/{UUID(int=0xC0)}", "C. Omply", "compliance_officer")
REGISTRAR = Person(f"staff/{UUID(int=0xC1)}", "O. Registrar", "administrator")
W10 = Week.parse("2026-W10")
"""The clock goes forward on its Sunday."""


def now() -> datetime:
    return datetime.now(UTC)


def with_officer(store: Store) -> None:
    """The staff list has somebody who may issue."""
    listed = StaffCredentialed(
        staff_id=UUID(int=0xC0),
        name=OFFICER.name,
        role=OFFICER.role,
        credential=None,
        valid_from=date(2020, 1, 1),
    )
    append(store, SITE, listed, by=REGISTRAR)


def append(store: Store, stream: str, fact: Any, *, by: Person) -> None:
    """On record, judged by nobody."""
    ledger = store.ledger("lexington")
    version = len(ledger.read([stream])[stream]) + 1
    envelope = Envelope(by=by, source=Source.API, correlation_id=uuid4(), reason="Told in a test.")
    ledger.append([NewFact(stream=stream, version=version, envelope=envelope, fact=fact)])


def recorded(store: Store, stream: str, fact: Any, *, by: Person, reason: str = "Told in a test.") -> Receipt:
    """Judged, as any command is."""
    return Desk(store, now).record("lexington", stream, fact, by=by, source=Source.API, reason=reason)


def issue(store: Store, period: Week | Month, **question: Any) -> IssuedReport:
    """As of the period's last date, unless another is named."""
    last = period.sunday if isinstance(period, Week) else period.last
    asked = Question(**{"as_of": last, **question})
    report_id = uuid4()
    issuing = prepare(
        store,
        "lexington",
        period,
        report_id=report_id,
        now=now(),
        asked=asked,
        requested_by=OFFICER.id,
        purpose="operations",
    )
    desk = Desk(store, now)
    desk.record("lexington", issuing.stream, issuing.fact, by=OFFICER, source=Source.API, kept=issuing.kept)
    return issued.find(store, "lexington", report_id)


def canonical(store: Store, report: IssuedReport) -> bytes:
    return issued.canonical_rows(store, report, now=now())


def key(row: Any) -> tuple[str, str, str]:
    return row["rule"], row["subject_id"], row["period_start"]


def folded(facts: Iterable[Recorded], week: Week, report: IssuedReport, known_at: datetime) -> list[Row]:
    """The report's question, answered by these facts alone: nothing of it is read from the program's own delta."""
    site = site_of(facts)
    asked = report.fact.parameters
    rules = RULE_SETS.applying(site.facility, week.sunday, asked=asked.rule_set)
    return assess_week(site, week, rule_set=rules, as_of=report.fact.as_of, known_at=known_at)


def assert_exact(store: Store, delta: Delta, week: Week, *, most: int = 100) -> None:
    """The rows are exactly those that are not the same, and their facts exactly those that make them so.

    Added to what was known then, the facts of a row give it as it is now. Without any one of them they don't; where
    there is but one, the row is as it was. That is asked of `most` of the rows, spread over all.
    """
    report, now_at = delta.issued, delta.report.header.known_at
    facts = store.ledger("lexington").facts(upto=delta.report.header.position, limit=10**6)
    then = [fact for fact in facts if fact.position <= report.fact.at_position]
    since = {fact.name: fact for fact in facts if fact.position > report.fact.at_position}
    before = {key(record(row)): record(row) for row in folded(then, week, report, report.fact.known_at)}
    after = {key(record(row)): record(row) for row in folded(facts, week, report, now_at)}
    changed = {place for place in before | after if before.get(place) != after.get(place)}
    told = {key(one.after or one.before): one for one in delta.differences}
    assert told.keys() == changed
    assert len(delta.differences) == len(told)
    step = -(-len(told) // most)
    for n, (place, one) in enumerate(told.items()):
        assert (one.before, one.after) == (before.get(place), after.get(place))
        if n % step:
            continue
        assert_least(one, then, since, partial(_at, place, week, report, now_at))


def assert_least(one: Difference, then: list[Recorded], since: dict[str, Recorded], asked: Any) -> None:
    causes = [since[name] for name in one.facts if name in since]
    assert asked([*then, *causes]) == one.after
    for left_out in causes:
        without = asked([*then, *(fact for fact in causes if fact is not left_out)])
        assert without != one.after
        if len(causes) == 1 and not one.time_passed:
            assert without == one.before


def _at(
    place: tuple[str, str, str], week: Week, report: IssuedReport, known_at: datetime, facts: Iterable[Recorded]
) -> Any:
    rows = map(record, folded(facts, week, report, known_at))
    return next((row for row in rows if key(row) == place), None)
