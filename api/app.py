"""The application, put together."""

from typing import Final

from fastapi import Depends, FastAPI

from api import (
    activity,
    at_risk,
    blast_radius,
    changes,
    charts,
    disclosures,
    draws,
    events,
    exports,
    feed,
    finding,
    health,
    issued,
    late_entries,
    looks,
    metrics,
    reports,
    room,
    site_lists,
    sites,
    weeks,
    what_if,
    worklists,
)
from api.commands import Topic
from api.document import document_of
from api.guards import BodyLimit, LastResort, SafeHeaders
from api.problem import answer_problems
from api.recording import command_routes
from api.strictly import each_once
from api.tokens import refuse_beyond_loopback
from api.unread import answer_unread
from api.wiring import Wiring

_DESCRIPTION: Final = """
The care record of intensive outpatient programs for addiction: facts go in, and stay; status, history and compliance
come out, for any date (`as_of`) and as known at any instant (`known_at`).

**Commands** are resources named after what is decided. They need an `Idempotency-Key`, so that they can be sent again
when the answer was lost, and answer 201 with a receipt. What the record doesn't allow is refused: 409 with the stable
id of the `rule`.

**Queries** answer what the signed-in role may see, at its own facility, for the purpose in `Purpose-Of-Use`. Each
answer about a patient is put into the site's access record before it goes out; so is each denial. A client that has
written passes `ledger:position` of its receipt as `at_least` to read its own write.

**Errors** are RFC 9457 problems and never repeat what was sent.
"""

_TOPICS: Final = {
    Topic.ADMISSIONS: "From the first contact to the enrollment; finding a patient.",
    Topic.GROUP_ROOM: "Sessions, and who came.",
    Topic.CLINIC: "Where a patient stands; plan, level of care, step-down, discharge.",
    Topic.LABORATORY: "Drug screenings: order, specimen, results, what was made of them.",
    Topic.RECORDS: "History, corrections, the facts of a site.",
    Topic.REPORTS: "Census and compliance.",
    Topic.SITE: "The facility, its staff, holidays, rule sets and cohorts.",
    Topic.OPERATIONS: "For those who run the program.",
}


def create_app(wiring: Wiring) -> FastAPI:
    """The application on its wiring. BeyondLoopback when development tokens would be served to others."""
    if wiring.tokens.loopback_only:
        refuse_beyond_loopback(wiring.host)
    app = FastAPI(
        title="Stepdown",
        summary="The care record of intensive outpatient programs: immutable facts, projections, proof.",
        description=_DESCRIPTION,
        version="1",
        openapi_tags=[{"name": topic.value, "description": said} for topic, said in _TOPICS.items()],
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Records of exceptions would carry messages, and with them what somebody sent.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.wiring = wiring
    answer_problems(app)
    answer_unread(app)
    # Those asked for most are found first.
    queries = (
        charts.status_router,
        charts.router,
        changes.router,
        sites.router,
        at_risk.router,
        worklists.router,
        weeks.router,
        activity.router,
        reports.router,
        what_if.router,
        issued.router,
        site_lists.router,
        room.router,
        disclosures.router,
        looks.router,
        finding.router,
        exports.router,
        feed.router,
        blast_radius.router,
        late_entries.router,
    )
    for router in (*queries, command_routes(), events.router, draws.router):
        app.include_router(router, prefix="/v1", dependencies=[Depends(each_once)])
    app.include_router(health.router)
    app.include_router(metrics.router)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit)
    app.add_middleware(LastResort)
    app.add_middleware(SafeHeaders)
    app.openapi = lambda: document_of(app)  # type: ignore[method-assign]
    return app
