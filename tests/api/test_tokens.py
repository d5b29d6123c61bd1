"""Tokens: what is accepted, and everything that only looks like one."""

import json
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from api import known_tokens
from api.known_tokens import SignedIn
from api.tokens import (
    AUDIENCE,
    ISSUER,
    BeyondLoopback,
    KeyFileError,
    TokenError,
    Tokens,
    refuse_beyond_loopback,
)
from domain.record import Person

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STAFF = UUID("7f7f7a41-cccd-43a4-88b4-651cd43a7bbb")
AMES = Person(id=f"staff/{STAFF}", name="R. Ames", role="counselor", credential="LCADC")
KEY = ECKey.generate_key("P-256")


def claims(**changed: Any) -> dict[str, Any]:
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
        "sub": AMES.id,
        "name": AMES.name,
        "role": AMES.role,
        "facility": "lexington",
        "credential": AMES.credential,
    }
    return {name: value for name, value in (said | changed).items() if value is not ...}


def header(**changed: Any) -> dict[str, Any]:
    return {"alg": "ES256", "typ": "at+jwt", "kid": KEY.thumbprint()} | changed


def signed(said: dict[str, Any], head: dict[str, Any] | None = None, key: ECKey = KEY) -> str:
    return jwt.encode(head or header(), said, key)


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(head: Any, said: Any) -> str:
    """Signed with our own key, whatever it says: for what no library would sign."""
    text = f"{part(head)}.{part(said)}"
    r, s = decode_dss_signature(KEY.private_key.sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{part(r.to_bytes(32) + s.to_bytes(32))}"


def tokens(at: datetime = NOW) -> Tokens:
    return Tokens(KEY, lambda: at)


def test_a_token_says_who_is_signed_in_and_where() -> None:
    assert tokens().verify(tokens().issue(AMES, "lexington")) == SignedIn(AMES, "lexington")


def test_a_token_made_by_hand_with_every_claim_is_accepted() -> None:
    """So that the refusals below are refused for the one thing that each changes."""
    assert tokens().verify(sealed(header(), claims())) == SignedIn(AMES, "lexington")
    assert tokens().verify(signed(claims())) == SignedIn(AMES, "lexington")
    assert tokens().verify(signed(claims(credential=...))).person.credential is None


def test_a_token_is_over_after_twelve_hours() -> None:
    token = tokens().issue(AMES, "lexington")
    assert tokens(NOW + timedelta(hours=12, seconds=-1)).verify(token).facility == "lexington"
    with pytest.raises(TokenError):
        tokens(NOW + timedelta(hours=12)).verify(token)


def test_the_laboratory_signs_in_as_an_interface() -> None:
    lab = Person(id="system", name="Lab interface", role="lab")
    assert tokens().verify(tokens().issue(lab, "lexington")).person == lab


UNSIGNED: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: f"{part(header(alg='none'))}.{part(claims())}.",
    "no algorithm, in other letters": lambda: f"{part(header(alg='nOnE'))}.{part(claims())}.",
    "a secret made of our public key": lambda: jwt.encode(
        header(alg="HS256"), claims(), OctKey.import_key(KEY.as_pem(private=False).hex()), algorithms=["HS256"]
    ),
    "another key": lambda: signed(claims(), key=ECKey.generate_key("P-256")),
    "another key that the header brings along": lambda: _brought_along(),
    "another key's name": lambda: signed(claims(), header(kid="../../../../dev/null")),
    "no key's name": lambda: signed(claims(), {"alg": "ES256", "typ": "at+jwt"}),
    "an identity token": lambda: signed(claims(), header(typ="JWT")),
    "an extension that we don't know": lambda: sealed(header(crit=["exp"], exp=1), claims()),
    "a header that is a list": lambda: sealed(["ES256"], claims()),
    "algorithms": lambda: sealed(header(alg=["ES256"]), claims()),
    "no algorithm named": lambda: sealed({"typ": "at+jwt", "kid": KEY.thumbprint()}, claims()),
    "a key's name that is none": lambda: sealed(header(kid={"a": 1}), claims()),
    "claims that are a list": lambda: sealed(header(), [claims()]),
    "claims that are no JSON": lambda: sealed(header(), b"\xff{"),
    "a header without end": lambda: sealed(b"[" * 2000, claims()),
    "more than fits": lambda: sealed(header(), claims(name="A" * 4096)),
    "a changed claim": lambda: _tampered(),
    "no signature": lambda: signed(claims()).rpartition(".")[0] + ".",
    "nothing": lambda: "",
    "no token at all": lambda: "not-a-token",
    "something that is no text": lambda: "\u00e9\u2028.\U0001f4a5.x",
}


def _brought_along() -> str:
    """`jwk` in the header is an invitation to check a signature with the signer's own key."""
    other = ECKey.generate_key("P-256")
    return signed(claims(), header(jwk=other.as_dict(private=False)), other)


def _tampered() -> str:
    head, body, signature = signed(claims()).split(".")
    said = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return f"{head}.{part(said | {'role': 'administrator'})}.{signature}"


@pytest.mark.parametrize("forged", UNSIGNED, ids=str)
def test_a_token_that_we_did_not_sign_is_refused(forged: str) -> None:
    with pytest.raises(TokenError):
        tokens().verify(UNSIGNED[forged]())


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "urn:elsewhere"},
    "no issuer": {"iss": ...},
    "another audience": {"aud": "urn:stepdown:web"},
    "other audiences": {"aud": ["urn:stepdown:web", "urn:elsewhere"]},
    "no audience": {"aud": ...},
    "over": {"exp": int(NOW.timestamp())},
    "never over": {"exp": ...},
    "over in a year": {"exp": int(NOW.timestamp()) + 31_536_000},
    "an end that is no number": {"exp": "tomorrow"},
    "no start": {"iat": ...},
    "made tomorrow": {"iat": int(NOW.timestamp()) + 86_400, "exp": int(NOW.timestamp()) + 90_000},
    "not yet": {"nbf": int(NOW.timestamp()) + 60},
    "nobody": {"sub": ...},
    "the system": {"sub": "system"},
    "an operator": {"sub": "operator/root", "role": "operator"},
    "a patient": {"sub": f"patient/{STAFF}"},
    "staff by another spelling": {"sub": f"staff/{STAFF.hex}"},
    "no name": {"name": ...},
    "an empty name": {"name": ""},
    "no role": {"role": ...},
    "no role of ours": {"role": "owner"},
    "the role of the system": {"role": "system", "sub": "system"},
    "staff as the laboratory": {"role": "lab"},
    "several roles": {"role": ["counselor", "administrator"]},
    "no facility": {"facility": ...},
    "an access ledger": {"facility": "lexington.access"},
    "a facility that is a path": {"facility": "../lexington"},
    "several facilities": {"facility": ["lexington", "louisville"]},
    "a credential that is no text": {"credential": ["LCADC"]},
}


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_token_that_says_something_else_is_refused(wrong: str) -> None:
    with pytest.raises(TokenError):
        tokens().verify(signed(claims(**WRONG[wrong])))


@pytest.mark.parametrize(
    ("person", "facility"),
    [
        (Person(id="system", name="Stepdown", role="system"), "lexington"),
        (Person(id="operator/root", name="root", role="operator"), "lexington"),
        (AMES, "lexington.access"),
        (AMES, ""),
    ],
)
def test_no_token_is_issued_that_would_be_refused(person: Person, facility: str) -> None:
    with pytest.raises(ValueError, match="A token is for"):
        tokens().issue(person, facility)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "token.key"
    first = Tokens.development(path, lambda: NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Tokens.development(path, lambda: NOW).verify(first.issue(AMES, "lexington")).person == AMES
    assert [file.name for file in path.parent.iterdir()] == ["token.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token.key"
    Tokens.development(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="0600"):
        Tokens.development(path)


def test_a_file_that_holds_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token.key"
    path.write_text("hunter2")
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as refused:
        Tokens.development(path)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "[::1]", "localhost"])
def test_development_tokens_serve_this_machine(host: str) -> None:
    refuse_beyond_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "localhost.example", "2130706433"])
def test_development_tokens_serve_nobody_else(host: str) -> None:
    with pytest.raises(BeyondLoopback, match=r"127\.0\.0\.1"):
        refuse_beyond_loopback(host)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def test_a_token_that_was_verified_before_is_over_when_it_says_so() -> None:
    clock = Clock()
    ours = Tokens(KEY, clock)
    token = signed(claims(nbf=int(NOW.timestamp()) + 60))
    with pytest.raises(TokenError):
        ours.verify(token)
    for seconds in (60, 3599):
        clock.at = NOW + timedelta(seconds=seconds)
        assert ours.verify(token) == SignedIn(AMES, "lexington")
    for seconds in (3600, 59):
        clock.at = NOW + timedelta(seconds=seconds)
        with pytest.raises(TokenError):
            ours.verify(token)


def test_a_signature_is_checked_once_and_a_wrong_one_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = tokens()
    token = signed(claims())
    ours.verify(token)
    wrong = signed(claims(), key=ECKey.generate_key("P-256"))
    decoded = []
    decode = jwt.decode
    monkeypatch.setattr(
        jwt, "decode", lambda text, *given, **named: decoded.append(text) or decode(text, *given, **named)
    )
    for _ in range(2):
        ours.verify(token)
        with pytest.raises(TokenError):
            ours.verify(wrong)
    assert decoded == [wrong, wrong]


def test_a_token_that_was_verified_before_does_not_hold_under_other_keys() -> None:
    token = signed(claims())
    tokens().verify(token)
    with pytest.raises(TokenError):
        Tokens(ECKey.generate_key("P-256"), lambda: NOW).verify(token)


def test_no_more_tokens_than_some_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tokens, "KEPT", 2)
    known = known_tokens.KnownTokens()
    held = known_tokens.Verified(SignedIn(AMES, "lexington"), since=0, until=NOW.timestamp() + 1)
    for token in ("a", "b", "c"):
        known.keep(token, held)
    assert [known.find(token, NOW) for token in ("a", "b", "c")] == [None, held.signed_in, held.signed_in]
