"""What is sent and answered about issued reports, as the OpenAPI document shows it."""

from collections.abc import Mapping
from typing import Any, Final

from api.examples import COUNSELOR, PATIENT, SESSION

REPORT: Final = "0198c2a0-b5f2-4c90-9a3e-4d5c6b7a8990"
_OFFICER: Final[Mapping[str, Any]] = {
    "id": "staff/0198c2a0-b8d1-4e02-8b7c-5e6d7c8b9aa1",
    "name": "C. Vane",
    "role": "compliance_officer",
    "credential": None,
}
_R_AMES: Final[Mapping[str, Any]] = {
    "id": f"staff/{COUNSELOR}",
    "name": "R. Ames",
    "role": "counselor",
    "credential": "LCADC",
}
_KNOWN: Final = "2026-03-09T12:58:03.417722Z"

ISSUE: Final[Mapping[str, Any]] = {
    "kind": "weekly",
    "week": "2026-W10",
    "as_of": "2026-03-08",
    "purpose": "operations",
}

_HEADER: Final[Mapping[str, Any]] = {
    "report_id": REPORT,
    "version": 2,
    "report": "weekly",
    "facility": "lexington",
    "week": "2026-W10",
    "rule_set": "landmark-iop",
    "rule_set_version": "1",
    "rule_set_asked": False,
    "as_of": "2026-03-08",
    "known_at": _KNOWN,
    "position": 4711,
    "row_count": 1,
    "sha256": "0" * 64,
    "requested_by": _OFFICER["id"],
    "purpose": "operations",
    "issued_at": "2026-03-09T13:00:00.120415Z",
    "issued_by": _OFFICER,
    "attested_on": "2026-03-10",
    "attested_by": _OFFICER,
    "struck_by": None,
}

_SUBJECT: Final[Mapping[str, Any]] = {
    "rule": "HRS-1",
    "subject": "patient",
    "subject_id": PATIENT,
    "period_start": "2026-03-02",
    "period_end": "2026-03-08",
}
_CHART: Final = f"chart/{PATIENT}"

_THEN: Final[Mapping[str, Any]] = {
    "rule_set": "landmark-iop",
    "rule_set_version": "1",
    "known_at": _KNOWN,
    "position": 4711,
    "row_count": 1,
    "sha256": "0" * 64,
}
_NOW: Final[Mapping[str, Any]] = {
    **_THEN,
    "known_at": "2026-03-11T14:00:00.551240Z",
    "position": 4790,
    "sha256": "1" * 64,
}

ANSWERS: Final[Mapping[str, Any]] = {
    "read_issued_reports": {"facility": "lexington", "position": 4790, "reports": [_HEADER], "next_before": None},
    "read_issued_report": {
        **_HEADER,
        "rows": [
            {
                **_SUBJECT,
                "verdict": "not_met",
                "value": 360,
                "of": 540,
                "evidence": [f"{_CHART}@12", f"session/{SESSION}@2"],
            }
        ],
    },
    "read_report_delta": {
        **{name: _HEADER[name] for name in ("report_id", "report", "facility", "week", "as_of")},
        "known_at": _NOW["known_at"],
        "position": _NOW["position"],
        "issued": _THEN,
        "now": {**_NOW, "charts_destroyed": 0},
        "added": [],
        "removed": [],
        "changed": [
            {
                **_SUBJECT,
                "changes": {
                    "verdict": {"before": "not_met", "after": "met"},
                    "value": {"before": 360, "after": 540},
                    "evidence": {
                        "before": [f"{_CHART}@12", f"session/{SESSION}@2"],
                        "after": [f"{_CHART}@13", f"session/{SESSION}@2"],
                    },
                },
                "facts": [f"{_CHART}@13"],
                "time_passed": False,
                "program_changed": False,
            }
        ],
        "facts": [
            {
                "event": f"{_CHART}@13",
                "type": "AttendanceCorrected",
                "position": 4790,
                "recorded_at": _NOW["known_at"],
                "by": _R_AMES,
                "source": "api",
                "reason": "sign-in sheet says otherwise",
                "about": f"{_CHART}@12",
                "late_hours": 132,
            }
        ],
    },
}
"""`operationId` → an answer."""
