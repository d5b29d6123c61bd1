"""What questions of what-if and of who is at risk are answered, beside the cut that `api.answer_examples` adds."""

from collections.abc import Mapping
from typing import Any, Final

from api.examples import COHORT, COUNSELOR, EPISODE, PATIENT, SESSION

_CHART: Final = f"chart/{PATIENT}"

WHAT_IF: Final[Mapping[str, Any]] = {
    "what_if": "weekly",
    "as_of": "2026-03-08",
    "week": "2026-W10",
    "adopted": {"rule_set": "landmark-iop", "rule_set_version": "1", "rules": ["HRS-1"]},
    "other": {
        "rule_set": "landmark-iop",
        "rule_set_version": "1",
        "rules": ["HRS-1"],
        "changes": [{"rule": "HRS-1", "threshold": "at_least_minutes", "before": 540, "after": 480}],
    },
    "generated_at": "2026-03-09T13:00:00.000000Z",
    "requested_by": f"staff/{COUNSELOR}",
    "purpose": "operations",
    "row_count": 1,
    "changed_count": 1,
    "verdicts": [{"rule": "HRS-1", "adopted": {"not_met": 1}, "other": {"met": 1}}],
    "rows": [
        {
            "rule": "HRS-1",
            "subject": "patient",
            "subject_id": PATIENT,
            "period_start": "2026-03-02",
            "period_end": "2026-03-08",
            "changed": True,
            "adopted": {"verdict": "not_met", "value": 500, "of": 540},
            "other": {"verdict": "met", "value": 500, "of": 480},
        }
    ],
}

AT_RISK: Final[Mapping[str, Any]] = {
    "week": "2026-W10",
    "asked_at": "2026-03-03T22:55:00Z",
    "rule_set": "landmark-iop",
    "rule_set_version": "1",
    "rows": [
        {
            "patient_id": PATIENT,
            "episode_id": EPISODE,
            "state": "active",
            "since": "2026-03-02",
            "cohort_id": COHORT,
            "days_left": 0,
            "hours": {
                "minutes": 360,
                "goals": [
                    {
                        "rule": "HRS-1",
                        "value": 360,
                        "of": 540,
                        "verdict": "can_reach",
                        "sessions": [SESSION],
                        "short_by": 0,
                        "because": None,
                    }
                ],
                "ahead": [
                    {
                        "session_id": SESSION,
                        "kind": "group",
                        "on": "2026-03-03",
                        "from_at": "2026-03-03T23:00:00Z",
                        "to_at": "2026-03-04T02:00:00Z",
                        "minutes": 180,
                    }
                ],
                "unrecorded": [],
                "untimed": [],
            },
            "due": [
                {
                    "step": "plan_signature",
                    "rule": "PLN-1",
                    "due_on": "2026-03-09",
                    "days_left": 6,
                    "since": f"{_CHART}@6",
                    "sentence": "Have the treatment plan signed, by clinician and patient.",
                }
            ],
        }
    ],
    "staff": [
        {
            "staff_id": COUNSELOR,
            "role": "counselor",
            "credential": "LCADC",
            "step": "credential",
            "rule": None,
            "due_on": "2026-03-31",
            "days_left": 28,
            "since": "facility/lexington@4",
            "sentence": "Renew a credential in the staff list: without it nothing can be signed.",
        }
    ],
}
