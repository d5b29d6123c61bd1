"""Who may do what: the policy as a grid, and the same at every address."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from api.commands import COMMANDS
from api.permission import ACTIONS, READS, RECORDS, Read, permitted, recording
from api.tokens import SIGN_IN_ROLES
from domain.access import Purpose
from domain.acts import ACTS, INTERFACES, ROLES
from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded
from domain.chart.exit import DischargeVoided
from domain.chart.presence import ArrivalNoted, DepartureNoted
from domain.chart.screening import ResultCorrected
from domain.random_draw import RandomDrawMade
from domain.record import EnteredInError
from domain.report import ReportIssued
from domain.room import StaffArrived, StaffLeft
from tests.api.client import Client
from tests.api.program import Site

# Purposes by their first letters (t, o, p, a, r) for which a role may read.
GRID = """
                    chart  history search census sessions report facts  roster today  site  export
counselor           to     to      to     to     to       to     -   to     -      to       -
therapist           to     to      to     to     to       to     -   to     -      to       -
family_therapist    to     to      to     to     to       to     -   to     -      to       -
supervisor          to     to      to     to     to       to     -   to     -      to       -
medical_director    to     to      to     to     to       to     -   to     -      to       -
nurse               to     to      to     to     to       -      -   to     -      to       -
intake_clinician    to     to      to     to     to       -      -   to     -      to       -
case_manager        to     -       to     to     to       -      -   to     -      to       -
admissions          to     -       to     to     to       -      -   -      -      to       -
front_desk          -      -       to     -      to       -      -   -      to     to       -
alumni_coordinator  -      -       to     -      to       -      -   -      -      to       -
administrator       op     -       op     op     op       op     -   -      -      op       -
compliance_officer  oa     oa      oa     oa     oa       oa     oa  oa     oa     oa       oa
auditor             a      a       a      a      a        a      -   a      -      a        -
operator            topa   topa    topa   topa   topa     topa   topa   topa   topa   topa  topa
lab                 -      -       -      -      -        -      -   -      -      -        -
system              -      -       -      -      -        -      -   -      -      -        -
stranger            -      -       -      -      -        -      -   -      -      -        -
"""
COLUMNS = (
    Read.CHART,
    Read.HISTORY,
    Read.SEARCH,
    Read.CENSUS,
    Read.SESSIONS,
    Read.REPORT,
    Read.FACTS,
    Read.ROSTER,
    Read.ROSTER_TODAY,
    Read.SITE,
    Read.EXPORT,
)


@pytest.mark.parametrize("line", GRID.strip().splitlines()[1:], ids=lambda line: line.split()[0])
def test_a_role_reads_what_it_may_for_the_purposes_that_it_may(line: str) -> None:
    role, *cells = line.split()
    for action, cell in zip(COLUMNS, cells, strict=True):
        purposes = "".join(purpose[0] for purpose in Purpose if permitted(role, action, purpose))
        assert purposes == cell.replace("-", ""), (role, action)


def test_the_grid_speaks_of_every_role_and_action() -> None:
    said = {line.split()[0] for line in GRID.strip().splitlines()[1:]}
    assert said >= {*ROLES, *INTERFACES, *SIGN_IN_ROLES, *READS}
    assert set(COLUMNS) == set(Read)


def test_what_no_policy_names_is_denied() -> None:
    assert not permitted("counselor", "read_everything", Purpose.TREATMENT)
    assert not permitted("counselor", "record Everything", Purpose.TREATMENT)
    assert not permitted("", Read.CHART, Purpose.TREATMENT)


@pytest.mark.parametrize(
    ("role", "fact", "may"),
    [
        ("front_desk", "AttendanceRecorded", True),
        ("front_desk", "DefinitiveReported", False),
        ("front_desk", "PatientRegistered", False),
        ("case_manager", "AttendanceRecorded", True),
        ("case_manager", "StepDownRecommended", False),
        ("counselor", "StepDownRecommended", True),
        ("counselor", "StepDownCosigned", False),
        ("counselor", "EnteredInError", True),
        ("front_desk", "EnteredInError", False),
        ("supervisor", "StepDownCosigned", True),
        ("lab", "DefinitiveReported", True),
        ("lab", "AttendanceRecorded", False),
        ("auditor", "ConsentGiven", False),
        ("compliance_officer", "AttendanceRecorded", False),
        ("compliance_officer", "RuleSetAdopted", True),
        ("administrator", "FacilityOpened", True),
        ("counselor", "FacilityOpened", False),
    ],
)
def test_a_role_records_what_its_acts_are(role: str, fact: str, may: bool) -> None:
    assert permitted(role, f"record {fact}", Purpose.OPERATIONS) is may


@pytest.mark.parametrize("purpose", [Purpose.PAYMENT, Purpose.AUDIT, Purpose.RESEARCH])
def test_nothing_is_recorded_for_a_purpose_that_only_looks(purpose: Purpose) -> None:
    assert not any(permitted(role, action, purpose) for role in ROLES for action in RECORDS)


def test_every_fact_has_an_action() -> None:
    assert {f"record {name}" for name in ACTS} == set(RECORDS)
    assert set(RECORDS) < ACTIONS


# ---- at every address

BY_OPERATION: dict[str, tuple[str, ...]] = {
    **{route.verb: (recording(route.fact),) for route in COMMANDS},
    "correct_entry": (recording(AttendanceCorrected), recording(ResultCorrected)),
    "strike_entry": (recording(EnteredInError),),
    "void_discharge": (recording(DischargeVoided),),
    "note_arrival": (recording(ArrivalNoted),),
    "note_departure": (recording(DepartureNoted),),
    "note_staff_arrival": (recording(StaffArrived),),
    "note_staff_departure": (recording(StaffLeft),),
    "record_roster": (recording(AttendanceRecorded),),
    "read_roster": (Read.ROSTER, Read.ROSTER_TODAY),
    "read_status": (Read.CHART,),
    "read_history": (Read.HISTORY,),
    "read_changes": (Read.HISTORY,),
    "read_blast_radius": (Read.HISTORY,),
    "read_late_entries": (Read.REPORT,),
    "find_patients": (Read.SEARCH,),
    "read_disclosures": (Read.HISTORY,),
    "read_access": (Read.CHART,),
    **dict.fromkeys(("find_episode", "find_screening", "find_step_down", "find_consent"), (Read.CHART,)),
    "read_census": (Read.CENSUS,),
    "read_sessions": (Read.SESSIONS,),
    "read_staff": (Read.SITE,),
    "read_cohorts": (Read.SITE,),
    "read_weekly_report": (Read.REPORT,),
    "read_monthly_report": (Read.REPORT,),
    "read_compliance": (Read.HISTORY,),
    "compare_rule_sets": (Read.REPORT,),
    "read_at_risk": (Read.CENSUS,),
    "issue_report": (recording(ReportIssued),),
    "read_issued_reports": (Read.REPORT,),
    "read_issued_report": (Read.REPORT,),
    "read_report_delta": (Read.REPORT,),
    "read_facts": (Read.FACTS,),
    "export_table": (Read.EXPORT,),
    "export_census": (Read.EXPORT,),
    "export_teds_admissions": (Read.EXPORT,),
    "export_teds_discharges": (Read.EXPORT,),
    "export_facts": (Read.FACTS,),
    "draw_at_random": (recording(RandomDrawMade),),
    "read_screenings": (Read.HISTORY,),
    "read_site_screenings": (Read.HISTORY,),
    "read_site_step_downs": (Read.CENSUS,),
    "read_activity": (Read.HISTORY,),
    "read_weeks": (Read.CHART,),
    "read_site_week": (Read.CENSUS,),
    "read_random_draws": (Read.CENSUS,),
}
ALSO: dict[str, tuple[str, ...]] = {"read_blast_radius": (Read.REPORT,)}
"""What somebody must be permitted besides."""
OPEN = {"check_health", "check_readiness", "read_metrics"}


def operations(client: Client) -> list[tuple[str, str, str]]:
    """Method, path and operationId of every route."""
    return [
        (method.upper(), path, operation["operationId"])
        for path, methods in client.app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def address(path: str, code: str) -> str:
    filled = path.replace("{code}", code).replace("{stream}", f"chart/{uuid4()}").replace("{version}", "1")
    return re.sub(r"{\w+}", lambda _: str(uuid4()), filled)


def call(site: Site, operation: tuple[str, str, str], role: str, code: str, purpose: str) -> Any:
    method, path, _ = operation
    headers = {"Purpose_Of_Use": purpose, "Idempotency_Key": str(uuid4())}
    # What a correction is of shows by its body: here, of what the role may correct. Nobody's strike gets as far as to
    # what it is aimed at, which may be another role's to strike.
    results = permitted(role, recording(ResultCorrected), Purpose(purpose))
    body = {"json": {} if results else {"outcome": "?"}} if method == "POST" else {}
    return site.client.send(method, address(path, code), headers=site.as_(role, **headers), **body)


def test_every_route_has_its_place_in_the_policy(client: Client) -> None:
    assert {operation for _, _, operation in operations(client)} == {*BY_OPERATION, *OPEN}


@pytest.mark.parametrize("role", sorted(SIGN_IN_ROLES))
def test_every_route_lets_in_who_may_and_puts_the_others_on_record(empty_site: Site, role: str) -> None:
    site, denied = empty_site, []
    purpose = "audit" if role == "auditor" else "operations"
    for operation in operations(site.client):
        if operation[2] in OPEN:
            continue
        may = any(permitted(role, action, Purpose(purpose)) for action in BY_OPERATION[operation[2]])
        may = may and all(permitted(role, action, Purpose(purpose)) for action in ALSO.get(operation[2], ()))
        response = call(site, operation, role, site.code, purpose)
        assert (response.status_code == 403) is not may, (operation, response.text)
        assert response.status_code not in (401, 500, 503), (operation, response.text)
        if not may:
            denied.append(operation[2])
    access = site.accesses()
    assert [fact["fact"]["what"] for fact in access if fact["type"] == "AccessDenied"] == denied
    assert {fact["by"]["id"] for fact in access} <= {site.person(role).id}


def test_nobody_is_let_in_without_a_token(client: Client) -> None:
    for method, path, operation in operations(client):
        if operation in OPEN:
            continue
        body = {"json": {}} if method == "POST" else {}
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic dXNlcjpwYXNz"}):
            response = client.send(method, address(path, "lexington"), headers=headers, **body)
            assert response.status_code == 401, (operation, response.text)
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_no_route_answers_about_another_facility(site: Site) -> None:
    other = Site(site.client, site.tokens, code="louisville")
    other.open("admissions")
    patient = other.patient()
    for operation in operations(site.client):
        if "{code}" not in operation[1]:
            continue
        response = call(site, operation, "administrator", "louisville", "operations")
        assert response.status_code == 403, (operation, response.text)
        assert site.denials(other.code)[-1] == (operation[2], "signed in at another facility")
    for path in ("status", "history"):
        assert site.ask("counselor", f"/patients/{patient}/{path}").status_code == 404
    elsewhere = site.send(
        "administrator", "/facilities", {"code": "louisville", "name": "L", "zone": "America/New_York"}
    )
    assert elsewhere.status_code == 403
    strike = site.send("supervisor", "/events/facility/louisville@1/entered-in-error", {"reason": "x"})
    assert strike.status_code == 403


def test_a_denial_at_a_facility_that_does_not_exist_is_recorded_at_ones_own(site: Site) -> None:
    assert site.ask("counselor", "/facilities/nowhere/census").status_code == 403
    assert site.denials()[-1] == ("read_census", "signed in at another facility")
    assert "nowhere.access" not in site.ledgers()


def test_the_purpose_decides(site: Site) -> None:
    patient = site.patient()
    path = f"/patients/{patient}/history"
    assert site.ask("auditor", path).status_code == 403
    assert site.ask("auditor", path, Purpose_Of_Use="audit").status_code == 200
    assert site.ask("counselor", path, Purpose_Of_Use="treatment").status_code == 200
    assert site.ask("counselor", path, Purpose_Of_Use="research").status_code == 403
    assert site.ask("counselor", path, Purpose_Of_Use="curiosity").status_code == 422


def test_a_correction_needs_the_role_for_what_it_corrects(site: Site) -> None:
    body = {"reason": "x", "analytes": []}
    event = f"/events/chart/{uuid4()}@1/correction"
    assert site.send("front_desk", event, body).status_code == 403
    assert site.send("medical_director", event, body).status_code == 409
    attendance = {"reason": "x", "outcome": "absent_unexcused", "method": "x"}
    assert site.send("medical_director", event, attendance).status_code == 403
    assert site.send("front_desk", event, attendance).status_code == 409
