"""Files that leave over HTTP: what the headers of such an answer say, and how they are described."""

import base64
from collections.abc import Mapping
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from api.gate import Caller
from exchange.manifest import Manifest

_TEXT: Final = {"schema": {"type": "string"}}

HEADERS: Final[Mapping[str, Any]] = {
    "Export-Manifest": {"description": "The manifest: a JSON object in one line of ASCII.", **_TEXT},
    "Content-Digest": {"description": "SHA-256 of the file, by RFC 9530.", **_TEXT},
    "Content-Disposition": {"description": "A name for the file.", **_TEXT},
}


def file_headers(
    manifest: Manifest, called: str, disposition: Literal["attachment", "inline"] = "attachment"
) -> dict[str, str]:
    """Of a file under that name, which is told by its manifest."""
    digest = base64.b64encode(bytes.fromhex(manifest.sha256)).decode()
    return {
        "Export-Manifest": manifest.as_header(),
        "Content-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": f'{disposition}; filename="{called}"',
    }


def zone_of(by: Caller) -> ZoneInfo:
    """The site's, as it was when they were let in."""
    if by.glance is None:
        raise LookupError("Whoever reads was let in by a look at the site.")
    return by.glance.facility.clock
