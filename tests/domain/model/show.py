"""Sessions, cohorts, the program offered and the staff list in the model: what each line needs to stand on.

Left open, and settled here: a session may end in the instant in which it starts; a move to a time that has not come is
refused when somebody attended, as that would be in the future; who was in the room may be corrected like the times; a
session is held, and its staff comes, on its day as it is planned when that is recorded.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from tests.domain.model.record import Line, Record, live, local_date, named
from tests.domain.model.site import FACILITY, ONE_TO_ONE, cohort, is_of_its_day, offers, session


def judge(stream: str, new: Line, record: Record) -> set[str]:
    kind = stream.partition("/")[0]
    if kind == "session":
        return judge_session(stream, new, record)
    if kind == "cohort":
        return judge_cohort(stream, new, record)
    return judge_facility(new, record)


# ---- sessions


def judge_session(stream: str, new: Line, record: Record) -> set[str]:
    lines = live(record.get(stream, []))
    if new.name == "EnteredInError":
        return struck(stream, new, record)
    if new.name == "SessionScheduled":
        return {"session.already-scheduled"} if named(lines, "SessionScheduled") else planned(new, new, record)
    scheduled = named(lines, "SessionScheduled")
    if not scheduled:
        return {"session.unknown"}
    held, cancelled = bool(named(lines, "SessionHeld")), bool(named(lines, "SessionCancelled"))
    wrong = set()
    if cancelled:
        wrong.add("session.cancelled")
    if new.name in ("SessionRescheduled", "SessionCancelled") and held:
        wrong.add("session.was-held")
    if new.name == "SessionRescheduled":
        wrong |= planned(new, scheduled[0], record)
        if local_date(new.starts_at) > local_date(new.told_at) and somebody_came(stream, record):
            wrong.add("session.attended")
    if new.name == "SessionHeld" and held:
        wrong.add("session.already-held")
    if new.name == "SessionTimesCorrected":
        wrong |= set() if held else {"session.not-held"}
        wrong |= set() if new.why else {"correction.without-reason"}
    if new.name in ("SessionHeld", "SessionTimesCorrected"):
        wrong |= set() if new.started_at <= new.ended_at else {"session.ends-before-it-starts"}
        wrong |= other_day(stream, new, record)
    return wrong


def other_day(stream: str, new: Line, record: Record) -> set[str]:
    there = session(record, UUID(stream.partition("/")[2]))
    assert there is not None
    on_time = is_of_its_day(there, new.started_at)
    staff = all(is_of_its_day(there, came["from"], new.ended_at) for came in new.staff)
    return set() if on_time and staff else {"session.other-day"}


def planned(new: Line, scheduled: Line, record: Record) -> set[str]:
    """The contract: "An end before its start"; one-to-one kinds "have no `cohort_id`"."""
    wrong = set()
    if new.ends_at < new.starts_at:
        wrong.add("session.ends-before-it-starts")
    if new.ends_at - new.starts_at > timedelta(hours=24):
        wrong.add("session.too-long")
    if scheduled.cohort_id is not None:
        there = cohort(record, scheduled.cohort_id)
        if scheduled.kind in ONE_TO_ONE:
            wrong.add("session.one-to-one-with-cohort")
        if there is None:
            wrong |= {"cohort.unknown"} if new is scheduled else set()
        elif there["closed_on"] and local_date(new.starts_at) > there["closed_on"]:
            wrong.add("session.cohort-closed")
        elif local_date(new.starts_at) < there["on"]:
            wrong.add("cohort.before-forming")
    return wrong


def somebody_came(stream: str, record: Record) -> bool:
    """The contract: "An attendance … more than 5 minutes after it is recorded": nobody came to what is still to be."""
    session_id = stream.partition("/")[2]
    return any(
        str(line.session_id) == session_id and line.outcome == "attended"
        for other, lines in record.items()
        if other.startswith("chart/")
        for line in named(live(lines), "AttendanceRecorded", "AttendanceCorrected")
    )


def struck(stream: str, new: Line, record: Record) -> set[str]:
    """The contract: "Every … strike is judged by refolding": whatever is on record of the session still needs what is
    struck."""
    lines = record.get(stream, [])
    target = next((line for line in live(lines) if line.version == new.target), None)
    if target is None:
        return set()
    if target.name == "SessionScheduled":
        rest = [line for line in live(lines) if line is not target]
        return {"correction.breaks-history", "correction.rested-upon"} if rest or rested_on(stream, record) else set()
    if target.name == "SessionHeld" and named(live(lines), "SessionTimesCorrected"):
        return {"correction.breaks-history", "correction.rested-upon"}
    if target.name == "SessionRescheduled":
        after = {**record, stream: [*lines, new]}
        there = session(after, lines and stream.partition("/")[2])  # type: ignore[arg-type]
        if there and there["day"] > local_date(new.told_at) and somebody_came(stream, record):
            return {"session.attended", "correction.breaks-history"}
    return set()


def rested_on(stream: str, record: Record) -> list[Line]:
    key = stream.partition("/")[2]
    field = stream.partition("/")[0] + "_id"
    return [
        line
        for other, lines in record.items()
        if other.startswith(("chart/", "session/"))
        for line in live(lines)
        if str(line.get(field)) == key
    ]


# ---- cohorts


def judge_cohort(stream: str, new: Line, record: Record) -> set[str]:
    lines = live(record.get(stream, []))
    formed = named(lines, "CohortFormed")
    if new.name == "EnteredInError":
        return struck_cohort(stream, new, record)
    if new.name == "CohortFormed":
        wrong = {"cohort.already-formed"} if formed else set()
        wrong |= set() if new.capacity > 0 else {"cohort.capacity"}
        return wrong | pattern(new, new.program, new.on, record)
    if not formed:
        return {"cohort.unknown"}
    closed = named(lines, "CohortClosed")
    if new.name == "CohortClosed":
        wrong = {"cohort.already-closed"} if closed else set()
        return wrong | ({"cohort.before-forming"} if new.on < formed[0].on else set())
    wrong = {"cohort.before-forming"} if new.effective_on < formed[0].on else set()
    if closed and new.effective_on > closed[0].on:
        wrong |= {"cohort.change-after-closing", "cohort.closed"}
    return wrong | pattern(new, formed[0].program, new.effective_on, record)


def pattern(new: Line, program: str, on: date, record: Record) -> set[str]:
    """The contract: "A cohort outside the blocks or patterns … of the program offered (where one is on record), without
    `reason`"."""
    wrong = set()
    if new.ends < new.starts:
        wrong.add("cohort.ends-before-it-starts")
    offer = offers(record, program, on)
    if offer is not None and not new.why:
        block = f"{new.starts}-{new.ends}"
        fits = block in offer.blocks and set(new.weekdays) in [set(p) for p in offer.patterns]
        wrong |= set() if fits else {"program.outside"}
    return wrong


def struck_cohort(stream: str, new: Line, record: Record) -> set[str]:
    lines = live(record.get(stream, []))
    target = next((line for line in lines if line.version == new.target), None)
    if target is None or target.name != "CohortFormed":
        return set()
    rest = [line for line in lines if line is not target]
    return {"correction.breaks-history", "correction.rested-upon"} if rest or rested_on(stream, record) else set()


# ---- the facility


def judge_facility(new: Line, record: Record) -> set[str]:
    lines = live(record.get(FACILITY, []))
    if new.name == "HolidayDeclared" and any(h.on == new.on for h in named(lines, "HolidayDeclared")):
        return {"holiday.already-declared"}
    if new.name == "CredentialEnded":
        mine = [
            c
            for c in named(lines, "StaffCredentialed")
            if c.staff_id == new.staff_id and c.credential == new.credential
        ]
        if not mine:
            return {"credential.unknown"}
        wrong = {"credential.not-begun"} if new.on < min(c.valid_from for c in mine) else set()
        again = [
            e for e in named(lines, "CredentialEnded") if (e.staff_id, e.credential) == (new.staff_id, new.credential)
        ]
        return wrong | ({"credential.already-ended"} if again else set())
    return set()
