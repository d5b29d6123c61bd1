"""B9: bytes on disk for each fact, all tables and indexes counted, after VACUUM.

Every fact comes in by a command with an idempotency key; a chart has a hundred: a registration and an inquiry, with
what they claim, then attendances. Charts grow side by side, as they do in life, so that indexes are filled in the order
of time and not of their keys. Peer: the library's own table with the same facts, unencrypted, which knows no commands.
Floor: the encrypted facts alone, nothing around them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.domain import event
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bench.attendances import Attendances
from bench.lab import Lab
from bench.peer import PeerChart, peer_record
from bench.table import Bar, table
from domain.chart.attendance import AttendanceRecorded
from domain.chart.entry import InquiryReceived
from domain.chart.identity import PatientRegistered
from domain.record import Envelope, stream_name
from store.append import Command, NewFact
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store

TITLE: Final = "bytes a fact, all tables and indexes"

FACTS_A_CHART: Final = 100
OF_PEER: Final = 1.05

LEDGER: Final = "lexington"
TABLES: Final = ("fact", "idempotency", "chart_key", "claim", "ledger")
_WRITERS: Final = 8
_AT_ONCE: Final = 250

# How it lies on disk doesn't depend on whether anybody waited for the disk.
_NO_WAIT: Final[LiteralString] = "ALTER DATABASE {} SET synchronous_commit = off"
_HEAPS: Final[LiteralString] = """
SELECT c.relname, pg_table_size(c.oid) FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s)
ORDER BY array_position(%s::text[], c.relname::text)
"""
_INDEXES: Final[LiteralString] = """
SELECT c.relname, i.relname, pg_table_size(i.oid)
FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s)
ORDER BY array_position(%s::text[], c.relname::text), i.relname
"""
_PAYLOAD: Final[LiteralString] = "SELECT count(*), sum(octet_length(body)) FROM fact WHERE ledger = %s"


def run(lab: Lab) -> list[str]:
    charts = lab.amount(full=200, quick=40)
    owner, app = _database(lab, "storage")
    migrate(owner, "stepdown")
    write(lab, app, charts)
    peer_owner, _ = _database(lab, "storage_peer")
    write_peer(peer_owner, lab.seed, charts)
    facts, payload = counted(owner)
    ours, theirs = parts(owner, TABLES), parts(peer_owner, peer_tables(peer_owner))
    return shown(Sizes(facts, payload, ours, theirs))


@dataclass(frozen=True)
class Sizes:
    """Bytes by table or index; `payload` are those of the encrypted facts."""

    facts: int
    payload: int
    ours: dict[str, int]
    peer: dict[str, int]


def shown(sizes: Sizes) -> list[str]:
    floor = sizes.payload / sizes.facts
    ours, peer = (sum(each.values()) / sizes.facts for each in (sizes.ours, sizes.peer))
    header = ["facts", *(f"{name}, bytes a fact" for name in ("floor", "peer", "ours"))]
    lines = table(
        [*header, "ours ÷ floor", "ours ÷ peer", "bar"],
        [
            [
                f"{sizes.facts:,}",
                *(f"{each:,.0f}" for each in (floor, peer, ours)),
                f"{ours / floor:.2f}",
                f"{ours / peer:.3f}",
                Bar(OF_PEER, at_most=True).judged(ours / peer),
            ]
        ],
    )
    for whose, by_part in (("Ours", sizes.ours), ("The peer's", sizes.peer)):
        each = ", ".join(f"{name} {size / sizes.facts:,.1f}" for name, size in by_part.items())
        lines += ["", f"{whose}: {each}."]
    return lines


def _database(lab: Lab, name: str) -> tuple[str, str]:
    owner, app = lab.make_database(name)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL(_NO_WAIT).format(sql.Identifier(str(conninfo_to_dict(owner)["dbname"]))))
    return owner, app


# ---- what is written


Fact = PatientRegistered | InquiryReceived | AttendanceRecorded


def life(seed: int, number: int) -> Iterator[tuple[UUID, Envelope, Fact]]:
    """The facts of one chart, the same for the same seed: patient, envelope, fact."""
    attendances = Attendances.of(seed, number)
    patient_id = attendances.patient_id
    for n, (envelope, attendance) in enumerate(attendances, start=1):
        match n:
            case 1:
                registered = PatientRegistered(
                    mrn=f"MRN-{number:06}",
                    given_name="Ottoline",
                    family_name="Quillfeather",
                    birth_date=date(1987, 5, 4),
                    sex="female",
                )
                yield patient_id, envelope, registered
            case 2:
                at = datetime(2026, 3, 1, 15, tzinfo=UTC)
                inquiry = InquiryReceived(episode_id=attendance.episode_id, first_contact_at=at, referral_source="self")
                yield patient_id, envelope, inquiry
            case _:
                yield patient_id, envelope, attendance


def write(lab: Lab, app: str, charts: int) -> None:
    """By as many commands as facts, each chart's in order, all charts growing together."""
    with Store(app, FileKeyring(lab.folder / "master.key"), pool_size=_WRITERS) as store:
        ledger = store.ledger(LEDGER)

        def grow(first: int) -> None:
            lives = [life(lab.seed, number) for number in range(first, charts, _WRITERS)]
            for version in range(1, FACTS_A_CHART + 1):
                for patient_id, envelope, fact in (next(each) for each in lives):
                    stream = stream_name("chart", patient_id)
                    new = NewFact(stream=stream, version=version, envelope=envelope, fact=fact)
                    command = Command("staff|POST", f"{stream}@{version}", b"{}")
                    ledger.append([new], reads={stream: version - 1}, command=command)

        with ThreadPoolExecutor(_WRITERS) as threads:
            list(threads.map(grow, range(_WRITERS)))


class PeerLife(PeerChart):
    """The peer's chart with the two facts that it begins with."""

    @event("PatientRegistered")
    def register(
        self,
        by: dict[str, str | None],
        source: str,
        correlation_id: UUID,
        mrn: str,
        given_name: str,
        family_name: str,
        birth_date: str,
        sex: str,
    ) -> None:
        self.mrn = mrn

    @event("InquiryReceived")
    def inquire(
        self,
        by: dict[str, str | None],
        source: str,
        correlation_id: UUID,
        episode_id: UUID,
        first_contact_at: datetime,
        referral_source: str,
    ) -> None:
        self.episode_id = episode_id


def write_peer(owner: str, seed: int, charts: int) -> None:
    """The same facts in the same order, several charts in one `save`."""
    with peer_record(owner, writers=2) as record:
        lives = [life(seed, number) for number in range(charts)]
        aggregates = [PeerLife() for _ in lives]
        # The library opens a chart by an event of its own: one of the hundred is left out for it.
        for version in count(1):
            for first in range(0, charts, _AT_ONCE):
                record.save(*aggregates[first : first + _AT_ONCE])
            if version == FACTS_A_CHART:
                return
            for aggregate, each in zip(aggregates, lives, strict=True):
                _record(aggregate, each)


def _record(chart: PeerLife, facts: Iterator[tuple[UUID, Envelope, Fact]]) -> None:
    _, envelope, fact = next(facts)
    said: dict[str, Any] = {
        "by": asdict(envelope.by),
        "source": envelope.source.value,
        "correlation_id": envelope.correlation_id,
    }
    match fact:
        case PatientRegistered():
            chart.register(
                **said,
                mrn=fact.mrn,
                given_name=fact.given_name,
                family_name=fact.family_name,
                birth_date=fact.birth_date.isoformat(),
                sex=fact.sex,
            )
        case InquiryReceived():
            chart.inquire(
                **said,
                episode_id=fact.episode_id,
                first_contact_at=fact.first_contact_at,
                referral_source=fact.referral_source,
            )
        case AttendanceRecorded():
            chart.record_attendance(
                **said,
                episode_id=fact.episode_id,
                session_id=fact.session_id,
                outcome=fact.outcome.value,
                method=fact.method,
                arrived_at=fact.arrived_at,
                left_at=fact.left_at,
            )


# ---- what it takes


def parts(owner: str, tables: tuple[str, ...]) -> dict[str, int]:
    """Bytes of each table (with its maps and what is stored out of line) and of each index, after VACUUM."""
    names = list(tables)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        found = {str(name): int(size) for name, size in connection.execute(_HEAPS, [names, names])}
        for _, index, size in connection.execute(_INDEXES, [names, names]):
            found[str(index)] = int(size)
    return found


def peer_tables(owner: str) -> tuple[str, ...]:
    """Every table that the library made."""
    with psycopg.connect(owner) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return tuple(sorted(str(name) for (name,) in rows))


def counted(owner: str) -> tuple[int, int]:
    """How many facts there are, and the bytes of them alone."""
    with psycopg.connect(owner) as connection:
        row = connection.execute(_PAYLOAD, [LEDGER]).fetchone()
    if row is None or not row[0]:
        raise SystemExit("Nothing was written.")
    return int(row[0]), int(row[1])
