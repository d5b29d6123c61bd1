"""What is answered about the trail of a chart, and about how late a site records, as the OpenAPI document shows it."""

from collections.abc import Mapping
from typing import Any, Final

from api.answer_examples import ANSWERS as OF_QUESTIONS
from api.examples import PATIENT, SESSION

_HISTORY: Final = OF_QUESTIONS["read_history"]
_RECORD: Final[Mapping[str, Any]] = _HISTORY["facts"][0]
_CHANGED_AT: Final = "2026-03-05T15:12:40.003177Z"

_TOLD: Final[Mapping[str, Any]] = {
    "event": f"{_RECORD['stream']}@13",
    "type": "Admitted",
    "recorded_at": _CHANGED_AT,
    "by": _RECORD["by"],
}

_LATE: Final[Mapping[str, Any]] = {
    "entries": 412,
    "median_minutes": 14,
    "p90_minutes": 1120,
    "longest_minutes": 9375,
    "late": 31,
    "late_share": 0.0752,
    "late_with_reason": 31,
    "late_without_reason": 0,
}

ANSWERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "read_changes": {
        "patient_id": PATIENT,
        "facility": "lexington",
        "as_of": "2026-03-05",
        "from": {"known_at": "2026-03-02T22:00:00Z", "position": 4702, "version": 11},
        "to": {"known_at": _CHANGED_AT, "position": 4718, "version": 12},
        "changes": [
            {"field": "episode.state", "before": "enrolled", "after": "active"},
            {"field": "week.minutes", "before": 0, "after": 180},
        ],
        "time_passed": False,
        "facts": [
            {
                **_RECORD,
                "happened_at": "2026-03-03T02:00:00.000000Z",
                "lateness_minutes": 4,
                "state_after": {"state": "active", "admitted_on": "2026-03-02"},
            }
        ],
        "beside": [
            {
                **_RECORD,
                "position": 4718,
                "stream": f"session/{SESSION}",
                "version": 2,
                "type": "SessionTimesCorrected",
                "recorded_at": _CHANGED_AT,
                "reason": "The clock of the room was slow.",
                "fact": {"started_at": "2026-03-02T23:00:00Z", "ended_at": "2026-03-03T02:00:00Z", "staff": []},
            }
        ],
    },
    "read_late_entries": {
        "facility": "lexington",
        "per": "kind",
        "from": "2026-03-02",
        "to": "2026-03-08",
        "known_at": _CHANGED_AT,
        "position": 4718,
        "rows": [{"kind": "AttendanceRecorded", **_LATE}],
        "whole": _LATE,
    },
    "read_blast_radius": {
        "event": f"{_RECORD['stream']}@12",
        "type": "AttendanceRecorded",
        "facility": "lexington",
        "recorded_at": _RECORD["recorded_at"],
        "position": 4711,
        "known_at": _CHANGED_AT,
        "undone_by": {**_TOLD, "event": f"{_RECORD['stream']}@14", "type": "AttendanceCorrected"},
        "stood": [
            {
                "since": {**_TOLD, "event": f"{_RECORD['stream']}@12", "type": "AttendanceRecorded"},
                "until": {**_TOLD, "event": f"{_RECORD['stream']}@14", "type": "AttendanceCorrected"},
            }
        ],
        "reports": [],
        "reports_unread": [],
        "reports_before": [],
        "requires": [],
        "caused": [{**_TOLD, "type": "Admitted"}],
        "meanwhile": [],
        "looks": [{**_TOLD, "type": "ChartRead", "what": "read_status", "at_version": 13}],
        "more_looks": False,
        "exports": [],
        "more_exports": False,
        "limits": ["Files: of one that left, kind, rows and hash are on record, not which facts are in it."],
    },
}
