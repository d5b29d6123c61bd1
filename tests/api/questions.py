"""Every question of the sample site that takes a time: `as_of`, `known_at`, or both.

Which they are, the OpenAPI document says: a new one is among them without anybody's doing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from projections.follower import Follower
from tests.api.gates import roles_of
from tests.api.program import Site, made_by
from tests.sample_program import sample

PATIENT: Final = "6e0b3a72-3a0f-4e01-85b9-568a0846352a"
SESSION: Final = next(fact.stream for fact in sample() if type(fact.fact).__name__ == "SessionScheduled")

NEEDED: Final[Mapping[str, Mapping[str, str]]] = {
    "read_weekly_report": {"week": "2026-W10"},
    "read_monthly_report": {"month": "2026-03"},
    "compare_rule_sets": {"week": "2026-W10", "rule_set": "az-s9480"},
    "read_disclosures": {"basis": "part2"},
    "read_changes": {"from_known_at": "2019-01-01T00:00:00Z"},
}
"""`operationId` → what such a question needs."""

CALLED: Final = {"read_changes": "to_known_at"}
"""`operationId` → what its `known_at` is called, where there are two."""


@dataclass(frozen=True, slots=True)
class Question:
    """An address with the site's ids in it, and which of the two times it takes."""

    name: str
    path: str
    role: str
    has_as_of: bool
    has_known_at: bool
    needed: Mapping[str, str] = field(default_factory=dict)
    """What has to be asked besides."""

    def ask(self, site: Site, *, as_of: str | None = None, known_at: str | None = None) -> httpx.Response:
        times = {"as_of": as_of, self.known_at: known_at}
        given = {name: value for name, value in times.items() if value is not None}
        return site.ask(self.role, self.path, params={**self.needed, **given})

    @property
    def known_at(self) -> str:
        return CALLED.get(self.name, "known_at")


def questions_of(site: Site) -> list[Question]:
    """Every one that takes a time."""
    issue = {"kind": "weekly", "week": "2026-W10", "as_of": "2026-03-08", "purpose": "operations"}
    issued = site.send("compliance_officer", f"/facilities/{site.code}/reports", issue)
    Follower(site.client.app.state.wiring.store).catch_up()
    ids = {
        "code": site.code,
        "patient_id": PATIENT,
        "session_id": SESSION.partition("/")[2],
        "report_id": made_by(issued),
    }
    roles = roles_of(site.client.app, site, method="GET")
    found = []
    for path, methods in site.client.send("GET", "/openapi.json").json()["paths"].items():
        operation = methods.get("get", {})
        names = {one["name"] for one in operation.get("parameters", ())}
        name = operation.get("operationId")
        has_known_at = CALLED.get(name, "known_at") in names
        if has_known_at or "as_of" in names:
            at = path.removeprefix("/v1").format(**ids, kind="attendance")
            found.append(Question(name, at, roles[name], "as_of" in names, has_known_at, NEEDED.get(name, {})))
    assert len(found) > 20
    return found
