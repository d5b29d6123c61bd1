"""The charts of a site as they were known at a position, one after the other: however many there are, a page of them is
in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from domain.chart import Chart, fold
from domain.record import Recorded, stream_name, stream_uuid
from domain.session import Session
from domain.site import fold_session
from store.ledger import Ledger

PAGE_CHARTS: Final = 40

KEPT_SESSIONS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Told:
    """A chart and the entries that it was folded from, by version."""

    chart: Chart
    entries: list[Recorded]

    def entry(self, version: int) -> Recorded:
        return self.entries[version - 1]


def charts_at(ledger: Ledger, position: int) -> Iterator[list[Told]]:
    """In order of `patient_id`, without those that were destroyed, before or since. Raises the errors of the store."""
    streams = iter(sorted(ledger.streams("chart", upto=position)))
    while page := list(islice(streams, PAGE_CHARTS)):
        found = ledger.read(page, upto=position)
        yield [Told(fold(stream_uuid(stream), entries), entries) for stream, entries in found.items() if entries]


class SessionsAt:
    """Sessions as they were known at a position, read when they are needed first; some thousands are kept."""

    def __init__(self, ledger: Ledger, position: int) -> None:
        self._ledger = ledger
        self._position = position
        self._kept: dict[UUID, Session] = {}

    def of(self, session_ids: Iterable[UUID]) -> dict[UUID, Session]:
        """Those of them that are planned: without those never scheduled, or whose scheduling was struck."""
        wanted = set(session_ids)
        if missing := wanted - self._kept.keys():
            if len(self._kept) > KEPT_SESSIONS:
                self._kept.clear()
                missing = wanted
            found = self._ledger.read([stream_name("session", key) for key in sorted(missing)], upto=self._position)
            for stream, entries in found.items():
                key = stream_uuid(stream)
                self._kept[key] = fold_session(key, entries)
        return {key: session for key in wanted if (session := self._kept[key]).starts_at is not None}
