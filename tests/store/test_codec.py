"""Facts as JSON and back; what doesn't have the shape of a fact is refused with a sentence that repeats nothing."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chart.screening import AnalyteOutcome, AnalyteResult, DefinitiveReported, ValidityReported
from domain.facility import HolidayDeclared
from domain.record import Envelope, Person, Source
from store.body import decode_body, encode_body
from store.codec import check_place, decode_fact, encode_fact
from store.errors import ShapeError
from store.lines import from_line, to_line
from tests.sample_program import SAMPLE
from tests.store.given import envelope

with gzip.open(SAMPLE / "lexington.ndjson.gz") as file:
    LINES: list[dict[str, Any]] = [json.loads(line) for line in file]

EXAMPLE = next(line for line in LINES if line["type"] == "DefinitiveReported")


def test_every_line_of_the_sample_comes_back_as_it_was() -> None:
    for line in LINES:
        back = to_line(from_line(line).recorded())
        assert back == line
        assert list(back) == list(line)
        assert {path: type(value) for path, value in _leaves(back)} == {p: type(v) for p, v in _leaves(line)}


def test_every_fact_of_the_sample_is_stored_and_read_without_loss() -> None:
    for line in LINES:
        recorded = from_line(line).recorded()
        body = encode_body(recorded.envelope, recorded.fact)
        assert b"null" not in body
        assert decode_body(line["type"], body) == (recorded.envelope, recorded.fact)
        assert decode_fact(line["type"], encode_fact(recorded.fact)) == recorded.fact


def _leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}")]
    if isinstance(value, list):
        return [leaf for at, inner in enumerate(value) for leaf in _leaves(inner, f"{path}[{at}]")]
    return [(path, value)]


def test_a_line_keeps_when_another_system_recorded_it() -> None:
    line = LINES[0] | {"recorded_elsewhere_at": "2025-12-31T23:59:59.000001Z"}
    assert to_line(from_line(line).recorded()) == line


def test_a_line_from_elsewhere_may_lack_what_the_store_gives() -> None:
    lean = {key: value for key, value in EXAMPLE.items() if key in {"stream", "version", "type", "by", "fact"}}
    line = from_line(lean)
    assert (line.source, line.position, line.ledger) == (None, None, None)
    with pytest.raises(ShapeError, match="`ledger`, `position` and `recorded_at` are needed"):
        line.recorded()
    placed = lean | {key: EXAMPLE[key] for key in ("ledger", "position", "recorded_at")}
    with pytest.raises(ShapeError, match="`source` and `correlation_id` are needed"):
        from_line(placed).recorded()


numbers = st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
instants = st.datetimes(
    # Before, some offsets had seconds, which ISO 8601 can't say.
    min_value=datetime(1980, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    timezones=st.timezones(),
    allow_imaginary=False,
)


@settings(max_examples=60, deadline=None)
@given(number=numbers, ph=numbers, at=instants, text=st.text(st.characters(codec="utf-8")))
def test_numbers_instants_and_text_are_kept(
    number: int | float | None, ph: int | float | None, at: datetime, text: str
) -> None:
    validity = ValidityReported(episode_id=uuid4(), screening_id=uuid4(), creatinine_mg_dl=number, ph=ph)
    report = DefinitiveReported(
        episode_id=uuid4(),
        screening_id=uuid4(),
        at=at,
        analytes=(
            AnalyteResult(analyte=text, loinc="1-8", outcome=AnalyteOutcome.NEGATIVE, value_ng_ml=number),
            AnalyteResult(analyte="", loinc="", outcome=AnalyteOutcome.POSITIVE),
        ),
    )
    kept = envelope(reason=text)
    back_envelope, back_validity = decode_body("ValidityReported", encode_body(kept, validity))
    assert (back_envelope, back_validity) == (kept, validity)
    assert type(back_validity.ph) is type(ph)
    back = decode_body("DefinitiveReported", encode_body(kept, report))[1]
    # An instant that its zone's clocks show twice equals none of another zone: compare what it is in UTC.
    assert back.at.astimezone(UTC) == at.astimezone(UTC)
    assert back.at.utcoffset() == at.utcoffset()
    assert replace(back, at=at) == report


Harm = Callable[[dict[str, Any]], object]


def _put(path: str, value: Any) -> Harm:
    def harm(line: dict[str, Any]) -> None:
        *way, last = path.split(".")
        at: Any = line
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        at[last] = value

    return harm


def _drop(path: str) -> Harm:
    def harm(line: dict[str, Any]) -> None:
        *way, last = path.split(".")
        at: Any = line
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        del at[last]

    return harm


INSTANT = "an instant with its offset, such as 2026-03-02T18:00:00-05:00"
REFUSED: list[tuple[Harm, str]] = [
    (_put("fact.analytes.0.outcome", "Smith"), "`analytes.outcome` of DefinitiveReported must be one of negative,"),
    (_put("fact.analytes.0.value_ng_ml", True), "`analytes.value_ng_ml` of DefinitiveReported must be a number"),
    (_put("fact.analytes.0.given_name", "Smith"), "`analytes.given_name` is no field of DefinitiveReported"),
    (_put("fact.analytes", "Smith"), "`analytes` of DefinitiveReported must be a list"),
    (_put("fact.analytes", ["Smith"]), "`analytes` of DefinitiveReported must be an object"),
    (_put("fact.analytes", None), "`analytes` of DefinitiveReported must be"),
    (_drop("fact.analytes.0.outcome"), "`analytes.outcome` of DefinitiveReported is missing: give one of negative"),
    (_put("fact.at", "2026-03-02T18:00:00"), f"`at` of DefinitiveReported must be {INSTANT}"),
    (_put("fact.at", "Smith"), f"`at` of DefinitiveReported must be {INSTANT}"),
    (_put("fact.at", 1772492400), f"`at` of DefinitiveReported must be {INSTANT}"),
    (_put("fact.episode_id", "Smith"), "`episode_id` of DefinitiveReported must be a UUID"),
    (_put("fact.Smith, John", 1), "`(a field)` is no field of DefinitiveReported"),
    (_drop("fact.at"), "`at` of DefinitiveReported is missing"),
    (_put("fact", "Smith"), "DefinitiveReported must be an object with its fields"),
    (_drop("fact"), "`fact` is missing"),
    (_put("type", "SmithReported"), "`type` names no fact that this version knows"),
    (_drop("type"), "`type` of the event is missing"),
    (_put("stream", f"session/{uuid4()}"), "DefinitiveReported doesn't belong in a stream of this kind"),
    (_put("stream", "chart/Smith"), "a kind and a UUID in lower case"),
    (_put("stream", f"chart/{str(uuid4()).upper()}"), "a kind and a UUID in lower case"),
    (_put("version", 0), "`version` and `position` count from 1"),
    (_put("position", 0), "`version` and `position` count from 1"),
    (_put("version", "1"), "`version` of the event must be a whole number"),
    (_put("version", True), "`version` of the event must be a whole number"),
    (_put("recorded_at", "2026-03-02T18:00:00"), f"`recorded_at` of the event must be {INSTANT}"),
    (_put("recorded_elsewhere_at", "2026-03-02T18:00"), f"`recorded_elsewhere_at` of the event must be {INSTANT}"),
    (_put("ledger", "../Smith"), "`ledger` must be a facility's code"),
    (_put("by.phone", "Smith"), "`by.phone` is no field of the event"),
    (_drop("by.id"), "`by.id` of the event is missing: give a text"),
    (_put("by", "Smith"), "`by` of the event must be an object"),
    (_put("source", "Smith"), "`source` of the event must be one of api, web, lab, import, system"),
    (_put("patient", "Smith"), "`patient` is no field of the event"),
]


@pytest.mark.parametrize(("harm", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_a_line_of_another_shape_is_refused_by_name_of_the_field(harm: Harm, sentence: str) -> None:
    line = copy.deepcopy(EXAMPLE)
    harm(line)
    with pytest.raises(ShapeError) as refusal:
        from_line(line)
    said = str(refusal.value)
    assert said.startswith(sentence) or sentence in said
    assert "Smith" not in said
    assert said.endswith(".")
    assert refusal.value.__cause__ is None


def test_what_is_no_object_is_no_line() -> None:
    others: list[Any] = [[], "Smith", 3, None]
    for line in others:
        with pytest.raises(ShapeError, match="must be a JSON object"):
            from_line(line)
    with pytest.raises(ShapeError, match="HolidayDeclared must be JSON"):
        decode_fact("HolidayDeclared", b'{"on": "2026-')


@pytest.mark.parametrize(
    "fact",
    [
        HolidayDeclared(on="Smith", name="x"),  # type: ignore[arg-type]
        HolidayDeclared(on=datetime(2026, 4, 6, tzinfo=None), name="x"),  # noqa: DTZ001
        HolidayDeclared(on=date(2026, 4, 6), name=7),  # type: ignore[arg-type]
        HolidayDeclared(on=date(2026, 4, 6), name="\ud800"),
        HolidayDeclared(on=date(2026, 4, 6), name=object()),  # type: ignore[arg-type]
        ValidityReported(episode_id=uuid4(), screening_id=uuid4(), ph=float("nan")),
        ValidityReported(episode_id=uuid4(), screening_id=uuid4(), ph=2**70),
        DefinitiveReported(
            episode_id=uuid4(),
            screening_id=uuid4(),
            at=datetime(2026, 4, 6),  # noqa: DTZ001
            analytes=(),
        ),
        DefinitiveReported(episode_id=uuid4(), screening_id=uuid4(), at="Smith", analytes=()),  # type: ignore[arg-type]
        DefinitiveReported(episode_id=uuid4(), screening_id=uuid4(), at=None, analytes=(7,)),  # type: ignore[arg-type]
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_could_not_be_read_back_is_not_written(fact: Any) -> None:
    with pytest.raises(ShapeError) as refusal:
        encode_body(envelope(), fact)
    assert "Smith" not in str(refusal.value)


def test_an_envelope_that_could_not_be_read_back_is_not_written() -> None:
    holiday = HolidayDeclared(on=date(2026, 4, 6), name="x")
    naive = Envelope(
        by=Person("system", "x", "system"),
        source=Source.API,
        correlation_id=uuid4(),
        recorded_elsewhere_at=datetime(2026, 4, 6),  # noqa: DTZ001
    )
    with pytest.raises(ShapeError, match="`recorded_elsewhere_at` of Envelope must be an instant"):
        encode_body(naive, holiday)
    nobody = Envelope(by=None, source=Source.API, correlation_id=uuid4())  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="`by` of HolidayDeclared is missing"):
        encode_body(nobody, holiday)


def test_a_stream_of_a_facility_is_named_by_its_code() -> None:
    check_place("facility/lexington", "HolidayDeclared")
    check_place(f"access/{uuid4()}", "ChartRead")
    for stream in ("facility/", "facility", "facility/a b", "access/lexington", "nothing/at-all"):
        with pytest.raises(ShapeError):
            check_place(stream, "ChartRead" if stream.startswith("access") else "HolidayDeclared")


def test_stored_json_is_plain() -> None:
    """What lies in the ledger for fifty years needs no program of ours to be read."""
    kept = envelope(reason="late")
    body = orjson.loads(encode_body(kept, HolidayDeclared(on=date(2026, 4, 6), name="Easter Monday")))
    assert body == {
        "by": {"id": kept.by.id, "name": "R. Ames", "role": "counselor", "credential": "LCADC"},
        "source": "api",
        "correlation_id": str(kept.correlation_id),
        "reason": "late",
        "fact": {"on": "2026-04-06", "name": "Easter Monday"},
    }
