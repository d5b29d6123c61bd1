"""Entry, enrollment, exit, what comes after, and consent in the model: what each line needs to stand on.

Left open, and settled here: an episode is open while no end of it is on record, whatever its dates; aftercare, alumni
and summary come no earlier than the discharge; a consent covers what is disclosed on the local date of recording, its
last date included; who is enrolled anew may be so on the day on which the former episode ends; a discharge that was
voided to be put right goes on ending the former episode where it did, as long as there is no other, for whoever came
back since; from the day on which aftercare starts or the alumni are joined, a session attended is a guest's, no service
of the episode that was discharged; nobody joins a cohort on the day on which it closes; a step-up stays what it was
when an earlier one, to a higher level, is entered late: a level is no state.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from tests.domain.model.care import Rule, attendance, attended, screening, step_down
from tests.domain.model.record import Line, Record, live, local_date, named
from tests.domain.model.site import cohort, credentials, offers
from tests.domain.model.states import STEPS, TREATED, state_during, state_on, walk

UNCOVERED = {"disclosure.not-covered", "consent.unknown"}
TRANSITION = {"episode.transition", "episode.ended", "episode.breaks-history"}


def transition(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "A transition not named here"."""
    placed = next((after for each, _, after in walk(lines, line.episode_id) if each is line), None)
    return TRANSITION if placed is None else set()


def inquiry(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "A second open episode"."""
    wrong = set()
    for other in named(lines, "InquiryReceived"):
        if other is not line and other.episode_id == line.episode_id:
            wrong.add("episode.id-in-use")
        elif other is not line and is_open(lines, other.episode_id) and is_open(lines, line.episode_id):
            wrong.add("episode.already-open")
    return wrong


def enrollment(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "A second open episode", "a state is asked for by program day, not by the order of recording":
    from the enrollment to the end nobody is in another one."""
    wrong = transition(line, lines, record)
    first, last = span(line, lines, record)
    for other in named(lines, "Enrolled"):
        begins, ends = span(other, lines, record)
        if other.episode_id != line.episode_id and (begins < last and first < ends):
            wrong = wrong | {"enrollment.in-another-episode", *TRANSITION}
    return wrong


def span(enrolled: Line, lines: list[Line], record: Record) -> tuple[date, date]:
    """From the enrollment to the end of the episode; to that of the discharge last voided, while there is no other."""
    mine = [o for o in lines if o.get("episode_id") == enrolled.episode_id]
    if ends := named(mine, "Discharged", "NotAdmitted"):
        return enrolled.on, ends[-1].on
    if taken_back := named(mine, "DischargeVoided"):
        whole = next(told for told in record.values() if any(o is taken_back[-1] for o in told))
        return enrolled.on, next(o.on for o in whole if o.version == taken_back[-1].corrects)
    return enrolled.on, date.max


def is_open(lines: list[Line], episode_id: Any) -> bool:
    return not [o for o in named(lines, "Discharged", "NotAdmitted") if o.episode_id == episode_id]


def new_suitability(line: Line, lines: list[Line], record: Record) -> set[str]:
    """Decided on an assessment, before enrollment: "eligibility that is lost only … is flagged".

    Left open, and settled here: a day has no hours, so that what the enrollment rests on may be told anew for its date.
    """
    episode = [o for o in lines if o.get("episode_id") == line.episode_id]
    wrong = set()
    if not any(a.on <= line.on for a in named(episode, "IntakeAssessed")):
        wrong.add("suitability.without-assessment")
    state = state_on(lines, line.episode_id, line.on)
    anew = any(e.on == line.on for e in named(episode, "Enrolled")) and not suitable(
        [o for o in episode if o is not line], line.on
    )
    if state in ("enrolled", *TREATED, "on_hold") and not anew:
        wrong |= {"suitability.already-enrolled", *TRANSITION}
    return wrong | (TRANSITION if not is_open(lines, line.episode_id) else set())


def suitable(episode: list[Line], on: date) -> bool:
    """Whether the latest decision by a date was that."""
    decided = [d for d in named(episode, "SuitabilityDecided") if d.on <= on]
    decided.sort(key=lambda d: (d.on, d.version))
    return bool(decided) and decided[-1].outcome == "suitable"


def new_enrollment(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "Enrollment without `suitable`", "to a cohort over capacity", "weeks or payer outside the range …
    without `reason`"."""
    episode = [o for o in lines if o.get("episode_id") == line.episode_id]
    wrong = set() if suitable(episode, line.on) else {"enrollment.without-suitable"}
    offer = offers(record, line.program, line.on)
    if offer is not None and not line.why:
        inside = offer.weeks_min <= line.planned_weeks <= offer.weeks_max and line.payer in offer.payers
        wrong |= set() if inside else {"program.outside"}
    if not credentials(record, f"staff/{line.primary_clinician_id}"):
        wrong.add("enrollment.unknown-clinician")
    there = cohort(record, line.cohort_id)
    if there is not None and there["program"] != line.program:
        wrong.add("enrollment.other-program")
    return wrong | seat(line, line.on, record)


def seat(line: Line, on: Any, record: Record) -> set[str]:
    there = cohort(record, line.cohort_id)
    if there is None:
        return {"cohort.unknown"}
    wrong = set()
    if on < there["on"]:
        wrong.add("cohort.before-forming")
    if there["closed_on"] and on >= there["closed_on"]:
        wrong.add("cohort.closed")
    return wrong


def cohort_held(lines: list[Line]) -> UUID | None:
    """The cohort in which a chart takes a seat: that which is effective last, in the episode enrolled and not ended."""
    for opened in named(lines, "InquiryReceived"):
        mine = [o for o in lines if o.get("episode_id") == opened.episode_id]
        if named(mine, "Enrolled") and not named(mine, "Discharged", "NotAdmitted"):
            assigned = named(mine, "Enrolled", "CohortAssigned")
            return max(assigned, key=lambda a: (a.get("effective_on") or a.on, a.version)).cohort_id
    return None


def overfull(stream: str, before: list[Line], after: list[Line], record: Record) -> set[str]:
    """The contract: "Enrollment or assignment to a cohort over capacity (episodes enrolled in it and not ended)"."""
    now = cohort_held(after)
    if now is None or now == cohort_held(before) or after[-1].name not in ("Enrolled", "CohortAssigned"):
        return set()
    others = [s for s in record if s.startswith("chart/") and s != stream]
    holding = sum(cohort_held(live(record[other])) == now for other in others)
    there = cohort(record, now)
    return {"cohort.full"} if there and holding >= there["capacity"] else set()


def assignment(line: Line, lines: list[Line], record: Record) -> set[str]:
    enrolled = [e for e in named(lines, "Enrolled") if e.episode_id == line.episode_id]
    if not enrolled:
        return {"assignment.not-enrolled"}
    return {"assignment.before-enrollment"} if line.effective_on < enrolled[0].on else set()


def new_assignment(line: Line, lines: list[Line], record: Record) -> set[str]:
    if named([o for o in lines if o.get("episode_id") == line.episode_id], "Discharged", "NotAdmitted"):
        return {"assignment.not-enrolled", *TRANSITION}
    return seat(line, line.effective_on, record)


def discharge(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "Discharge or `last_service_on` before the last service"."""
    wrong = transition(line, lines, record)
    guest = [a.on for a in named(lines, "AftercareStarted", "AlumniJoined") if a.episode_id == line.episode_id]
    days = [there["day"] for _, there in attended(lines, record, line.episode_id)]
    days = [on for on in days if on < min(guest, default=date.max)]
    if line.last_service_on > line.on:
        wrong = wrong | {"discharge.last-service-after"}
    if days and max(days) > min(line.on, line.last_service_on):
        wrong = wrong | {"discharge.precedes-care", "attendance.after-last-service"}
    return wrong


def voiding(line: Line, lines: list[Line], record: Record) -> set[str]:
    return set()


def new_voiding(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "`DischargeVoided` while another episode is open or live aftercare, alumni or summary facts rest on
    that discharge"."""
    target = next((o for o in record["this"] if o.version == line.corrects), None)
    if target is None or target.name != "Discharged":
        return {"correction.wrong-kind", "correction.unknown-target"}
    wrong = set()
    if target.episode_id != line.episode_id:
        wrong.add("discharge.other-episode")
    mine = [o for o in lines if o.get("episode_id") == target.episode_id]
    if named(mine, "AftercareStarted", "AlumniJoined", "DischargeSummarySigned"):
        wrong.add("discharge.rested-upon")
    for other in named(lines, "InquiryReceived"):
        if other.episode_id != target.episode_id and is_open(lines, other.episode_id):
            wrong.add("discharge.another-episode-open")
    return wrong


def after_discharge(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "Aftercare for anybody who did not complete"; alumni and the summary follow a discharge."""
    left = [d for d in named(lines, "Discharged") if d.episode_id == line.episode_id and d.on <= line.on]
    if line.name == "AftercareStarted":
        done = left and left[0].fact["reason"] == "completed"
        return set() if done else {"aftercare.not-completed", *TRANSITION}
    if left:
        return set()
    return {"alumni.not-discharged", "summary.without-discharge", *TRANSITION}


def new_after_discharge(line: Line, lines: list[Line], record: Record) -> set[str]:
    again = [o for o in named(lines, line.name) if o is not line and o.episode_id == line.episode_id]
    if line.name == "AftercareStarted" and again:
        return {"aftercare.already-started"}
    if line.name == "DischargeSummarySigned" and again:
        return {"summary.already-signed"}
    return {"alumni.already-joined"} if line.name == "AlumniJoined" and again else set()


def in_treatment(line: Line, lines: list[Line], record: Record) -> set[str]:
    """A self-reduction, a level of care, a transfer are of an episode in treatment on that date."""
    state = state_during(lines, line.episode_id, line.on)
    return set() if state in (*TREATED, "on_hold") else TRANSITION | {"step-down.not-in-treatment"}


def detox(line: Line, lines: list[Line], record: Record) -> set[str]:
    """An answer is to a referral that waits for one."""
    wrong = transition(line, lines, record)
    mine = [o for o in lines if o.get("episode_id") == line.episode_id]
    open_ones = [r for r in named(mine, "DetoxReferred") if r.get("accepted") is None and r.on <= line.on]
    answers = [a for a in named(mine, "DetoxAnswered") if a.on <= line.on]
    return wrong | ({"detox.not-referred"} if len(answers) > len(open_ones) else set())


def new_detox(line: Line, lines: list[Line], record: Record) -> set[str]:
    """Nobody answers where every referral has its answer, whichever of them the new one would be of by its date."""
    mine = [o for o in lines if o.get("episode_id") == line.episode_id]
    waiting = [r for r in named(mine, "DetoxReferred") if r.get("accepted") is None]
    return {"detox.not-referred"} if len(named(mine, "DetoxAnswered")) > len(waiting) else set()


def consent(line: Line, lines: list[Line], record: Record) -> set[str]:
    if line.name == "ConsentGiven":
        ends_early = line.get("expires_on") and line.expires_on < line.signed_on
        return {"consent.ends-before-it-is-signed"} if ends_early else set()
    given = [c for c in named(lines, "ConsentGiven") if c.consent_id == line.consent_id]
    if not given:
        return {"consent.unknown"}
    return {"consent.revoked-before-it-is-signed"} if line.on < given[0].signed_on else set()


def new_consent(line: Line, lines: list[Line], record: Record) -> set[str]:
    again = [o for o in named(lines, line.name) if o is not line and o.consent_id == line.consent_id]
    if not again:
        return set()
    return {"consent.id-in-use"} if line.name == "ConsentGiven" else {"consent.already-revoked"}


def new_disclosure(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "A disclosure that no live consent or named exception covers"."""
    if line.basis != "consent":
        return set() if line.get("consent_id") is None else {"disclosure.two-bases"}
    today = local_date(line.told_at)
    revoked = {r.consent_id for r in named(lines, "ConsentRevoked") if r.on <= today}
    return set() if covering(line, lines) - revoked else UNCOVERED


def disclosure(line: Line, lines: list[Line], record: Record) -> set[str]:
    """What was disclosed needs its consent, which may have been revoked since, or, told late, before."""
    return set() if line.basis != "consent" or covering(line, lines) else UNCOVERED


def covering(line: Line, lines: list[Line]) -> set[UUID]:
    today = local_date(line.told_at)
    return {
        given.consent_id
        for given in named(lines, "ConsentGiven")
        if given.signed_on <= today <= (given.get("expires_on") or today)
        and line.get("consent_id") in (None, given.consent_id)
        and line.recipient in given.recipients
        and (given.tpo or given.purpose == line.purpose)
    }


def new_step_up(line: Line, lines: list[Line], record: Record) -> set[str]:
    """A step-up leads to no lower level than the one on record by then."""
    now = level_before(line, lines)
    return {"step-up.lower-level"} if now is not None and float(line.to_level) < float(now) else set()


def level_before(line: Line, lines: list[Line]) -> str | None:
    """The contract: "`level_of_care`: of the enrollment, then of each step in effect"."""
    level = None
    for each, _, _ in walk(lines, line.episode_id):
        if each is line:
            return level
        if each.name == "Enrolled":
            level = each.level_of_care
        if each.name == "StepUpDecided":
            level = each.to_level
        if each.name == "StepDownTookEffect":
            level = next(r.to_level for r in named(lines, "StepDownRecommended") if r.step_down_id == each.step_down_id)
    return level


GROUND: dict[str, Rule] = {
    **dict.fromkeys(STEPS, transition),
    "InquiryReceived": inquiry,
    "Enrolled": enrollment,
    "CohortAssigned": assignment,
    "DetoxAnswered": detox,
    **dict.fromkeys(("AttendanceRecorded", "AttendanceCorrected"), attendance),
    **dict.fromkeys(
        (
            *("StepDownRecommended", "StepDownAnswered", "StepDownCosigned", "StepDownDecided", "StepDownWithdrawn"),
            "StepDownTookEffect",
        ),
        step_down,
    ),
    **dict.fromkeys(
        (
            *("ScreeningOrdered", "SpecimenCollected", "SpecimenRefused", "CollectionMissed", "ValidityReported"),
            *("PresumptiveReported", "DefinitiveReported", "ResultCorrected", "ResultReviewed", "ResultDiscussed"),
        ),
        screening,
    ),
    "Discharged": discharge,
    **dict.fromkeys(("AftercareStarted", "AlumniJoined", "DischargeSummarySigned"), after_discharge),
    **dict.fromkeys(("SelfReductionNoted", "Transferred"), in_treatment),
    **dict.fromkeys(("ConsentGiven", "ConsentRevoked"), consent),
    "DisclosureMade": disclosure,
}
"""What a line needs at any time: asked of it when it is new, and of every live line when the chart changes."""
