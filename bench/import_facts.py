"""B2: facts of a file come in, judged by the rules, encrypted and appended; by one process, and by two side by side.

The files hold synthetic lives (`stepdown simulate`) of which nothing is refused; making them isn't timed. Two processes
import two files of half the size, each of a ledger of its own. Floor: COPY of the finished rows, the very bytes, into a
table of the same columns and indexes. Peer: the library's `save` in batches of 300 events, of three charts each, no
rules and no file; of fewer facts, since its rate is all that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.attendances import Attendances
from bench.floor import Floor, finished_rows
from bench.lab import Lab
from bench.peer import grown, peer_record
from bench.table import Rates, rates_table
from domain.record import Person
from exchange.importing import import_file
from exchange.simulate.measuring import Tally
from exchange.simulate.site import Program, lives
from exchange.simulate.writing import line_of
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store

TITLE: Final = "import of facts from files: rules, encrypt, append"

OF_FLOOR: Final = 0.2
TIMES_PEER: Final = 2.5
TWO_OF_FLOOR: Final = 0.35

BATCH_CHARTS: Final = 3
CHART_EVENTS: Final = 100

_ZONE: Final = "America/New_York"
_PATIENTS_A_WEEK: Final = 15
_FACTS_A_WEEK: Final = 1_500

_OPERATOR: Final = Person("operator/bench", "B. Operator", "operator")


def run(lab: Lab) -> list[str]:
    facts, peer_facts = lab.amount(full=200_000, quick=6_000), lab.amount(full=30_000, quick=3_000)
    whole = make_files(lab, ["whole"], facts)
    halves = make_files(lab, ["north", "south"], facts // 2)
    figures: dict[str, list[float]] = {"ours": [], "floor": [], "peer": []}
    two: list[float] = []
    for _ in range(lab.amount(full=3, quick=2)):
        # The floor needs the rows that ours made: here the order is always the same.
        owner, seconds = imported(lab, "import-one", whole, facts)
        figures["ours"].append(facts / seconds)
        figures["floor"].append(facts / copied(lab, owner))
        _, seconds = saved(lab, peer_facts)
        figures["peer"].append(peer_facts / seconds)
        _, seconds = imported(lab, "import-two", halves, facts // 2)
        two.append(facts / seconds)
        lab.clear()
    return rates_table(
        f"{facts:,} facts by",
        "facts",
        [
            Rates(label="1 process", figures=figures, of_floor=OF_FLOOR, times_peer=TIMES_PEER),
            Rates(label="2 processes", figures={"floor": figures["floor"], "ours": two}, of_floor=TWO_OF_FLOOR),
        ],
    )


def make_files(lab: Lab, ledgers: Sequence[str], facts: int) -> list[Path]:
    """A file of so many facts for each ledger, the first of a program's synthetic lives."""
    files = [lab.folder / f"{ledger}.ndjson" for ledger in ledgers]
    # Far more than are taken: it grows for some weeks before it has so many facts in each.
    weeks = 12 + facts // _FACTS_A_WEEK
    for path, ledger in zip(files, ledgers, strict=True):
        program = Program(ledger=ledger, zone=_ZONE, patients=_PATIENTS_A_WEEK * weeks, weeks=weeks, seed=lab.seed)
        lines = [line_of(recorded) for recorded in islice(lives(program, Tally()), facts)]
        if len(lines) < facts:
            raise SystemExit(f"The program has {len(lines)} facts: {facts} were wanted.")
        path.write_bytes(b"".join(lines))
    return files


def imported(lab: Lab, name: str, files: Sequence[Path], facts: int) -> tuple[str, float]:
    """Imports each file, of so many facts, by a process of its own into a new database, all at the same time.

    The owner's login to the database, and the seconds from the start of the first to the end of the last; the
    processes have started and are connected by then.
    """
    owner, app = lab.make_database(name)
    migrate(owner, "stepdown")
    key = lab.folder / "master.key"
    FileKeyring(key)
    context = get_context("spawn")
    children = []
    for file in files:
        ours, theirs = context.Pipe()
        process = context.Process(target=_import, args=(theirs, app, key, file), daemon=True)
        process.start()
        theirs.close()
        children.append((process, ours))
    for _, child in children:
        _told(child)
    began = perf_counter()
    for _, child in children:
        child.send("go")
    answers = [_told(child) for _, child in children]
    seconds = perf_counter() - began
    for process, _ in children:
        process.join()
    if answers != [(facts, 0)] * len(files):
        raise SystemExit(f"Facts and rejects by file are {answers}: {facts} and none were expected.")
    return owner, seconds


def _told(child: Connection) -> object:
    try:
        return child.recv()
    except EOFError:
        raise SystemExit("An importing process has failed: its error stands above.") from None


def _import(parent: Connection, app: str, key: Path, file: Path) -> None:
    with Store(app, FileKeyring(key), pool_size=2) as store:
        parent.send("ready")
        parent.recv()
        done = import_file(store, file, by=_OPERATOR)
        parent.send((done.facts, done.rejects))


def copied(lab: Lab, owner: str) -> float:
    """Seconds in which the facts that are finished in a database are copied into the floor's."""
    rows, floor = finished_rows(owner), Floor(lab, "import-floor")
    began = perf_counter()
    floor.copy(rows)
    return perf_counter() - began


def saved(lab: Lab, facts: int, *, name: str = "import-peer") -> tuple[str, float]:
    """The peer makes and saves so many events, in a database of that name: each chart the same ones, three charts in a
    batch.

    The owner's login to its database, and the seconds.
    """
    owner, _ = lab.make_database(name)
    events = list(islice(Attendances.of(lab.seed, 1), CHART_EVENTS - 1))
    with peer_record(owner, writers=1) as record:
        began = perf_counter()
        for _ in range(facts // (BATCH_CHARTS * CHART_EVENTS)):
            charts = [grown(events, CHART_EVENTS) for _ in range(BATCH_CHARTS)]
            record.save(*charts)
        return owner, perf_counter() - began
