"""Every command, with bodies of the right shape and random content: recorded, refused, not understood; never broken."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

import pytest

from api.commands import COMMANDS, CommandRoute
from api.permission import RECORDS, recording
from api.tokens import SIGN_IN_ROLES
from tests.api.program import CONSENT, ENDED, LATE, STARTED, TODAY, Site, at

WORDS = ["iop", "2.1", "18:00", "21:00", "mon", "opiates", "America/New_York", "x", "\u00e9\u2028\U0001f4a5", "../.."]


class Making:
    """Bodies by their schema in the OpenAPI document."""

    def __init__(self, document: Any, random: Random, ids: list[str]) -> None:
        self.schemas = document["components"]["schemas"]
        self.random = random
        self.ids = ids

    def body(self, schema: Any) -> Any:
        if "$ref" in schema:
            return self.body(self.schemas[schema["$ref"].rpartition("/")[2]])
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if "anyOf" in schema:
            return self.body(self.random.choice(schema["anyOf"]))
        match schema["type"]:
            case "object":
                required = schema.get("required", [])
                chosen = [n for n in schema["properties"] if n in required or self.random.random() < 0.5]
                return {name: self.body(schema["properties"][name]) for name in chosen}
            case "array":
                return [self.body(schema["items"]) for _ in range(self.random.choice([0, 1, 2, 6]))]
            case "string":
                return self.text(schema.get("format"))
            case "integer":
                return self.random.choice([0, 1, 4, 540, 10**9])
            case "number":
                return self.random.choice([0, 1.003, 20, 500.5, 10**9])
            case "boolean":
                return self.random.random() < 0.5
            case "null":
                return None
        raise AssertionError(schema)

    def text(self, kind: str | None) -> str:
        match kind:
            case "uuid":
                return self.random.choice([*self.ids, str(UUID(int=self.random.getrandbits(128)))])
            case "date":
                return self.random.choice([str(TODAY), "1987-05-04", "1880-01-01", "2200-12-31"])
            case "date-time":
                return self.random.choice([at(STARTED), at(ENDED), "1880-01-01T00:00:00Z", "2200-12-31T23:59:59+14:00"])
            case _:
                return self.random.choice(WORDS)


@pytest.mark.parametrize("seed", range(3))
def test_no_command_breaks_the_program(site: Site, seed: int) -> None:
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    screening = site.made("counselor", f"/episodes/{episode}/screenings", {"panel": ["opiates"], "random": True})
    consent = site.made("counselor", f"/patients/{patient}/consents", CONSENT)
    ids = {
        "code": site.code,
        "consent_id": consent,
        "opened": 1,
        "report_id": str(UUID(int=3)),
        "cohort_id": site.cohort_id,
        "patient_id": patient,
        "linking_patient_id": patient,
        "episode_id": episode,
        "session_id": session,
        "screening_id": screening,
        "step_down_id": str(UUID(int=1)),
        "goal_id": str(UUID(int=2)),
    }
    document = site.client.send("GET", "/openapi.json").json()
    making = Making(document, Random(seed), [episode, session, site.cohort_id, site.person("counselor").id[6:]])
    answered = set()
    for _ in range(4):
        for route in making.random.sample(COMMANDS, len(COMMANDS)):
            body = making.body({"$ref": f"/{route.fact.__name__}Body"})
            response = site.send(_somebody(route, site), route.path.format(**ids), {"reason": LATE} | body)
            assert response.status_code in (201, 403, 404, 409, 422), (route.verb, body, response.text)
            answered.add(response.status_code)
            if response.status_code == 409:
                assert response.json()["rule"], route.verb
    assert {201, 409} <= answered
    for path in (f"/patients/{patient}/status", f"/patients/{patient}/history", f"/facilities/{site.code}/census"):
        params = {} if "patients" in path else {"known_at": "2100-01-01T00:00:00Z"}
        assert site.ask("counselor", path, params=params).status_code == 200


def _somebody(route: CommandRoute, site: Site) -> str:
    """Who may, if possible somebody who is on the staff list."""
    may = RECORDS[recording(route.fact)] & SIGN_IN_ROLES
    return next((role for role in site.people if role in may), sorted(may)[0])
