"""The running server, asked at every address whatever its own description allows, and what it forbids, signed in.

Short in the suite; `make fuzz` goes on for ten minutes, from a seed that it prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import count
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from api.commands import COMMANDS
from domain.access import Purpose
from domain.week import EARLIEST_YEAR, LATEST_YEAR
from tests.api.gates import roles_of
from tests.api.program import CONSENT, Site
from tests.api.serving import served

FULL_SECONDS: Final = 600
EVERY: Final = 20
"""Commands come from one description: in a round every twentieth of them meets every edge."""

EVERY_OTHER: Final = 3
"""Of all other routes every third does: cuts, purposes and pages are the same in most of them. In the suite, whose seed
stays the same, the others meet examples alone; `make fuzz` goes through all."""

ANSWERED: Final = ["2xx", "403", "404", "409", "412"]
"""What well-formed requests get: done, or not permitted, not on record, refused by a rule, changed since."""

ALSO: Final = {
    # That one of two parameters is to be given, and no two, is nothing that OpenAPI can say.
    "find_patients": "422",
    # Which years have a week 53 is nothing that a pattern can say.
    "read_weekly_report": "422",
    # Nor which rule sets are shipped, and adopted for a payer.
    "read_monthly_report": "422",
    "read_compliance": "422",
    "compare_rule_sets": "422",
    "read_at_risk": "422",
    "read_site_week": "422",
    # Nor at which position a former export stood, and which numbers are a state's.
    "export_teds_admissions": "422",
    "export_teds_discharges": "422",
    # Nor that the week belongs to a weekly report, the month to a monthly one.
    "issue_report": "422",
    "read_issued_reports": "422",
    # Nor when the report was made, before which nothing can have changed.
    "read_report_delta": "422",
    # Nor which of two dates, or moments, is the earlier.
    "read_late_entries": "422",
    "read_site_screenings": "422",
    "read_site_step_downs": "422",
    "export_facts": "422",
    "export_table": "422",
    # Nor who there is, and which kinds of facts.
    "read_activity": "422",
    "read_changes": "422",
}

CHECKS: Final = {
    "positive_data_acceptance": {"expected-statuses": ANSWERED},
    # Nothing here can be deleted.
    "use_after_free": {"enabled": False},
    "ensure_resource_availability": {"enabled": False},
}

UNKNOWN: Final = str(UUID(int=7))


def dates() -> st.SearchStrategy[date]:
    """OpenAPI can't say that the years end somewhere; `tests.api.test_problems` asks beyond."""
    return st.dates(date(EARLIEST_YEAR, 1, 2), date(LATEST_YEAR, 12, 30))


def instants() -> st.SearchStrategy[datetime]:
    return st.builds(lambda on, at: datetime.combine(on, at, UTC), dates(), st.times())


def ids_at(site: Site) -> dict[str, list[str]]:
    """What is on record at the site, by the names under which addresses speak of it."""
    patient, episode = site.enrolled(site.cohort_id)
    screening = site.made("counselor", f"/episodes/{episode}/screenings", {"panel": ["opiates"], "random": True})
    consent = site.made("counselor", f"/patients/{patient}/consents", CONSENT)
    known = {
        "cohort_id": site.cohort_id,
        "consent_id": consent,
        "episode_id": episode,
        "patient_id": patient,
        "linking_patient_id": patient,
        "screening_id": screening,
        "session_id": site.session(site.cohort_id),
    }
    ids = {name: [one, one.upper(), UNKNOWN] for name, one in known.items()}
    return {**ids, "code": [site.code], "stream": [f"chart/{patient}", f"facility/{site.code}"]}


def with_ids(document: Any, ids: dict[str, list[str]]) -> Any:
    """The description of the site's API, with its own ids where an address takes any, and a purpose for which nearly
    everything may be done: others all lead to 404 and 403."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and parameter["name"] in ids:
                    parameter["schema"] = {"type": "string", "enum": ids[parameter["name"]]}
                if parameter["name"] == "Purpose-Of-Use":
                    parameter["schema"] = {"type": "string", "enum": [Purpose.OPERATIONS]}
    return document


def configured(seed: int, part: int, operations: Sequence[str], *, full: bool) -> SchemathesisConfig:
    """Of a round; `operations` are the ids of all."""
    commands = {route.verb for route in COMMANDS}
    others = [name for name in operations if name not in commands]
    short = [route.verb for number, route in enumerate(COMMANDS) if number % EVERY != part % EVERY]
    short += [name for number, name in enumerate(others) if number % EVERY_OTHER != part % EVERY_OTHER]
    settings = [
        *({"include-operation-id": [verb], "phases": {"coverage": {"enabled": False}}} for verb in short),
        *(
            {
                "include-operation-id": [verb],
                "checks": {"positive_data_acceptance": {"expected-statuses": [*ANSWERED, status]}},
            }
            for verb, status in ALSO.items()
        ),
    ]
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "checks": CHECKS,
            "phases": {
                "stateful": {"enabled": full},
                # What is null in an answer would be put into an address.
                "fuzzing": {"extra-data-sources": {"responses": False}},
            },
            "generation": {"max-examples": 25 if full else 2, "deterministic": not full},
            "operations": settings,
        }
    )


def described(site: Site, address: str, config: SchemathesisConfig, ids: dict[str, list[str]]) -> Any:
    """The schema of the server at the address, signed in as somebody who may."""
    document = with_ids(site.client.send("GET", "/openapi.json").json(), ids)
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.config.update(base_url=address)
    roles = roles_of(site.client.app, site)

    # Without an interval the first one's token would be everybody's.
    @schema.auth(refresh_interval=None)
    class SignIn:
        def get(self, case: Any, context: Any) -> str:
            return site.as_(roles[case.operation.definition.raw["operationId"]])["Authorization"]

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers = {**(case.headers or {}), "Authorization": data}
            # A key is for one command.
            if case.meta.generation.mode.is_positive and "Idempotency-Key" in case.headers:
                case.headers["Idempotency-Key"] = str(uuid4())

    return schema


def _has_null(interaction: Any) -> bool:
    """What is null in an answer is put into the address that follows from it: no id, though it is taken for one."""
    return interaction is not None and "null" in urlsplit(interaction.request.uri).path.split("/")


def found(schema: Any, answered: Counter[int]) -> Iterator[str]:
    """What is wrong, a paragraph each."""
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            yield repr(event)
        if not isinstance(event, events.ScenarioFinished):
            continue
        recorder = event.recorder
        for interaction in recorder.interactions.values():
            if interaction.response is not None:
                answered[interaction.response.status_code] += 1
        for case, nodes in recorder.checks.items():
            for node in nodes:
                if node.failure_info is not None:
                    interaction = recorder.interactions.get(case)
                    if node.name == "positive_data_acceptance" and _has_null(interaction):
                        continue
                    answer = interaction.response.content[:400] if interaction and interaction.response else b""
                    why = (node.name, node.failure_info.failure.message, node.failure_info.code_sample, str(answer))
                    yield "\n".join((recorder.label, *why))


# A page of facts is long, and hypothesis may want to show a case with its answer.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_the_server_answers_as_its_description_says(site: Site, follower: None, pytestconfig: pytest.Config) -> None:
    full = pytestconfig.option.full
    schemathesis.openapi.format("date", dates().map(str))
    schemathesis.openapi.format("date-time", instants().map(lambda at: at.isoformat().replace("+00:00", "Z")))
    answered: Counter[int] = Counter()
    wrong: list[str] = []
    ids, began = ids_at(site), monotonic()
    operations = sorted(roles_of(site.client.app, site))
    with served(site.client.app) as address:
        # By rounds, for what schemathesis remembers of a run grows without end. The first one is that of the suite.
        for part in count():
            config = configured(pytestconfig.option.seed + part, part, operations, full=full)
            wrong = [*wrong, *found(described(site, address, config, ids), answered)]
            if wrong or not full or monotonic() - began > FULL_SECONDS:
                break
    print("answered", dict(sorted(answered.items())))
    assert not wrong, "\n\n".join(dict.fromkeys(wrong[:40]))
    # What is asked reaches the rules, and the record.
    assert {200, 201, 401, 404, 405, 409, 422} <= answered.keys()
