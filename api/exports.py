"""Tables of a site as files: made whole, put on record, then sent; of any size in the same memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from starlette.types import Receive, Scope, Send

from api.answers import OF_QUERIES
from api.asking import Code, Current, wait
from api.bodies import LARGEST, Instant, PlainDate
from api.commands import Topic
from api.few import one_of_few
from api.files import HEADERS, file_headers
from api.gate import Caller, may
from api.permission import Read
from api.problem import malformed
from exchange.export import question
from exchange.export.files import FORMATS
from exchange.export.kinds import KINDS
from exchange.export.taking import manifest_of, write_table
from exchange.export.teds import SUBMISSIONS, submitted
from exchange.manifest import Taker

_CHUNK_BYTES: Final = 1 << 18

_ALONE: Final = frozenset({"facts", "census", *SUBMISSIONS})
"""Kinds with an address of their own: each is asked in its own way."""

ExportKind = StrEnum("ExportKind", {kind: kind for kind in KINDS if kind not in _ALONE})  # type: ignore[misc]


class FormatName(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


_FILE: Final[Mapping[str, Any]] = {
    "description": "The file: " + ", ".join(f"`{one.media_type}`" for one in FORMATS.values()) + ", as asked for.",
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    "headers": HEADERS,
}

router = APIRouter(responses=OF_QUERIES, tags=[Topic.REPORTS])


class FileAsked(Current):
    """What every table may be asked with."""

    format: FormatName = Field(FormatName.CSV, description="Parquet where the extra of that name is installed.")
    known_at: Instant | None = Field(None, description="What was on record then, with offset. Else all that is.")


class CensusAsked(FileAsked):
    as_of: PlainDate | None = Field(
        None, description="At the end of this date. Today at the site, or the local date of `known_at`."
    )


class FactsAsked(FileAsked):
    from_on: PlainDate | None = Field(
        None, alias="from", description="Rows of this date or later; which date, docs/exports.md says of each table."
    )
    to_on: PlainDate | None = Field(None, alias="to", description="Rows of this date or earlier; not before `from`.")


class TableAsked(FactsAsked):
    as_of: PlainDate | None = Field(
        None,
        description="What had happened by the end of this date. Today at the site, or the local date of `known_at`.",
    )


class SubmissionAsked(TableAsked):
    state: Annotated[int, Field(ge=1, le=78)] | None = Field(
        None, description="The state that it is for, by its FIPS code; Kentucky, 21."
    )
    since_position: Annotated[int, Field(ge=1, le=LARGEST)] | None = Field(
        None,
        description="Only what has to be sent after an export at this position, as its manifest says: add, change, "
        "delete.",
    )
    since_as_of: PlainDate | None = Field(
        None,
        description="`as_of` of that export; else the date of its position, where that is no later than this one's.",
    )
    since_to: PlainDate | None = Field(None, description="`to` of that export, where it was another than this one's.")

    @property
    def before(self) -> dict[str, Any]:
        """What was sent before, and to whom."""
        names = ("state", "since_position", "since_as_of", "since_to")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class FileAnswer(Response):
    """Sends an open file, and closes it."""

    def __init__(self, file: IO[bytes], size_bytes: int, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(headers={**headers, "Content-Length": str(size_bytes)}, media_type=media_type)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while chunk := await run_in_threadpool(self._file.read, _CHUNK_BYTES):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()


@router.get(
    "/facilities/{code}/exports/facts",
    operation_id="export_facts",
    summary="The facts of a site as a file, with its manifest in a header",
    response_model=None,
    response_class=Response,
    responses={200: dict(_FILE)},
)
def export_facts(by: Annotated[Caller, may(Read.FACTS)], code: Code, asked: Annotated[FactsAsked, Query()]) -> Response:
    """As `ndjson` everything, to be imported or restored elsewhere; in other formats where each fact stands. Chosen by
    the local date of recording."""
    wanted = _wanted(by, code, asked, from_on=asked.from_on, to_on=asked.to_on)
    return _answer(by, "facts", asked, wanted)


@router.get(
    "/facilities/{code}/exports/census",
    operation_id="export_census",
    summary="The census of a date as a file, with its manifest in a header",
    response_model=None,
    response_class=Response,
    responses={200: dict(_FILE)},
)
def export_census(
    by: Annotated[Caller, may(Read.EXPORT)], code: Code, asked: Annotated[CensusAsked, Query()]
) -> Response:
    """Ids, no names. The same question at the same position is the same file, byte for byte."""
    return _answer(by, "census", asked, _wanted(by, code, asked, as_of=asked.as_of))


@router.get(
    "/facilities/{code}/exports/teds-a",
    operation_id="export_teds_admissions",
    summary="Admissions for the state's data set (TEDS) as a file, with its manifest in a header",
    response_model=None,
    response_class=Response,
    responses={200: dict(_FILE)},
)
def export_teds_admissions(
    by: Annotated[Caller, may(Read.EXPORT)], code: Code, asked: Annotated[SubmissionAsked, Query()]
) -> Response:
    """Those to be added, or, after a former export, to be added, changed or deleted. docs/teds.md lists the columns."""
    return _submission(by, code, "teds-a", asked)


@router.get(
    "/facilities/{code}/exports/teds-d",
    operation_id="export_teds_discharges",
    summary="Discharges for the state's data set (TEDS) as a file, with its manifest in a header",
    response_model=None,
    response_class=Response,
    responses={200: dict(_FILE)},
)
def export_teds_discharges(
    by: Annotated[Caller, may(Read.EXPORT)], code: Code, asked: Annotated[SubmissionAsked, Query()]
) -> Response:
    """Those to be added, or, after a former export, to be added, changed or deleted. docs/teds.md lists the columns."""
    return _submission(by, code, "teds-d", asked)


@router.get(
    "/facilities/{code}/exports/{kind}",
    operation_id="export_table",
    summary="A table of the site as a file, with its manifest in a header",
    response_model=None,
    response_class=Response,
    responses={200: dict(_FILE)},
)
def export_table(
    by: Annotated[Caller, may(Read.EXPORT)],
    code: Code,
    kind: Annotated[ExportKind, Path(description="Which table; docs/exports.md lists their columns.")],
    asked: Annotated[TableAsked, Query()],
) -> Response:
    """Ids, no names. The same question at the same position is the same file, byte for byte. That it leaves is on
    record before its first byte does."""
    wanted = _wanted(by, code, asked, from_on=asked.from_on, to_on=asked.to_on, as_of=asked.as_of)
    return _answer(by, kind.value, asked, wanted)


def _submission(by: Caller, code: str, kind: str, asked: SubmissionAsked) -> Response:
    if asked.since_position is None and (alone := [name for name in asked.before if name != "state"]):
        raise malformed(f"query.{alone[0]}", "goes with `since_position`")
    wanted = _wanted(by, code, asked, from_on=asked.from_on, to_on=asked.to_on, as_of=asked.as_of)
    return _answer(by, kind, asked, submitted(wanted, kind, **asked.before))


def _wanted(by: Caller, code: str, asked: FileAsked, **chosen: date | None) -> question.Asked:
    return question.Asked(facility=code, now=by.wiring.clock(), known_at=asked.known_at, **chosen)


def _answer(by: Caller, kind: str, asked: FileAsked, wanted: question.Asked) -> Response:
    wait(by, asked, for_tables=asked.known_at is None)
    with one_of_few():
        return _made(replace(by, what=KINDS[kind].what), kind, asked.format.value, wanted)


def _made(by: Caller, kind: str, name: str, wanted: question.Asked) -> Response:
    file = TemporaryFile()  # noqa: SIM115 - the answer closes it
    try:
        with KINDS[kind].opened(by.wiring.store, wanted) as table:
            written = write_table(table, {name: file})[name]
            taker = Taker(by=by.person.id, purpose=by.purpose, at=wanted.now)
            manifest = manifest_of(table, name, written, taker)
        by.took(written.rows, written.sha256)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = file_headers(manifest, f"{by.facility}-{kind}-{manifest.knowledge.position}.{name}")
    return FileAnswer(file, written.size_bytes, headers, FORMATS[name].media_type)
