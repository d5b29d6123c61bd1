"""A report is issued once, never changes, and is attested once, by a compliance officer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.report import ReportAttested, ReportKind, ReportParameters
from tests.domain.cast import COUNSELOR, REPORT, day, issued
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
    given().when(said(replace(issued, kind=ReportKind.MONTHLY, parameters=of_a_month), stream=STREAM)).recorded()


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
