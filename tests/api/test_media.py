"""Which form of an answer is meant."""

from __future__ import annotations

import pytest

from api.media import CSV, JSON, NDJSON, chosen
from api.problem import Problem

OFFERED = (JSON, NDJSON, CSV)


@pytest.mark.parametrize(
    ("accept", "meant"),
    [
        ([], JSON),
        (["", " , "], JSON),
        (["*/*"], JSON),
        (["text/csv"], CSV),
        (["TEXT/CSV; charset=utf-8"], CSV),
        (["text/*, application/json;q=0.9"], CSV),
        (["application/json;q=0.1, application/x-ndjson;q=0.2"], NDJSON),
        (["application/json;q=0, */*"], NDJSON),
        (["application/pdf, text/csv;q=0.001"], CSV),
        (["application/pdf", "text/csv"], CSV),
    ],
)
def test_the_form_wanted_most_is_chosen(accept: list[str], meant: str) -> None:
    assert chosen(accept, OFFERED) == meant


@pytest.mark.parametrize("accept", ["application/pdf", "text/csv;q=0", "text/csv;q=much", "text/csv;q=2", "csv"])
def test_a_form_that_is_not_there_is_refused_with_those_there_are(accept: str) -> None:
    with pytest.raises(Problem, match="text/csv") as refused:
        chosen([accept], OFFERED)
    assert refused.value.status == 406
