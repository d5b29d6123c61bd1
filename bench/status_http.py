"""B5: the status of a patient over HTTP, 16 clients, against `stepdown serve` with one worker and with two.

Signed in with a development token, permission checked, each answer on record in the access ledger before it goes out:
afterwards there are as many `ChartRead` facts as there were answers. The site is the sample program, several times
side by side, in its ninth week; every patient is asked for in turn. Floor: the same server and framework with an async
route, one SELECT by key and the same bytes. Servers and clients are processes of their own. Answers may be kept as long
as nothing comes in, so a full run also says what is answered while something does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from typing import Final
from urllib.request import Request, urlopen

import psycopg
from psycopg import sql

from api.tokens import Tokens
from bench import floor_server
from bench.http_clients import Order, Outcome, ask
from bench.lab import Lab, in_turn
from bench.own_write import Chart, append, charts_of
from bench.processes import server
from bench.sample_site import FACILITY, LOGIN, Site, make_site
from bench.table import Bar, Spread, ratios, table
from domain.access import ChartRead
from domain.record import Person, stream_name
from domain.site import fold_facility
from stepdown.sign_in import in_role
from store.accesses import access_ledger

TITLE: Final = "GET /v1/patients/{id}/status, 16 clients, access recorded"

CLIENTS: Final = 16
FACTS_A_SECOND: Final = 5
WORKERS: Final = (1, 2)
OF_FLOOR: Final = 0.6
TIMES_FLOOR_P99: Final = 2.0

_ANSWER_SECONDS: Final = 30.0
_RUN_IN_SECONDS: Final = 0.2
_WARM_SECONDS: Final = 0.3


def run(lab: Lab) -> list[str]:
    site = make_site(lab, "status_http", beside=lab.amount(full=5, quick=2))
    token = counselor_token(site)
    paths = [f"/v1/patients/{patient}/status" for patient in site.charts]
    charts = cycle(charts_of(site))
    floor_owner, floor_app = lab.make_database("status_floor")
    rounds = lab.amount(full=lab.rounds, quick=2)
    rows = []
    busiest = 0.0
    written_to: list[str] = []
    for workers in WORKERS:
        with serving(site, workers) as ours, serving_floor(floor_owner, floor_app, workers) as floor:
            documents = {path: read(ours, path, token) for path in paths}
            fill_floor(floor_owner, documents)
            if documents != {path: read(floor, path, token) for path in paths}:
                raise SystemExit("The floor doesn't answer the same bytes.")
            asked = {"floor": Asked(lab, floor, token, paths), "ours": Asked(lab, ours, token, paths, site=site)}
            rates = in_turn(rounds, {name: each.measure for name, each in asked.items()})
            with coming_in(site, charts):
                while_written = [asked["ours"].measure() for _ in range(lab.amount(full=2, quick=0))]
        if while_written:
            written_to.append(f"{Spread(while_written).shown()} with {workers}")
        taken = {name: each.outcomes[:rounds] for name, each in asked.items()}
        tails = {name: [outcome.percentile(0.99) for outcome in each] for name, each in taken.items()}
        middles = {name: [outcome.percentile(0.5) for outcome in each] for name, each in taken.items()}
        busiest = max(busiest, *(outcome.cpu for each in taken.values() for outcome in each))
        of_floor, tail = ratios(rates["ours"], rates["floor"]), ratios(tails["ours"], tails["floor"])
        rows.append(
            [
                str(workers),
                *(Spread(rates[name]).shown() for name in asked),
                of_floor.shown(2),
                Bar(OF_FLOOR).judged(of_floor),
                *(f"{Spread(middles[name]).median:.1f}, {Spread(tails[name]).shown(1)}" for name in asked),
                tail.shown(1),
                Bar(TIMES_FLOOR_P99, at_most=True).judged(tail),
            ]
        )
    header = ["workers", "floor, requests/s", "ours, requests/s", "ours ÷ floor", "bar"]
    header += ["floor, ms p50, p99", "ours, ms p50, p99", "p99, ours ÷ floor", "bar"]
    lines = [*table(header, rows), "", f"The clients took at most {busiest:.0%} of one core."]
    if written_to:
        each = ", ".join(written_to)
        lines[-1] += f" Requests/s of ours while {FACTS_A_SECOND} facts a second come in, by workers: {each}."
    return lines


@contextmanager
def coming_in(site: Site, charts: Iterator[Chart]) -> Iterator[None]:
    """Facts about the patients are written meanwhile, at a pace that a busy evening has."""
    over = threading.Event()
    with site.opened(2) as store:

        def write() -> None:
            while not over.wait(1 / FACTS_A_SECOND):
                append(store, next(charts))

        with ThreadPoolExecutor(1) as threads:
            writing = threads.submit(write)
            try:
                yield
            finally:
                over.set()
            writing.result()


class Asked:
    """One server being asked. Every answer is looked at; of ours, each has to be on record."""

    def __init__(self, lab: Lab, address: str, token: str, paths: list[str], *, site: Site | None = None) -> None:
        self._order = Order(address, token, paths, CLIENTS, _RUN_IN_SECONDS, lab.seconds)
        self._site = site
        self.outcomes: list[Outcome] = []
        # Pools fill and statements are prepared before the first figure is taken.
        self._ask(replace(self._order, seconds=_WARM_SECONDS))

    def measure(self) -> float:
        """Answers a second."""
        self.outcomes.append(self._ask(self._order))
        return self.outcomes[-1].rate

    def _ask(self, order: Order) -> Outcome:
        before = chart_reads(self._site) if self._site else 0
        outcome = ask(order)
        if set(outcome.answers) != {"200"} or outcome.wrong:
            raise SystemExit(f"Not every answer was right: by status {outcome.answers}, {outcome.wrong} of others.")
        if self._site and (noted := chart_reads(self._site) - before) != outcome.answers["200"]:
            raise SystemExit(f"{outcome.answers['200']} answers and {noted} facts in the access ledger.")
        return outcome


def chart_reads(site: Site) -> int:
    with psycopg.connect(site.owner) as connection:
        row = connection.execute(
            "SELECT count(*) FROM fact WHERE ledger = %s AND type = %s",
            [access_ledger(FACILITY), ChartRead.__name__],
        ).fetchone()
    return 0 if row is None else int(row[0])


def counselor_token(site: Site) -> str:
    """Of somebody on the staff list."""
    stream = stream_name("facility", FACILITY)
    facility = fold_facility(fact for fact in site.facts if fact.stream == stream)
    line = in_role(facility, "counselor")[0]
    person = Person(id=f"staff/{line.staff_id}", name=line.name, role=line.role, credential=line.credential)
    return Tokens.development(site.lab.folder / "token.key").issue(person, FACILITY)


@contextmanager
def serving(site: Site, workers: int) -> Iterator[str]:
    """The address of `stepdown serve` on the site, follower and all."""
    folder = site.lab.folder
    variables = {
        "STEPDOWN_DATA": str(folder / "served"),
        "STEPDOWN_DATABASE_URL": site.app,
        "STEPDOWN_MASTER_KEY_FILE": str(folder / "master.key"),
        "STEPDOWN_TOKEN_KEY_FILE": str(folder / "token.key"),
    }
    several = [] if workers == 1 else ["--workers", str(workers)]
    with server(["stepdown", "serve", "--port", "0", *several], variables) as address:
        yield address


@contextmanager
def serving_floor(owner: str, app: str, workers: int) -> Iterator[str]:
    with psycopg.connect(owner) as connection:
        connection.execute("DROP TABLE IF EXISTS floor")
        connection.execute(floor_server.TABLE)
        connection.execute(sql.SQL("GRANT SELECT ON floor TO {}").format(sql.Identifier(LOGIN)))
    with server(["bench.floor_server", "--workers", str(workers)], {floor_server.DATABASE: app}) as address:
        yield address


def fill_floor(owner: str, documents: Mapping[str, bytes]) -> None:
    rows = [(path.split("/")[-2], document) for path, document in documents.items()]
    with psycopg.connect(owner) as connection:
        connection.cursor().executemany("INSERT INTO floor (patient_id, document) VALUES (%s, %s)", rows)
        connection.execute("ANALYZE floor")


def read(address: str, path: str, token: str) -> bytes:
    """The body of one answer."""
    request = Request(address + path, headers={"Authorization": f"Bearer {token}", "Purpose-Of-Use": "treatment"})
    with urlopen(request, timeout=_ANSWER_SECONDS) as answer:
        body: bytes = answer.read()
    return body
