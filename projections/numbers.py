"""Medical record numbers: whose a number is, as the claim of a registration has it."""

from __future__ import annotations

from uuid import UUID

from domain.claims import MRN, mrn_claimed
from domain.record import stream_uuid
from projections.links import chart_that_stays
from store.ledger import Ledger


def find(ledger: Ledger, mrn: str) -> UUID | None:
    """The patient of this number, of a chart that was merged the one of the chart that stays; None where it is
    nobody's. That of a chart that was destroyed stays taken."""
    held = ledger.holder(MRN, mrn_claimed(mrn))
    if held is None:
        return None
    stays = chart_that_stays(ledger, stream_uuid(held), upto=ledger.head().position)
    return stream_uuid(held) if stays is None else stays.patient_id
