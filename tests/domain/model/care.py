"""Attendance, step-down and screening in the model: what each line needs to stand on, in the words of the contract.

A function takes a line, the live lines of its chart (with it) and the record, and answers the rules that it breaks.

Left open, and settled here: who attends aftercare and alumni sessions after treatment may attend any session then, but
on a day on which another episode is enrolled, active or tapering only aftercare and alumni sessions; a step-down is
told in the order of recording, but nothing on it is dated before its recommendation; a presence in a session that was
cancelled needs no state and overlaps nothing until it is revived, as it "counts nowhere"; an excuse given in
advance is in the way of no hold and no end of the episode, once on record; whoever comes to a session comes on its day,
as it is planned when that is recorded: one that is moved later keeps its records; an accession number is one
patient's, and may be on several of their screenings.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.domain.model.record import Line, Record, live, local_date, named
from tests.domain.model.site import is_of_its_day, session
from tests.domain.model.states import TREATED, state_during

RECORDS = ("AttendanceRecorded", "AttendanceCorrected")
Rule = Callable[[Line, list[Line], Record], set[str]]


# ---- attendance


def records(lines: list[Line], episode_id: Any = None) -> list[Line]:
    return [line for line in named(lines, *RECORDS) if episode_id in (None, line.episode_id)]


def attended(lines: list[Line], record: Record, episode_id: Any) -> list[tuple[Line, dict[str, Any]]]:
    """The services attended: not in cancelled sessions, aftercare and alumni aside; the earliest first."""
    found = []
    for line in records(lines, episode_id):
        there = session(record, line.session_id)
        if line.outcome == "attended" and there and not there["cancelled"] and there["treats"]:
            found.append((line, there))
    return sorted(found, key=lambda each: (each[1]["starts_at"], str(each[1]["id"])))


def overlaps(line: Line, other: Line, record: Record) -> bool:
    """The contract: "A presence that overlaps another of the same patient unless one of the two is one-to-one"."""
    if line.outcome != "attended" or other.outcome != "attended" or line.session_id == other.session_id:
        return False
    one, two = session(record, line.session_id), session(record, other.session_id)
    if one is None or two is None or one["one_to_one"] or two["one_to_one"]:
        return False
    if one["cancelled"] or two["cancelled"]:
        return False
    return bool(line.arrived_at < other.left_at and other.arrived_at < line.left_at)


def attendance(line: Line, lines: list[Line], record: Record) -> set[str]:
    there = session(record, line.session_id)
    if there is None:
        return {"attendance.unknown-session"}
    wrong = set()
    came = line.outcome == "attended"
    times = (line.get("arrived_at"), line.get("left_at"))
    if came and None in times:
        wrong.add("attendance.times-missing")
    elif came and line.left_at < line.arrived_at:
        wrong.add("attendance.left-before-arriving")
    if not came and times != (None, None):
        wrong.add("attendance.absent-with-times")
    if wrong:
        return wrong
    if there["cancelled"]:
        return set()
    if any(overlaps(line, other, record) for other in records(lines) if other is not line):
        wrong.add("attendance.overlapping")
    excused = line.outcome == "absent_excused"
    by_then = [e for e in named(lines, "Enrolled") if e.episode_id == line.episode_id and e.on <= there["day"]]
    if not (excused and by_then) and not may_attend(line, there, lines):
        wrong.add("attendance.not-enrolled")
    return wrong


def may_attend(line: Line, there: dict[str, Any], lines: list[Line]) -> bool:
    """The contract: "Attendance on a program day on which the episode is not ENROLLED/ACTIVE/TAPERING (allowed after
    `AftercareStarted` or `AlumniJoined`)"."""
    if attending(lines, line.episode_id, there["day"]):
        return True
    after = [a.on for a in named(lines, "AftercareStarted", "AlumniJoined") if a.episode_id == line.episode_id]
    others = [e.episode_id for e in named(lines, "InquiryReceived") if e.episode_id != line.episode_id]
    anew = there["treats"] and any(attending(lines, other, there["day"]) for other in others)
    return any(on <= there["day"] for on in after) and not anew


def attending(lines: list[Line], episode_id: Any, on: date) -> bool:
    return state_during(lines, episode_id, on) in ("enrolled", *TREATED)


def new_attendance(line: Line, lines: list[Line], record: Record) -> set[str]:
    """What is asked of a record when it is made, and not again: "a cancelled session, twice for one session"."""
    there = session(record, line.session_id)
    wrong = set()
    if there is not None and there["cancelled"]:
        wrong.add("attendance.session-cancelled")
    if any(other.session_id == line.session_id for other in records(lines) if other is not line):
        wrong.add("attendance.already-recorded")
    if there is not None and line.outcome == "attended" and line.get("arrived_at") is not None:
        over = [there["held"].ended_at] if there["held"] else []
        if not is_of_its_day(there, line.arrived_at, *over):
            wrong.add("attendance.other-day")
    return wrong | absent_for_nothing(line, lines, record)


def absent_for_nothing(line: Line, lines: list[Line], record: Record) -> set[str]:
    """Nobody is excused who would not attend; a discharge or a hold found later leaves the excuse as it is."""
    there = session(record, line.session_id)
    return set() if there is None or may_attend(line, there, lines) else {"attendance.not-enrolled"}


# ---- step-down


def on_step_down(line: Line, lines: list[Line]) -> dict[str, list[Line]]:
    """The live lines on the same step-down that were recorded before, by name."""
    found: dict[str, list[Line]] = {}
    for other in lines:
        if other.get("step_down_id") == line.step_down_id and other is not line:
            found.setdefault(other.name, []).append(other)
    return found


def step_down(line: Line, lines: list[Line], record: Record) -> set[str]:
    if line.name == "StepDownRecommended":
        inside = state_during(lines, line.episode_id, line.on) in (*TREATED, "on_hold")
        return set() if inside else {"step-down.not-in-treatment"}
    said = on_step_down(line, lines)
    recommended = said.get("StepDownRecommended", [])
    if not recommended or recommended[0].episode_id != line.episode_id:
        return {"step-down.unknown", "step-down.not-in-treatment"}
    wrong = set()
    if line.on < recommended[0].on:
        wrong.add("step-down.before-recommendation")
    if state_during(lines, line.episode_id, line.on) not in (*TREATED, "on_hold"):
        wrong |= {"step-down.not-in-treatment", "episode.transition", "episode.ended"}
    by_then = {name: [o for o in others if o.on <= line.on] for name, others in said.items()}
    answers = sorted(by_then.get("StepDownAnswered", []), key=lambda o: (o.on, o.version))
    if line.name == "StepDownCosigned" and line.by == recommended[0].by:
        wrong.add("step-down.cosigned-by-recommender")
    if line.name == "StepDownDecided":
        wrong |= undecided(line, recommended[0], by_then, answers, lines)
    if line.name == "StepDownTookEffect":
        if not answers or answers[-1].answer != "agreed":
            wrong.add("step-down.not-agreed")
        if not by_then.get("StepDownDecided"):
            wrong.add("step-down.not-decided")
        if state_before(line, lines) == "on_hold":
            wrong.add("step-down.on-hold")
    return wrong


def undecided(
    line: Line, recommended: Line, by_then: dict[str, list[Line]], answers: list[Line], lines: list[Line]
) -> set[str]:
    """The contract: "Without a recommendation by the treating clinician, a level-of-care assessment of the last 7 days,
    a co-signature by somebody else, and the patient's answer"."""
    wrong = set()
    enrolled = [e for e in named(lines, "Enrolled") if e.episode_id == line.episode_id]
    if not enrolled or recommended.by != f"staff/{enrolled[-1].primary_clinician_id}":
        wrong.add("step-down.not-by-treating-clinician")
    recent = [
        a
        for a in named(lines, "LevelOfCareAssessed")
        if a.episode_id == line.episode_id and line.on - timedelta(days=7) <= a.on <= line.on
    ]
    if not recent:
        wrong.add("step-down.no-recent-assessment")
    if not any(c.by != recommended.by for c in by_then.get("StepDownCosigned", [])):
        wrong.add("step-down.not-cosigned")
    if not answers:
        wrong.add("step-down.not-answered")
    return wrong


def state_before(line: Line, lines: list[Line]) -> str | None:
    from tests.domain.model.states import walk

    return next((before for each, before, _ in walk(lines, line.episode_id) if each is line), None)


def new_step_down(line: Line, lines: list[Line], record: Record) -> set[str]:
    """What a step-down that has gone further no longer takes."""
    wrong = set()
    said = on_step_down(line, lines)
    if line.name == "StepDownRecommended":
        return {"step-down.id-in-use"} if said.get("StepDownRecommended") else set()
    if said.get("StepDownTookEffect"):
        wrong.add("step-down.in-effect")
    if said.get("StepDownWithdrawn"):
        wrong.add("step-down.withdrawn")
    if line.name == "StepDownDecided" and said.get("StepDownDecided"):
        wrong.add("step-down.already-decided")
    return wrong


# ---- screening


def screening(line: Line, lines: list[Line], record: Record) -> set[str]:
    """The contract: "Results for a specimen never collected or outside the panel"."""
    if line.name == "ScreeningOrdered":
        return set()
    of_it = [o for o in lines if o.get("screening_id") == line.screening_id and o is not line]
    ordered = named(of_it, "ScreeningOrdered")
    if not ordered:
        return {"screening.unknown"}
    wrong = set()
    if ordered[0].episode_id != line.episode_id:
        wrong.add("screening.other-episode")
    collected = named(of_it, "SpecimenCollected")
    reports = ("ValidityReported", "PresumptiveReported", "DefinitiveReported", "ResultCorrected")
    if line.name in reports:
        if not collected:
            wrong.add("result.not-collected")
        elif line.get("at") is not None and line.fact["at"] < collected[0].collected_at:
            wrong.add("result.before-collection")
        if any(a["analyte"] not in ordered[0].panel for a in line.get("analytes") or []):
            wrong.add("result.outside-panel")
    if line.name in ("ResultReviewed", "ResultDiscussed"):
        results = named(of_it, *reports)
        if not results:
            wrong.add("result.not-reported")
        elif not any(o.get("at") is None or local_date(o.fact["at"]) <= line.on for o in results):
            wrong.add("result.not-yet-reported")
    return wrong


def new_screening(line: Line, lines: list[Line], record: Record) -> set[str]:
    of_it = [o for o in lines if o.get("screening_id") == line.screening_id and o is not line]
    wrong = set()
    if line.name == "ScreeningOrdered" and of_it:
        wrong.add("screening.id-in-use")
    if line.name in ("SpecimenCollected", "SpecimenRefused", "CollectionMissed"):
        if named(of_it, "SpecimenCollected"):
            wrong.add("screening.already-collected")
        if named(of_it, "SpecimenRefused", "CollectionMissed"):
            wrong.add("screening.closed")
    if line.get("accession") is not None and accession_in_use(line, lines, record):
        wrong.add("screening.accession-in-use")
    return wrong


def accession_in_use(line: Line, lines: list[Line], record: Record) -> bool:
    """As the contract says of an MRN: a number is one patient's."""
    elsewhere = [live(told) for name, told in record.items() if name.startswith("chart/") and line not in told]
    return any(o.accession == line.accession for told in elsewhere for o in named(told, "SpecimenCollected"))
