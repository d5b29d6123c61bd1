"""The facts of a site as a table: a line a fact, with its envelope. What a fact says is in the NDJSON alone
(`exchange/exporting.py`), which can be imported again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final
from zoneinfo import ZoneInfo

from domain.record import Recorded, stream_name
from domain.site import fold_facility
from exchange.cut import knowledge
from exchange.errors import NotAsked
from exchange.export.columns import Column, Layout, Type, Values
from exchange.export.question import Asked, Table
from exchange.exporting import export_facts, fact_rows
from store.ledger import Ledger
from store.mapper import Row
from store.store import Store

LAYOUT: Final = Layout(
    kind="facts",
    title="Facts",
    says="One row a fact, in order of recording: which, where it stands, when and by whom it was recorded. What it "
    "says is not in the table; the same export as NDJSON has it. Rows are chosen by the site's local date of "
    "recording. Of a chart that was destroyed a row says where the fact stands. People by id; a reason may name "
    "somebody.",
    columns=(
        Column(name="ledger", type=Type.TEXT, meaning="The facility's code."),
        Column(name="position", type=Type.INTEGER, meaning="In the ledger: from 1, without holes, in commit order."),
        Column(name="stream", type=Type.TEXT, meaning="Such as `chart/<patient_id>`."),
        Column(name="version", type=Type.INTEGER, meaning="In its stream; both name the fact: `stream@version`."),
        Column(name="type", type=Type.TEXT, meaning="Such as `AttendanceRecorded`."),
        Column(name="recorded_at", type=Type.INSTANT, meaning="When it was recorded here."),
        Column(name="recorded_elsewhere_at", type=Type.INSTANT, meaning="When another system had, of an import."),
        Column(
            name="by", type=Type.TEXT, meaning="Who recorded it: `staff/<staff_id>`, `operator/<account>`, `system`."
        ),
        Column(name="role", type=Type.TEXT, meaning="In which role."),
        Column(name="credential", type=Type.TEXT, meaning="With which credential, where the role needs one."),
        Column(name="source", type=Type.TEXT, meaning="Through which door: `api`, `web`, `lab`, `import`, `system`."),
        Column(name="reason", type=Type.TEXT, meaning="Of a correction or a late entry, as it was given."),
        Column(name="correlation_id", type=Type.UUID, meaning="The same for all that one request recorded."),
        Column(name="causation_id", type=Type.TEXT, meaning="The fact that it follows from, `stream@version`."),
    ),
)


@contextmanager
def opened(store: Store, asked: Asked) -> Iterator[Table]:
    """NotAsked with an `as_of`, NotOnRecord for a site without facts; the errors of the store. `destroyed` of the rows
    are of charts that were destroyed."""
    if asked.as_of is not None:
        raise NotAsked("Facts are chosen by when they were recorded: give the first and the last date, or `known_at`.")
    ledger = store.ledger(asked.facility)
    known = knowledge(ledger, asked.known_at)
    stream = stream_name("facility", ledger.name)
    zone = fold_facility(ledger.read([stream], upto=known.position)[stream]).zone
    counted = {"destroyed": 0}

    def pages() -> Iterator[Sequence[Values]]:
        for rows in fact_rows(ledger, known, from_on=asked.from_on, to_on=asked.to_on):
            yield _lines(ledger, rows)
            counted["destroyed"] += sum(row[5] is None for row in rows)

    def lines(out: IO[bytes]) -> int:
        written = export_facts(
            store, asked.facility, out=out, known_at=known.known_at, from_on=asked.from_on, to_on=asked.to_on
        )
        counted["destroyed"] = written.destroyed
        return written.rows

    yield Table(
        layout=LAYOUT,
        asked=asked,
        knowledge=known,
        zone=zone or ZoneInfo("UTC"),
        pages=pages(),
        parameters=asked.parameters,
        lines=lines,
        further=lambda: counted,
    )


def _lines(ledger: Ledger, page: Sequence[Row]) -> list[Values]:
    facts = {fact.position: fact for fact in ledger.opened(page)}
    return [line(ledger.name, row, facts.get(row[0])) for row in page]


def line(ledger: str, row: Row, fact: Recorded | None) -> Values:
    position, stream, version, name, recorded_at, _ = row
    plain = (ledger, position, stream, version, name, recorded_at)
    if fact is None:
        return (*plain, None, None, None, None, None, None, None, None)
    envelope = fact.envelope
    return (
        *plain,
        envelope.recorded_elsewhere_at,
        envelope.by.id,
        envelope.by.role,
        envelope.by.credential,
        envelope.source.value,
        envelope.reason,
        str(envelope.correlation_id),
        envelope.causation_id,
    )
