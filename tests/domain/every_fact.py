"""One example of every fact that a facility, cohort, session or chart knows, by its stored name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from domain.chart.exit import DischargeReason
from domain.chart.identity import IdentityCorrected
from domain.chart.merging import ChartLinked, ChartsMerged, MergedInto
from domain.cohort import CohortClosed, CohortScheduleChanged
from domain.facility import FacilityOpened, HolidayDeclared, RuleSetAdopted
from domain.files import ImportCompleted, LedgerRestored
from domain.key_destruction import KeyDestroyed
from domain.legal_hold import LegalHoldReleased, LegalHoldSet
from domain.program import Payer, ProgramOffered
from domain.record import EnteredInError
from domain.report import ReportAttested
from domain.room import StaffArrived, StaffLeft
from domain.session import (
    CancellationCause,
    SessionCancelled,
    SessionHeld,
    SessionRescheduled,
    SessionTimesCorrected,
)
from domain.staff import CredentialEnded
from tests.domain import care, cast
from tests.domain.cast import MONDAY, PLANNED, day, local

held: Final = SessionHeld(started_at=local("2026-03-02 18:00"), ended_at=local("2026-03-02 21:00"), staff=())

_EXAMPLES: Final = (
    FacilityOpened(code=cast.LEDGER, name="Lexington", zone=cast.ZONE.key),
    RuleSetAdopted(rule_set="landmark-iop", version="1", effective_on=day("2026-01-01")),
    HolidayDeclared(on=day("2026-07-03"), name="Independence Day"),
    cast.credentialed(cast.NURSE),
    care.drawn(),
    CredentialEnded(staff_id=cast.staff_uuid(cast.NURSE), credential="RN", on=day("2026-03-02"), reason="expired"),
    ProgramOffered(
        program="iop",
        level_of_care="2.1",
        blocks=("09:00-12:00", "18:00-21:00"),
        patterns=(("mon", "tue", "thu"), ("mon", "wed", "fri")),
        weeks_min=7,
        weeks_max=9,
        payers=(Payer.COMMERCIAL, Payer.SELF_PAY),
        effective_on=day("2026-01-01"),
    ),
    LegalHoldSet(patient_id=cast.ANN, on=day("2026-03-02"), authority="Fayette Circuit Court, 26-CI-00417"),
    LegalHoldReleased(patient_id=cast.ANN, on=day("2026-03-03"), authority="Fayette Circuit Court, 26-CI-00417"),
    KeyDestroyed(patient_id=cast.ANN, authority="Schedule of retention, 7 years over on 2026-03-01"),
    ImportCompleted(file_sha256="00" * 32, facts=2, rejects=0),
    LedgerRestored(file_sha256="00" * 32, facts=2),
    cast.formed(),
    CohortScheduleChanged(weekdays=("mon", "wed", "thu"), starts="18:00", ends="21:00", effective_on=day("2026-03-16")),
    CohortClosed(on=day("2026-03-20")),
    PLANNED[MONDAY],
    SessionRescheduled(starts_at=local("2026-03-02 17:00"), ends_at=local("2026-03-02 20:00")),
    held,
    SessionTimesCorrected(started_at=held.started_at, ended_at=local("2026-03-02 20:30"), staff=()),
    StaffArrived(staff_id=cast.staff_uuid(cast.COUNSELOR), role="lead", at=held.started_at),
    StaffLeft(staff_id=cast.staff_uuid(cast.COUNSELOR), at=held.ended_at),
    SessionCancelled(cause=CancellationCause.WEATHER),
    cast.registered,
    IdentityCorrected(family_name="Quimby-Lark"),
    ChartLinked(ledger="louisville", patient_id=cast.ANN_THERE, basis="The patient says so, and signed for it."),
    ChartsMerged(from_chart=cast.BEN),
    MergedInto(chart=cast.BEN),
    cast.inquired(),
    cast.assessed(),
    cast.suitability(),
    cast.waitlisted(),
    cast.detox_referred(),
    cast.detox_answered(),
    cast.not_admitted(),
    cast.carried_over(),
    cast.teds_items(),
    cast.enrolled(),
    cast.admitted(MONDAY),
    care.assigned(),
    cast.hold_started("2026-03-10"),
    cast.hold_ended("2026-03-11"),
    care.arrived(),
    care.departed(),
    cast.attended(MONDAY),
    cast.corrected(6, cast.absent(MONDAY)),
    care.outreach(),
    care.exempted(),
    care.ordered(),
    care.collected(),
    care.specimen_refused(),
    care.missed(),
    care.validity(),
    care.presumptive(),
    care.definitive(),
    care.result_corrected(10, creatinine_mg_dl=12),
    care.prescribed(),
    care.reviewed(),
    care.discussed(),
    care.breath(),
    care.plan_signed(),
    care.plan_reviewed(),
    care.goal_achieved(),
    care.trigger(),
    care.relapse_prevention(),
    care.accountability(),
    care.relapse(),
    care.self_help(),
    care.level_assessed(),
    care.recommended(),
    care.answered(),
    care.cosigned(),
    care.decided(),
    care.took_effect(),
    care.withdrawn(),
    care.self_reduction(),
    care.transferred(),
    care.step_up(),
    cast.discharged("2026-03-12", reason=DischargeReason.DROPPED_OUT),
    cast.voided(8),
    care.summarized(),
    care.aftercare(),
    care.alumni_joined(),
    care.alumni_contacted(),
    care.placed(),
    care.stay_ended(),
    care.consented(),
    care.revoked(),
    care.disclosed(),
    care.glass_opened(),
    care.glass_reviewed(2),
    care.amendment_requested(),
    care.amendment_accepted(),
    care.amendment_denied(),
    cast.issued,
    ReportAttested(on=day("2026-03-10")),
    EnteredInError(target=1),
)

EVERY: Final[Mapping[str, Any]] = {type(fact).__name__: fact for fact in _EXAMPLES}
