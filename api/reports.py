"""Questions about compliance: the weekly and the monthly report of a site, the findings of one patient."""

from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api import report_answers
from api.answers import OF_CHARTS, OF_QUERIES, json_answer
from api.asking import Asked, Code, PatientId, said, wait
from api.commands import Topic
from api.few import one_of_few
from api.files import HEADERS, file_headers, zone_of
from api.gate import Caller, may
from api.paper import CONTENT, SAID, paper_answer
from api.permission import Read
from api.problem import malformed
from domain.month import Month
from domain.program import Payer
from domain.week import Week
from exchange import findings, reports
from exchange.export.as_parquet import refuse_without_parquet
from exchange.export.report_rows import manifest_of
from exchange.manifest import Manifest, Taker
from exchange.paper.document import Form
from exchange.paper.reports import printed
from exchange.report_files import MEDIA_TYPES, ending, file_of
from exchange.reports import Question, Report
from exchange.rows import full_record, patients_of

_YEAR: Final = r"(18[89]\d|19\d\d|2[01]\d\d)"
WEEK: Final = rf"^{_YEAR}-W(0[1-9]|[1-4]\d|5[0-3])$"
"""Not every year has a week 53."""
MONTH: Final = rf"^{_YEAR}-(0[1-9]|1[0-2])$"

ReportFormat = Literal["json", "ndjson", "canonical", "csv", "xlsx", "parquet", "pdf", "html"]

FILES_SAID: Final = (
    "`csv`, `ndjson`, `canonical` (what the hash is of), `xlsx`, `parquet` (where the extra of that name is "
    "installed): the rows as a file, with its manifest in a header, the same bytes as on the command line."
)

_CONTENT: Final[dict[str, Any]] = {
    **{media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()},
    **CONTENT,
}
_HEADERS: Final = {name: {**told, "description": f"Of files. {told['description']}"} for name, told in HEADERS.items()}

router = APIRouter(responses=OF_QUERIES, tags=[Topic.REPORTS])


class RulesAsked(Asked):
    rule_set: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="Instead of the one that the site adopted, such as `az-s9480`."
    )
    payer: Payer | None = Field(
        None, description="That payer's episodes alone, by the rule set adopted for it where none is asked for."
    )


class ReportAsked(RulesAsked):
    format: ReportFormat = Field("json", description=f"{FILES_SAID} {SAID}")


class WeekAsked(ReportAsked):
    week: Annotated[str, StringConstraints(max_length=8)] = Field(
        description="ISO week, such as `2026-W10`.", json_schema_extra={"pattern": WEEK}
    )


class MonthAsked(ReportAsked):
    month: Annotated[str, StringConstraints(max_length=7)] = Field(
        description="Such as `2026-03`.", json_schema_extra={"pattern": MONTH}
    )


@router.get(
    "/facilities/{code}/reports/weekly",
    operation_id="read_weekly_report",
    summary="The compliance of a week, rule by rule",
    response_model=None,
    responses={200: {"model": report_answers.WeeklyReport, "content": _CONTENT, "headers": _HEADERS}},
)
def read_weekly_report(
    by: Annotated[Caller, may(Read.REPORT)], code: Code, asked: Annotated[WeekAsked, Query()]
) -> Response:
    """The same facts at the same cut give the same rows and the same hash, whenever it is asked."""
    return _answer(by, code, read_week(asked.week), asked)


@router.get(
    "/facilities/{code}/reports/monthly",
    operation_id="read_monthly_report",
    summary="A month of the site: show rate and positive screens",
    response_model=None,
    responses={200: {"model": report_answers.MonthlyReport, "content": _CONTENT, "headers": _HEADERS}},
)
def read_monthly_report(
    by: Annotated[Caller, may(Read.REPORT)], code: Code, asked: Annotated[MonthAsked, Query()]
) -> Response:
    """The same facts at the same cut give the same rows and the same hash, whenever it is asked."""
    return _answer(by, code, read_month(asked.month), asked)


@router.get(
    "/patients/{patient_id}/compliance",
    operation_id="read_compliance",
    summary="What the rules say of one patient",
    response_model=None,
    responses={200: {"model": report_answers.Compliance}, **OF_CHARTS},
)
def read_compliance(
    by: Annotated[Caller, may(Read.HISTORY)], patient_id: PatientId, asked: Annotated[RulesAsked, Query()]
) -> Response:
    """Of the week of `as_of`, and of each episode as it stood then, with figures and the facts behind them."""
    wait(by, asked, for_tables=False)
    now = by.wiring.clock()
    found = findings.answer(by.wiring.store, by.facility, patient_id, now=now, asked=_question(by, asked))
    if found is None:
        by.misses(patient_id)
    by.read_chart(patient_id, found.version)
    return json_answer(said(by, found.record(), asked.known_at), headers={"ETag": f'"{found.version}"'})


def _question(by: Caller, asked: RulesAsked) -> Question:
    return Question(
        rule_set=asked.rule_set,
        payer=asked.payer,
        as_of=asked.as_of,
        known_at=asked.known_at,
        requested_by=by.person.id,
        purpose=by.purpose,
    )


def _answer(by: Caller, code: str, period: Week | Month, asked: ReportAsked) -> Response:
    wait(by, asked, for_tables=False)
    if asked.format == "json":
        report = _seen(by, code, period, asked)
        document = {**report.header.record(), "rows": [full_record(row) for row in report.rows]}
        return json_answer(said(by, document, asked.known_at))
    if asked.format == "parquet":
        refuse_without_parquet()
    # Before anything is put on record as seen: who is asked to wait has seen nothing.
    with one_of_few():
        report = _seen(by, code, period, asked)
        called = f"{report.header.kind}-{code}-{period}"
        if asked.format in MEDIA_TYPES:
            return _file(by, report, asked.format, called)
        return _paper(by, report, Form(asked.format), called)


def _file(by: Caller, report: Report, format_: str, called: str) -> Response:
    body = file_of(report, format_, zone_of(by))
    manifest = _manifest(by, report, format_, body)
    by.took(manifest.rows, manifest.sha256)
    return Response(
        body, headers=file_headers(manifest, f"{called}.{ending(format_)}"), media_type=MEDIA_TYPES[format_]
    )


def _paper(by: Caller, report: Report, form: Form, called: str) -> Response:
    body = printed(by.wiring.store, report, form)
    manifest = _manifest(by, report, form.value, body)
    return paper_answer(by, body, form, called=called, rows=manifest.rows, manifest=manifest)


def _manifest(by: Caller, report: Report, format_: str, body: bytes) -> Manifest:
    taker = Taker(by=by.person.id, purpose=by.purpose, at=report.header.generated_at)
    digest = sha256(body).hexdigest()
    return manifest_of(report, format_, size_bytes=len(body), sha256=digest, taker=taker, zone=zone_of(by))


def _seen(by: Caller, code: str, period: Week | Month, asked: ReportAsked) -> Report:
    report = reports.answer(by.wiring.store, code, period, now=by.wiring.clock(), asked=_question(by, asked))
    by.saw(sorted(patients_of(report.rows)))
    return report


def read_week(label: str, field: str = "query.week") -> Week:
    """`2026-W10`; 422, naming the field that it was sent in, where there is no such week."""
    try:
        return Week.parse(label)
    except ValueError as error:
        raise malformed(field, str(error)) from None


def read_month(label: str, field: str = "query.month") -> Month:
    """`2026-03`; 422, naming the field that it was sent in, where there is no such month."""
    try:
        return Month.parse(label)
    except ValueError as error:
        raise malformed(field, str(error)) from None
