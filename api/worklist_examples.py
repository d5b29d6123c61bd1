"""What the lists of a site to work from are answered with, as the OpenAPI document shows it."""

from collections.abc import Mapping
from typing import Any, Final

from api.answer_examples import CUT
from api.examples import EPISODE, PATIENT, SCREENING

_CHART: Final = f"chart/{PATIENT}"
_STAFF: Final = "staff/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb"

_SCREENING: Final[Mapping[str, Any]] = {
    "patient_id": PATIENT,
    "episode_id": EPISODE,
    "screening_id": SCREENING,
    "event": f"{_CHART}@9",
    "on": "2026-03-02",
    "collection": "collected",
    "collected_at": "2026-03-02T22:40:00Z",
    "panel": ["opiates", "cocaine"],
    "result": "unexpected_positive",
    "positive": ["opiates"],
    "due": [
        {
            "step": "discussion",
            "since": f"{_CHART}@11",
            "reported_on": "2026-03-02",
            "due_on": "2026-03-05",
            "days_left": 2,
        }
    ],
}

_STEP_DOWN: Final[Mapping[str, Any]] = {
    "patient_id": PATIENT,
    "episode_id": EPISODE,
    "step_down_id": SCREENING,
    "event": f"{_CHART}@10",
    "to_level": "1.0",
    "weekly_minutes": 180,
    "effective_on": "2026-03-09",
    "stage": "recommended",
    "steps": [{"stage": "recommended", "on": "2026-03-02", "by": _STAFF, "event": f"{_CHART}@10"}],
    "waits_for": [
        {
            "step": "cosignature",
            "whom": "staff",
            "roles": ["medical_director", "supervisor"],
            "but_not": _STAFF,
            "since": f"{_CHART}@10",
            "due_on": "2026-03-09",
            "days_left": 6,
        }
    ],
}

_DONE: Final[Mapping[str, Any]] = {
    "position": 4711,
    "event": f"{_CHART}@12",
    "type": "AttendanceRecorded",
    "patient_id": PATIENT,
    "recorded_at": CUT["known_at"],
    "recorded_elsewhere_at": None,
    "by": {"id": _STAFF, "name": "R. Ames", "role": "counselor", "credential": "LCADC"},
    "source": "api",
    "reason": None,
    "happened_at": "2026-03-03T02:00:00Z",
    "lateness_minutes": 4,
    "late": False,
}

_WEEK: Final[Mapping[str, Any]] = {
    "week": "2026-W10",
    "active": "full",
    "minutes": 360,
    "minutes_owed": 540,
    "qualifying_days": 2,
    "days_owed": 3,
    "of_at_least_minutes": 180,
    "sessions_expected": 2,
    "sessions_attended": 2,
    "days": [{"on": "2026-03-02", "minutes": 180}, {"on": "2026-03-03", "minutes": 180}],
}

ANSWERS: Final[Mapping[str, Any]] = {
    "read_site_screenings": {**CUT, "from": "2026-02-25", "to": "2026-03-03", "rows": [_SCREENING]},
    "read_activity": {
        "facility": "lexington",
        "known_at": CUT["known_at"],
        "position": 4711,
        "rows": [_DONE],
        "next_after": None,
    },
    "read_weeks": {"patient_id": PATIENT, **CUT, "version": 12, "weeks": [_WEEK]},
    "read_site_week": {
        **CUT,
        "week": "2026-W10",
        "rule_set": "landmark-iop",
        "rule_set_version": "1",
        "rows": [{"patient_id": PATIENT, **_WEEK}],
    },
    "read_site_step_downs": {**CUT, "from": None, "to": None, "rows": [_STEP_DOWN]},
}
"""`operationId` → an answer."""
