"""INT-1, DUR-1, DIS-1 and AFT-1: how soon somebody comes in, how long they stay, what follows when they go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.episode import Discharge, Episode
from domain.chart.exit import DischargeReason
from domain.compliance.episode_row import episode_row
from domain.compliance.period import Period
from domain.compliance.rule_set import AftercareClasses, DischargePapers, Duration, PromptIntake
from domain.compliance.timetable import planned_by
from domain.compliance.verdict import Row, Verdict
from domain.session import Session, SessionKind
from domain.week import Week


def int_1(chart: Chart, episode: Episode, zone: ZoneInfo, as_of: date, terms: PromptIntake) -> Row | None:
    """INT-1, patient and episode: days from the first contact to the admission.

    None before the admission, and for who was carried over: the first contact is in another system's record. Source:
    Landmark (admission within three days).
    """
    admission = episode.admission
    if admission is None or admission.on > as_of or episode.carried_over:
        return None
    contact = episode.opened_on(zone)
    value = (admission.on - contact).days
    return episode_row(
        chart,
        terms.rule,
        Period(contact, admission.on),
        Verdict.MET if value <= terms.within_days else Verdict.NOT_MET,
        value,
        terms.within_days,
        versions=[episode.version, admission.version],
    )


def dur_1(chart: Chart, episode: Episode, as_of: date, terms: Duration) -> Row | None:
    """DUR-1, patient and episode: days from the admission to the last service of who completes.

    None while the episode is open. Source: Landmark (seven to nine weeks).
    """
    admission, discharge = episode.admission, episode.discharge
    if admission is None or discharge is None or discharge.on > as_of:
        return None
    value = (discharge.last_service_on - admission.on).days
    if discharge.reason is not DischargeReason.COMPLETED:
        verdict = Verdict.NOT_APPLICABLE
    elif terms.at_least_days <= value <= terms.at_most_days:
        verdict = Verdict.MET
    else:
        verdict = Verdict.NOT_MET_EXCUSED if discharge.explained else Verdict.NOT_MET
    return episode_row(
        chart,
        terms.rule,
        Period(admission.on, discharge.on),
        verdict,
        value,
        terms.at_least_days if value < terms.at_least_days else terms.at_most_days,
        versions=[episode.version, admission.version, discharge.version],
        missing=["reason for the duration"] if verdict is Verdict.NOT_MET else [],
    )


def dis_1(chart: Chart, episode: Episode, as_of: date, terms: DischargePapers) -> Row | None:
    """DIS-1, patient and episode: the summary is signed in time, and who completes has an aftercare plan: aftercare
    that has started, or a referral. The reason is part of every discharge. Figure: days to the summary, or so far.

    None while the episode is open. Our default.
    """
    discharge = episode.discharge
    if discharge is None or discharge.on > as_of:
        return None
    due = summary_due(discharge, terms)
    shown = min(due, as_of)
    signed = min((s for s in episode.summaries if s.on <= as_of), key=lambda s: (s.on, s.version), default=None)
    started = [s for s in episode.aftercare if s.on <= shown]
    planned = not owes_aftercare_plan(discharge) or bool(started)
    in_time = signed is not None and signed.on <= due
    if in_time and planned:
        verdict = Verdict.MET
    else:
        late = signed is not None and not in_time
        verdict = Verdict.PENDING if as_of < due and not late else Verdict.NOT_MET
    until = as_of if signed is None else signed.on
    versions = [episode.version, discharge.version, *(step.version for step in started)]
    versions += [] if signed is None else [signed.version]
    return episode_row(
        chart,
        terms.rule,
        Period(discharge.on, due),
        verdict,
        (until - discharge.on).days,
        terms.summary_within_days,
        versions=versions,
        missing=[
            *(["discharge summary"] if signed is None else []),
            *([] if planned else ["aftercare plan: aftercare started, or a referral"]),
        ],
    )


def summary_due(discharge: Discharge, terms: DischargePapers) -> date:
    """By when the summary is signed, and the aftercare plan of who completed is there."""
    return discharge.on + timedelta(days=terms.summary_within_days)


def owes_aftercare_plan(discharge: Discharge) -> bool:
    """Whether aftercare has to start, since who completed was referred to nobody."""
    return discharge.reason is DischargeReason.COMPLETED and not discharge.referred


def aft_1(
    chart: Chart, sessions: Mapping[UUID, Session], zone: ZoneInfo, as_of: date, terms: AftercareClasses
) -> Iterator[Row]:
    """AFT-1, graduate and week: aftercare classes attended, for each week with one, and that of `as_of`. Source:
    Landmark (once a week, free of charge)."""
    guest = [e for e in chart.episodes.values() if any(s.on <= as_of for s in e.aftercare)]
    if not guest:
        return
    classes: dict[Week, list[tuple[int, Session]]] = {Week.of(as_of): []}
    for record in chart.attendances.values():
        session = sessions.get(record.session_id)
        if session is None or session.kind is not SessionKind.AFTERCARE or not session.takes_place:
            continue
        day = session.program_day(zone)
        if record.attended and day <= as_of:
            classes.setdefault(Week.of(day), []).append((record.version, session))
    started = [step.version for e in guest for step in e.aftercare if step.on <= as_of]
    for week, found in sorted(classes.items()):
        value = len(found)
        if value > terms.at_most_classes:
            verdict = Verdict.NOT_MET
        else:
            verdict = Verdict.MET if as_of >= week.sunday else Verdict.PENDING
        yield episode_row(
            chart,
            terms.rule,
            Period.of_week(week),
            verdict,
            value,
            terms.at_most_classes,
            versions=[*(e.version for e in guest), *started, *(version for version, _ in found)],
            also=[name for _, session in found for name in planned_by(session)],
        )
