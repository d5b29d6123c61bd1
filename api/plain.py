"""Questions in their plainest form, which is how nearly all of them come: an address, a token, a purpose, nothing else.

What such a question says is read here, in a tenth of the time that FastAPI takes to go through the signature for what
isn't there. It comes to the same gate and the same function; any other question, and any that is in some way wrong,
goes FastAPI's way. The document of the API is made from the signature.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.asking import Asked
from api.gate import Gate
from domain.access import Purpose

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKEN: Final = re.compile(rb"Bearer ([A-Za-z0-9_.-]+)")
_PURPOSES: Final = {purpose.value.encode(): purpose for purpose in Purpose}

_NOTHING_MORE: Final = Asked.model_validate({})


@dataclass(frozen=True, slots=True)
class PlainQuestion:
    """About one patient, as of today and as known now."""

    patient_id: UUID
    token: str
    purpose: Purpose

    @classmethod
    def of(cls, request: Request) -> Self | None:
        """None of a question that says more, or says it in another way."""
        patient = request.path_params["patient_id"]
        if request.scope["query_string"] or not _UUID.fullmatch(patient):
            return None
        tokens, purposes = [], []
        for name, value in request.scope["headers"]:
            if name == b"authorization":
                tokens.append(_TOKEN.fullmatch(value))
            elif name == b"purpose-of-use":
                purposes.append(_PURPOSES.get(value))
        purpose = (purposes or [Purpose.OPERATIONS])[0]
        if len(tokens) != 1 or tokens[0] is None or len(purposes) > 1 or purpose is None:
            return None
        return cls(UUID(patient), tokens[0][1].decode(), purpose)


class AboutPatient(APIRoute):
    """A route whose signature is `by` with its gate, `patient_id`, and `asked` (an `Asked`), and nothing else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        usual = super().get_route_handler()
        [gate] = [each.call for each in self.dependant.dependencies if isinstance(each.call, Gate)]
        endpoint = self.endpoint

        async def handler(request: Request) -> Response:
            question = PlainQuestion.of(request)
            if question is None:
                return await usual(request)
            by = await gate.admit(request, question.token, question.purpose)
            answer: Response = await endpoint(by, question.patient_id, _NOTHING_MORE)
            return answer

        return handler
