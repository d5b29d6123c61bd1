"""The whole question in the model: which rules would a new line break? None: it is recorded, with what follows of
it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.domain.model import care, chart, merging, show
from tests.domain.model.acts import ill_aimed, ill_timed, not_permitted
from tests.domain.model.care import RECORDS, Rule, attended
from tests.domain.model.record import Line, Record, live, named

WHEN_NEW: dict[str, Rule] = {
    **dict.fromkeys(RECORDS, care.new_attendance),
    "SuitabilityDecided": chart.new_suitability,
    "Enrolled": chart.new_enrollment,
    "CohortAssigned": chart.new_assignment,
    "DischargeVoided": chart.new_voiding,
    **dict.fromkeys(("AftercareStarted", "AlumniJoined", "DischargeSummarySigned"), chart.new_after_discharge),
    **dict.fromkeys(("ConsentGiven", "ConsentRevoked"), chart.new_consent),
    "DisclosureMade": chart.new_disclosure,
    "StepUpDecided": chart.new_step_up,
    "DetoxAnswered": chart.new_detox,
}
WHEN_NEW |= {name: care.new_step_down for name, rule in chart.GROUND.items() if rule is care.step_down}
WHEN_NEW |= {name: care.new_screening for name, rule in chart.GROUND.items() if rule is care.screening}

BREAKS = {
    *("correction.breaks-history", "episode.breaks-history", "correction.rested-upon"),
    "attendance.after-last-service",
}


def groundless(lines: list[Line], record: Record) -> list[tuple[Line, set[str]]]:
    """The live lines of a chart that lack what they need."""
    found = []
    registered = bool(named(lines, "PatientRegistered"))
    for line in lines:
        if not registered:
            found.append((line, {"patient.not-registered"}))
            continue
        if line.get("episode_id") is not None and not opened(lines, line.episode_id):
            found.append((line, {"episode.unknown"}))
            continue
        rule = chart.GROUND.get(line.name)
        if rule is not None and (wrong := rule(line, lines, record)):
            found.append((line, wrong))
    return found


def opened(lines: list[Line], episode_id: Any) -> bool:
    return any(line.episode_id == episode_id for line in named(lines, "InquiryReceived"))


def admissions(stream: str, record: Record) -> list[Line]:
    """The contract: "`Admitted` is dated the program day of the first `attended` record, whose session it names. When …
    changes which attended session is the earliest, the same transaction strikes `Admitted` and records it anew, or the
    episode is ENROLLED again." The lines with what follows added. "Any fact in a chart merged into another" is refused:
    nothing follows there until it is separated again."""
    lines = list(record[stream])
    if merging.is_merged(lines):
        return lines
    told = lines[-1]
    for enrolled in named(live(lines), "Enrolled"):
        found = attended(live(lines), record, enrolled.episode_id)
        first = found[0][1] if found else None
        now = [a for a in named(live(lines), "Admitted") if a.episode_id == enrolled.episode_id]
        right = [a for a in now if first and a.session_id == first["id"] and a.on == first["day"]]
        for wrong in now:
            if wrong not in right:
                lines.append(follow(lines, told, "EnteredInError", {"target": wrong.version}))
        if first and not right:
            fields = {"episode_id": enrolled.episode_id, "on": first["day"], "session_id": first["id"]}
            lines.append(follow(lines, told, "Admitted", fields))
    return lines


def follow(lines: list[Line], told: Line, name: str, fields: dict[str, Any]) -> Line:
    return replace(told, version=lines[-1].version + 1, name=name, fact=fields, by="system", by_role="system")


def judge(stream: str, new: Line, record: Record) -> tuple[set[str], Record]:
    """The rules that a line breaks, and the record with it and with what follows."""
    lines = record.get(stream, [])
    wrong = not_permitted(new, record, lines) | ill_timed(new, record) | ill_aimed(new, lines)
    after = {**record, stream: [*lines, new]}
    if stream.startswith("chart/"):
        wrong |= judge_chart(stream, new, record, after)
    else:
        wrong |= show.judge(stream, new, record)
    if wrong:
        return wrong, record
    after = merging.with_other_half(stream, new, after)
    others = merging.separated(stream, new, record)
    for each in [stream, *others] if stream.startswith("chart/") else list(record):
        if not each.startswith("chart/"):
            continue
        before = [line.version for line, _ in groundless(live(after[each]), record)] if each != stream else []
        after[each] = admissions(each, after)
        for line, lacks in groundless(live(after[each]), after):
            if line != new and line.version not in before:
                wrong |= BREAKS | {f"({line.version} {line.name} lacks {rule})" for rule in lacks}
    return wrong, (record if wrong else after)


def judge_chart(stream: str, new: Line, record: Record, after: Record) -> set[str]:
    before = live(record.get(stream, []))
    registered = bool(named(before, "PatientRegistered"))
    if new.name == "PatientRegistered":
        wrong = {"patient.already-registered"} if registered else set()
        return wrong | ({"patient.mrn-in-use"} if mrn_in_use(stream, new, record) else set())
    if not registered:
        return {"patient.not-registered", "episode.unknown"}
    lines = live(after[stream])
    if gone := merging.closed(stream, new, record):
        return gone
    if new.name == "ChartsMerged":
        return merging.merge(stream, new, record)
    if new.get("episode_id") is not None and new.name != "InquiryReceived" and not opened(before, new.episode_id):
        return {"episode.unknown"}
    if new.name == "EnteredInError":
        return set()
    wrong = set()
    seen = {**after, "this": after[stream]}
    for rules in (chart.GROUND, WHEN_NEW):
        rule = rules.get(new.name)
        if rule is not None:
            wrong |= rule(new, lines, seen)
    if new.name in ("AttendanceCorrected", "ResultCorrected"):
        wrong |= corrected(new, record[stream])
    return wrong | chart.overfull(stream, before, lines, record)


def corrected(new: Line, lines: list[Line]) -> set[str]:
    """The contract: "Same session; all fields anew"."""
    target = next((line for line in lines if line.version == new.corrects), None)
    if target is None:
        return set()
    for field, rule in (("session_id", "attendance.other-session"), ("screening_id", "result.other-screening")):
        if new.get(field) != target.get(field):
            return {rule}
    return {"attendance.other-session", "episode.unknown"} if new.episode_id != target.get("episode_id") else set()


def mrn_in_use(stream: str, new: Line, record: Record) -> bool:
    """The contract: "An MRN in use"."""
    for other, lines in record.items():
        if other.startswith("chart/") and other != stream:
            for line in named(live(lines), "PatientRegistered"):
                if line.mrn == new.mrn:
                    return True
    return False
