"""An identity provider's tokens: what its public keys prove, and what they do not."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from api.provider import Provider
from api.tokens import KeyFileError, SignedIn, TokenError, Tokens
from domain.record import Person

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AMES = Person(id=f"staff/{UUID(int=7)}", name="R. Ames", role="counselor", credential="LCADC")
ISSUER, AUDIENCE = "https://login.example", "stepdown"
EC = ECKey.generate_key("P-256", {"kid": "ec"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(KeySet([EC, RSA]).as_dict(private=False)))
    return Provider.of_file(file, issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)


def token(key: Any, head: dict[str, Any] | None = None, **changed: Any) -> str:
    at = int(NOW.timestamp())
    said = {"iss": ISSUER, "aud": AUDIENCE, "iat": at, "exp": at + 600, "sub": AMES.id, "name": AMES.name}
    said |= {"role": AMES.role, "facility": "lexington", "credential": AMES.credential} | changed
    header = {"alg": "ES256", "kid": "ec", "typ": "at+jwt"} | (head or {})
    return jwt.encode(header, said, key, algorithms=["ES256", "RS256"])


@pytest.mark.parametrize(("key", "head"), [(EC, {}), (RSA, {"alg": "RS256", "kid": "rsa"})])
def test_what_the_provider_signed_for_us_says_who_is_signed_in(provider: Provider, key: Any, head: Any) -> None:
    assert provider.verify(token(key, head)) == SignedIn(AMES, "lexington")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"exp": int(NOW.timestamp()) - 1},
        {"exp": int(NOW.timestamp()) + 13 * 3600},
        {"role": "superuser"},
        {"sub": "R. Ames"},
        {"facility": ""},
    ],
)
def test_a_token_that_is_not_for_us_or_is_over_or_says_too_little_is_refused(
    provider: Provider, changed: dict[str, Any]
) -> None:
    with pytest.raises(TokenError):
        provider.verify(token(EC, **changed))


def test_a_token_signed_by_another_key_is_refused(provider: Provider) -> None:
    with pytest.raises(TokenError):
        provider.verify(token(ECKey.generate_key("P-256", {"kid": "ec"})))


def test_a_token_signed_with_a_public_key_as_if_it_were_a_secret_is_refused(provider: Provider) -> None:
    said = token(EC).split(".")[1]
    head = urlsafe_b64encode(b'{"alg":"HS256","kid":"ec","typ":"at+jwt"}').rstrip(b"=").decode()
    mac = hmac.digest(EC.as_pem(private=False), f"{head}.{said}".encode(), "sha256")
    with pytest.raises(TokenError):
        provider.verify(f"{head}.{said}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}")


def test_a_development_token_is_refused(provider: Provider, tmp_path: Path) -> None:
    issued = Tokens.development(tmp_path / "token.key", lambda: NOW).issue(AMES, "lexington")
    with pytest.raises(TokenError):
        provider.verify(issued)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"keys": []}',
        json.dumps(KeySet([EC]).as_dict(private=True)),
        json.dumps({"keys": [OctKey.generate_key(256).as_dict()]}),
    ],
    ids=["empty", "no key set", "no keys", "private keys", "a shared secret"],
)
def test_a_file_without_public_keys_or_with_others_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(text)
    with pytest.raises(KeyFileError):
        Provider.of_file(file, issuer=ISSUER, audience=AUDIENCE)
