"""Screenings and step-downs of random charts, lawful or not: followed in any batches they are what the facts say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.chart.identity import PatientRegistered
from domain.chart.screening import (
    AnalyteOutcome,
    AnalyteResult,
    CollectionMissed,
    DefinitiveReported,
    PresumptiveReported,
    ResultCorrected,
    ResultDiscussed,
    ResultReviewed,
    ScreeningOrdered,
    SpecimenCollected,
    SpecimenRefused,
)
from domain.chart.step_down import (
    Answer,
    StepDownAnswered,
    StepDownCosigned,
    StepDownDecided,
    StepDownRecommended,
    StepDownTookEffect,
    StepDownWithdrawn,
)
from domain.record import EnteredInError
from domain.site_screenings import SeenTo, Wanted
from domain.site_step_downs import WantedStepDowns
from projections import screenings, step_downs
from projections.catalog import PROJECTIONS
from projections.digest import digest
from store.store import Store
from tests.projections.tables import folded, whole, written
from tests.projections.test_rows import ADMITTED, AT_SIX, ENROLLED, EPISODE, INQUIRED, MONDAY, REGISTERED
from tests.projections.test_set_aside import OPENED
from tests.store.given import new

CHARTS = [f"chart/{UUID(int=n)}" for n in (1, 2)]
KEYS = st.sampled_from([UUID(int=n) for n in (11, 12)])
DATES = st.integers(0, 12).map(lambda n: MONDAY + timedelta(days=n))
TIMES = st.integers(0, 12 * 24).map(lambda n: AT_SIX + timedelta(hours=n))
VERSIONS = st.integers(4, 12)
AFTER = MONDAY + timedelta(days=13)


def told(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, episode_id=st.just(EPISODE), **fields)


ANALYTES = st.sampled_from(AnalyteOutcome).map(
    lambda outcome: (AnalyteResult(analyte="opiates", loinc="19295-5", outcome=outcome),)
)
OF_SCREENINGS = st.one_of(
    told(ScreeningOrdered, screening_id=KEYS, panel=st.just(("opiates",)), random=st.booleans()),
    told(SpecimenCollected, screening_id=KEYS, collected_at=TIMES, matrix=st.just("urine"), observed=st.just(True)),
    told(SpecimenRefused, screening_id=KEYS, at=TIMES),
    told(CollectionMissed, screening_id=KEYS, at=TIMES, excused=st.booleans()),
    told(PresumptiveReported, screening_id=KEYS, at=TIMES, analytes=ANALYTES),
    told(DefinitiveReported, screening_id=KEYS, at=TIMES, analytes=ANALYTES),
    told(ResultCorrected, screening_id=KEYS, corrects=VERSIONS, at=TIMES, analytes=ANALYTES),
    told(ResultReviewed, screening_id=KEYS, on=DATES),
    told(ResultDiscussed, screening_id=KEYS, on=DATES),
)
OF_STEP_DOWNS = st.one_of(
    told(
        StepDownRecommended,
        step_down_id=KEYS,
        to_level=st.just("1.0"),
        weekly_minutes=st.just(180),
        effective_on=DATES,
        criteria=st.just(()),
        on=DATES,
    ),
    told(StepDownAnswered, step_down_id=KEYS, answer=st.sampled_from(Answer), on=DATES),
    *(
        told(kind, step_down_id=KEYS, on=DATES)
        for kind in (StepDownCosigned, StepDownDecided, StepDownTookEffect, StepDownWithdrawn)
    ),
)
STRIKES = st.builds(EnteredInError, target=VERSIONS)
HISTORY = st.lists(
    st.tuples(st.sampled_from(CHARTS), st.one_of(OF_SCREENINGS, OF_SCREENINGS, OF_STEP_DOWNS, STRIKES)), max_size=25
)
COUNT = count(1)
"""Each example has a site of its own."""
LATER = datetime(2100, 1, 1, tzinfo=UTC)
BATCHES = st.lists(st.integers(1, 6), max_size=12)


BEGINS = (ScreeningOrdered, StepDownRecommended)


def of_chart(chart: str, fact: Any) -> Any:
    """The fact with ids of the chart's own: no two charts share any."""
    n = CHARTS.index(chart) + 1
    named = {
        name: UUID(int=getattr(fact, name).int + n * 10_000)
        for name in ("episode_id", "screening_id", "step_down_id")
        if hasattr(fact, name)
    }
    return replace(fact, **named, **({"mrn": f"MRN-{n}"} if isinstance(fact, PatientRegistered) else {}))


def begun(fact: Any) -> Any:
    """What an order or a recommendation begins, which nothing begins twice."""
    return isinstance(fact, BEGINS) and (type(fact), getattr(fact, "screening_id", getattr(fact, "step_down_id", None)))


def follow(store: Store, name: str, batches: list[int]) -> None:
    """The whole ledger in batches of these sizes, the rest in one."""
    ledger, after = store.ledger(name), 0
    with store.database.connection() as db:
        for size in [*batches, 1000]:
            if facts := ledger.facts(after=after, limit=size):
                digest(db, PROJECTIONS, ledger, whole(facts))
                after = facts[-1].position


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORY, batches=BATCHES, on=DATES, due=st.none() | st.sampled_from(SeenTo))
def test_tables_hold_and_lists_show_what_the_facts_say(
    store: Store,
    history: Sequence[tuple[str, Any]],
    batches: list[int],
    on: date,
    due: SeenTo | None,
) -> None:
    ledger = store.ledger(f"site-{next(COUNT)}")
    ledger.append([new(f"facility/{ledger.name}", 1, OPENED)])
    charts = {chart: [of_chart(chart, fact) for fact in (REGISTERED, INQUIRED, ENROLLED, ADMITTED)] for chart in CHARTS}
    for chart, fact in history:
        own = of_chart(chart, fact)
        # Nobody strikes what is not on record yet.
        is_to_come = isinstance(own, EnteredInError) and own.target > len(charts[chart])
        if not is_to_come and not (isinstance(own, BEGINS) and any(begun(own) == begun(one) for one in charts[chart])):
            charts[chart].append(own)
    versions = range(max(map(len, charts.values())))
    ledger.append([new(each, n + 1, charts[each][n]) for n in versions for each in CHARTS if n < len(charts[each])])
    follow(store, ledger.name, batches)
    found = written(store, ledger.name)
    expected = folded(ledger.facts())
    assert (found.screenings, found.step_downs) == (expected.screenings, expected.step_downs)
    now = datetime.combine(AFTER, AT_SIX.timetz())
    asked = {"now": now, "as_of": AFTER}
    for wanted in (Wanted(first=on, last=on, due=due), Wanted(first=None, last=None, due=due)):
        shown = screenings.answer(store, ledger.name, wanted, **asked)
        assert screenings.answer(store, ledger.name, wanted, **asked, known_at=LATER) == shown
    shown = step_downs.answer(store, ledger.name, WantedStepDowns(), **asked)
    assert step_downs.answer(store, ledger.name, WantedStepDowns(), **asked, known_at=LATER) == shown
