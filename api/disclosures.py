"""The accounting of what was told to others about a patient (42 CFR 2.25, 45 CFR 164.528)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api import answers
from api.answers import OF_CHARTS, json_answer
from api.asking import Asked, PatientId, said, wait
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from domain.chart.disclosure import Accounting
from exchange import accounting
from exchange.cut import utc_text

router = APIRouter(responses=OF_CHARTS)


class AccountingAsked(Asked):
    basis: Accounting = Field(
        description="`part2`: those by consent, of three years. `hipaa`: of six years, without those by consent or for "
        "treatment, payment and operations."
    )


@router.get(
    "/patients/{patient_id}/disclosures",
    operation_id="read_disclosures",
    summary="What was disclosed about a patient: the accounting of one law",
    tags=[Topic.RECORDS],
    response_model=None,
    responses={200: {"model": answers.Disclosures}},
)
def read_disclosures(
    by: Annotated[Caller, may(Read.HISTORY)], patient_id: PatientId, asked: Annotated[AccountingAsked, Query()]
) -> Response:
    """The oldest first, up to `as_of`. `consent_in_doubt`: by what is known now, the consent did not hold then."""
    wait(by, asked, for_tables=False)
    found = accounting.answer(
        by.wiring.store,
        by.facility,
        patient_id,
        asked.basis,
        now=by.wiring.clock(),
        as_of=asked.as_of,
        known_at=asked.known_at,
    )
    if found is None:
        by.misses(patient_id)
    by.read_chart(patient_id, found.version)
    document = {
        "patient_id": str(patient_id),
        "facility": by.facility,
        "basis": asked.basis.value,
        "from_on": found.from_on.isoformat(),
        "as_of": found.to_on.isoformat(),
        "known_at": utc_text(found.knowledge.known_at),
        "position": found.knowledge.position,
        "disclosures": found.rows,
    }
    return json_answer(said(by, document, asked.known_at), headers={"ETag": f'"{found.version}"'})
