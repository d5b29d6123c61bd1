"""What no stream can guard: an MRN is one patient's, a seat one episode's, an id one chart's.

A claim is a row beside the facts, written in their transaction. Claims follow from facts alone, so that an import or
a restore makes the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.chart.consent import ConsentGiven
from domain.chart.entry import InquiryReceived
from domain.chart.identity import PatientRegistered
from domain.chart.screening import ScreeningOrdered
from domain.chart.step_down import StepDownRecommended

MRN = "mrn"
EPISODE = "episode"
SCREENING = "screening"
STEP_DOWN = "step_down"
CONSENT = "consent"
SEAT = "seat"


@dataclass(frozen=True, slots=True)
class Claim:
    """`value` is held by `stream` alone, among claims of its kind in its ledger. Stored as a keyed hash."""

    kind: str
    value: str
    stream: str


def seat(cohort_id: UUID, n: int) -> str:
    """The n-th seat of a cohort, from 1."""
    return f"{cohort_id}/{n}"


def claims_of(stream: str, fact: Any) -> Iterator[Claim]:
    """The claims that a fact makes by itself. Seats are found by the decision that takes one."""
    match fact:
        case PatientRegistered(mrn=mrn):
            yield Claim(MRN, mrn.strip().upper(), stream)
        case InquiryReceived(episode_id=episode_id):
            yield Claim(EPISODE, str(episode_id), stream)
        case ScreeningOrdered(screening_id=screening_id):
            yield Claim(SCREENING, str(screening_id), stream)
        case StepDownRecommended(step_down_id=step_down_id):
            yield Claim(STEP_DOWN, str(step_down_id), stream)
        case ConsentGiven(consent_id=consent_id):
            yield Claim(CONSENT, str(consent_id), stream)
        case _:
            return
