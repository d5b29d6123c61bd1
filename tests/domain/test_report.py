"""A report is issued once, never changes, and is attested once, by a compliance officer."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.access import Purpose
from domain.decision import judge
from domain.record import Entry, Envelope, Source
from domain.refused import Refused
from domain.report import ReportAttested, ReportKind, ReportParameters
from domain.streams import fold_stream
from tests.domain.cast import COMPLIANCE_OFFICER, COUNSELOR, REPORT, day, issued
from tests.domain.given import given, said, strike

STREAM = f"report/{REPORT}"
ISSUED = said(issued, stream=STREAM, at="2026-03-09 09:00")


def attested(on: str = "2026-03-10") -> object:
    return said(ReportAttested(on=day(on)), stream=STREAM)


def test_a_report_is_issued_whenever_its_cut_was() -> None:
    given().when(said(ISSUED, at="2026-06-30 09:00")).recorded()


def test_a_report_is_issued_once() -> None:
    given(ISSUED).when(said(ISSUED, at="2026-03-09 10:00")).refused("report.already-issued")


def test_a_report_says_what_its_rows_hash_to() -> None:
    given().when(said(replace(issued, sha256="0" * 63), stream=STREAM)).refused("report.digest-form")


@pytest.mark.parametrize(
    "parameters",
    [
        ReportParameters(),
        ReportParameters(month="2026-03"),
        ReportParameters(week="2026-W10", month="2026-03"),
        ReportParameters(week="2026-W54"),
        ReportParameters(week="2026-W10", payer="the county"),
    ],
    ids=str,
)
def test_a_report_says_what_it_is_of(parameters: ReportParameters) -> None:
    given().when(said(replace(issued, parameters=parameters), stream=STREAM)).refused("report.parameters")


def test_a_report_of_a_month_and_a_payer_says_so() -> None:
    of_a_month = ReportParameters(month="2026-03", payer="self_pay", rule_set="teds-iop")
    fact = replace(issued, kind=ReportKind.MONTHLY, parameters=of_a_month, rule_set="teds-iop")
    given().when(said(fact, stream=STREAM)).recorded()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"rule_set": "the county's"}, "report.rule-set"),
        ({"rule_set_version": "9"}, "report.rule-set"),
        ({"parameters": ReportParameters(week="2026-W10", rule_set="of J. Doe")}, "report.rule-set-asked"),
        ({"parameters": ReportParameters(week="2026-W10", rule_set="teds-iop")}, "report.rule-set-asked"),
        ({"purpose": "the hearing of J. Doe"}, "report.purpose"),
        ({"purpose": "AUDIT"}, "report.purpose"),
        ({"requested_by": "J. Doe"}, "report.requested-by"),
        ({"requested_by": "staff/J. Doe"}, "report.requested-by"),
        ({"requested_by": f"{COUNSELOR.id} for J. Doe"}, "report.requested-by"),
        ({"requested_by": "operator/J. Doe"}, "report.requested-by"),
        ({"requested_by": "system"}, "report.requested-by"),
        ({"rows": -1}, "report.rows"),
        ({"at_position": -1}, "report.cut"),
    ],
    ids=str,
)
def test_an_issued_report_holds_no_free_text_and_no_figure_that_can_not_be(change: Any, rule: str) -> None:
    given().when(said(replace(issued, **change), stream=STREAM)).refused(rule)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("requested_by", [COUNSELOR.id, "operator/stepdown", "operator/1000"])
def test_who_asked_and_what_for_are_said_in_ids_and_words(purpose: str, requested_by: str) -> None:
    fact = replace(issued, purpose=purpose, requested_by=requested_by)
    given().when(said(fact, stream=STREAM)).recorded()


def test_a_report_has_no_rows_where_there_are_none() -> None:
    given().when(said(replace(issued, rows=0), stream=STREAM)).recorded()


@pytest.mark.parametrize(("head", "stands"), [(100, True), (99, False), (None, True)])
def test_a_report_stands_on_what_was_on_record_before_it(head: int | None, stands: bool) -> None:
    story = given()
    scene = replace(story.scene(ISSUED.at), position=head)
    entry = Entry(
        version=1,
        recorded_at=ISSUED.at,
        envelope=Envelope(by=COMPLIANCE_OFFICER, source=Source.API, correlation_id=UUID(int=1)),
        fact=issued,
    )
    with nullcontext() if stands else pytest.raises(Refused, match="before it was issued"):
        judge(STREAM, story.state(STREAM) or fold_stream(STREAM, ()), (), entry, scene)


def test_a_struck_report_gives_its_stream_to_no_other() -> None:
    again = said(replace(issued, rows=8), stream=STREAM, at="2026-03-09 11:00")
    given(ISSUED, said(strike(1), stream=STREAM)).when(again).refused("report.already-issued")


def test_an_issued_report_is_attested_once() -> None:
    given().when(attested()).refused("report.unknown")
    story = given(ISSUED, attested())
    story.when(attested("2026-03-11")).refused("report.already-attested")
    given(ISSUED, attested(), said(strike(2), stream=STREAM)).when(attested("2026-03-11")).recorded()


def test_a_report_is_attested_by_a_compliance_officer() -> None:
    given(ISSUED).when(attested(), by=COUNSELOR).refused("act.not-permitted")


def test_a_report_is_not_attested_before_it_is_issued() -> None:
    given(ISSUED).when(attested("2026-03-08"), reason="Late.").refused("report.attested-before-issued")


def test_what_is_attested_is_not_struck() -> None:
    story = given(ISSUED, attested())
    story.when(said(strike(1), stream=STREAM)).refused("correction.breaks-history", naming="@2")
