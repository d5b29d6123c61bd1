"""A plain question comes to the same gate and the same answer as FastAPI would bring it to."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from api import plain
from api.plain import PlainQuestion
from domain.access import Purpose
from tests.api.program import Site

Headers = list[tuple[bytes, bytes]]

# With the token put in, how it is sent, and whether that is as plain as can be.
TOKENS = {
    b"Bearer %s": True,
    b"Bearer %sx": True,
    b"bearer %s": False,
    b"Bearer %s and more": False,
    b"Bearer  %s": False,
    b"Bearer %s\xc3\xa9": False,
    b"Basic %s": False,
}
PURPOSES = [purpose.value.encode() for purpose in Purpose]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each question, whether it was taken as a plain one."""
    noted: list[bool] = []
    of = PlainQuestion.of

    def noting(request: Any) -> PlainQuestion | None:
        question = of(request)
        noted.append(question is not None)
        return question

    monkeypatch.setattr(plain.PlainQuestion, "of", noting)
    return noted


def answered(site: Site, path: str, headers: Headers) -> Any:
    """What is answered, and what is on record of it."""
    before = len(site.accesses())
    answer = site.client.send("GET", f"/v1/patients/{path}", headers=headers)
    noted = [(line["type"], line["by"]["id"], line["fact"]) for line in site.accesses()[before:]]
    return answer.status_code, answer.headers, answer.content, noted


def alike(site: Site, path: str, headers: Headers, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same by the plain way and by FastAPI's."""
    found = answered(site, path, headers)
    with monkeypatch.context() as patch:
        patch.setattr(plain.PlainQuestion, "of", lambda request: None)
        assert answered(site, path, headers) == found
    return found


def signed_in(site: Site, role: str, sent: bytes = b"Bearer %s") -> tuple[bytes, bytes]:
    return b"Authorization", sent % site.as_(role)["Authorization"].removeprefix("Bearer ").encode()


def test_whoever_asks_for_whatever_purpose_is_let_in_or_turned_away_alike(
    site: Site, monkeypatch: pytest.MonkeyPatch, taken: list[bool]
) -> None:
    path = f"{site.patient()}/status"
    codes = []
    for role in ("counselor", "front_desk", "auditor", "administrator", "lab"):
        for purpose in PURPOSES:
            headers = [signed_in(site, role), (b"Purpose-Of-Use", purpose)]
            codes.append(alike(site, path, headers, monkeypatch)[0])
    assert set(taken) == {True}
    assert {code: codes.count(code) for code in codes} == {200: 5, 403: 20}


def test_a_token_is_read_alike_however_it_is_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch, taken: list[bool]
) -> None:
    path = f"{site.patient()}/status"
    for sent, is_plain in TOKENS.items():
        taken.clear()
        alike(site, path, [signed_in(site, "counselor", sent)], monkeypatch)
        assert taken == [is_plain], sent
    taken.clear()
    twice = [signed_in(site, "counselor"), signed_in(site, "front_desk")]
    assert alike(site, path, [], monkeypatch)[0] == 401
    alike(site, path, twice, monkeypatch)
    assert taken == [False, False]


def test_a_purpose_that_is_none_or_said_twice_is_for_fastapi(
    site: Site, monkeypatch: pytest.MonkeyPatch, taken: list[bool]
) -> None:
    path = f"{site.patient()}/status"
    for said in ([b"snooping"], [b""], [b"Treatment"], [b"treatment", b"audit"], [b"treatment", b"treatment"]):
        headers = [signed_in(site, "counselor"), *((b"Purpose-Of-Use", purpose) for purpose in said)]
        alike(site, path, headers, monkeypatch)
    assert taken == [False] * 5
    # Without one it is for operations.
    assert alike(site, path, [signed_in(site, "counselor")], monkeypatch)[3][0][2]["purpose"] == "operations"
    assert taken[-1]


def test_a_patient_who_is_not_there_is_told_alike(
    site: Site, monkeypatch: pytest.MonkeyPatch, taken: list[bool]
) -> None:
    patient = site.patient()
    headers = [signed_in(site, "counselor")]
    for key, code, is_plain in (
        (patient, 200, True),
        (str(uuid4()), 404, True),
        (patient.upper(), 200, False),
        (patient.replace("-", ""), 200, False),
        ("nobody", 422, False),
        (f"{patient}%0A", 422, False),
    ):
        taken.clear()
        assert alike(site, f"{key}/status", headers, monkeypatch)[0] == code, key
        assert taken == [is_plain], key


@pytest.mark.parametrize(
    ("query", "code"), [("as_of=2026-01-01", 200), ("as_off=2026-01-01", 422), ("at_least=elsewhere:1", 200)]
)
def test_what_asks_for_more_is_for_fastapi(
    site: Site, monkeypatch: pytest.MonkeyPatch, taken: list[bool], query: str, code: int
) -> None:
    path = f"{site.patient()}/status?{query}"
    assert alike(site, path, [signed_in(site, "counselor")], monkeypatch)[0] == code
    assert taken == [False]
