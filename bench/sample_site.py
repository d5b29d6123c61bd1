"""The site that questions are asked of: the sample program, moved so that today is in its ninth week.

Several of it stand side by side, each with patients, cohorts and sessions of its own, or follow each other, the same
patients coming back: then charts are as long as they become over the years.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from bench.lab import Lab
from domain.record import Recorded, stream_kind, stream_uuid
from projections.follower import Follower
from projections.prepare import prepare
from stepdown import demo
from store.keys import FileKeyring
from store.lines import from_line
from store.migrate import migrate
from store.store import Store

FACILITY: Final = demo.FACILITY
LOGIN: Final = "stepdown"

CUT: Final = datetime(2026, 4, 17, 21, tzinfo=UTC)
"""What the sample records later than this hasn't happened yet in the last of its runs."""

RUN: Final = timedelta(weeks=19)
"""From one run of the program to the next: longer than its records reach."""

_IDS: Final = UUID("5d0c6f0e-5a0a-4f53-9a1c-6f6e1d0f3b52")
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ON: Final = re.compile(r"\d{4}-\d\d-\d\d")
_AT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
_VERSIONS: Final = ("corrects", "target")
_NUMBERS: Final = ("mrn", "accession")
"""Each is one patient's."""


@dataclass(frozen=True)
class Site:
    """A prepared database with the program in it, the read tables current. `facts` as they were restored."""

    lab: Lab
    owner: str
    app: str
    facts: tuple[Recorded, ...]

    @property
    def charts(self) -> dict[UUID, list[Recorded]]:
        """The facts of each patient, in order of version."""
        charts: dict[UUID, list[Recorded]] = {}
        for fact in self.facts:
            if stream_kind(fact.stream) == "chart":
                charts.setdefault(stream_uuid(fact.stream), []).append(fact)
        return charts

    @contextmanager
    def opened(self, pool_size: int) -> Iterator[Store]:
        with Store(self.app, FileKeyring(self.lab.folder / "master.key"), pool_size=pool_size) as store:
            yield store


def make_site(lab: Lab, name: str, *, beside: int = 1, runs: int = 1) -> Site:
    """A site in a database of that name."""
    owner, app = lab.make_database(name)
    migrate(owner, LOGIN)
    prepare(owner, LOGIN)
    site = Site(lab, owner, app, tuple(program(lab.seed, datetime.now(UTC), beside=beside, runs=runs)))
    with site.opened(4) as store:
        store.ledger(FACILITY).restore(site.facts)
        Follower(store).catch_up()
    return site


def program(seed: int, now: datetime, *, beside: int = 1, runs: int = 1) -> list[Recorded]:
    """The facts of the ledger, in order of position. The last run stands at `CUT` on a date within a week of `now`."""
    with demo.sample_file() as path, gzip.open(path, "rb") as file:
        sample = [orjson.loads(line) for line in file]
    staff = {each for line in sample if stream_kind(line["stream"]) == "facility" for each in _ID.findall(str(line))}
    staff |= {each for line in sample for each in _ID.findall(line["by"]["id"])}
    patients = {line["stream"].partition("/")[2] for line in sample if stream_kind(line["stream"]) == "chart"}
    weeks = (now - CUT) // timedelta(weeks=1)
    lines: list[dict[str, Any]] = []
    for run in range(runs):
        later = timedelta(weeks=weeks) - RUN * (runs - 1 - run)
        before = Counter(line["stream"] for line in lines)
        for copy in range(beside):
            moved = _Moved(f"{seed}/{copy}", run, later, staff, patients, before)
            for line in sample:
                # The site itself is opened once; what comes after the cut is still to happen.
                once = run == copy == 0 or stream_kind(line["stream"]) != "facility"
                if once and (run < runs - 1 or datetime.fromisoformat(line["recorded_at"]) <= CUT):
                    lines.append(moved.line(line))
    lines.sort(key=lambda line: datetime.fromisoformat(line["recorded_at"]))
    return [from_line({**line, "position": n}).recorded() for n, line in enumerate(lines, start=1)]


@dataclass(frozen=True)
class _Moved:
    """One run of one copy: other ids but for the staff's, other dates, versions behind those of the runs before."""

    copy: str
    run: int
    later: timedelta
    staff: set[str]
    patients: set[str]
    before: Counter[str]

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        stream = self._text(line["stream"])
        behind = self.before[stream]
        fact = {name: value if name == "birth_date" else self._value(value) for name, value in line["fact"].items()}
        fact |= {name: fact[name] + behind for name in _VERSIONS if name in fact}
        fact |= {name: f"{fact[name]}/{self.copy}" for name in _NUMBERS if fact.get(name) is not None}
        rest = {name: self._value(value) for name, value in line.items() if name not in ("stream", "version", "fact")}
        return {**rest, "stream": stream, "version": line["version"] + behind, "fact": fact}

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._value(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._value(each) for each in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if _ON.fullmatch(text):
            return (date.fromisoformat(text) + self.later).isoformat()
        if _AT.fullmatch(text):
            return (datetime.fromisoformat(text) + self.later).isoformat()
        return _ID.sub(lambda found: self._id(found[0]), text)

    def _id(self, known: str) -> str:
        if known in self.staff:
            return known
        # Whoever comes back is the same person.
        life = self.copy if known in self.patients else f"{self.copy}/{self.run}"
        return str(uuid5(_IDS, f"{life}/{known}"))
