"""Lines in order are read in one go, strictly: what comes out is what the slow reading makes of the same line."""

from __future__ import annotations

import gzip
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from uuid import uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chart.screening import SpecimenRefused
from store.body import _encode_and_try, decode_body, encode_body
from store.errors import ShapeError
from store.lines import from_line, read_line
from tests.sample_program import SAMPLE
from tests.store.given import envelope

with gzip.open(SAMPLE / "lexington.ndjson.gz") as file:
    LINES: Final = file.read().splitlines()

BY_TYPE: Final = {orjson.loads(line)["type"]: line for line in LINES}

_LEAF: Final = re.compile(rb'("[a-z_0-9]+"):("(?:[^"\\]|\\.)*"|[-+.0-9eE]+|true|false|null)')


def test_every_line_of_the_sample_is_read_in_one_go() -> None:
    for line in LINES:
        assert read_line(line) == from_line(orjson.loads(line))


ODD: Final = (
    b"null",
    b"true",
    b"0",
    b"-0",
    b"1",
    b"1.0",
    b"-0.0",
    b"1.5",
    b"1e2",
    b"1e400",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551616",
    b"123456789012345678901234567890",
    b"0.1000000000000000055511151231257827",
    b'""',
    b'"1"',
    b'"attended"',
    b'"2026-03-02"',
    b'"2026-03-02T18:00:00"',
    b'"2026-03-02T18:00:00Z"',
    b'"2026-03-02t18:00:00.1234567+00:00"',
    b'"2026-03-02 18:00:00-05:30"',
    b'"2026-03-02T24:00:00Z"',
    b'"2026-03-02T18:00:60Z"',
    b'"0000-01-01"',
    b'"5671ADCB-bb58-4e96-9429-93508d7fd0d9"',
    b'"5671adcbbb584e96942993508d7fd0d9"',
    b'"{5671adcb-bb58-4e96-9429-93508d7fd0d9}"',
    b'"\\ud83d\\ude00"',
    b'"\\ud83d"',
    b'"\\u0000"',
    '"\U0001f600"'.encode(),
    b'"\x01"',
    b"[]",
    b"[1]",
    b'["a"]',
    b"{}",
    b"NaN",
    b"01",
    b"",
)
FIELDS: Final = (
    b"",
    b',"surplus":1',
    b',"fact":{}',
    b',"version":1',
    b',"type":"Admitted"',
    b' , "reason" : null ',
    b",",
)


def slowly(text: bytes) -> Any:
    """What the slow reading says; None where it refuses."""
    try:
        return from_line(orjson.loads(text))
    except (orjson.JSONDecodeError, ShapeError):
        return None


@settings(max_examples=400, deadline=None)
@given(line=st.sampled_from(list(BY_TYPE.values())), data=st.data())
def test_an_odd_line_is_left_to_the_slow_reading_or_read_as_the_same(line: bytes, data: st.DataObject) -> None:
    leaves = list(_LEAF.finditer(line))
    for leaf in sorted(data.draw(st.sets(st.sampled_from(leaves), max_size=2)), key=lambda m: -m.start()):
        odd = data.draw(st.sampled_from(ODD))
        line = line[: leaf.start(2)] + odd + line[leaf.end(2) :]
    at = data.draw(st.sampled_from([m.start() for m in re.finditer(rb"\}", line)]))
    line = line[:at] + data.draw(st.sampled_from(FIELDS)) + line[at:]
    quickly = read_line(line)
    if quickly is not None:
        assert repr(quickly) == repr(slowly(line))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["ph", "outcome", "arrived_at", "on", "session_id", "planned_weeks", "accession"])
def test_every_odd_value_is_read_alike(name: str, odd: bytes) -> None:
    field = f'"{name}":'.encode()
    line = next(line for line in LINES if field in line)
    value = next(leaf for leaf in _LEAF.finditer(line) if leaf[1] + b":" == field)
    line = line[: value.start(2)] + odd + line[value.end(2) :]
    quickly = read_line(line)
    if quickly is not None:
        assert repr(quickly) == repr(slowly(line))


def test_a_line_with_a_field_too_many_is_not_read_in_one_go() -> None:
    for line in BY_TYPE.values():
        for at in (m.start() for m in re.finditer(rb"\}", line)):
            before = b"" if line[at - 1 : at] == b"{" else b","
            assert read_line(line[:at] + before + b'"surplus":1' + line[at:]) is None


def test_what_is_written_in_one_go_is_what_the_slow_way_writes() -> None:
    for line in LINES:
        event = from_line(orjson.loads(line)).recorded()
        slowly_written = _encode_and_try(type(event.fact).__name__, event.envelope, event.fact)
        assert encode_body(event.envelope, event.fact) == slowly_written


@pytest.mark.parametrize("seconds", [30, 12600, -12600, 86399, -86399, -17762])
def test_an_offset_with_seconds_never_moves_an_instant_by_more_than_those(seconds: int) -> None:
    at = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(seconds=seconds)))
    refused = SpecimenRefused(episode_id=uuid4(), screening_id=uuid4(), at=at)
    try:
        body = encode_body(envelope(), refused)
    except ShapeError:
        assert seconds % 60
    else:
        assert abs(decode_body("SpecimenRefused", body)[1].at - at) <= timedelta(seconds=seconds % 60)
