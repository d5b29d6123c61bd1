"""What a report shows is the same from the read tables as from the ledger, at whichever cut."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import pytest

from domain.month import Month
from domain.week import Week
from exchange import reports
from exchange.paper import reports as papers
from exchange.paper.document import Form
from exchange.paper.reports import printed
from exchange.reports import Question
from exchange.restoring import restore_file
from projections.follower import Follower
from store.store import Store
from tests.exchange.program_file import OPERATOR, SAMPLE

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture
def followed(store: Store) -> Store:
    """The sample program, with its read tables."""
    restore_file(store, SAMPLE, by=OPERATOR)
    Follower(store).catch_up()
    return store


def folds(*_: Any, **__: Any) -> Any:
    raise AssertionError("folded from the ledger")


def test_documents_from_the_tables_say_what_those_from_the_ledger_say(followed: Store) -> None:
    periods = [(Week.parse("2026-W16"), date(2026, 4, 19)), (Week.parse("2026-W15"), date(2026, 4, 8))]
    for period, as_of in (*periods, (Month.parse("2026-03"), date(2026, 4, 19))):
        report = reports.answer(followed, "lexington", period, now=NOW, asked=Question(as_of=as_of))
        with patch.object(papers, "known_site", folds):
            from_tables = printed(followed, report, Form.HTML)
        with patch.object(papers, "present_site", lambda *_, **__: None):
            assert printed(followed, report, Form.HTML) == from_tables


def test_of_a_former_cut_the_ledger_is_asked(followed: Store) -> None:
    known_at = datetime(2026, 4, 20, 12, tzinfo=UTC)
    week = Week.parse("2026-W16")
    asked = Question(as_of=week.sunday, known_at=known_at)
    report = reports.answer(followed, "lexington", week, now=NOW, asked=asked)
    with patch.object(papers, "known_site", folds), pytest.raises(AssertionError, match="folded"):
        printed(followed, report, Form.HTML)
    assert report.header.sha256.encode() in printed(followed, report, Form.HTML)
