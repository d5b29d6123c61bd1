"""Documents for people, over HTTP: what an answer as PDF or as a page is sent as."""

from hashlib import sha256
from typing import Any, Final, Literal

from fastapi import Response

from api.files import file_headers
from api.gate import Caller
from exchange.manifest import Manifest
from exchange.paper.document import Form
from exchange.paper.page import policy

Format = Literal["json", "pdf", "html"]
"""JSON for programs; the others for people, each a file that leaves the system."""

SAID: Final = (
    "`json` for programs. `pdf` (tagged, PDF/A and PDF/UA) and `html` (one file, no script) are for people and hold "
    "nothing of who asked and when: at one position they have the same bytes."
)

MEDIA_TYPES: Final = {Form.PDF: "application/pdf", Form.HTML: "text/html"}

CONTENT: Final[dict[str, Any]] = {
    MEDIA_TYPES[Form.PDF]: {"schema": {"type": "string", "contentMediaType": "application/pdf"}},
    MEDIA_TYPES[Form.HTML]: {"schema": {"type": "string"}},
}
"""What such a route answers beside JSON, for its documentation."""


def paper_answer(
    by: Caller, body: bytes, form: Form, *, called: str, rows: int, manifest: Manifest | None = None
) -> Response:
    """The file, under a name, with its manifest where it has one; that it leaves is on record before it does."""
    by.took(rows, sha256(body).hexdigest())
    named = f"{called}.{form.value}"
    headers = {"Content-Disposition": f'inline; filename="{named}"'}
    if manifest is not None:
        headers = file_headers(manifest, named, "inline")
    if form is Form.HTML:
        headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
    return Response(body, headers=headers, media_type=MEDIA_TYPES[form])
