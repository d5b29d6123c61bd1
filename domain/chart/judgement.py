"""Whether an entry may be added to a chart: the rules of its topic, then the history as it would be with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain import claims, recording
from domain.chart import (
    Chart,
    after,
    amendment,
    attendance,
    break_glass,
    carry_over,
    consent,
    detox,
    disclosure,
    enrollment,
    entry,
    episode_of,
    evolve,
    exit,
    fold,
    identity,
    level_of_care,
    merging,
    plan,
    presence,
    screening,
    screening_rules,
    step_down,
    step_up,
    teds,
)
from domain.chart.episode import Episode
from domain.chart.states import TRANSITIONS, Broken, walk
from domain.record import EnteredInError, Entry
from domain.refused import Refused
from domain.scene import Scene
from domain.week import local_date

_OF_THE_CHART: Final[Mapping[type[Any], Callable[[Chart, Entry, Scene], None]]] = {
    **dict.fromkeys((merging.ChartsMerged, merging.MergedInto, merging.ChartLinked), merging.judge),
    **dict.fromkeys(
        (identity.PatientRegistered, identity.IdentityCorrected),
        lambda chart, new, scene: identity.judge_fields(new.fact),
    ),
    entry.InquiryReceived: lambda chart, new, scene: entry.judge_opening(chart),
    carry_over.EpisodeCarriedOver: carry_over.judge,
    consent.ConsentGiven: lambda chart, new, scene: consent.judge(new.fact),
    consent.ConsentRevoked: lambda chart, new, scene: consent.judge_revocation(chart.consents, new.fact),
    disclosure.DisclosureMade: lambda chart, new, scene: disclosure.judge(
        chart.consents, new.fact, local_date(scene.at, scene.zone)
    ),
    **dict.fromkeys(
        (break_glass.BreakGlassOpened, break_glass.BreakGlassReviewed),
        lambda chart, new, scene: break_glass.judge(chart.openings, new, scene),
    ),
    **dict.fromkeys(amendment.OF_AMENDMENTS, lambda chart, new, scene: amendment.judge(chart.amendments, new)),
}
"""Fact that is about the whole chart → its rules."""

_OF_AN_EPISODE: Final[Mapping[type[Any], Callable[[Chart, Episode, Entry, Scene], None]]] = {
    **dict.fromkeys(
        (entry.IntakeAssessed, entry.SuitabilityDecided, entry.NotAdmitted),
        lambda chart, episode, new, scene: entry.judge(episode, new.fact),
    ),
    **dict.fromkeys(
        (enrollment.Enrolled, enrollment.Admitted, enrollment.CohortAssigned, enrollment.HoldStarted),
        lambda chart, episode, new, scene: enrollment.judge(chart, episode, new, scene),
    ),
    **dict.fromkeys(attendance.RECORDS, lambda chart, episode, new, scene: attendance.judge(chart, new.fact, scene)),
    **dict.fromkeys(presence.NOTES, lambda chart, episode, new, scene: presence.judge(chart, new.fact, scene)),
    attendance.FamilyExemptionGranted: lambda chart, episode, new, scene: attendance.judge_exemption(new.fact),
    **dict.fromkeys(
        screening.OF_A_SCREENING, lambda chart, episode, new, scene: screening_rules.judge(chart, new.fact, scene)
    ),
    screening.PrescriptionVerified: lambda chart, episode, new, scene: screening_rules.judge_prescription(new.fact),
    screening.BreathAlcoholMeasured: lambda chart, episode, new, scene: screening_rules.judge_breath(new.fact),
    plan.TreatmentPlanSigned: lambda chart, episode, new, scene: plan.judge(episode, new.fact),
    **dict.fromkeys(
        (plan.TriggerIdentified, plan.AccountabilityMeasureAgreed),
        lambda chart, episode, new, scene: plan.judge_note(new.fact),
    ),
    plan.TreatmentPlanReviewed: lambda chart, episode, new, scene: plan.judge_review(episode, new.fact),
    level_of_care.LevelOfCareAssessed: lambda chart, episode, new, scene: level_of_care.judge(new.fact),
    **dict.fromkeys(
        (*step_down.OF_A_STEP_DOWN, step_down.SelfReductionNoted, step_down.Transferred),
        lambda chart, episode, new, scene: step_down.judge(chart, episode, new),
    ),
    **dict.fromkeys(
        (exit.Discharged, exit.DischargeVoided, exit.DischargeSummarySigned),
        lambda chart, episode, new, scene: exit.judge(chart, episode, new.fact, scene),
    ),
    **dict.fromkeys(
        (after.AftercareStarted, *after.OF_ALUMNI, *after.OF_SOBER_LIVING),
        lambda chart, episode, new, scene: after.judge(chart, episode, new),
    ),
    **dict.fromkeys(
        (detox.DetoxReferred, detox.DetoxAnswered),
        lambda chart, episode, new, scene: detox.judge(episode, new.fact, new.version),
    ),
    step_up.StepUpDecided: lambda chart, episode, new, scene: step_up.judge(episode, new.fact),
    teds.TedsItemsRecorded: lambda chart, episode, new, scene: teds.judge(new.fact),
}
"""Fact about an episode → the rules of its topic. One that is in neither table needs the episode alone."""


def judge(chart: Chart, new: Entry, scene: Scene, history: Sequence[Entry]) -> Chart:
    """The chart with the new entry, or `Refused`. `chart` is the fold of `history`."""
    judge_alone(chart, new, scene, history)
    return with_entry(chart, new, scene, history)


def judge_alone(chart: Chart, new: Entry, scene: Scene, history: Sequence[Entry]) -> None:
    """Refuses by what the entry itself says, not yet by what it does to the entries on record."""
    recording.judge(new, scene, history, scheduled_end=scheduled_end(new.fact, scene))
    identity.judge(chart.identity, new)
    merging.judge_open(chart, new)
    _judge_id(chart, new.fact)
    _judge_topic(chart, new, scene)


def with_entry(chart: Chart, new: Entry, scene: Scene, history: Sequence[Entry]) -> Chart:
    """The chart with the new entry; refused where an entry would lose the state that it required."""
    fact = new.fact
    strikes = isinstance(fact, EnteredInError)
    further = fold(chart.patient_id, [*history, new]) if strikes else evolve(chart, new)
    if not (strikes or type(fact).__name__ in TRANSITIONS or hasattr(fact, "corrects")):
        return further
    judge_history(chart, further, new, scene)
    return further


def judge_history(before: Chart, further: Chart, new: Entry, scene: Scene) -> None:
    """Refused where `further` breaks an entry that `before` did not: the new one itself, or one on record."""
    now_broken = list(broken(further, scene))
    if now_broken:
        was_broken = set(broken(before, scene))
        now_broken = [version for version in now_broken if version not in was_broken]
    if not now_broken:
        return
    if now_broken[0] == new.version:
        raise Refused("episode.transition", "That does not follow the state of the episode on that date.")
    named = f"chart/{further.patient_id}@{now_broken[0]}"
    if isinstance(new.fact, EnteredInError) or hasattr(new.fact, "corrects"):
        raise recording.breaks_history(named)
    raise Refused("episode.breaks-history", f"{named} is on record and could not follow: check the date.")


def broken(chart: Chart, scene: Scene) -> Iterator[int]:
    """The versions of entries that lack what they require, those that lost it altogether and transitions first."""
    yield from sorted(chart.adrift)
    still_open = [episode.version for episode in chart.episodes.values() if episode.ended_on() is None]
    yield from still_open[1:]
    yield from enrollment.side_by_side(chart)
    for episode in chart.episodes.values():
        yield from _broken_steps(episode, scene.zone)
    for record in chart.attendances.values():
        session = scene.sessions.get(record.session_id)
        if session is None or session.starts_at is None or session.cancelled is not None:
            continue  # Flagged where it shows; it counts nowhere.
        if attendance.held_against(chart, record, session, scene.zone):
            yield record.version
    yield from presence.unentitled(chart, scene)
    yield from presence.unfounded(chart)
    for episode in chart.episodes.values():
        yield from exit.contradicted(chart, episode, scene)
    yield from attendance.overlaps(chart, scene.sessions)
    for known in chart.step_downs.values():
        stepping = chart.episodes.get(known.episode_id)
        if stepping is None:
            continue
        for mark in known.marks:
            if stepping.state_during(mark.on).value not in step_down.IN_TREATMENT:
                yield mark.version
        yield from step_down.unfounded(stepping, known)
    for episode in chart.episodes.values():
        told = [(each.on, each.version) for each in episode.self_reductions]
        told += [(each.on, each.version) for each in episode.transfers]
        yield from (v for on, v in told if episode.state_during(on).value not in step_down.IN_TREATMENT)
        if episode.enrollment is None:
            yield from (assigned.version for assigned in episode.assignments)
    for screened in chart.screenings.values():
        yield from screening_rules.unfounded(screened, scene.zone)
    if chart.disclosures:
        yield from disclosure.unfounded(chart.consents, chart.disclosures, scene.zone)
    yield from amendment.unfounded(chart.amendments)
    for episode in chart.episodes.values():
        yield from detox.unfounded(episode.detox)
        yield from plan.unfounded(episode)
    yield from after.unfounded(chart.sober_living)


def _broken_steps(episode: Episode, zone: ZoneInfo) -> Iterator[int]:
    steps = episode.dated()
    opened_on = episode.opened_on(zone)
    yield from (s.version for s in steps if s.on < opened_on and not episode.carried_over)
    try:
        walk(steps, strict=True)
    except Broken as e:
        yield e.step.version
    after_end = episode.after_discharge
    if after_end and (episode.discharge is None or min(s.on for s in after_end) < episode.discharge.on):
        yield from (s.version for s in after_end)


def _judge_topic(chart: Chart, new: Entry, scene: Scene) -> None:
    fact: Any = new.fact
    kind = type(fact)
    if (judge_whole := _OF_THE_CHART.get(kind)) is not None:
        judge_whole(chart, new, scene)
        return
    episode_id = getattr(fact, "episode_id", None)
    if episode_id is None:
        return
    episode = episode_of(chart, episode_id)
    if (judge_topic := _OF_AN_EPISODE.get(kind)) is not None:
        judge_topic(chart, episode, new, scene)


def _judge_id(chart: Chart, fact: Any) -> None:
    """What is opened gets an id that nothing in the chart has; the claims see to the other charts."""
    match fact:
        case identity.PatientRegistered(mrn=str(mrn)) | identity.IdentityCorrected(mrn=str(mrn)) if (
            not claims.mrn_claimed(mrn)
        ):
            raise Refused("patient.mrn-missing", "Give the medical record number: it can't be left empty.")
        case entry.InquiryReceived(episode_id=key) | carry_over.EpisodeCarriedOver(episode_id=key) if (
            key in chart.episodes
        ):
            raise claims.taken(claims.EPISODE)
        case screening.ScreeningOrdered(screening_id=key) if key in chart.screenings:
            raise claims.taken(claims.SCREENING)
        case step_down.StepDownRecommended(step_down_id=key) if key in chart.step_downs:
            raise claims.taken(claims.STEP_DOWN)
        case consent.ConsentGiven(consent_id=key) if key in chart.consents:
            raise claims.taken(claims.CONSENT)
        case _:
            return


def scheduled_end(fact: Any, scene: Scene) -> datetime | None:
    """When the session that an attendance record is about was to end: an absence is dated by it."""
    if isinstance(fact, attendance.RECORDS) and (session := scene.sessions.get(fact.session_id)) is not None:
        return session.ends_at
    return None
