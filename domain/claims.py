"""What no stream can guard: an MRN is one patient's, so is a laboratory's accession number, a seat is one episode's, an
id one chart's.

A claim is a row beside the facts, written in their transaction. Claims follow from facts alone, so that an import or
a restore makes the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import normalize
from uuid import UUID

from domain.chart import Chart
from domain.chart.carry_over import EpisodeCarriedOver
from domain.chart.consent import ConsentGiven
from domain.chart.entry import InquiryReceived
from domain.chart.identity import IdentityCorrected, PatientRegistered
from domain.chart.screening import ScreeningOrdered, SpecimenCollected
from domain.chart.step_down import StepDownRecommended
from domain.cohort import Cohort
from domain.record import EnteredInError, Entry, standing, stream_uuid
from domain.refused import Refused

MRN = "mrn"
EPISODE = "episode"
SCREENING = "screening"
ACCESSION = "accession"
STEP_DOWN = "step_down"
CONSENT = "consent"
SEAT = "seat"


@dataclass(frozen=True, slots=True)
class Claim:
    """`value` is held by `stream` alone, among claims of its kind in its ledger. Stored as a keyed hash."""

    kind: str
    value: str
    stream: str


_TAKEN = {
    MRN: ("patient.mrn-in-use", "This medical record number is another patient's: look that chart up."),
    EPISODE: ("episode.id-in-use", "This episode is on record: give a new inquiry an id of its own."),
    SCREENING: ("screening.id-in-use", "This screening is on record: give a new order an id of its own."),
    ACCESSION: (
        "screening.accession-in-use",
        "This accession number is of another patient's specimen: check the label.",
    ),
    STEP_DOWN: ("step-down.id-in-use", "This step-down is on record: give a new one an id of its own."),
    CONSENT: ("consent.id-in-use", "This consent is on record: give a new one an id of its own."),
    SEAT: ("cohort.full", "Every seat of this cohort is taken: choose another cohort, or wait for a discharge."),
}


def taken(kind: str) -> Refused:
    """What a decision is told whose claim of this kind somebody else holds."""
    return Refused(*_TAKEN[kind])


@dataclass(frozen=True, slots=True)
class Seat:
    """The n-th seat of a cohort, from 1."""

    cohort_id: UUID
    n: int

    @property
    def value(self) -> str:
        return f"{self.cohort_id}/{self.n}"


@dataclass(frozen=True, slots=True)
class SeatChanges:
    claims: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()


def cohort_held(chart: Chart) -> UUID | None:
    """The cohort in which the open, enrolled episode has a seat: that of the enrollment or assignment effective last.

    A change of cohort moves the seat when it is recorded, also where it takes effect later.
    """
    for episode in chart.episodes.values():
        if episode.assignments and episode.ended_on() is None:
            return max(episode.assignments, key=lambda a: (a.effective_on, a.version)).cohort_id
    return None


def cohorts_named(chart: Chart) -> frozenset[UUID]:
    """Every cohort that its episodes were enrolled in or assigned to: a correction may bring any of them back."""
    return frozenset(a.cohort_id for episode in chart.episodes.values() for a in episode.assignments)


def overfull(charts: Iterable[Chart], cohorts: Mapping[UUID, Cohort]) -> frozenset[UUID]:
    """The cohorts held by more charts than they have seats, as a voided discharge or a strike may leave them."""
    holding = Counter(cohort_held(chart) for chart in charts)
    return frozenset(key for key, cohort in cohorts.items() if holding[key] > cohort.capacity)


def seats(cohort: Cohort) -> list[Seat]:
    return [Seat(cohort.cohort_id, n) for n in range(1, cohort.capacity + 1)]


def seat_changes(
    stream: str, before: Chart, after: Chart, cohorts: Mapping[UUID, Cohort], held: Mapping[str, str]
) -> SeatChanges:
    """The seats that a chart takes and gives back between two states of it.

    `held` maps the value of each seat taken, of both cohorts, to the stream that has it. Refused (`cohort.full`) where
    an enrollment or assignment finds none free. What brings a former one back, a voided discharge or a strike, goes
    without into a full cohort, which the census flags for all who are in it (`overfull`).
    """
    old, new = cohort_held(before), cohort_held(after)
    if old == new:
        return SeatChanges()
    releases = tuple(
        Claim(SEAT, seat.value, stream)
        for seat in (seats(cohorts[old]) if old is not None and old in cohorts else [])
        if held.get(seat.value) == stream
    )
    if new is None or new not in cohorts:
        return SeatChanges(releases=releases)
    if free := [seat.value for seat in seats(cohorts[new]) if seat.value not in held]:
        # Who enrolls at the same time is not to reach for the same seat: each chart has a place of its own to look.
        chosen = free[stream_uuid(stream).int % len(free)]
        return SeatChanges(claims=(Claim(SEAT, chosen, stream),), releases=releases)
    if _assigned(after) <= _assigned(before):
        return SeatChanges(releases=releases)
    raise taken(SEAT)


def _assigned(chart: Chart) -> frozenset[int]:
    """The versions of the enrollments and assignments that count."""
    return frozenset(a.version for episode in chart.episodes.values() for a in episode.assignments)


def mrn_claimed(mrn: str) -> str:
    """A medical record number as it is claimed and looked up."""
    return _numbered(mrn)


def _numbered(given: str) -> str:
    """White space, case and the width of the letters (NFKC) make no other number."""
    return " ".join(normalize("NFKC", given).split()).upper()


def _accession_claimed(given: str | None) -> str | None:
    """None where there is no number. Two screenings of one patient may share a specimen."""
    return (_numbered(given) or None) if given is not None else None


def claims_of(stream: str, fact: Any) -> Sequence[Claim]:
    """The claims that a fact makes by itself. Seats are found by the decision that takes one."""
    claimed = _CLAIMED.get(type(fact))
    if claimed is None:
        return ()
    kind, value_of = claimed
    value = value_of(fact)
    return () if value is None else (Claim(kind, value, stream),)


_CLAIMED: Final[Mapping[type[Any], tuple[str, Callable[[Any], str | None]]]] = {
    PatientRegistered: (MRN, lambda fact: mrn_claimed(fact.mrn)),
    IdentityCorrected: (MRN, lambda fact: None if fact.mrn is None else mrn_claimed(fact.mrn)),
    InquiryReceived: (EPISODE, lambda fact: str(fact.episode_id)),
    EpisodeCarriedOver: (EPISODE, lambda fact: str(fact.episode_id)),
    ScreeningOrdered: (SCREENING, lambda fact: str(fact.screening_id)),
    SpecimenCollected: (ACCESSION, lambda fact: _accession_claimed(fact.accession)),
    StepDownRecommended: (STEP_DOWN, lambda fact: str(fact.step_down_id)),
    ConsentGiven: (CONSENT, lambda fact: str(fact.consent_id)),
}


def claims_held(stream: str, entries: Iterable[Entry]) -> dict[Claim, int]:
    """What a stream claims by itself with these entries, and the version that claims it: nothing by what was struck,
    and of its medical record numbers the last alone."""
    held: dict[Claim, int] = {}
    mrn: Claim | None = None
    for entry in standing(entries):
        for claim in claims_of(stream, entry.fact):
            if claim.kind == MRN:
                if mrn is not None:
                    held.pop(mrn, None)
                mrn = claim
            held[claim] = entry.version
    return held


def claims_struck(stream: str, history: Sequence[Entry], entries: Sequence[Entry]) -> Collection[Claim]:
    """The claims that end with these entries: the facts that made them are struck, or another number is the patient's
    now."""
    if not _changes_claims(entries):
        return ()
    return claims_held(stream, history).keys() - claims_held(stream, [*history, *entries]).keys()


def claims_back(stream: str, history: Sequence[Entry], entries: Sequence[Entry]) -> Collection[Claim]:
    """The claims that count again with these entries, which make none themselves: the number that a struck correction
    had replaced."""
    if not _changes_claims(entries):
        return ()
    made = {claim for entry in entries for claim in claims_of(stream, entry.fact)}
    return claims_held(stream, [*history, *entries]).keys() - claims_held(stream, history).keys() - made


def _changes_claims(entries: Iterable[Entry]) -> bool:
    return any([isinstance(entry.fact, (EnteredInError, IdentityCorrected)) for entry in entries])
