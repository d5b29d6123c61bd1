"""What the main questions are answered, as the OpenAPI document shows it; the patient is the one of `api.examples`."""

from collections.abc import Mapping
from typing import Any, Final

from api.compliance_examples import AT_RISK, WHAT_IF
from api.examples import BEGAN, BODIES, COHORT, CONSENT, COUNSELOR, ENDED, EPISODE, PATIENT, SCREENING, SESSION

_CHART: Final = f"chart/{PATIENT}"
_RECORDED: Final = "2026-03-03T02:04:11.120415Z"
_R_AMES: Final[Mapping[str, Any]] = {
    "id": f"staff/{COUNSELOR}",
    "name": "R. Ames",
    "role": "counselor",
    "credential": "LCADC",
}

RECEIPT: Final[Mapping[str, Any]] = {
    "stream": _CHART,
    "version": 12,
    "ledger": "lexington",
    "position": 4711,
    "recorded_at": _RECORDED,
}

REFUSED: Final[Mapping[str, Any]] = {
    "type": "urn:stepdown:problem:refused",
    "title": "Conflict",
    "status": 409,
    "detail": "This session was cancelled: nobody can have attended it.",
    "rule": "attendance.session-cancelled",
}

_EPISODE: Final[Mapping[str, Any]] = {
    "episode_id": EPISODE,
    "state": "active",
    "level_of_care": "2.1",
    "cohort_id": COHORT,
    "admitted_on": "2026-03-02",
    "week_of_program": 1,
    "planned_weeks": 8,
}

CUT: Final[Mapping[str, Any]] = {
    "facility": "lexington",
    "as_of": "2026-03-03",
    "known_at": _RECORDED,
    "position": 4711,
}

STATUS: Final[Mapping[str, Any]] = {
    "patient_id": PATIENT,
    **CUT,
    "episode": _EPISODE,
    "week": {
        "week": "2026-W10",
        "minutes": 180,
        "qualifying_days": 1,
        "sessions_expected": 1,
        "sessions_attended": 1,
    },
    "attendance": {"last_attended_on": "2026-03-02", "consecutive_unexcused": 0},
    "screening": {
        "last_collected_on": "2026-03-02",
        "last_result": None,
        "pending": 1,
        "unexpected_positives_30_days": 0,
    },
    "step_down": {"stage": None, "to_level": None, "effective_on": None},
    "flags": [],
}

_EVENT: Final[Mapping[str, Any]] = {
    "ledger": "lexington",
    "position": 4711,
    "stream": _CHART,
    "version": 12,
    "type": "AttendanceRecorded",
    "recorded_at": _RECORDED,
    "by": _R_AMES,
    "source": "api",
    "reason": None,
    "correlation_id": "0198c2a0-b3d4-4b58-a7c8-d9e0f1a2b3c4",
    "causation_id": None,
    "fact": {"episode_id": EPISODE, **BODIES["record_attendance"]},
}

_SESSION: Final[Mapping[str, Any]] = {
    "cohort_id": COHORT,
    "kind": "group",
    "modality": "in_person",
    "state": "held",
    "topic": "Triggers and cravings",
    "room": "2",
    "starts_at": BEGAN,
    "ends_at": ENDED,
}

_IDENTITY: Final[Mapping[str, Any]] = {
    "patient_id": PATIENT,
    "mrn": "SYN-LEX-00417",
    "given_name": "Testa",
    "family_name": "Simulacrum",
}

_ROSTER: Final[Mapping[str, Any]] = {
    "session_id": SESSION,
    "facility": "lexington",
    "known_at": _RECORDED,
    "position": 4711,
    "on": "2026-03-02",
    "session": _SESSION,
    "now": None,
    "counts": {"expected": 1, "in_the_room": 0, "left": 0, "recorded": 1},
    "staff": [
        {
            "staff_id": COUNSELOR,
            "name": "R. Ames",
            "role": "lead",
            "qualified": True,
            "in_the_room": False,
            "arrived_at": BEGAN,
            "left_at": ENDED,
        }
    ],
    "patients": [
        {
            **_IDENTITY,
            "episode_id": EPISODE,
            "expected": True,
            "state": "recorded",
            "arrived_at": BEGAN,
            "left_at": ENDED,
            "outcome": "attended",
            "family_members": None,
            "record": f"{_CHART}@12",
        }
    ],
}

_WEEKLY: Final[Mapping[str, Any]] = {
    "report": "weekly",
    **CUT,
    "as_of": "2026-03-08",
    "week": "2026-W10",
    "rule_set": "landmark-iop",
    "rule_set_version": "1",
    "rules": ["HRS-1"],
    "generated_at": "2026-03-09T13:00:00.000000Z",
    "row_count": 1,
    "charts_destroyed": 0,
    "sha256": "0" * 64,
    "requested_by": f"staff/{COUNSELOR}",
    "purpose": "operations",
    "rows": [
        {
            "rule": "HRS-1",
            "subject": "patient",
            "subject_id": PATIENT,
            "period_start": "2026-03-02",
            "period_end": "2026-03-08",
            "verdict": "not_met",
            "value": 180,
            "of": 540,
            "evidence": [f"{_CHART}@12"],
            "missing": [],
            "figures": {},
        }
    ],
}

_MONTHLY: Final[Mapping[str, Any]] = {
    **{key: value for key, value in _WEEKLY.items() if key != "week"},
    "report": "monthly",
    "as_of": "2026-03-31",
    "month": "2026-03",
    "rules": ["ATT-1"],
    "rows": [
        {
            "rule": "ATT-1",
            "subject": "facility",
            "subject_id": "lexington",
            "period_start": "2026-03-01",
            "period_end": "2026-03-31",
            "verdict": "met",
            "value": 1,
            "of": 1,
            "evidence": [f"{_CHART}@12"],
            "missing": [],
            "figures": {"excused": 0},
        }
    ],
}

_COMPLIANCE: Final[Mapping[str, Any]] = {
    "patient_id": PATIENT,
    **CUT,
    "as_of": "2026-03-08",
    "version": 13,
    "rule_set": "landmark-iop",
    "rule_set_version": "1",
    "findings": _WEEKLY["rows"],
}

_SCREENINGS: Final[Mapping[str, Any]] = {
    "patient_id": PATIENT,
    **CUT,
    "version": 13,
    "screenings": [
        {
            "screening_id": SCREENING,
            "episode_id": EPISODE,
            "event": f"{_CHART}@9",
            "ordered_at": "2026-03-02T15:00:00.000000Z",
            "random": True,
            "drawn_by": "facility/lexington@31",
            "panel": ["opiates", "cannabinoids"],
            "collection": {"outcome": "collected", "event": f"{_CHART}@13", "at": BEGAN},
            "validity": None,
            "result": None,
            "analytes": [],
            "reports": [],
            "corrections": [],
        }
    ],
    "breath_alcohol": [],
    "prescriptions": [],
}

_DISCLOSURES: Final[Mapping[str, Any]] = {
    "patient_id": PATIENT,
    **CUT,
    "basis": "part2",
    "from_on": "2023-03-03",
    "disclosures": [
        {
            "event": f"{_CHART}@14",
            "on": "2026-03-03",
            **{name: value for name, value in BODIES["disclose"].items() if name != "consent_id"},
            "consent_id": CONSENT,
            "consent_in_doubt": False,
            "by": _R_AMES,
        }
    ],
}

_STAFF: Final[Mapping[str, Any]] = {
    "facility": "lexington",
    "on": "2026-03-02",
    "known_at": _RECORDED,
    "position": 4711,
    "staff": [
        {
            "staff_id": COUNSELOR,
            "name": "R. Ames",
            "credentials": [
                {
                    "role": "counselor",
                    "credential": "LCADC",
                    "licence_number": "SYN-4711",
                    "valid_from": "2025-07-01",
                    "valid_to": "2027-06-30",
                }
            ],
        }
    ],
}

_COHORT: Final[Mapping[str, Any]] = {
    "cohort_id": COHORT,
    **{name: value for name, value in BODIES["form_cohort"].items() if name != "on"},
    "seats_taken": 7,
    "formed_on": "2026-02-23",
    "closed_on": None,
}

_COHORTS: Final[Mapping[str, Any]] = {
    "facility": "lexington",
    "on": "2026-03-02",
    "known_at": _RECORDED,
    "position": 4711,
    "cohorts": [_COHORT],
}

ANSWERS: Final[Mapping[str, Any]] = {
    "read_staff": _STAFF,
    "read_cohorts": _COHORTS,
    "read_status": STATUS,
    "read_history": {
        "patient_id": PATIENT,
        **CUT,
        "version": 12,
        "facts": [_EVENT],
        "next_after": None,
        "status": STATUS,
    },
    "read_screenings": _SCREENINGS,
    "read_disclosures": _DISCLOSURES,
    "find_patients": {"facility": "lexington", "patients": [{**_IDENTITY, "birth_date": "1987-05-04"}]},
    "read_census": {
        **CUT,
        "rows": [{"patient_id": PATIENT, **_EPISODE, "last_attended_on": "2026-03-02", "flags": []}],
    },
    "read_sessions": {
        "facility": "lexington",
        "on": "2026-03-02",
        "known_at": _RECORDED,
        "position": 4711,
        "sessions": [
            {
                "session_id": SESSION,
                **_SESSION,
                "started_at": BEGAN,
                "ended_at": ENDED,
                "cancelled": None,
                "attended": 1,
                "absent_excused": 0,
                "absent_unexcused": 0,
                "recorded": 1,
                "staff": [{"staff_id": COUNSELOR, "name": "R. Ames", "role": "lead"}],
            }
        ],
    },
    "read_roster": _ROSTER,
    "read_weekly_report": _WEEKLY,
    "read_monthly_report": _MONTHLY,
    "read_at_risk": {**CUT, **AT_RISK},
    "compare_rule_sets": {**CUT, **WHAT_IF},
    "read_compliance": _COMPLIANCE,
    "read_random_draws": {
        "facility": "lexington",
        "position": 4711,
        "draws": [
            {
                "event": "facility/lexington@31",
                "recorded_at": "2026-03-02T15:00:00.000000Z",
                "on": "2026-03-02",
                "seed": "c0ffee",
                "pool": [PATIENT],
                "drawn": [{"patient_id": PATIENT, "screening_id": SCREENING}],
            }
        ],
        "next_after": None,
    },
    "read_access": {
        "patient_id": PATIENT,
        "facility": "lexington",
        "known_at": _RECORDED,
        "position": 815,
        "looks": [
            {
                "event": "access/0198c2a0-b3d4-4b58-a7c8-d9e0f1a2b3c4@7",
                "at": _RECORDED,
                "by": _R_AMES,
                "what": "read_status",
                "purpose": "treatment",
                "at_version": 12,
            }
        ],
        "next_after": None,
    },
    **{
        f"find_{what}": {"facility": "lexington", "patient_id": PATIENT, "stream": _CHART}
        for what in ("episode", "screening", "step_down", "consent")
    },
}
"""`operationId` → an answer. The facts of a site are no JSON document; health needs no example."""
