"""Evidence and what is missing explain a row: nothing else on record changes it, and something of it would.

Asked of the sample program, with a strike of one fact at a time. In the suite that is a choice of the facts, which is
the same each time; with `--full` each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from random import Random
from typing import Final
from uuid import UUID

import pytest

from domain import chart as charts
from domain.chart.attendance import Attendance, Outcome
from domain.compliance.findings import assess_chart
from domain.compliance.verdict import Row, Verdict
from domain.facility import FacilityOpened
from domain.record import EnteredInError, Recorded, live, stream_kind, stream_name, stream_uuid
from domain.site import Site, fold_cohort, fold_facility, fold_session
from tests.domain.compliance.test_expected_rows import REPORTS, asked_for
from tests.rule_sets import LANDMARK_IOP
from tests.sample_program import Asked, known, sample, site_of

CHOSEN: Final = 30
"""Facts struck in the suite, for each report."""

ASKED: Final = ("weekly-2026-W10.csv", "weekly-2026-W15.csv", "weekly-2026-W16.csv", "monthly-2026-03.csv")


@cache
def streams() -> dict[str, list[Recorded]]:
    return known(sample())


@cache
def whole() -> Site:
    return site_of(sample())


def without(fact: Recorded) -> Site:
    """The site once this fact is struck, whatever rests on it."""
    site, entries = whole(), streams()[fact.stream]
    strike = replace(entries[-1], version=entries[-1].version + 1, fact=EnteredInError(target=fact.version))
    told = [*entries, strike]
    match stream_kind(fact.stream):
        case "facility":
            return replace(site, facility=fold_facility(told))
        case "cohort":
            key = stream_uuid(fact.stream)
            return replace(site, cohorts={**site.cohorts, key: fold_cohort(key, told)})
        case "session":
            key = stream_uuid(fact.stream)
            others = {k: one for k, one in site.sessions.items() if k != key}
            session = fold_session(key, told)
            return replace(site, sessions=others if session.starts_at is None else {**others, key: session})
        case _:
            key = stream_uuid(fact.stream)
            return replace(site, charts={**site.charts, key: charts.fold(key, told)})


def report(name: str, site: Site) -> list[Row]:
    return asked_for(sample(), Asked.parse(REPORTS[name]), site)


def findings(chart: charts.Chart, site: Site) -> list[Row]:
    last = sample()[-1]
    return assess_chart(
        chart,
        facility=site.facility,
        sessions=site.sessions,
        cohorts=site.cohorts,
        rule_set=LANDMARK_IOP,
        as_of=last.recorded_at.date(),
        known_at=last.recorded_at,
    )


def counting(*kinds: str) -> list[Recorded]:
    """The facts that count in streams of these kinds, but the opening: without it there is no site."""
    return [
        fact
        for stream, entries in streams().items()
        if stream_kind(stream) in kinds
        for fact in live(entries)
        if not isinstance(fact.fact, FacilityOpened)
    ]


def chosen(request: pytest.FixtureRequest, facts: list[Recorded]) -> list[Recorded]:
    return facts if request.config.option.full else Random(7).sample(facts, CHOSEN)


Place = tuple[str, str, date, date]


def by_place(rows: Iterable[Row]) -> dict[Place, Row]:
    """No two rows are about the same."""
    found = [((row.rule, row.subject_id, row.period_start, row.period_end), row) for row in rows]
    return dict(found)


def unexplained(before: dict[Place, Row], after: dict[Place, Row], struck: Recorded) -> list[str]:
    """What a strike changed, or ended, that does not name the fact."""
    kind = type(struck.fact).__name__
    return [
        f"{row.rule} {row.subject_id} by {kind} {struck.name}"
        for place, row in before.items()
        if after.get(place) != row and struck.name not in row.evidence
    ]


@pytest.mark.parametrize("name", ASKED)
def test_a_strike_of_a_fact_outside_the_evidence_leaves_a_row_of_a_report_unchanged(
    request: pytest.FixtureRequest, name: str
) -> None:
    before = by_place(report(name, whole()))
    for fact in chosen(request, counting("chart", "session", "cohort", "facility")):
        assert unexplained(before, by_place(report(name, without(fact))), fact) == []


def test_a_strike_of_a_fact_outside_the_evidence_leaves_the_findings_of_a_patient_unchanged(
    request: pytest.FixtureRequest,
) -> None:
    for fact in chosen(request, counting("chart")):
        key, site = stream_uuid(fact.stream), without(fact)
        before = by_place(findings(whole().charts[key], whole()))
        assert unexplained(before, by_place(findings(site.charts[key], site)), fact) == []


def test_a_strike_in_a_session_changes_the_findings_of_those_alone_who_have_it_as_evidence(
    request: pytest.FixtureRequest,
) -> None:
    before = {key: by_place(findings(chart, whole())) for key, chart in whole().charts.items()}
    facts = counting("session", "cohort", "facility")
    for fact in facts if request.config.option.full else Random(7).sample(facts, 4):
        site = without(fact)
        for key, chart in site.charts.items():
            assert unexplained(before[key], by_place(findings(chart, site)), fact) == []


@pytest.mark.parametrize("name", ASKED)
def test_where_a_rule_is_not_met_something_is_missing_or_a_fact_says_so(name: str) -> None:
    """A strike of some fact among the evidence gives another verdict, or ends the row, as that of a self-reduction."""
    facts = {fact.name: fact for fact in counting("chart", "session", "cohort", "facility")}
    for place, row in by_place(report(name, whole())).items():
        if row.verdict is Verdict.NOT_MET and not row.missing:
            assert any(_ends(name, place, facts[named]) for named in row.evidence), row


def _ends(name: str, place: Place, fact: Recorded) -> bool:
    after = by_place(report(name, without(fact))).get(place)
    return after is None or after.verdict is not Verdict.NOT_MET


@pytest.mark.parametrize("name", [name for name in ASKED if "week" in name])
def test_where_hours_or_attendance_are_not_met_coming_to_what_is_listed_and_missing_would_meet_them(name: str) -> None:
    rows = [row for row in report(name, whole()) if row.rule in ATTENDED and row.verdict is Verdict.NOT_MET]
    assert {row.rule for row in rows} == ATTENDED
    for row in rows:
        key = UUID(row.subject_id)
        site = replace(whole(), charts={key: attending(key, row)})
        assert by_place(report(name, site))[place_of(row)].verdict is Verdict.MET, row


ATTENDED: Final = {"HRS-1", "HRS-2", "ATT-1"}


def place_of(row: Row) -> Place:
    return next(iter(by_place([row])))


def attending(key: UUID, row: Row) -> charts.Chart:
    """The chart, had the patient come in full to every session of a record listed, or missing."""
    chart, site = whole().charts[key], whole()
    listed = {name.partition("@")[0] for name in row.evidence if name.startswith("session/")}
    missing = {item.rpartition(" ")[2] for item in row.missing if item.startswith("attendance record in ")}
    attendances = dict(chart.attendances)
    for session_id in {stream_uuid(stream) for stream in listed | missing}:
        session = site.sessions[session_id]
        held, known = session.interval, attendances.get(session_id)
        if held is None or (known is None and stream_name("session", session_id) not in missing):
            continue
        episode_id = known.episode_id if known is not None else next(reversed(chart.episodes))
        attendances[session_id] = Attendance(
            episode_id=episode_id,
            session_id=session_id,
            outcome=Outcome.ATTENDED,
            arrived_at=held.started_at,
            left_at=held.ended_at,
            family_members=0,
            version=chart.version + 1,
        )
    return replace(chart, attendances=attendances)
