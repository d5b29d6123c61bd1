"""`stepdown findings`: words and options. What it does is in `stepdown/commands/findings.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stepdown.options import AsJson, AsOf, By, Data, Facility, KnownAt, Purpose
from stepdown.report_words import OfPayer, RuleSet


def findings(
    patient: Annotated[str, typer.Argument(metavar="PATIENT", help="patient_id or MRN.", show_default=False)],
    facility: Facility = None,
    rule_set: RuleSet = None,
    payer: OfPayer = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show what the rules say of a patient: verdict, figure against threshold, the facts behind it, what is missing."""
    from domain.program import Payer
    from exchange.reports import Question
    from stepdown.commands import findings as work

    of_payer = None if payer is None else Payer(payer)
    work.findings(
        patient,
        Question(rule_set=rule_set, payer=of_payer, as_of=as_of, known_at=known_at),
        facility=facility,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )
