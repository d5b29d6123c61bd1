"""A body for every command, as the OpenAPI document shows it: one patient's way through a program, by `operationId`.

Nobody in it exists. What the answers look like is in `api.answer_examples`.
"""

from collections.abc import Mapping
from typing import Any, Final

COHORT: Final = "0198c2a0-5d1e-4c4f-9a51-1f0c7a3e2b10"
SESSION: Final = "0198c2a0-61b7-4b0e-8f0d-52c9d3f4e821"
PATIENT: Final = "0198c2a0-77aa-47d3-b0a9-8e6f5c4d3b2a"
ELSEWHERE: Final = "0198c2a0-7f03-4c19-8d2e-9b8a7c6d5e4f"
EPISODE: Final = "0198c2a0-8c44-4e8a-a2f1-6d5e4c3b2a19"
SCREENING: Final = "0198c2a0-93d0-41f7-9c3b-2a1908f7e6d5"
CONSENT: Final = "0198c2a0-9b6e-4d25-8e7f-3c4b5a697887"
COUNSELOR: Final = "0198c2a0-a1c2-4f36-b4d5-e6f708192a3b"
GOAL: Final = "0198c2a0-a9e8-4a47-8b6c-7d8e9fa0b1c2"

BEGAN: Final = "2026-03-02T18:00:00-05:00"
ENDED: Final = "2026-03-02T21:00:00-05:00"
_MONDAY: Final[Mapping[str, Any]] = {"on": "2026-03-02"}
_APRIL: Final[Mapping[str, Any]] = {"on": "2026-04-13"}
_MAY: Final[Mapping[str, Any]] = {"on": "2026-05-04"}
_EVENINGS: Final[Mapping[str, Any]] = {"weekdays": ["mon", "tue", "thu"], "starts": "18:00", "ends": "21:00"}
_LED: Final[Mapping[str, Any]] = {
    "started_at": BEGAN,
    "ended_at": ENDED,
    "staff": [{"staff_id": COUNSELOR, "role": "lead", "from": BEGAN, "to": ENDED}],
}
_ATTENDED: Final[Mapping[str, Any]] = {"outcome": "attended", "arrived_at": BEGAN, "left_at": ENDED}
_RATED: Final[Mapping[str, Any]] = {"ratings": [0, 1, 2, 2, 1, 1], "edition": "3", "indicated_level": "2.1"}
_SCREEN: Final[Mapping[str, Any]] = {"analyte": "opiates", "loinc": "19295-5", "cutoff_ng_ml": 2000}
_CONFIRMATION: Final[Mapping[str, Any]] = {"analyte": "opiates", "loinc": "18390-5", "cutoff_ng_ml": 2000}
_HOLD: Final[Mapping[str, Any]] = {"patient_id": PATIENT, "authority": "Fayette Circuit Court, case 26-CI-0417"}

_SITE: Final[Mapping[str, Any]] = {
    "open_facility": {"code": "lexington", "name": "Lexington", "zone": "America/New_York"},
    "credential_staff": {
        "staff_id": COUNSELOR,
        "name": "R. Ames",
        "role": "counselor",
        "credential": "LCADC",
        "licence_number": "SYN-4711",
        "valid_from": "2025-07-01",
        "valid_to": "2027-06-30",
    },
    "end_credential": {
        "staff_id": COUNSELOR,
        "credential": "LCADC",
        "on": "2026-06-30",
        "reason": "left the program",
    },
    "offer_program": {
        "program": "iop",
        "level_of_care": "2.1",
        "blocks": ["09:00-12:00", "18:00-21:00"],
        "patterns": [["mon", "tue", "thu"], ["mon", "wed", "fri"]],
        "weeks_min": 6,
        "weeks_max": 12,
        "payers": ["commercial", "self_pay"],
        "effective_on": "2026-01-01",
    },
    "declare_holiday": {"on": "2026-05-25", "name": "Memorial Day"},
    "adopt_rule_set": {"rule_set": "landmark-iop", "version": "1", "effective_on": "2026-01-01"},
    "form_cohort": {"name": "Evening A", "program": "iop", **_EVENINGS, "capacity": 12, "on": "2026-02-23"},
    "change_cohort_schedule": {**_EVENINGS, "weekdays": ["mon", "wed", "fri"], "effective_on": "2026-04-06"},
    "close_cohort": {"on": "2026-06-26"},
}

_GROUP_ROOM: Final[Mapping[str, Any]] = {
    "schedule_session": {
        "cohort_id": COHORT,
        "kind": "group",
        "starts_at": BEGAN,
        "ends_at": ENDED,
        "modality": "in_person",
        "topic": "Triggers and cravings",
        "room": "2",
    },
    "reschedule_session": {"starts_at": "2026-03-02T17:30:00-05:00", "ends_at": "2026-03-02T20:30:00-05:00"},
    "cancel_session": {"cause": "weather"},
    "hold_session": _LED,
    "correct_session_times": {**_LED, "reason": "The clock on the wall was slow."},
    "note_arrival": {"patient_id": PATIENT, "arrived_at": BEGAN, "method": "sign_in"},
    "note_departure": {"patient_id": PATIENT, "left_at": ENDED},
    "note_staff_arrival": {"staff_id": COUNSELOR, "role": "lead", "at": BEGAN},
    "note_staff_departure": {"staff_id": COUNSELOR, "at": ENDED},
    "record_roster": {
        "lines": [
            {"patient_id": PATIENT, **_ATTENDED},
            {"patient_id": ELSEWHERE, "outcome": "absent_excused", "reason": "Called in sick at noon."},
        ],
        "holding": _LED,
        "method": "roster",
    },
    "record_attendance": {"session_id": SESSION, **_ATTENDED, "method": "sign_in"},
    "attempt_outreach": {"at": "2026-03-03T10:15:00-05:00", "method": "phone", "outcome": "left a message"},
    "grant_family_exemption": {"from_on": "2026-03-02", "to_on": "2026-04-12", "cause": "no family within reach"},
}

_ADMISSIONS: Final[Mapping[str, Any]] = {
    "register_patient": {
        "mrn": "SYN-LEX-00417",
        "given_name": "Testa",
        "family_name": "Simulacrum",
        "birth_date": "1987-05-04",
        "sex": "female",
        "phone": "555-0142",
    },
    "correct_identity": {"family_name": "Simulacrum-Example", "reason": "Married in January."},
    "receive_inquiry": {"first_contact_at": "2026-02-25T10:30:00-05:00", "referral_source": "self"},
    "give_consent": {
        "who_may_disclose": "Lexington",
        "what": "attendance and progress",
        "recipients": ["Fayette County Drug Court"],
        "purpose": "compliance with a court order",
        "tpo": False,
        "signed_on": "2026-02-26",
        "expires_on": "2027-02-25",
    },
    "assess_intake": {
        "on": "2026-02-26",
        "diagnoses": ["F10.20"],
        "substances": ["alcohol", "cannabis"],
        **_RATED,
        "prior_care": "detox",
    },
    "decide_suitability": {"outcome": "suitable", "on": "2026-02-26"},
    "enroll": {
        "program": "iop",
        "level_of_care": "2.1",
        "cohort_id": COHORT,
        "planned_weeks": 8,
        "payer": "commercial",
        "primary_clinician_id": COUNSELOR,
        "on": "2026-02-27",
    },
    "assign_cohort": {"cohort_id": COHORT, "effective_on": "2026-03-16"},
    "put_on_waitlist": {"on": "2026-02-26"},
    "refer_to_detox": {"provider": "Bluegrass Detox", "third_party": True, "on": "2026-02-26"},
    "answer_detox_referral": {"accepted": True, "on": "2026-02-27"},
    "record_teds_items": {"occasion": "admission", "items": {"EMPLOY": 1, "SUB1": 2, "FREQ1": 3, "PREG": -9}},
    "end_without_admission": {"on": "2026-03-06", "cause": "went elsewhere"},
}

_RECORDS: Final[Mapping[str, Any]] = {
    "merge_charts": {"from_chart": ELSEWHERE, "reason": "Registered twice."},
    "link_chart": {"ledger": "richmond", "patient_id": ELSEWHERE, "basis": "the patient showed both cards"},
    "set_legal_hold": {**_HOLD, **_APRIL},
    "release_legal_hold": {**_HOLD, **_MAY},
    "destroy_key": {"patient_id": PATIENT, "authority": "schedule of retention: seven years over on 2026-05-04"},
    "revoke_consent": _APRIL,
    "disclose": {
        "recipient": "Fayette County Drug Court",
        "purpose": "compliance with a court order",
        "what": "attendance of March",
        "basis": "consent",
        "consent_id": CONSENT,
    },
    "break_glass": {
        "reason": "found unconscious in the parking lot",
        "nature": "suspected overdose",
        "until": "2026-03-02T23:00:00-05:00",
        "recipient": "J. Doe, paramedic",
        "affiliation": "Fayette County Emergency Services",
    },
    "review_break_glass": {"finding": "justified", "on": "2026-03-03"},
    "request_amendment": {"what": "The referral was by a friend.", **_APRIL},
    "accept_amendment": _APRIL,
    "deny_amendment": {"why": "The entry says what the patient said that day.", **_APRIL},
    "attest_report": _APRIL,
    "correct_entry": {
        "outcome": "absent_excused",
        "method": "phone",
        "reason": "Had called in sick; the message came late.",
    },
    "strike_entry": {"reason": "Wrong chart."},
    "void_discharge": {"reason": "Recorded for another patient of that name."},
}

_CLINIC: Final[Mapping[str, Any]] = {
    "start_hold": {"on": "2026-03-23", "cause": "hospital"},
    "end_hold": {"on": "2026-03-29"},
    "sign_treatment_plan": {
        **_MONDAY,
        "goals": [{"goal_id": GOAL, "text": "Thirty days without a drink"}],
        "diagnoses": ["F10.20"],
        "planned_weekly_minutes": 540,
        "patient_signed_on": "2026-03-02",
    },
    "review_treatment_plan": _APRIL,
    "achieve_goal": _APRIL,
    "identify_trigger": {"text": "payday"},
    "sign_prevention_plan": _APRIL,
    "agree_measure": {"text": "calls the sponsor at noon", **_MONDAY},
    "report_relapse": {"on": "2026-03-14"},
    "report_self_help": {**_APRIL, "frequency": "four meetings a week"},
    "assess_level_of_care": {**_APRIL, **_RATED, "indicated_level": "1", "actual_level": "2.1"},
    "recommend_step_down": {
        "to_level": "1",
        "weekly_minutes": 180,
        "effective_on": "2026-04-20",
        "criteria": ["no use for thirty days", "two goals of the plan achieved"],
        **_APRIL,
    },
    "answer_step_down": {"answer": "agreed", **_APRIL},
    "cosign_step_down": _APRIL,
    "decide_step_down": _APRIL,
    "put_step_down_into_effect": {"on": "2026-04-20"},
    "withdraw_step_down": {"on": "2026-04-17"},
    "note_self_reduction": {"weekly_minutes": 180, **_APRIL},
    "decide_step_up": {"to_level": "2.1", **_MAY},
    "transfer": {"to_level": "3.5", "provider": "Bluegrass Residential", **_APRIL},
    "discharge": {"on": "2026-05-05", "last_service_on": "2026-05-04", "reason": "completed"},
    "sign_discharge_summary": {"on": "2026-05-06"},
    "start_aftercare": {"on": "2026-05-11"},
    "join_alumni": {"on": "2026-05-11"},
    "contact_alumni": {"on": "2026-06-15", "outcome": "doing well"},
    "place_in_sober_living": {"residence": "Maple House", **_MONDAY},
    "end_sober_living": _MAY,
}

_LABORATORY: Final[Mapping[str, Any]] = {
    "draw_at_random": {**_MONDAY, "panel": ["opiates", "cannabinoids"], "share": 0.25},
    "order_screening": {"panel": ["opiates", "cannabinoids"], "random": True},
    "collect_specimen": {"collected_at": BEGAN, "matrix": "urine", "observed": True, "accession": "SYN-88123"},
    "refuse_specimen": {"at": BEGAN},
    "miss_collection": {"at": BEGAN, "excused": False},
    "report_validity": {"creatinine_mg_dl": 90, "specific_gravity": 1.015, "ph": 6.2},
    "report_presumptive": {"at": ENDED, "analytes": [{**_SCREEN, "outcome": "positive"}]},
    "report_definitive": {
        "at": "2026-03-05T11:20:00-05:00",
        "analytes": [{**_CONFIRMATION, "outcome": "negative", "value_ng_ml": 12.5}],
    },
    "review_result": {"on": "2026-03-05"},
    "discuss_result": {"on": "2026-03-05"},
    "verify_prescription": {
        "analyte": "opiates",
        "from_on": "2026-02-01",
        "to_on": "2026-05-01",
        "prescriber": "Dr. P. Harmless",
    },
    "measure_breath_alcohol": {"at": BEGAN, "grams_per_210_l": 0.0},
}

BODIES: Final[Mapping[str, Any]] = {**_SITE, **_GROUP_ROOM, **_ADMISSIONS, **_RECORDS, **_CLINIC, **_LABORATORY}
"""`operationId` → a body."""
