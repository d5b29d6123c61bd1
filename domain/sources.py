"""Where each refusal comes from: one place for a topic, and for the rules in it that have another source.

`program text` is what the first customer says of its program, by the number of the fact in docs/program.md; `contract`
is what was agreed with them about the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CONTRACT: Final = "contract"
SLIP: Final = "our default: surely a slip"
RECORD: Final = "our default: a record that stays readable"
PLAIN: Final = "our default: no free text where facts lie in plain"
ASAM: Final = "ASAM criteria, 3rd and 4th edition"
LOINC: Final = "LOINC, as the CDC opioid value sets have it"
TEDS: Final = "SAMHSA, TEDS-A and TEDS-D codebooks"


def _program(*facts: int) -> str:
    return f"program text, {'fact' if len(facts) == 1 else 'facts'} {', '.join(str(fact) for fact in facts)}"


OF_TOPIC: Final[Mapping[str, str]] = {
    "act": "contract: who may do what",
    "admission": f"{CONTRACT}; TEDS: the first direct service",
    "aftercare": f"{CONTRACT}; {_program(29)}",
    "alumni": f"{CONTRACT}; {_program(30)}",
    "amendment": "45 CFR 164.526",
    "assessment": ASAM,
    "assignment": CONTRACT,
    "attendance": CONTRACT,
    "break-glass": "42 CFR 2.51",
    "breath": SLIP,
    "carry-over": CONTRACT,
    "chart": CONTRACT,
    "cohort": CONTRACT,
    "consent": "42 CFR 2.31",
    "correction": CONTRACT,
    "credential": SLIP,
    "detox": f"{CONTRACT}; {_program(4)}",
    "discharge": CONTRACT,
    "disclosure": "42 CFR 2.31 to 2.35, 2.51 to 2.53",
    "draw": f"{CONTRACT}: reproducible from its recorded seed; {_program(25)}",
    "enrollment": CONTRACT,
    "entry": CONTRACT,
    "episode": CONTRACT,
    "exemption": SLIP,
    "facility": CONTRACT,
    "fact": CONTRACT,
    "hold": RECORD,
    "holiday": RECORD,
    "identity": CONTRACT,
    "link": f"{CONTRACT}: two sites",
    "merge": f"{CONTRACT}: one person, two charts",
    "key": CONTRACT,
    "legal-hold": CONTRACT,
    "not-admitted": RECORD,
    "patient": CONTRACT,
    "plan": RECORD,
    "prescription": SLIP,
    "presence": CONTRACT,
    "report": f"{CONTRACT}: an issued report never changes",
    "program": f"{CONTRACT}; {_program(7, 8, 10, 11, 33)}",
    "result": CONTRACT,
    "roster": CONTRACT,
    "rule-set": RECORD,
    "screening": CONTRACT,
    "session": CONTRACT,
    "sober-living": f"{CONTRACT}; {_program(31)}",
    "staff": f"{CONTRACT}; {_program(17)}",
    "step-down": f"{CONTRACT}; {_program(27, 28)}",
    "step-up": CONTRACT,
    "suitability": f"{CONTRACT}; {_program(3)}",
    "summary": CONTRACT,
    "teds": TEDS,
    "transfer": RECORD,
}
"""Topic of a rule → where it comes from."""

OF_RULE: Final[Mapping[str, str]] = {
    "assessment.diagnosis": "ICD-10-CM",
    "assessment.substances": SLIP,
    "attendance.family-members": SLIP,
    "attendance.other-day": SLIP,
    "attendance.too-long": SLIP,
    "break-glass.own-review": "our default: nobody reviews their own act",
    "break-glass.too-long": "our default: 24 hours",
    "report.cut": SLIP,
    "report.digest-form": SLIP,
    "report.parameters": SLIP,
    "report.purpose": PLAIN,
    "report.requested-by": PLAIN,
    "report.rows": SLIP,
    "report.rule-set": RECORD,
    "report.rule-set-asked": SLIP,
    "episode.patient-died": SLIP,
    "identity.blank": SLIP,
    "cohort.already-closed": RECORD,
    "cohort.before-forming": SLIP,
    "cohort.change-after-closing": RECORD,
    "cohort.closed": RECORD,
    "cohort.times": SLIP,
    "credential.already-ended": RECORD,
    "credential.unknown": RECORD,
    "detox.provider-missing": RECORD,
    "enrollment.planned-weeks": SLIP,
    "result.amount": SLIP,
    "result.before-collection": SLIP,
    "result.corrected-to-nothing": SLIP,
    "result.implausible-measure": SLIP,
    "result.loinc-form": LOINC,
    "result.no-analytes": SLIP,
    "result.no-measures": SLIP,
    "result.not-yet-reported": SLIP,
    "result.other-analyte": LOINC,
    "result.repeated-analyte": SLIP,
    "screening.accession-in-use": RECORD,
    "screening.empty-panel": SLIP,
    "screening.repeated-analyte": SLIP,
    "session.cohort-closed": RECORD,
    "session.other-day": SLIP,
    "session.too-long": SLIP,
    "staff.too-long": SLIP,
    "step-down.minutes-beyond-a-week": SLIP,
    "step-down.negative-minutes": SLIP,
    "step-up.lower-level": SLIP,
    "summary.already-signed": RECORD,
}
"""Rules whose source is another than their topic's."""


def source_of(rule: str) -> str:
    """Where a rule comes from. KeyError where nobody has said."""
    return OF_RULE.get(rule) or OF_TOPIC[rule.partition(".")[0]]
