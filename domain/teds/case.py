"""An admitted episode with all that its records are made of: who the client is, what was found and told, what came
before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart, fold
from domain.chart.carry_over import EpisodeCarriedOver
from domain.chart.enrollment import Admitted, Enrolled
from domain.chart.entry import InquiryReceived, IntakeAssessed
from domain.chart.episode import Admission, Discharge, Episode
from domain.chart.exit import Discharged, DischargeReason, DischargeVoided
from domain.chart.identity import IdentityCorrected, PatientRegistered
from domain.chart.merging import ChartsMerged, MergedInto
from domain.chart.teds import MISSING, Occasion, TedsItemsRecorded
from domain.facility import Facility
from domain.record import EnteredInError, Entry, standing
from domain.teds.states import State

RESTS_ON: Final[tuple[type[Any], ...]] = (
    PatientRegistered,
    IdentityCorrected,
    ChartsMerged,
    MergedInto,
    InquiryReceived,
    IntakeAssessed,
    EpisodeCarriedOver,
    Enrolled,
    Admitted,
    Discharged,
    DischargeVoided,
    TedsItemsRecorded,
    EnteredInError,
)
"""The facts of a chart that its records rest on: all others may be left out."""

SAME_TREATMENT_DAYS: Final = 30
"""A transfer goes on in the same treatment episode when the next admission is no more days than these after the last
service. Our default: outpatients without a service in 30 days have left, to the data set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """The site that reports. `provider_id` is what the state knows it by: the licence number, else the site's code."""

    state: State
    provider_id: str
    zone: ZoneInfo

    @classmethod
    def of(cls, facility: Facility, state: State) -> Reporter:
        return cls(state=state, provider_id=facility.licence_number or facility.code or "", zone=facility.clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`client_id` is the `patient_id` of the chart, or of the one that it was merged into; identity is that chart's.

    `items` are the latest values told, by occasion. `continues`: the episode goes on from one that ended by a transfer.
    `earlier` counts the treatment episodes on record here before the one that this belongs to.
    """

    reporter: Reporter
    client_id: UUID
    birth_date: date | None
    sex: str | None
    episode: Episode
    admission: Admission
    discharge: Discharge | None
    referral_source: str | None
    intake: IntakeAssessed | None
    items: Mapping[Occasion, Mapping[str, int]]
    continues: bool
    earlier: int

    def told(self, name: str) -> int:
        """An item as recorded at admission, else at discharge; -9 where it was not."""
        at_admission = self.items.get(Occasion.ADMISSION, {}).get(name, MISSING)
        return at_admission if at_admission != MISSING else self.items.get(Occasion.DISCHARGE, {}).get(name, MISSING)


Entries = Mapping[UUID, Sequence[Entry]]
"""Patient → the entries of the chart, in order; those at least that `RESTS_ON` names."""


def cases(entries: Entries, reporter: Reporter, as_of: date) -> list[Case]:
    """Every episode admitted by a date, client by client, in the order in which they began.

    Who was never admitted is no client (TEDS: admission is the first direct service). A discharge after that date is
    not known yet.
    """
    files = {patient_id: _File(fold(patient_id, known), standing(known)) for patient_id, known in entries.items()}
    clients: dict[UUID, list[_File]] = defaultdict(list)
    for patient_id, file in files.items():
        clients[_stays(patient_id, files)].append(file)
    found: list[Case] = []
    for client_id in sorted(clients):
        found += _of_client(files[client_id], clients[client_id], reporter, as_of)
    return found


@dataclass(frozen=True, slots=True)
class _File:
    """A chart, and the entries that stand in it."""

    chart: Chart
    entries: list[Entry]

    def facts(self, kind: type[Any], episode_id: UUID) -> Iterator[Any]:
        return (e.fact for e in self.entries if isinstance(e.fact, kind) and e.fact.episode_id == episode_id)

    @property
    def sex(self) -> str | None:
        told = [e.fact.sex for e in self.entries if isinstance(e.fact, PatientRegistered | IdentityCorrected)]
        return next((sex for sex in reversed(told) if sex is not None), None)


def _stays(patient_id: UUID, files: Mapping[UUID, _File]) -> UUID:
    """The chart that this one was merged into, through others too, as far as they are there."""
    seen = {patient_id}
    while (merged := files[patient_id].chart.merged_into) is not None:
        if merged.chart not in files or merged.chart in seen:
            break
        patient_id = merged.chart
        seen.add(patient_id)
    return patient_id


def _of_client(client: _File, files: Iterable[_File], reporter: Reporter, as_of: date) -> Iterator[Case]:
    begun = [
        (admission, file, episode)
        for file in files
        for episode in file.chart.episodes.values()
        if (admission := episode.admission) is not None and admission.on <= as_of
    ]
    # The chart that stays comes first where two begin on one date.
    begun.sort(key=lambda one: (one[0].on, one[1] is not client, one[2].first_contact_at, one[2].episode_id))
    before: Discharge | None = None
    treatments = 0
    for admission, file, episode in begun:
        continues = before is not None and _goes_on(before, admission)
        treatments += not continues
        before = episode.discharge if episode.discharge is not None and episode.discharge.on <= as_of else None
        yield Case(
            reporter=reporter,
            client_id=client.chart.patient_id,
            birth_date=client.chart.identity.birth_date,
            sex=client.sex,
            episode=episode,
            admission=admission,
            discharge=before,
            referral_source=_last(file.facts(InquiryReceived, episode.episode_id), "referral_source"),
            intake=_intake(file, episode, admission),
            items=_items(file, episode),
            continues=continues,
            earlier=treatments - 1,
        )


def _goes_on(before: Discharge, admission: Admission) -> bool:
    """TEDS: a change of service within a treatment episode is a transfer, not an admission."""
    waited = admission.on - before.last_service_on
    return before.reason is DischargeReason.TRANSFERRED and timedelta() <= waited <= timedelta(days=SAME_TREATMENT_DAYS)


def _last(facts: Iterator[Any], name: str) -> Any:
    values = [getattr(fact, name) for fact in facts]
    return values[-1] if values else None


def _intake(file: _File, episode: Episode, admission: Admission) -> IntakeAssessed | None:
    """The latest assessment by the day of admission, the later recorded of two on one date."""
    known = [fact for fact in file.facts(IntakeAssessed, episode.episode_id) if fact.on <= admission.on]
    return max(reversed(known), key=lambda fact: fact.on, default=None)


def _items(file: _File, episode: Episode) -> Mapping[Occasion, Mapping[str, int]]:
    told: dict[Occasion, dict[str, Any]] = defaultdict(dict)
    for fact in file.facts(TedsItemsRecorded, episode.episode_id):
        told[fact.occasion].update(fact.items)
    return told
