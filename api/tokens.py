"""Bearer tokens: who is signed in, in which role, at which site.

The issuer here is for development: whoever can read its key file can be anybody. So it serves on loopback alone
(`refuse_beyond_loopback`, called when the application is made); a program that serves others has an identity
provider of its own (`api.provider`).

Claims: `iss`, `aud`, `iat`, `exp`, `sub` (`staff/<uuid>`, or `system` for the laboratory's interface), `name`, `role`,
`facility` (its code) and `credential` (may be null).
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE
from typing import Any, Final, Protocol, Self
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet

from api.known_tokens import KnownTokens, SignedIn, Verified
from domain.acts import LAB, ROLES, SYSTEM
from domain.facility import CODE
from domain.record import Person

ALGORITHM: Final = "ES256"
ISSUER: Final = "urn:stepdown:development"
AUDIENCE: Final = "urn:stepdown:api"
LIFE: Final = timedelta(hours=12)
"""A working day. A token that says it lives longer isn't one of ours."""

LONGEST: Final = 4096
"""Characters. Ours have some five hundred."""

SIGN_IN_ROLES: Final = frozenset({*ROLES, LAB})
"""`system` acts by itself and `operator` at the command line: neither signs in."""


class TokenError(Exception):
    """No token of ours, or one that is over. Says nothing about which check failed."""


class KeyFileError(Exception):
    """The key file can't be used; one sentence says what to do."""


class BeyondLoopback(Exception):
    """The development issuer was to be served to others."""


class Verifier(Protocol):
    """Says who holds a token. `loopback_only`: whoever is on this machine may be anybody."""

    @property
    def loopback_only(self) -> bool: ...

    def verify(self, token: str) -> SignedIn:
        """TokenError when the token isn't valid here."""
        ...


def refuse_beyond_loopback(host: str) -> None:
    """BeyondLoopback unless `host` is an address of this machine alone."""
    if host == "localhost":
        return
    try:
        local = ip_address(host.strip("[]")).is_loopback
    except ValueError:
        local = False
    if not local:
        raise BeyondLoopback("Development tokens are for this machine alone: serve on 127.0.0.1 or ::1.")


class Tokens:
    """Issues and verifies. `clock` gives the time with offset, for tests."""

    loopback_only: Final = True

    def __init__(self, key: ECKey, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._kid = key.thumbprint()
        self._clock = clock
        self._known = KnownTokens()

    @classmethod
    def development(cls, key_file: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """The issuer whose key lies in that file, made at the first use. KeyFileError when others may read it."""
        return cls(_key_in(key_file), clock)

    def issue(self, person: Person, facility: str) -> str:
        """A token for half a day. ValueError for a role that doesn't sign in, or what is no code of a facility."""
        now = self._clock()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
            "sub": person.id,
            "name": person.name,
            "role": person.role,
            "facility": facility,
            "credential": person.credential,
        }
        if signed_in_by(claims) is None:
            raise ValueError("A token is for staff/<uuid> in a role of the site, at a facility's code.")
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": self._kid}, claims, self._key, [ALGORITHM])

    def verify(self, token: str) -> SignedIn:
        """Who holds the token. TokenError when it isn't ours, isn't for us, is over or says too little."""
        now = self._clock()
        if (known := self._known.find(token, now)) is not None:
            return known
        header, found = verified(token, self._key, [ALGORITHM], issuer=ISSUER, audience=AUDIENCE, now=now)
        # The key is ours whatever the header names; a header that names another one was not made here.
        if header.get("kid") != self._kid or header.get("typ") != "at+jwt":
            raise TokenError("This token isn't valid here.")
        self._known.keep(token, found)
        return found.signed_in


def verified(
    token: str, key: Key | KeySet, algorithms: list[str], *, issuer: str, audience: str, now: datetime
) -> tuple[dict[str, Any], Verified]:
    """The header of a token and who holds it. TokenError when anything about it isn't as it has to be."""
    if len(token) > LONGEST:
        raise TokenError("This token isn't valid here.")
    try:
        decoded = jwt.decode(token, key, algorithms=algorithms)
        jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        ).validate(decoded.claims)
    except (JoseError, ValueError, RecursionError) as e:
        raise TokenError("This token isn't valid here.") from e
    claims = decoded.claims
    if claims["exp"] - claims["iat"] > LIFE.total_seconds():
        raise TokenError("This token isn't valid here.")
    if (signed_in := signed_in_by(claims)) is None:
        raise TokenError("This token doesn't say who is signed in, or where.")
    return decoded.header, Verified(signed_in, since=max(claims["iat"], claims.get("nbf", 0)), until=claims["exp"])


def signed_in_by(claims: dict[str, Any]) -> SignedIn | None:
    """The person that claims speak of; None when they leave something out or make no sense."""
    sub, name, role, facility = (claims.get(key) for key in ("sub", "name", "role", "facility"))
    credential = claims.get("credential")
    if not all(isinstance(said, str) and said for said in (sub, name, role, facility)):
        return None
    if role not in SIGN_IN_ROLES or not CODE.fullmatch(str(facility)):
        return None
    if credential is not None and not isinstance(credential, str):
        return None
    if not (sub == SYSTEM if role == LAB else _is_staff(str(sub))):
        return None
    return SignedIn(Person(id=str(sub), name=str(name), role=str(role), credential=credential), str(facility))


def _is_staff(sub: str) -> bool:
    kind, _, key = sub.partition("/")
    try:
        # In one spelling only: the person's idempotency keys and signatures hang on it.
        return kind == "staff" and str(UUID(key)) == key
    except ValueError:
        return False


def _key_in(path: Path) -> ECKey:
    try:
        if not path.exists():
            _make(path)
        if S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyFileError(f"{path.name} can be read by others: set its mode to 0600, or remove it for a new one.")
        return ECKey.import_key(path.read_bytes())
    except OSError as e:
        raise KeyFileError(f"{path.name} can't be used ({e.strerror}): give this account write permission.") from None
    except (JoseError, ValueError):
        raise KeyFileError(f"{path.name} holds no key: remove it, and a new one is made.") from None


def _make(path: Path) -> None:
    """Whole or not at all, and the first of two processes wins: a link doesn't replace what is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(ECKey.generate_key("P-256").as_pem(private=True))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
