"""Who may read what, and for which purpose, at one's own facility: roles, actions and purposes, kept as data here.

What isn't named is denied. Recording follows `domain.acts`, which says who may record which fact; the decision judges
the same again on the fact's own date, with the person's credential. Reading:

- front desk and alumni coordinators never see diagnoses or results of screenings, so neither status nor history nor
  census nor reports: they find a patient by MRN and see the sessions of a day; the front desk, which checks people
  in, sees the names of those expected today;
- the laboratory's interface adds results and reads nothing;
- an auditor reads for an audit alone (42 CFR 2.53), and no whole ledger;
- `research` (42 CFR 2.52) is nobody's yet: its basis can't be put on record so far.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from domain.access import Purpose
from domain.acts import (
    ACTS,
    ADMINISTRATOR,
    ADMISSIONS,
    ALUMNI_COORDINATOR,
    AUDITOR,
    CASE_MANAGER,
    COMPLIANCE_OFFICER,
    COUNSELOR,
    FAMILY_THERAPIST,
    FRONT_DESK,
    INTAKE_CLINICIAN,
    LAB,
    MEDICAL_DIRECTOR,
    NURSE,
    OPERATOR,
    STRIKES_OF,
    SUPERVISOR,
    THERAPIST,
)


class Read(StrEnum):
    """Actions that only look. Those that record are named by `recording`."""

    CHART = "read_chart"
    """The status of one patient."""
    HISTORY = "read_history"
    """Every fact of one patient."""
    SEARCH = "search_patients"
    """Who has this MRN: id, name and birth date."""
    CENSUS = "read_census"
    """Everybody in care, with state and flags."""
    SITE = "read_site"
    """Who works here with which credential, and the cohorts with their seats; no patient."""
    SESSIONS = "read_sessions"
    """The sessions of a day; nobody's name."""
    ROSTER = "read_roster"
    """Who is expected at a session and who is in the room, by name; nothing clinical."""
    ROSTER_TODAY = "read_roster_of_today"
    """The same of the sessions of today."""
    REPORT = "read_report"
    """Compliance reports."""
    EXPORT = "export_tables"
    """Attendance, screenings, step-downs, census of a site as files; ids, no names."""
    FACTS = "read_facts"
    """The whole ledger of a site."""


def recording(fact: type[Any]) -> str:
    """The action that records a fact of this kind, such as `record AttendanceRecorded`."""
    return f"record {fact.__name__}"


_CARE: Final = frozenset({Purpose.TREATMENT, Purpose.OPERATIONS})
_OFFICE: Final = frozenset({Purpose.OPERATIONS, Purpose.PAYMENT})
_OVERSIGHT: Final = frozenset({Purpose.OPERATIONS, Purpose.AUDIT})
_AUDIT: Final = frozenset({Purpose.AUDIT})
_ANY: Final = frozenset({Purpose.TREATMENT, Purpose.OPERATIONS, Purpose.PAYMENT, Purpose.AUDIT})

_CLINIC: Final = (Read.CHART, Read.HISTORY, Read.SEARCH, Read.CENSUS, Read.SITE, Read.SESSIONS, Read.ROSTER)
_DOOR: Final = (Read.SEARCH, Read.SITE, Read.SESSIONS)
_ENTRY: Final = (Read.CHART, Read.SEARCH, Read.CENSUS, Read.SITE, Read.SESSIONS)

READS: Final[Mapping[str, tuple[tuple[Read, ...], frozenset[Purpose]]]] = {
    COUNSELOR: ((*_CLINIC, Read.REPORT), _CARE),
    THERAPIST: ((*_CLINIC, Read.REPORT), _CARE),
    FAMILY_THERAPIST: ((*_CLINIC, Read.REPORT), _CARE),
    SUPERVISOR: ((*_CLINIC, Read.REPORT), _CARE),
    MEDICAL_DIRECTOR: ((*_CLINIC, Read.REPORT), _CARE),
    NURSE: (_CLINIC, _CARE),
    INTAKE_CLINICIAN: (_CLINIC, _CARE),
    CASE_MANAGER: ((*_ENTRY, Read.ROSTER), _CARE),
    ADMISSIONS: (_ENTRY, _CARE),
    FRONT_DESK: ((*_DOOR, Read.ROSTER_TODAY), _CARE),
    ALUMNI_COORDINATOR: (_DOOR, _CARE),
    ADMINISTRATOR: ((*_ENTRY, Read.REPORT), _OFFICE),
    COMPLIANCE_OFFICER: (tuple(Read), _OVERSIGHT),
    AUDITOR: ((*_CLINIC, Read.REPORT), _AUDIT),
    OPERATOR: (tuple(Read), _ANY),
    LAB: ((), frozenset()),
}
"""Role → what it may read, and for which purposes."""

_RECORDED_FOR: Final = _CARE
"""Facts are recorded in treating and in running the program; the other purposes only look."""

_ALSO: Final[Mapping[str, frozenset[str]]] = {
    # An excused absence is recorded by whoever may excuse, as outreach is: the decision looks at the outcome.
    "AttendanceRecorded": ACTS["OutreachAttempted"].roles,
    # An excuse may be corrected by whoever excuses, as long as it stays one: the decision looks at both outcomes.
    "AttendanceCorrected": ACTS["OutreachAttempted"].roles,
    # Who may strike depends on what is struck, which the decision knows.
    "EnteredInError": frozenset().union(*(act.roles for act in STRIKES_OF.values())),
}

RECORDS: Final[Mapping[str, frozenset[str]]] = {
    f"record {name}": act.roles | _ALSO.get(name, frozenset()) for name, act in ACTS.items()
}
"""Action → the roles that may record some fact of that kind."""

ACTIONS: Final = frozenset({*Read, *RECORDS})


def permitted(role: str, action: str, purpose: Purpose) -> bool:
    """Whether somebody in this role may do this for this purpose, at the facility where they have the role."""
    if action in RECORDS:
        return role in RECORDS[action] and purpose in _RECORDED_FOR
    actions, purposes = READS.get(role, ((), frozenset()))
    return action in actions and purpose in purposes
