"""Names: which chart is whose, by a keyed hash of both names together. One alone would be easily guessed by how often
it occurs."""

from __future__ import annotations

from typing import Final, LiteralString
from uuid import UUID

from domain.chart import Chart, fold
from domain.chart.identity import Identity, IdentityCorrected, PatientRegistered
from domain.record import stream_uuid
from domain.wording import spoken_name
from projections.cut import Behind, cut_of
from projections.definition import define
from projections.links import chart_that_stays
from projections.projection import Cursor, Facts, by_stream, destroyed, whole
from projections.read_table import ReadTable
from projections.reading import snapshot
from store.ledger import Ledger
from store.store import Store

# ---- fold and table

_TABLE: Final = ReadTable("names", key={"patient_id": "uuid"}, values={"key": "bytea"})


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """The name of each chart that was registered; read anew where it was corrected, or an entry was struck."""
    registered: dict[str, Identity] = {}
    changed = []
    streams = by_stream(facts, "chart")
    for stream, entries in streams.items():
        if facts.strikes(stream) or IdentityCorrected in facts.kinds[stream]:
            changed.append(stream)
        elif new := [entry for entry in entries if isinstance(entry.fact, PatientRegistered)]:
            registered[stream] = fold(stream_uuid(stream), new).identity
    if changed:
        for stream, all_entries in whole(ledger, changed, streams, facts[-1].position).items():
            registered[stream] = fold(stream_uuid(stream), all_entries).identity
        if not facts.new:
            _TABLE.forget(cursor, ledger.name, map(stream_uuid, changed))
    keys = [(stream_uuid(stream), key) for stream, identity in registered.items() if (key := _key(ledger, identity))]
    _TABLE.write(cursor, ledger.name, keys, new=facts.new)
    _TABLE.forget(cursor, ledger.name, destroyed(facts))


def _key(ledger: Ledger, identity: Identity) -> bytes | None:
    """None of a chart that is nobody's."""
    name = _name_of(identity)
    return ledger.keyed_hash("name", name) if name else None


def _name_of(identity: Identity) -> str:
    """Empty of a chart that is nobody's."""
    given, family = identity.given_name, identity.family_name
    return "" if given is None or family is None else spoken_name(given, family)


PROJECTION: Final = define(
    "names",
    apply,
    folds=("projections.names", "domain.chart", "domain.wording"),
    apart=True,
)


# ---- query

MOST: Final = 100
"""Charts that one question finds, at most: so many of one name are looked for by number."""

_FIND: Final[LiteralString] = """
SELECT patient_id FROM projection.names WHERE ledger = %(ledger)s AND key = %(key)s ORDER BY patient_id LIMIT %(most)s
"""


def find(store: Store, facility: str, name: str) -> list[Chart]:
    """The charts of patients of this name, given and family name in whichever order, those that stay where charts were
    merged. Raises `Behind`, and the errors of the store.

    Found in the read tables, read in the ledger: who is called otherwise by now is left out.
    """
    ledger, wanted = store.ledger(facility), spoken_name(name)
    key = ledger.keyed_hash("name", wanted) if wanted else None
    if key is None:
        return []
    with snapshot(store, facility) as cursor:
        cut = cut_of(cursor, facility, (PROJECTION,))
        if cut is None:
            raise Behind
        found = [row[0] for row in cursor.execute(_FIND, {"ledger": facility, "key": key, "most": MOST}).fetchall()]
    upto = ledger.head().position
    stay: dict[UUID, Chart] = {}
    for patient_id in found:
        chart = chart_that_stays(ledger, patient_id, upto=upto)
        if chart is not None and (chart.patient_id != patient_id or _name_of(chart.identity) == wanted):
            stay[chart.patient_id] = chart
    return list(stay.values())
