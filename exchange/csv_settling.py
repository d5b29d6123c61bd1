"""What of a row's facts is in already: nothing comes in twice, and what says something else is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final, NamedTuple

from domain.acts import LAB
from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded
from domain.chart.carry_over import EpisodeCarriedOver
from domain.chart.entry import InquiryReceived
from domain.chart.identity import PatientRegistered
from domain.chart.screening import (
    AnalyteResult,
    DefinitiveReported,
    PresumptiveReported,
    ScreeningOrdered,
    SpecimenCollected,
    ValidityReported,
)
from domain.record import Entry, Person, replaced_by, struck
from domain.roster import RosterLine
from exchange.csv_site import staff_key
from exchange.unit import differs

REPORTS: Final = (PresumptiveReported, DefinitiveReported)

_KEYS: Final[dict[type[Any], tuple[tuple[type[Any], ...], tuple[str, ...]]]] = {
    PatientRegistered: ((PatientRegistered,), ()),
    InquiryReceived: ((InquiryReceived,), ("first_contact_at",)),
    EpisodeCarriedOver: ((EpisodeCarriedOver,), ("admitted_on",)),
    RosterLine: ((AttendanceRecorded, AttendanceCorrected), ("session_id",)),
    ScreeningOrdered: ((ScreeningOrdered,), ("screening_id",)),
    SpecimenCollected: ((SpecimenCollected,), ("screening_id",)),
    ValidityReported: ((ValidityReported,), ("screening_id",)),
    **{report: ((report,), ("screening_id", "at")) for report in REPORTS},
}
"""What a row tells → the facts that are about the same, by which of their fields."""

_FOUND: Final = frozenset({"episode_id", "corrects"})
"""Fields that no row says: whichever they are, what it says is the same."""


class Settled(NamedTuple):
    """`version` is the last of the entries that say it, 0 without any; `rest` is what isn't in yet, None: nothing."""

    version: int
    rest: Any


def settle(told: Any, named: str, history: Sequence[Entry]) -> Settled:
    """A fact, or the draft of one, held against its stream. `named` is who recorded it, as the row says.

    What is in and was struck or corrected since stays so: it isn't told anew. Refused (`line.differs`) where a live
    entry is about the same and says something else.
    """
    kinds, keys = _KEYS[type(told)]
    about = [e for e in history if isinstance(e.fact, kinds) and all(_equal(e.fact, told, key) for key in keys)]
    if not about:
        return Settled(0, told)
    if isinstance(told, REPORTS):
        return _settle_report(told, named, history, about)
    for entry in about:
        if _same(entry.fact, told) and _is(entry.envelope.by, named):
            return Settled(entry.version, None)
    return _differing(told, history, about)


def _settle_report(told: Any, named: str, history: Sequence[Entry], about: Sequence[Entry]) -> Settled:
    """Of a report some analytes may be in, where their rows stood apart."""
    known: dict[AnalyteResult, int] = {
        result: entry.version for entry in about if _is(entry.envelope.by, named) for result in entry.fact.analytes
    }
    rest = tuple(result for result in told.analytes if result not in known)
    version = max((known[result] for result in told.analytes if result in known), default=0)
    if not rest:
        return Settled(version, None)
    names = {result.analyte for result in rest}
    others = [entry for entry in about if names.intersection(result.analyte for result in entry.fact.analytes)]
    return Settled(version, _differing(replace(told, analytes=rest), history, others).rest)


def _differing(told: Any, history: Sequence[Entry], about: Sequence[Entry]) -> Settled:
    """What is about the same and says something else counts for nothing once it was struck."""
    gone, replaced = struck(history), replaced_by(history)
    for entry in about:
        if entry.version not in gone:
            raise differs(replaced.get(entry.version, entry.version))
    return Settled(0, told)


def _same(known: Any, told: Any) -> bool:
    return all(_equal(known, told, field.name) for field in fields(told) if field.name not in _FOUND)


def _equal(known: Any, told: Any, name: str) -> bool:
    given = getattr(told, name)
    # Times that a row of attendance leaves out are those noted at the door.
    noted = given is None and isinstance(told, RosterLine) and name in ("arrived_at", "left_at")
    return noted or bool(getattr(known, name) == given)


def _is(by: Person, named: str) -> bool:
    key = staff_key(named)
    return by.role == LAB or (by.name == named if key is None else by.id == f"staff/{key}")
