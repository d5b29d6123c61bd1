"""The sheet of a session: who is expected, who is in the room now, what is recorded, the ratio of patients to staff.

Nothing clinical stands in it: names and numbers to know people by, arrivals and departures, attendance.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart, attendance
from domain.chart.episode import Episode
from domain.chart.presence import in_the_room
from domain.compliance.rule_set import StaffRatio
from domain.compliance.rule_sets import RuleSets
from domain.facility import Facility
from domain.record import stream_name
from domain.session import Session

EXPECTED: Final = "expected"
IN_THE_ROOM: Final = "in_the_room"
LEFT: Final = "left"
RECORDED: Final = "recorded"


def sheet(session: Session, charts: Iterable[Chart], facility: Facility, rule_sets: RuleSets) -> dict[str, Any]:
    """JSON-ready; patients by name. `charts` are at least those of the session's cohort and those that name it.

    `now` is None once the session is on record as held, or cancelled: what the room was like, RAT-1 says. Family
    members are in no figure.
    """
    zone = facility.clock
    on = session.program_day(zone)
    patients = [row for chart in charts if (row := _patient(chart, session, on, zone)) is not None]
    staff = _staff(session, facility, on, zone)
    return {
        "on": on.isoformat(),
        "session": {
            "cohort_id": None if session.cohort_id is None else str(session.cohort_id),
            "kind": session.kind.value,
            "modality": session.modality.value,
            "topic": session.topic,
            "room": session.room,
            "state": "cancelled" if session.cancelled else "planned" if session.held is None else "held",
            "starts_at": _at(session.starts_at, zone),
            "ends_at": _at(session.ends_at, zone),
        },
        "now": _now(session, patients, staff, _patients_per_staff(facility, on, rule_sets)),
        "counts": {
            "expected": sum(row["expected"] for row in patients),
            **{state: sum(row["state"] == state for row in patients) for state in (IN_THE_ROOM, LEFT, RECORDED)},
        },
        "staff": staff,
        "patients": sorted(patients, key=_by_name),
    }


def expected(chart: Chart, session: Session, zone: ZoneInfo) -> Episode | None:
    """The episode by which the patient is expected: in treatment on the program day, in the session's cohort then."""
    if session.cohort_id is None:
        return None
    on = session.program_day(zone)
    for episode in chart.episodes.values():
        assigned = episode.cohort_on(on)
        mine = assigned is not None and assigned.cohort_id == session.cohort_id
        if mine and not episode.is_guest_on(on) and attendance.may_attend(chart, episode, session, zone):
            return episode
    return None


def _patient(chart: Chart, session: Session, on: date, zone: ZoneInfo) -> dict[str, Any] | None:
    record = chart.attendances.get(session.session_id)
    stays = chart.presences.get(session.session_id, ())
    # Nobody is expected by the chart that was merged into another; what is in it stays there.
    due = None if chart.merged_into is not None else expected(chart, session, zone)
    if record is None and not stays and due is None:
        return None
    if record is not None:
        state, arrived_at, left_at = RECORDED, record.arrived_at, record.left_at
    elif stays:
        state = LEFT if in_the_room(chart, session.session_id) is None else IN_THE_ROOM
        arrived_at, left_at = stays[0].arrived_at, stays[-1].left_at
    else:
        state, arrived_at, left_at = EXPECTED, None, None
    episode_id = next((one.episode_id for one in (record, *reversed(stays), due) if one is not None), None)
    return {
        "patient_id": str(chart.patient_id),
        "episode_id": None if episode_id is None else str(episode_id),
        "mrn": chart.identity.mrn,
        "given_name": chart.identity.given_name,
        "family_name": chart.identity.family_name,
        "expected": due is not None,
        "state": state,
        "arrived_at": _at(arrived_at, zone),
        "left_at": _at(left_at, zone),
        "outcome": None if record is None else record.outcome.value,
        "family_members": None if record is None else record.family_members,
        "record": None if record is None else f"{stream_name('chart', chart.patient_id)}@{record.version}",
    }


def _staff(session: Session, facility: Facility, on: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Those on record as there, of a session that was held; else those noted at the door."""
    times: list[tuple[UUID, str, datetime | None, datetime | None]]
    if session.held is not None:
        times = [(one["staff_id"], one["role"], one["from"], one["to"]) for one in session.held.staff]
    else:
        times = [(stay.staff_id, stay.role, stay.arrived_at, stay.left_at) for stay in session.stays]
    rows = []
    for staff_id, role, came, left in times:
        held = facility.credentials(staff_id, on)
        rows.append(
            {
                "staff_id": str(staff_id),
                "name": held[-1].name if held else None,
                "role": role,
                "qualified": any(line.credential is not None for line in held),
                "in_the_room": session.held is None and left is None,
                "arrived_at": _at(came, zone),
                "left_at": _at(left, zone),
            }
        )
    return rows


def _now(
    session: Session, patients: list[dict[str, Any]], staff: list[dict[str, Any]], each: int | None
) -> dict[str, Any] | None:
    if session.held is not None or not session.takes_place:
        return None
    present = sum(row["state"] == IN_THE_ROOM for row in patients)
    qualified = len({row["staff_id"] for row in staff if row["in_the_room"] and row["qualified"]})
    return {
        "patients": present,
        "staff": len({row["staff_id"] for row in staff if row["in_the_room"]}),
        "qualified_staff": qualified,
        "patients_per_staff": each,
        "within_ratio": None if each is None else present <= each * qualified,
    }


def _patients_per_staff(facility: Facility, on: date, rule_sets: RuleSets) -> int | None:
    ratio = rule_sets.applying(facility, on).terms(StaffRatio)
    return None if ratio is None else ratio.patients_per_staff


def _by_name(row: dict[str, Any]) -> tuple[str, str, str]:
    return (row["family_name"] or "").casefold(), (row["given_name"] or "").casefold(), row["patient_id"]


def _at(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return None if instant is None else instant.astimezone(zone).isoformat()
