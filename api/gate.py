"""The gate before every route: who is signed in, whether they may do this here for this purpose.

Who is turned away leaves a fact in the access ledger before hearing so: of the site that was asked for when there is
such a site, else of their own.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, NoReturn
from uuid import UUID

from fastapi import Header, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.permission import ACTIONS, Read, permitted
from api.problem import destroyed, forbidden, not_found, try_again, unauthorized
from api.tokens import TokenError
from api.wiring import Wiring, wiring_of
from domain.access import Purpose
from domain.acts import INTERFACES, UNLISTED
from domain.facility import Facility
from domain.record import Person, stream_name
from domain.site import fold_facility
from domain.week import local_date
from projections.links import Linked
from projections.watch import Glance
from store.errors import StoreError
from store.together import awaited

BEARER: Final = HTTPBearer(
    scheme_name="bearer", bearerFormat="JWT", auto_error=False, description="Of a person in one role at one site."
)

_OTHER_SITE: Final = "signed in at another facility"
_NOT_LISTED: Final = "not on the staff list in this role"
_NOT_PERMITTED: Final = "not permitted to this role for this purpose"

PurposeOfUse = Annotated[Purpose, Header(alias="Purpose-Of-Use", description="Why this is looked at or recorded.")]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, at which site, what for; `wiring` is what answers them, `what` the route's `operationId`.

    `glance` is the site as it was when they were let in to read.
    """

    person: Person
    facility: str
    purpose: Purpose
    what: str
    wiring: Wiring
    glance: Glance | None = None

    def at(self, facility: str) -> None:
        """403, and a denial on record, unless they are signed in at that site."""
        if facility != self.facility:
            known = facility in self.wiring.store.ledgers()
            self._deny(facility if known else self.facility, _OTHER_SITE)
            raise forbidden("You are signed in at another facility: sign in at this one.")

    def may(self, *actions: str) -> None:
        """403, and a denial on record, unless their role may do one of them for their purpose."""
        if not self.is_permitted(actions):
            self.denied(_NOT_PERMITTED)
            raise forbidden("Your role may not do this for this purpose: ask somebody who may.")

    def listed(self, facility: Facility) -> None:
        """403, and a denial on record, unless the staff list of today has them in this role."""
        if not self.is_listed(facility):
            self.denied(_NOT_LISTED)
            raise forbidden("The facility's staff list has you in this role no more: ask the administrator.")

    def is_permitted(self, actions: Iterable[str]) -> bool:
        return any(permitted(self.person.role, action, self.purpose) for action in actions)

    def is_listed(self, facility: Facility) -> bool:
        """Whatever a token that still holds says. Whoever needs no line in the list has none to lose."""
        if self.person.role in UNLISTED | INTERFACES:
            return True
        if facility.zone is None:
            return True  # There is nothing to read at a site that was never opened.
        today = local_date(self.wiring.clock(), facility.zone)
        held = facility.credentials(UUID(self.person.id.removeprefix("staff/")), today)
        return any(line.role == self.person.role for line in held)

    def denied(self, why: str) -> None:
        """On record that they were turned away; `why` in words of ours."""
        self._deny(self.facility, why)

    def read_chart(self, patient_id: UUID, at_version: int) -> None:
        """On record before the answer goes out; 503 when that fails."""
        with _on_record():
            self.wiring.accesses.read(
                self.facility,
                by=self.person,
                patient_id=patient_id,
                what=self.what,
                purpose=self.purpose,
                at_version=at_version,
            )

    def read_linked(self, linked: Iterable[Linked]) -> None:
        """On record at the sites whose charts were looked at for the answer, before it goes out."""
        with _on_record():
            for one in linked:
                self.wiring.accesses.read(
                    one.ledger,
                    by=self.person,
                    patient_id=one.chart.patient_id,
                    what=self.what,
                    purpose=self.purpose,
                    at_version=one.chart.version,
                )

    def misses(self, patient_id: UUID) -> NoReturn:
        """404 for a chart that isn't there; 410 when it was destroyed, be it while it was looked for."""
        stream = stream_name("facility", self.facility)
        facility = fold_facility(self.wiring.store.ledger(self.facility).read([stream])[stream])
        if patient_id in facility.destroyed:
            self.read_chart(patient_id, 0)
            raise destroyed()
        raise not_found("There is no such patient at this facility, or there was none then.")

    async def reads_chart(self, patient_id: UUID, at_version: int) -> None:
        """As `read_chart`, on the event loop: it is put on record together with what others read meanwhile."""
        with _on_record():
            await awaited(
                self.wiring.accesses.begin_read(
                    self.facility,
                    by=self.person,
                    patient_id=patient_id,
                    what=self.what,
                    purpose=self.purpose,
                    at_version=at_version,
                )
            )

    def saw(self, patient_ids: list[UUID]) -> None:
        """A list was answered with these patients in it: on record before it goes out."""
        with _on_record():
            self.wiring.accesses.search(
                self.facility, by=self.person, what=self.what, purpose=self.purpose, patient_ids=patient_ids
            )

    def took(self, rows: int, sha256: str) -> None:
        """A file leaves: on record before it does."""
        with _on_record():
            self.wiring.accesses.export(
                self.facility, by=self.person, what=self.what, purpose=self.purpose, rows=rows, sha256=sha256
            )

    def _deny(self, facility: str, why: str) -> None:
        with _on_record():
            self.wiring.accesses.denied(facility, by=self.person, what=self.what, why=why)


@contextmanager
def _on_record() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise try_again("This could not be put into the access record, so it isn't answered: try again.") from error


class Gate:
    """A dependency that lets in whoever may do one of `actions`: at the facility in the path, or at their own."""

    def __init__(self, *actions: str) -> None:
        if unknown := set(actions) - ACTIONS:
            raise LookupError(f"No policy speaks of {sorted(unknown)}.")
        self.actions = actions
        self.reads = bool(set(Read) & set(actions))

    async def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
        purpose: PurposeOfUse = Purpose.OPERATIONS,
    ) -> Caller:
        if bearer is None:
            raise unauthorized()
        return await self.admit(request, bearer.credentials, purpose)

    async def admit(self, request: Request, token: str, purpose: Purpose) -> Caller:
        """Who holds the token, if they may; else 401 or 403."""
        wiring = wiring_of(request)
        try:
            signed_in = wiring.tokens.verify(token)
        except TokenError:
            raise unauthorized() from None
        what = request.scope["route"].operation_id
        caller = Caller(signed_in.person, signed_in.facility, purpose, what, wiring)
        # On the loop nothing may wait: whoever is turned away is put on record by a thread.
        if (code := request.path_params.get("code", caller.facility)) != caller.facility:
            await run_in_threadpool(caller.at, code)
        if not caller.is_permitted(self.actions):
            await run_in_threadpool(caller.may, *self.actions)
        if not self.reads:
            return caller
        glance = await awaited(wiring.watches.of(caller.facility).look())
        if not caller.is_listed(glance.facility):
            await run_in_threadpool(caller.listed, glance.facility)
        return replace(caller, glance=glance)


def is_gated(request: Request) -> bool:
    """Whether it reached a route that has a gate before it."""
    route = request.scope.get("route")
    dependant = getattr(route, "dependant", None)
    return dependant is not None and any(isinstance(each.call, Gate) for each in dependant.dependencies)


async def is_signed_in(request: Request) -> bool:
    """Whether the token it comes with is somebody's, whatever they may."""
    bearer = await BEARER(request)
    if bearer is None:
        return False
    try:
        wiring_of(request).tokens.verify(bearer.credentials)
    except TokenError:
        return False
    return True


def may(*actions: str) -> Any:
    """For a route's signature: `by: Annotated[Caller, may(Read.CHART)]`."""
    return Security(Gate(*actions))
