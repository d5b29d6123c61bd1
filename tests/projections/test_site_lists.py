"""Screenings by day and step-downs by stage: the read tables say what the ledger says, at any day and of any choice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.at_risk.due import Step
from domain.chart.screening import ScreeningOrdered, SpecimenCollected
from domain.chart.step_down import Stage, StepDownRecommended
from domain.facility import Facility
from domain.key_destruction import KeyDestroyed
from domain.site_screenings import SeenTo, Wanted
from domain.site_step_downs import WantedStepDowns
from exchange import at_risk
from projections import screenings, site_list, step_downs
from projections.cut import Behind
from projections.follower import Follower
from store.store import Store
from tests.projections.tables import refusing, set_aside
from tests.projections.test_rows import CHART, EPISODE, INQUIRED, MONDAY, PATIENT, REGISTERED
from tests.projections.test_set_aside import OPENED
from tests.store.given import holiday, new

MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)
DAYS = st.dates(date(2026, 2, 10), date(2026, 5, 20))
BEFORE = st.none() | st.integers(0, 60)


def noon(on: date) -> datetime:
    return datetime.combine(on, time(16), UTC)


def all_known(on: date) -> dict[str, Any]:
    """From the ledger, whatever the day."""
    return {"now": noon(on), "as_of": on, "known_at": MUCH_LATER}


def today(on: date) -> dict[str, Any]:
    return {"now": noon(on), "as_of": on}


@pytest.fixture
def no_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever folds a whole answer from the ledger now is found out."""

    def folds(*_: Any, **__: Any) -> None:
        raise AssertionError("folded from the ledger")

    monkeypatch.setattr(site_list, "known_charts", folds)


RANDOMLY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TestScreenings:
    @RANDOMLY
    @given(on=DAYS, first=BEFORE, last=BEFORE, due=st.none() | st.sampled_from(SeenTo), yesterday=st.booleans())
    def test_the_tables_say_what_the_ledger_says(
        self, followed: Store, on: date, first: int | None, last: int | None, due: SeenTo | None, yesterday: bool
    ) -> None:
        """The whole sample is on record, so that much of it lies behind the day that is asked about."""
        days = [None if back is None else on - timedelta(days=back) for back in (first, last)]
        wanted = Wanted(first=days[0], last=days[1], due=due)
        asked = {"now": noon(on + timedelta(days=yesterday)), "as_of": on}
        shown = screenings.answer(followed, "lexington", wanted, **asked)
        assert screenings.answer(followed, "lexington", wanted, **asked, known_at=MUCH_LATER) == shown

    def test_they_come_from_the_tables(self, followed: Store, no_ledger: None) -> None:
        wanted = Wanted(first=date(2026, 3, 1), last=date(2026, 3, 31))
        shown = screenings.answer(followed, "lexington", wanted, **today(date(2026, 4, 17)))
        assert len(shown.rows) > 50
        assert Counter(row["collection"] for row in shown.rows)["collected"] > 20
        assert [row["on"] for row in shown.rows] == sorted(row["on"] for row in shown.rows)
        assert shown.position == 4183

    @pytest.mark.parametrize("on", [date(2026, 3, 6), date(2026, 4, 17), date(2026, 5, 8)], ids=str)
    def test_what_is_due_is_what_the_list_of_who_is_at_risk_says(self, followed: Store, on: date) -> None:
        listed = at_risk.answer(followed, "lexington", now=noon(on), as_of=on, known_at=noon(on)).found.rows
        steps = {SeenTo.REVIEW: Step.RESULT_REVIEW, SeenTo.DISCUSSION: Step.RESULT_DISCUSSION}
        for due, step in steps.items():
            wanted = Wanted(first=None, last=None, due=due)
            rows = screenings.answer(followed, "lexington", wanted, now=noon(on), as_of=on, known_at=noon(on)).rows
            found = {(one["since"], one["due_on"]) for row in rows for one in row["due"] if one["step"] == due}
            expected = {(d.since, d.due_on.isoformat()) for row in listed for d in row.due if d.step is step}
            assert found >= expected

    def test_a_result_is_due_until_it_is_seen_to(self, followed: Store) -> None:
        """As known that evening: somebody has results of the day."""
        counts = []
        for on in (date(2026, 3, 4) + timedelta(days=n) for n in range(30)):
            wanted = Wanted(first=None, last=None, due=SeenTo.REVIEW)
            rows = screenings.answer(followed, "lexington", wanted, now=noon(on), as_of=on, known_at=noon(on)).rows
            assert all(any(one["step"] == "review" for one in row["due"]) for row in rows)
            counts.append(len(rows))
        assert max(counts) > min(counts)


class TestStepDowns:
    @RANDOMLY
    @given(on=DAYS, first=BEFORE, stage=st.none() | st.sampled_from(Stage), yesterday=st.booleans())
    def test_the_tables_say_what_the_ledger_says(
        self, followed: Store, on: date, first: int | None, stage: Stage | None, yesterday: bool
    ) -> None:
        wanted = WantedStepDowns(stage=stage, first=None if first is None else on - timedelta(days=first))
        asked = {"now": noon(on + timedelta(days=yesterday)), "as_of": on}
        shown = step_downs.answer(followed, "lexington", wanted, **asked)
        assert step_downs.answer(followed, "lexington", wanted, **asked, known_at=MUCH_LATER) == shown

    def test_each_is_at_one_stage_and_those_on_their_way_are_among_them(self, followed: Store, no_ledger: None) -> None:
        """Two by then: one has taken effect that day, the other is decided."""
        asked = today(date(2026, 4, 14))
        at_stage = {
            stage: step_downs.answer(followed, "lexington", WantedStepDowns(stage=stage), **asked).rows
            for stage in Stage
        }
        assert {stage: len(rows) for stage, rows in at_stage.items() if rows} == {Stage.DECIDED: 1, Stage.IN_EFFECT: 1}
        on_their_way = step_downs.answer(followed, "lexington", WantedStepDowns(), **asked).rows
        assert on_their_way == at_stage[Stage.DECIDED]
        assert [one["step"] for row in on_their_way for one in row["waits_for"]] == ["effect"]
        assert at_stage[Stage.IN_EFFECT][0]["waits_for"] == []

    @pytest.mark.parametrize("day", [10, 11, 12, 13, 14, 23, 24, 25])
    def test_who_is_waited_for_is_what_the_list_of_who_is_at_risk_says(self, followed: Store, day: int) -> None:
        on = date(2026, 4, day)
        listed = at_risk.answer(followed, "lexington", now=noon(on), as_of=on, known_at=noon(on)).found.rows
        steps = {Step.COSIGNATURE, Step.ANSWER, Step.DECISION, Step.EFFECT}
        asked = {"now": noon(on), "as_of": on, "known_at": noon(on)}
        rows = step_downs.answer(followed, "lexington", WantedStepDowns(), **asked).rows
        found = {(one["step"], one["since"]) for row in rows for one in row["waits_for"]}
        assert found
        assert found == {(d.step.value, d.since) for row in listed for d in row.due if d.step in steps}

    def test_the_patient_answers_and_somebody_else_co_signs(self, followed: Store) -> None:
        """Recommended that day, before noon."""
        on = date(2026, 4, 10)
        asked = {"now": noon(on), "as_of": on, "known_at": noon(on)}
        [row] = step_downs.answer(followed, "lexington", WantedStepDowns(), **asked).rows
        assert [(one["stage"], one["on"]) for one in row["steps"]] == [("recommended", "2026-04-10")]
        cosignature, answer = row["waits_for"]
        assert (cosignature["step"], cosignature["whom"], cosignature["roles"], cosignature["but_not"]) == (
            "cosignature",
            "staff",
            ["medical_director", "supervisor"],
            row["steps"][0]["by"],
        )
        assert (answer["step"], answer["whom"], answer["but_not"]) == ("answer", "patient", None)


ORDERED = ScreeningOrdered(episode_id=EPISODE, screening_id=uuid4(), panel=("opiates",), random=True)
RECOMMENDED = StepDownRecommended(
    episode_id=EPISODE,
    step_down_id=uuid4(),
    to_level="1.0",
    weekly_minutes=180,
    effective_on=MONDAY,
    criteria=(),
    on=MONDAY,
)


def test_nothing_of_a_chart_that_was_destroyed_stays_in_any_table(store: Store, database: Any) -> None:
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    for version, fact in enumerate([REGISTERED, INQUIRED, ORDERED, RECOMMENDED], start=1):
        ledger.append([new(CHART, version, fact)])
    Follower(store).catch_up()
    named = rows_naming(database, PATIENT)
    assert named.keys() >= {"status", "census", "names", "screenings", "step_downs"}
    gone = KeyDestroyed(patient_id=PATIENT, authority="Schedule of retention")
    ledger.append([new("facility/lexington", 2, gone)], reads={CHART: 4, "facility/lexington": 1})
    Follower(store).catch_up()
    assert rows_naming(database, PATIENT) == {}


def rows_naming(database: Any, patient_id: UUID) -> Counter[str]:
    """How many rows each table has that say that it is theirs."""
    found: Counter[str] = Counter()
    with psycopg.connect(database.superuser_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'projection'").fetchall()
        for [table] in tables:
            statement = psycopg.sql.SQL("SELECT count(*) FROM {} AS here WHERE here::text LIKE %s")
            name = psycopg.sql.Identifier("projection", table)
            row = connection.execute(statement.format(name), [f"%{patient_id}%"]).fetchone()
            found[table] = 0 if row is None else row[0]
    return +found


def test_lists_that_are_behind_are_not_answered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    ledger.append([new(CHART, 1, REGISTERED)])
    monkeypatch.setattr("projections.cut.SERVED_SECONDS", -1.0)
    on = date(2026, 3, 2)
    with pytest.raises(Behind, match="try again"):
        screenings.answer(store, "lexington", Wanted(first=None, last=None), **today(on))
    with pytest.raises(Behind, match="try again"):
        step_downs.answer(store, "lexington", WantedStepDowns(), **today(on))


def test_a_list_whose_table_lacks_a_fact_comes_from_the_ledger(store: Store, database: Any) -> None:
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    for version, fact in enumerate([REGISTERED, INQUIRED, ORDERED], start=1):
        ledger.append([new(CHART, version, fact)])
    with refusing(database, "screenings", "false"):
        Follower(store).catch_up()
    assert [row[0] for row in set_aside(store, "lexington")] == ["screenings"]
    now = datetime.now(UTC)
    shown = screenings.answer(store, "lexington", Wanted(first=None, last=None), now=now, as_of=now.date())
    assert [row["patient_id"] for row in shown.rows] == [str(PATIENT)]


def test_what_was_collected_later_stands_under_the_day_of_its_order(store: Store, no_ledger: None) -> None:
    """As of the evening before, nothing was collected yet; the table knows by now that it was."""
    at_noon = noon(date(2026, 3, 3))
    ordered, collected = (
        replace(told, envelope=replace(told.envelope, recorded_elsewhere_at=at))
        for told, at in (
            (new(CHART, 3, ORDERED), at_noon - timedelta(days=1)),
            (new(CHART, 4, COLLECTED), at_noon),
        )
    )
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    ledger.append([new(CHART, 1, REGISTERED), new(CHART, 2, INQUIRED), ordered, collected])
    Follower(store).catch_up()
    day = date(2026, 3, 2)
    shown = screenings.answer(store, "lexington", Wanted(first=day, last=day), now=at_noon, as_of=day)
    assert [row["on"] for row in shown.rows] == [day.isoformat()]


COLLECTED = SpecimenCollected(
    episode_id=EPISODE,
    screening_id=ORDERED.screening_id,
    collected_at=noon(date(2026, 3, 3)),
    matrix="urine",
    observed=True,
)


def test_the_site_is_that_of_the_tables_position(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A holiday that came in since is in neither part of the answer."""
    monkeypatch.setattr("projections.cut.SERVED_SECONDS", 600.0)
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    Follower(store).catch_up()
    ledger.append([holiday(version=2)])
    seen: list[Facility] = []

    def present(_charts: Any, site: Facility) -> list[dict[str, Any]]:
        seen.append(site)
        return []

    def named(_zone: Any) -> Any:
        return "SELECT patient_id FROM projection.screenings WHERE ledger = %(ledger)s", {"ledger": "lexington"}

    now = datetime.now(UTC)
    asked = {"now": now, "as_of": now.date(), "known_at": None}
    found = site_list.site_list(store, "lexington", screenings.PROJECTION, named, present, **asked)  # type: ignore[arg-type]
    assert found.position == 1
    assert [dict(site.holidays) for site in seen] == [{}]
