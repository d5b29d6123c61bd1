"""PLN-1 and ASM-1: is the treatment planned and reviewed, and the level of care asked about again and again?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.episode import Episode, WeeklyMinutes
from domain.chart.exit import DischargeReason
from domain.chart.level_of_care import Assessment
from domain.chart.states import Step
from domain.compliance.episode_row import episode_row
from domain.compliance.period import Period
from domain.compliance.rule_set import LevelAssessments, TreatmentPlan
from domain.compliance.verdict import Row, Verdict


class _Dated(Protocol):
    @property
    def on(self) -> date: ...
    @property
    def version(self) -> int: ...


def pln_1(chart: Chart, episode: Episode, zone: ZoneInfo, as_of: date, terms: TreatmentPlan) -> Row | None:
    """PLN-1, patient and episode: the plan signed by both after the admission, reviewed again and again, a
    relapse-prevention plan before completion. Figures: days to the signatures (or so far), reviews.

    While the episode is open, and nothing is late, `pending`. A plan signed anew is a review of the one before. None
    before the admission. Of who was carried over, what was due before that day is another system's. Landmark; our days.
    """
    planning = _planning(episode, zone, as_of, terms)
    if planning is None:
        return None
    admitted_on, end, is_open, due = planning.admitted_on, planning.end, planning.is_open, planning.signed_by
    plans, reviews, signed_on = planning.plans, planning.reviews, planning.signed_on
    # Who left before the plan was due owes none.
    late_plan = planning.since <= due <= end and (signed_on is None or signed_on > due)
    first = planning.first
    late_review = first is not None and _longest(first, planning.seen, end) > terms.reviewed_every_days
    prevention = [one for one in episode.relapse_prevention if one.on <= end]
    unprepared = not is_open and _completed(episode) and not prevention
    verdict = Verdict.NOT_MET if late_plan or late_review or unprepared else Verdict.PENDING if is_open else Verdict.MET
    until = end if signed_on is None else signed_on
    return episode_row(
        chart,
        terms.rule,
        Period(admitted_on, end),
        verdict,
        max((until - admitted_on).days, 0),
        terms.signed_within_days,
        versions=[*_frame(episode, is_open), *_versions(plans, reviews, prevention)],
        missing=[
            *(["treatment plan signed by clinician and patient"] if not plans and due >= planning.since else []),
            *([f"review of the treatment plan every {terms.reviewed_every_days} days"] if late_review else []),
            *(["relapse-prevention plan before completion"] if unprepared else []),
        ],
        figures=(("days", max((until - admitted_on).days, 0)), ("reviews", len(reviews))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planning:
    """`signed_by`: when a plan is due; `first`: since when it is reviewed; `seen`: dates of reviews and new plans."""

    admitted_on: date
    since: date
    end: date
    is_open: bool
    signed_by: date
    plans: list[WeeklyMinutes]
    reviews: list[Step]

    @property
    def signed_on(self) -> date | None:
        return _signed_on(self.plans[0]) if self.plans else None

    @property
    def first(self) -> date | None:
        return self.since if self.signed_on is None and self.signed_by < self.since else self.signed_on

    @property
    def seen(self) -> list[date]:
        return sorted({*(review.on for review in self.reviews), *(_signed_on(plan) for plan in self.plans[1:])})


def _planning(episode: Episode, zone: ZoneInfo, as_of: date, terms: TreatmentPlan) -> _Planning | None:
    judged = _judged(episode, zone, as_of)
    if judged is None:
        return None
    admitted_on, since, end, is_open = judged
    return _Planning(
        admitted_on=admitted_on,
        since=since,
        end=end,
        is_open=is_open,
        signed_by=admitted_on + timedelta(days=terms.signed_within_days),
        plans=sorted(
            (plan for plan in episode.plans if _signed_on(plan) <= end), key=lambda p: (_signed_on(p), p.version)
        ),
        reviews=[review for review in episode.plan_reviews if review.on <= end],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What comes next, by when, and the version of the fact of the chart since which it is waited for."""

    on: date
    since: int


def plan_due(episode: Episode, zone: ZoneInfo, as_of: date, terms: TreatmentPlan) -> tuple[Next | None, Next | None]:
    """The first plan to be signed, and its next review; None for what an open episode does not wait for."""
    planning = _planning(episode, zone, as_of, terms)
    if planning is None or not planning.is_open or episode.admission is None:
        return None, None
    if planning.first is None:
        return Next(on=planning.signed_by, since=episode.admission.version), None
    dated = [(planning.first, episode.version)] if not planning.plans else []
    dated += [(_signed_on(plan), plan.version) for plan in planning.plans]
    dated += [(review.on, review.version) for review in planning.reviews if review.on >= planning.first]
    last, version = max(dated)
    return None, Next(on=last + timedelta(days=terms.reviewed_every_days), since=version)


def assessment_due(episode: Episode, zone: ZoneInfo, as_of: date, terms: LevelAssessments) -> Next | None:
    """The next assessment of an open episode; that at the admission, where there is none at all."""
    judged = _judged(episode, zone, as_of)
    if judged is None or not judged[3] or episode.admission is None:
        return None
    admitted_on, since, end, _ = judged
    admitted = episode.admission.version
    known: list[_Dated] = [*_intakes(episode, end), *_assessments(episode, end)]
    dated = sorted((one.on, one.version) for one in known)
    if dated and dated[-1][0] > since:
        last, version = dated[-1]
        return Next(on=last + timedelta(days=terms.every_days), since=version)
    if since == admitted_on and not _assessed((on for on, _ in dated), admitted_on, terms.at_admission_within_days):
        return Next(on=admitted_on, since=admitted)
    return Next(on=since + timedelta(days=terms.every_days), since=dated[-1][1] if dated else admitted)


def _intakes(episode: Episode, end: date) -> list[Step]:
    return [step for step in episode.steps if step.name == "IntakeAssessed" and step.on <= end]


def _assessments(episode: Episode, end: date) -> list[Assessment]:
    return [one for one in episode.assessments if one.on <= end]


def asm_1(chart: Chart, episode: Episode, zone: ZoneInfo, as_of: date, terms: LevelAssessments) -> Row | None:
    """ASM-1, patient and episode: the level of care assessed at the admission (the intake's assessment is one), at
    least every 14 days, and at a transfer or the discharge. Figure: gaps, of none.

    `of` is 0. While the episode is open, and there is no gap, `pending`. None before the admission. ASAM; our days.
    """
    judged = _judged(episode, zone, as_of)
    if judged is None:
        return None
    admitted_on, since, end, is_open = judged
    intakes, assessments = _intakes(episode, end), _assessments(episode, end)
    dates = sorted({*(step.on for step in intakes), *(one.on for one in assessments)})
    transfers = [step for step in episode.transfers if step.on <= end]
    exits = [*(step.on for step in transfers), *([] if is_open else [end])]
    missing = []
    if since == admitted_on and not _assessed(dates, admitted_on, terms.at_admission_within_days):
        missing.append(f"level-of-care assessment at the admission of {admitted_on}")
    marks = [since, *(on for on in dates if on > since), end]
    for begins, ends in itertools.pairwise(marks):
        if (ends - begins).days > terms.every_days:
            missing.append(f"level-of-care assessment from {begins} to {begins + timedelta(days=terms.every_days)}")
    missing += [
        f"level-of-care assessment at the transfer or discharge of {on}"
        for on in sorted(set(exits))
        if not _assessed(dates, on, terms.at_exit_within_days)
    ]
    verdict = Verdict.NOT_MET if missing else Verdict.PENDING if is_open else Verdict.MET
    return episode_row(
        chart,
        terms.rule,
        Period(admitted_on, end),
        verdict,
        len(missing),
        0,
        versions=[*_frame(episode, is_open), *_versions(intakes, assessments, transfers)],
        missing=missing,
        figures=(("gaps", len(missing)),),
    )


def _judged(episode: Episode, zone: ZoneInfo, as_of: date) -> tuple[date, date, date, bool] | None:
    """The admission, the date since which this record judges, the last date that counts, and whether it is open."""
    admission, discharge = episode.admission, episode.discharge
    if admission is None or admission.on > as_of:
        return None
    since = max(admission.on, episode.opened_on(zone)) if episode.carried_over else admission.on
    if since > as_of:
        return None
    ended = discharge is not None and discharge.on <= as_of
    return admission.on, since, discharge.on if discharge is not None and ended else as_of, not ended


def _completed(episode: Episode) -> bool:
    return episode.discharge is not None and episode.discharge.reason is DischargeReason.COMPLETED


def _signed_on(plan: WeeklyMinutes) -> date:
    """The date of the second of the two signatures."""
    return plan.on if plan.patient_signed_on is None else max(plan.on, plan.patient_signed_on)


def _longest(first: date, seen: Iterable[date], end: date) -> int:
    """The longest stretch, in days, that passed without any of these dates."""
    marks = [first, *(on for on in seen if on > first), end]
    return max((ends - begins).days for begins, ends in itertools.pairwise(marks))


def _assessed(dates: Iterable[date], on: date, within_days: int) -> bool:
    return any(on - timedelta(days=within_days) <= known <= on for known in dates)


def _frame(episode: Episode, is_open: bool) -> list[int]:
    versions = [episode.version]
    if episode.admission is not None:
        versions.append(episode.admission.version)
    if not is_open and episode.discharge is not None:
        versions.append(episode.discharge.version)
    return [*versions, *(step.version for step in episode.voided)]


def _versions(*found: Iterable[_Dated]) -> list[int]:
    return [one.version for each in found for one in each]
