"""A program site as its people would use it over HTTP: opened, staffed, with patients on their way.

Everything happens within the last days, since the record knows when it learned it; nobody in it exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from api.tokens import Tokens
from domain.record import Person
from store.lines import to_line
from tests.api.client import Client

ZONE = ZoneInfo("America/New_York")
NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = NOW.astimezone(ZONE).date()
DAY = TODAY - timedelta(days=1)
"""Yesterday, when a session was held from noon to three."""
STARTED = datetime.combine(DAY, time(12), ZONE)
ENDED = datetime.combine(DAY, time(15), ZONE)
BEFORE = DAY - timedelta(days=1)
LATE = "Entered when the system was set up."

PATIENT = {
    "mrn": "MRN-7731",
    "given_name": "Ottoline",
    "family_name": "Quillfeather",
    "birth_date": "1987-05-04",
    "sex": "female",
    "phone": "555-0142-7788",
}
PERSONAL = ("Ottoline", "Quillfeather", "MRN-7731", "1987-05-04", "555-0142-7788")


def at(instant: datetime) -> str:
    return instant.isoformat()


@dataclass
class Site:
    """One facility. `as_(role)` is the headers of the person who has that role there."""

    client: Client
    tokens: Tokens
    code: str = "lexington"
    people: dict[str, Person] = field(default_factory=dict)
    cohort_id: str = ""

    def person(self, role: str) -> Person:
        if role not in self.people:
            key = "system" if role == "lab" else f"staff/{uuid4()}"
            self.people[role] = Person(id=key, name=f"A. {role}", role=role, credential="LCADC")
        return self.people[role]

    def as_(self, role: str, **headers: str) -> dict[str, str]:
        token = self.tokens.issue(self.person(role), self.code)
        return {"Authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}

    def send(self, role: str, path: str, body: Any, *, key: str | None = None, **headers: str) -> httpx.Response:
        """A command."""
        headers = {"Idempotency_Key": key or str(uuid4()), **headers}
        return self.client.send("POST", f"/v1{path}", json=body, headers=self.as_(role, **headers))

    def done(self, role: str, path: str, body: Any, **headers: str) -> httpx.Response:
        """A command that succeeds; a late entry says why."""
        response = self.send(role, path, {"reason": LATE} | body, **headers)
        assert response.status_code == 201, response.text
        return response

    def made(self, role: str, path: str, body: Any) -> str:
        """The id of what a command made."""
        return made_by(self.done(role, path, body))

    def ask(self, role: str, path: str, *, params: Any = None, **headers: str) -> httpx.Response:
        return self.client.send("GET", f"/v1{path}", params=params, headers=self.as_(role, **headers))

    def told(self, role: str, path: str, *, params: Any = None, **headers: str) -> Any:
        response = self.ask(role, path, params=params, **headers)
        assert response.status_code == 200, response.text
        return response.json()

    def ledgers(self) -> list[str]:
        return self.client.app.state.wiring.store.ledgers()

    def accesses(self, code: str | None = None) -> list[dict[str, Any]]:
        """The access record of a site."""
        ledger = self.client.app.state.wiring.store.ledger(f"{code or self.code}.access")
        return [to_line(fact) for fact in ledger.facts()]

    def denials(self, code: str | None = None) -> list[tuple[str, str]]:
        """What was denied, and why."""
        found = [line["fact"] for line in self.accesses(code) if line["type"] == "AccessDenied"]
        return [(fact["what"], fact["why"]) for fact in found]

    # The story, chapter by chapter.

    def open(self, *roles: str) -> None:
        """The facility is open; everybody in these roles has a credential."""
        self.done("administrator", "/facilities", {"code": self.code, "name": "Lexington", "zone": ZONE.key})
        for role in roles:
            self.credential(role)

    def credential(self, role: str, since: date = DAY - timedelta(days=30)) -> None:
        person = self.person(role)
        self.done(
            "administrator",
            f"/facilities/{self.code}/staff",
            {
                "staff_id": person.id.removeprefix("staff/"),
                "name": person.name,
                "role": role,
                "credential": person.credential,
                "valid_from": str(since),
            },
        )

    def cohort(self, capacity: int = 12) -> str:
        body = {
            "name": "Evening",
            "program": "iop",
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "starts": "18:00",
            "ends": "21:00",
            "capacity": capacity,
            "on": str(BEFORE),
        }
        return self.made("counselor", f"/facilities/{self.code}/cohorts", body)

    def session(self, cohort_id: str | None, starts: datetime = STARTED, ends: datetime = ENDED) -> str:
        body = {
            "kind": "group" if cohort_id else "individual",
            "starts_at": at(starts),
            "ends_at": at(ends),
            "modality": "in_person",
            **({"cohort_id": cohort_id} if cohort_id else {}),
        }
        return self.made("counselor", f"/facilities/{self.code}/sessions", body)

    def hold(self, session_id: str) -> None:
        staff = {
            "staff_id": self.person("counselor").id.removeprefix("staff/"),
            "role": "lead",
            "from": at(STARTED),
            "to": at(ENDED),
        }
        body = {"started_at": at(STARTED), "ended_at": at(ENDED), "staff": [staff]}
        self.done("counselor", f"/sessions/{session_id}/holding", body)

    def patient(self, mrn: str = PATIENT["mrn"]) -> str:
        return self.made("admissions", "/patients", {**PATIENT, "mrn": mrn})

    def suitable(self, patient_id: str) -> str:
        """An episode that may be enrolled; its id."""
        body = {"first_contact_at": at(STARTED - timedelta(hours=1)), "referral_source": "self"}
        episode = self.made("admissions", f"/patients/{patient_id}/episodes", body)
        self.done("counselor", f"/episodes/{episode}/intake-assessments", ASSESSMENT)
        self.done("counselor", f"/episodes/{episode}/suitability", {"outcome": "suitable", "on": str(DAY)})
        return episode

    def enrollment(self, cohort_id: str) -> dict[str, Any]:
        return {
            "program": "iop",
            "level_of_care": "2.1",
            "cohort_id": cohort_id,
            "planned_weeks": 8,
            "payer": "commercial",
            "primary_clinician_id": self.person("counselor").id.removeprefix("staff/"),
            "on": str(DAY),
        }

    def enrolled(self, cohort_id: str, mrn: str = PATIENT["mrn"]) -> tuple[str, str]:
        """Patient and episode of somebody who is enrolled."""
        patient = self.patient(mrn)
        episode = self.suitable(patient)
        self.done("admissions", f"/episodes/{episode}/enrollment", self.enrollment(cohort_id))
        return patient, episode

    def attended(self, session_id: str) -> dict[str, Any]:
        return {
            "session_id": session_id,
            "outcome": "attended",
            "arrived_at": at(STARTED),
            "left_at": at(ENDED),
            "method": "sign_in",
        }


ASSESSMENT: dict[str, Any] = {
    "on": str(DAY),
    "diagnoses": ["F10.20"],
    "substances": ["alcohol"],
    "ratings": [0, 1, 2, 2, 1, 1],
    "edition": "3",
    "indicated_level": "2.1",
}

CONSENT: dict[str, Any] = {
    "who_may_disclose": "Lexington",
    "what": "attendance and progress",
    "recipients": ["a county court"],
    "purpose": "court order compliance",
    "tpo": False,
    "signed_on": str(DAY),
}


def made_by(response: httpx.Response) -> str:
    """The id of what a command made: that in its `Location`; where there is none, that of the stream it began."""
    named = response.headers.get("Location", response.json()["stream"])
    return next(part for part in reversed(named.split("/")) if len(part) == len(str(UUID(int=0))))


def chart(patient_id: str) -> str:
    return f"chart/{UUID(patient_id)}"
