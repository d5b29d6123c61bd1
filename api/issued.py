"""Issued reports: issue one, list them, read one as it was issued, ask what has changed since and why."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Final, Literal, Self
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, StringConstraints, model_validator

from api import issued_answers
from api.answers import OF_COMMANDS, OF_QUERIES, json_answer, problems, receipt_responses
from api.asking import Code, Current, said, wait
from api.bodies import Body, Instant, PlainDate, one_of
from api.commands import Topic
from api.files import HEADERS, file_headers, zone_of
from api.gate import Caller, may
from api.media import CSV, JSON, NDJSON, chosen
from api.permission import Read, recording
from api.recording import IdempotencyKey, Sent, answer, decide_all
from api.reports import MONTH, WEEK, read_month, read_week
from api.strictly import Strictly
from domain.access import Purpose
from domain.month import Month
from domain.program import Payer
from domain.report import ReportIssued, ReportKind
from domain.week import Week
from exchange import delta, issued
from exchange.export.as_parquet import refuse_without_parquet
from exchange.export.report_rows import manifest_of_issued
from exchange.issued import IssuedReport
from exchange.issuing import prepare
from exchange.manifest import Manifest, Taker
from exchange.report_files import MEDIA_TYPES, file_of_issued
from exchange.reports import Question
from exchange.rows import patients_in
from store.append import Receipt
from store.desk import Filing

router = APIRouter(tags=[Topic.REPORTS], route_class=Strictly)

_ADDRESS: Final = "/facilities/{code}/reports"
_OF_ROWS: Final = problems(406, 410)
_BINARY: Final = ("xlsx", "parquet")

_FORMATS: Final[Mapping[str, str]] = {
    JSON: "json",
    NDJSON: "ndjson",
    CSV: "csv",
    **{MEDIA_TYPES[name]: name for name in _BINARY},
}
"""By media type; of those that are equally welcome, the first."""

ReportId = Annotated[UUID, Path(description="What stands behind `report/` in the stream.")]
WeekText = Annotated[str, StringConstraints(strict=True, max_length=8)]
MonthText = Annotated[str, StringConstraints(strict=True, max_length=7)]


class IssueBody(Body):
    """What to report, by which rules, at which cut, and what the report is for."""

    model_config = one_of("week", "month")

    kind: ReportKind
    week: WeekText | None = Field(None, description="Of a weekly report.", json_schema_extra={"pattern": WEEK})
    month: MonthText | None = Field(None, description="Of a monthly report.", json_schema_extra={"pattern": MONTH})
    rule_set: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100)] | None = Field(
        None, description="Instead of the one that the site adopted, such as `az-s9480`."
    )
    payer: Payer | None = Field(
        None, description="That payer's episodes alone, by the rule set adopted for it where none is asked for."
    )
    as_of: PlainDate | None = Field(
        None, description="What had happened by the end of this date. Today at the site, or the date of `known_at`."
    )
    known_at: Instant | None = Field(None, description="What was on record then, with offset. All that is.")
    purpose: Purpose = Field(description="What the report is for.")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if (self.week is None) != (self.kind is not ReportKind.WEEKLY) or (self.week is None) == (self.month is None):
            raise ValueError("Say the week of a weekly report, the month of a monthly one.")
        return self

    def period(self) -> Week | Month:
        """422 where there is no such week or month."""
        if self.week is not None:
            return read_week(self.week, "body.week")
        return read_month(self.month or "", "body.month")


class ReportsAsked(Current):
    kind: ReportKind | None = Field(None, description="Those of this kind alone.")
    week: Annotated[str, StringConstraints(max_length=8)] | None = Field(
        None, description="Those of this week alone.", json_schema_extra={"pattern": WEEK}
    )
    month: Annotated[str, StringConstraints(max_length=7)] | None = Field(
        None, description="Those of this month alone.", json_schema_extra={"pattern": MONTH}
    )
    before: int | None = Field(None, ge=1, le=10**15, description="Those issued at positions before this.")
    limit: int = Field(50, ge=1, le=200, description="At most so many.")


class IssuedAsked(Current):
    format: Literal["json", "ndjson", "csv", "xlsx", "parquet"] | None = Field(
        None,
        description="`ndjson`: the canonical rows, as they were hashed. `parquet` where the extra of that name is "
        "installed. Else as `Accept` says.",
    )


class DeltaAsked(Current):
    known_at: Instant | None = Field(
        None, description="Not before the report's own. All that is on record; a later one is answered so, and says so."
    )


@router.post(
    _ADDRESS,
    operation_id="issue_report",
    summary="Issue a report: its rows are kept as they are, for good",
    status_code=201,
    response_model=None,
    responses={**receipt_responses("report_id"), **OF_COMMANDS},
)
def issue_report(
    by: Annotated[Caller, may(recording(ReportIssued))], code: Code, body: IssueBody, key: IdempotencyKey
) -> Response:
    """Recorded as `ReportIssued`, by `compliance_officer`. The same rows are read back ever after; what is recorded
    later shows in its delta. 403 for a `purpose` that the role reads no reports for; `Purpose-Of-Use` is that of the
    act, not of the report."""
    replace(by, purpose=body.purpose).may(Read.REPORT)
    sent = Sent(f"/v1{_ADDRESS}", {"code": code}, key, None)
    period = body.period()
    # Sent again it gets the first answer, without the report being made again.
    answered = by.wiring.store.ledger(code).answered(sent.command(by, body))
    receipt = answered or _issue(by, code, period, body, sent)
    return answer(receipt, f"/v1/reports/{receipt.stream.partition('/')[2]}")


def _issue(by: Caller, code: str, period: Week | Month, body: IssueBody, sent: Sent) -> Receipt:
    wiring = by.wiring
    issuing = prepare(
        wiring.store,
        code,
        period,
        report_id=wiring.new_id(),
        now=wiring.clock(),
        asked=Question(rule_set=body.rule_set, payer=body.payer, as_of=body.as_of, known_at=body.known_at),
        requested_by=by.person.id,
        purpose=body.purpose,
    )
    return decide_all(by, [Filing(issuing.stream, issuing.fact)], body, sent, kept=issuing.kept)


@router.get(
    _ADDRESS,
    operation_id="read_issued_reports",
    summary="The reports of a site that were issued",
    response_model=None,
    responses={200: {"model": issued_answers.IssuedReports}, **OF_QUERIES},
)
def read_issued_reports(
    by: Annotated[Caller, may(Read.REPORT)], code: Code, asked: Annotated[ReportsAsked, Query()]
) -> Response:
    """The last one issued first, each with what it says of itself; no rows, no patient."""
    # It leaves nothing in the access record, which says who looked at whose chart: no patient is in it.
    wait(by, asked, for_tables=False)
    found = issued.listing(
        by.wiring.store,
        code,
        kind=asked.kind,
        week=None if asked.week is None else str(read_week(asked.week)),
        month=None if asked.month is None else str(read_month(asked.month)),
        before=asked.before,
        limit=asked.limit,
    )
    document = {
        "facility": code,
        "position": found.position,
        "reports": [report.record() for report in found.reports],
        "next_before": found.next_before,
    }
    return json_answer(document)


@router.get(
    "/reports/{report_id}",
    operation_id="read_issued_report",
    summary="A report as it was issued, byte for byte",
    response_model=None,
    responses={
        200: {
            "model": issued_answers.IssuedReport,
            "content": {
                NDJSON: {"schema": {"type": "string", "description": "The canonical rows, as they were hashed."}},
                CSV: {"schema": {"type": "string"}},
                **{MEDIA_TYPES[name]: {"schema": {"type": "string", "format": "binary"}} for name in _BINARY},
            },
            "headers": HEADERS,
        },
        **OF_QUERIES,
        **_OF_ROWS,
    },
)
def read_issued_report(
    by: Annotated[Caller, may(Read.REPORT)],
    report_id: ReportId,
    asked: Annotated[IssuedAsked, Query()],
    request: Request,
) -> Response:
    """JSON, or by `format`, else by `Accept`, the canonical rows as NDJSON, CSV, XLSX or Parquet; the manifest in a
    header. The rows are held against their hash each time: 500 `report-altered` when they are not those that were
    issued."""
    form = asked.format or _FORMATS[chosen(request.headers.getlist("accept"), tuple(_FORMATS))]
    if form == "parquet":
        refuse_without_parquet()
    wait(by, asked, for_tables=False)
    found = issued.find(by.wiring.store, by.facility, report_id)
    canonical = issued.canonical_rows(by.wiring.store, found, now=by.wiring.clock())
    rows = issued.rows_in(canonical)
    by.saw(sorted(patients_in(rows)))
    headers = {"ETag": f'"{found.state.version}"', "Vary": "Accept"}
    if form == "json":
        text = orjson.dumps({**found.record(), "rows": rows})
        headers["Export-Manifest"] = _manifest(by, found, form, text).as_header()
        return Response(text, headers=headers, media_type=JSON)
    text = file_of_issued(found, canonical, rows, form, zone_of(by))
    by.took(len(rows), sha256(text).hexdigest())
    called = f"{found.fact.kind.value}-{found.facility}-{found.period}-{report_id}.{form}"
    headers |= {"Repr-Digest": _digest(text), **file_headers(_manifest(by, found, form, text), called)}
    return Response(text, headers=headers, media_type=MEDIA_TYPES[form])


def _manifest(by: Caller, found: IssuedReport, form: str, text: bytes) -> Manifest:
    taker = Taker(by=by.person.id, purpose=by.purpose, at=by.wiring.clock())
    digest = sha256(text).hexdigest()
    return manifest_of_issued(found, form, size_bytes=len(text), sha256=digest, taker=taker, zone=zone_of(by))


def _digest(text: bytes) -> str:
    """As RFC 9530 has it."""
    return f"sha-256=:{b64encode(sha256(text).digest()).decode()}:"


@router.get(
    "/reports/{report_id}/delta",
    operation_id="read_report_delta",
    summary="What has changed since a report was issued, row by row, and which facts changed it",
    response_model=None,
    responses={200: {"model": issued_answers.ReportDelta}, **OF_QUERIES, **problems(410)},
)
def read_report_delta(
    by: Annotated[Caller, may(Read.REPORT)], report_id: ReportId, asked: Annotated[DeltaAsked, Query()]
) -> Response:
    """The report's question asked again, of all that is on record or of what was by `known_at`. Exactly the rows that
    are not the same, and for each the facts without which it would not be so: who recorded them, when and, for whoever
    may read histories, why."""
    wait(by, asked, for_tables=False)
    found = issued.find(by.wiring.store, by.facility, report_id)
    changed = delta.answer(
        by.wiring.store,
        found,
        now=by.wiring.clock(),
        known_at=asked.known_at,
        requested_by=by.person.id,
        purpose=by.purpose,
    )
    by.saw(sorted(changed.patients))
    document = changed.record(with_reasons=by.is_permitted([Read.HISTORY]))
    return json_answer(said(by, document, asked.known_at))
