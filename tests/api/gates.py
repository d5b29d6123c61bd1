"""Who may ask what, found by the gates that stand before the routes."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.gate import Gate
from api.permission import permitted
from domain.access import Purpose
from tests.api.program import Site


def roles_of(app: FastAPI, site: Site, *, method: str | None = None) -> dict[str, str]:
    """`operationId` → somebody at the site who may; of routes with that method alone, where one is named."""
    found = {}
    for route in routes_of(app):
        if method not in (None, *route.methods):
            continue
        gates = [each.call for each in route.dependant.dependencies if isinstance(each.call, Gate)]
        actions = gates[0].actions if gates else ()
        may = (role for role in site.people if not actions or _may(role, actions))
        found[str(route.operation_id)] = next(may)
    return found


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    for router in app.routes:
        yield from getattr(getattr(router, "original_router", None), "routes", ())


def _may(role: str, actions: tuple[str, ...]) -> bool:
    return any(permitted(role, action, Purpose.OPERATIONS) for action in actions)
