"""Finding a patient by what they are known by at the facility: its own number, or the name."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api import answers
from api.answers import OF_QUERIES, json_answer
from api.asking import Current, wait
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.problem import malformed
from domain.chart import Chart, fold
from domain.record import stream_name
from projections import names, numbers

router = APIRouter(responses=OF_QUERIES)


class FindAsked(Current):
    mrn: str | None = Field(None, min_length=1, max_length=200, description="The facility's own number of the patient.")
    name: str | None = Field(
        None,
        min_length=1,
        max_length=400,
        description="Given and family name in whichever order, both whole; case, accents and hyphens don't matter.",
    )


@router.get(
    "/patients",
    operation_id="find_patients",
    summary="Who has this medical record number, or this name",
    tags=[Topic.ADMISSIONS],
    response_model=None,
    responses={200: {"model": answers.FoundPatients}},
)
def find_patients(by: Annotated[Caller, may(Read.SEARCH)], asked: Annotated[FindAsked, Query()]) -> Response:
    """By `mrn` one patient or none, by `name` as many as are called so, with what it takes to know them by. Of a chart
    that was merged, the one that stays."""
    if (asked.mrn is None) == (asked.name is None):
        raise malformed("query.mrn", "must be given, or `name` instead of it")
    wait(by, asked, for_tables=asked.mrn is None)
    charts = _by_mrn(by, asked.mrn) if asked.mrn is not None else _by_name(by, asked.name or "")
    found = [known for chart in charts for known in _known(chart)]
    by.saw([UUID(patient["patient_id"]) for patient in found])
    return json_answer({"facility": by.facility, "patients": found})


def _by_mrn(by: Caller, mrn: str) -> list[Chart]:
    ledger = by.wiring.store.ledger(by.facility)
    patient_id = numbers.find(ledger, mrn)
    if patient_id is None:
        return []
    stream = stream_name("chart", patient_id)
    entries = ledger.read([stream])[stream]
    return [fold(patient_id, entries)] if entries else []


def _by_name(by: Caller, name: str) -> list[Chart]:
    return names.find(by.wiring.store, by.facility, name)


def _known(chart: Chart) -> list[dict[str, Any]]:
    """Whom the chart is of; nobody when the registration was struck."""
    identity = chart.identity
    if identity.mrn is None or identity.birth_date is None:
        return []
    return [
        {
            "patient_id": str(chart.patient_id),
            "mrn": identity.mrn,
            "given_name": identity.given_name,
            "family_name": identity.family_name,
            "birth_date": identity.birth_date.isoformat(),
        }
    ]
