"""The pages made from the code are those that the code gives now, and every refusal says where it comes from."""

from __future__ import annotations

import re

import pytest

from docs import states
from docs.__main__ import PAGES
from docs.refusals import ROOT, Raised, page, refusals
from domain.chart.states import TRANSITIONS, State
from domain.sources import OF_RULE, OF_TOPIC, source_of

REFUSALS = tuple(refusals())


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_what_the_code_gives(name: str) -> None:
    on_disk = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert on_disk == PAGES[name](), f"docs/{name} is not what the code says any more: run `make docs`."


def test_every_refusal_says_where_it_comes_from() -> None:
    topics = {raised.topic for raised in REFUSALS}
    assert topics - set(OF_TOPIC) == set(), "Name the source of these topics in domain/sources.py, and `make docs`."
    assert set(OF_TOPIC) - topics == set(), "Nothing is refused in these topics any more: strike them."
    assert set(OF_RULE) - {raised.rule for raised in REFUSALS} == set()


def test_a_source_that_nobody_named_is_missed() -> None:
    with pytest.raises(KeyError):
        source_of("weather.too-cold")


def test_the_page_of_refusals_lists_each_with_sentence_and_source() -> None:
    rows = re.findall(r"^\| `([a-z.-]+)` \| (.+) \| (.+) \|$", page(REFUSALS), re.MULTILINE)
    assert [row[0] for row in rows] == sorted(raised.rule for raised in REFUSALS)
    assert all(text.endswith(".") and source for _, text, source in rows)


def test_a_sentence_that_is_filled_in_shows_where() -> None:
    found = {raised.rule: raised for raised in REFUSALS}
    assert found["attendance.already-recorded"].text == "This session has a record: correct version … instead."


def test_a_rule_that_is_not_a_plain_word_is_not_passed_by() -> None:
    """Every raise in the domain is found: as many as there are rules."""
    assert len(REFUSALS) > 100
    assert all(isinstance(raised, Raised) and raised.place.startswith("domain/") for raised in REFUSALS)


def test_the_page_of_states_shows_every_state_and_every_fact() -> None:
    text = states.page()
    assert all(f"`{name}`" in text for name in TRANSITIONS)
    assert all(re.search(rf"\b{state.value}\b", text) for state in State)
    assert "    detox_referred --> assessed: IntakeAssessed\n" in text
    assert "    on_hold --> tapering: HoldEnded\n" in text
    assert "    [*] --> tapering: EpisodeCarriedOver\n" in text
    assert set(states.REMARKS) <= set(TRANSITIONS)
