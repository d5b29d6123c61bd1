"""Records of a size: synthetic lives of one site (`stepdown simulate`), written as a file, restored, and followed.

As many in care at any time, for longer, up to this week. Beyond a million facts there are more sites, not longer ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.memory import peak_megabytes
from domain.record import Person
from exchange.restoring import restore_file
from exchange.simulate.measuring import Tally
from exchange.simulate.site import programs
from exchange.simulate.writing import write
from projections.follower import Follower
from store.keys import FileKeyring
from store.store import Store

PATIENTS_A_WEEK: Final = 15
"""New ones. With so many, some hundred are in care; a quick run has fewer, for as long."""

QUICK_PATIENTS_A_WEEK: Final = 4

_MOST_OF_A_SITE: Final = 1_000_000
_FACTS_OF_A_PATIENT: Final = 140


@dataclass(frozen=True, slots=True)
class Made:
    """How long a record took, in seconds, and the most memory of the process that made it, in MB."""

    facts: int
    written: float
    restored: float
    followed: float
    memory: int


def make(app: str, folder: Path, facts: int, patients_a_week: int, seed: int) -> Made:
    """Simulated, written, restored, followed; in the process that it is called in."""
    sites = -(-facts // _MOST_OF_A_SITE)
    weeks = max(1, facts // sites // (patients_a_week * _FACTS_OF_A_PATIENT))
    last = last_sunday(datetime.now(UTC).date())
    told = programs(sites, patients=patients_a_week * weeks, weeks=weeks, seed=seed, last=last)
    by = Person("operator/bench", "B. Operator", "operator")
    total, writing, restoring = 0, 0.0, 0.0
    with Store(app, FileKeyring(folder / "master.key"), pool_size=4) as store:
        for program in told:
            began = perf_counter()
            [file] = write([program], folder / "lives.ndjson", Tally(), lambda done: None)
            written = perf_counter()
            restore_file(store, file.path, by=by)
            writing, restoring = writing + written - began, restoring + perf_counter() - written
            total += file.facts
            file.path.unlink()
        began = perf_counter()
        Follower(store).catch_up()
        following = perf_counter() - began
    memory = round(peak_megabytes())
    return Made(total, writing, restoring, following, memory)


def last_sunday(today: date) -> date:
    """The last one that is over everywhere."""
    return today - timedelta(days=today.isoweekday())
