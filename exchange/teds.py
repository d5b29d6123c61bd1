"""Admissions and discharges for the state's data set, at a cut: all of them, or what has to be sent since a former one.

What was sent is reckoned anew from the ledger at the former position, or read out of the files that were sent. Only the
facts that records rest on are opened; in memory are these of every chart, some ten an episode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from domain.chart.carry_over import EpisodeCarriedOver
from domain.chart.enrollment import Admitted
from domain.compliance.period import Period
from domain.record import Recorded, stream_kind, stream_name, stream_uuid
from domain.site import fold_facility
from domain.teds.case import RESTS_ON, Entries, Reporter
from domain.teds.records import Kind, Records, Sent, Told, Transaction, records, transactions
from domain.teds.states import KENTUCKY, State
from domain.week import local_date
from exchange.cut import Cut, take_cut
from exchange.errors import NotAsked
from store.ledger import Ledger
from store.store import Store

PAGE_FACTS: Final = 5000

_TYPES: Final = tuple(fact.__name__ for fact in RESTS_ON)
_ADMITS: Final = frozenset({Admitted.__name__, EpisodeCarriedOver.__name__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days that records are dated on, both included; None is open."""

    from_on: date | None = None
    to_on: date | None = None

    @property
    def period(self) -> Period:
        return Period(self.from_on or date.min, self.to_on or date.max)

    def holds(self, other: Window) -> bool:
        mine, theirs = self.period, other.period
        return mine.first <= theirs.first and theirs.last <= mine.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A former export: its position, and what it was asked with. `state` is the state's FIPS code."""

    position: int
    as_of: date
    window: Window = field(default_factory=Window)
    state: int = KENTUCKY.fips


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`former`: what has to be sent since that export; `since_position`: since another one over the same days, known up
    to there (and as of `since_as_of`, `since_to` its last day, where they were others); `sent`: since these records.

    One of the three at most; without any, everything is to be added.
    """

    window: Window = field(default_factory=Window)
    as_of: date | None = None
    known_at: datetime | None = None
    state: int | None = None
    former: Former | None = None
    since_position: int | None = None
    since_as_of: date | None = None
    since_to: date | None = None
    sent: Records | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """`lines` to be sent, in order. `doubled` counts episodes without a record of their own, since another has the same
    key. `charts_destroyed` once had an admission: nothing is said of them, nor, without the files that were sent, that
    their records are to be deleted."""

    kind: Kind
    cut: Cut
    window: Window
    state: State
    former: Former | None
    lines: list[Sent]
    doubled: int
    charts_destroyed: int

    @property
    def counted(self) -> dict[str, int]:
        """How many lines of each transaction."""
        counted = Counter(line.transaction for line in self.lines)
        return {transaction.value: counted[transaction] for transaction in Transaction}


def answer(store: Store, facility: str, kind: Kind, *, now: datetime, asked: Asked) -> Submission:
    """NotAsked for a state that there is none of, or a former export that this one can't follow on; NotOnRecord for a
    site that was not open at the cut."""
    ledger = store.ledger(facility)
    cut = take_cut(ledger, known_at=asked.known_at, as_of=asked.as_of, now=now)
    former = _former(ledger, cut, asked)
    window = _window(asked, former)
    state = _state(asked, former)
    _judge(former, window, state, cut)
    _judge_sent(asked.sent or {}, kind, window, state, cut.as_of)
    entries, gone = _entries(ledger, cut.knowledge.position)
    present = _told(entries, kind, Reporter.of(cut.facility, state), cut.as_of, window)
    before = asked.sent or {}
    if former is not None:
        before = _sent(ledger, entries, kind, former, state).records
    return Submission(
        kind=kind,
        cut=cut,
        window=window,
        state=state,
        former=former,
        lines=transactions(before, present.records, kind),
        doubled=present.doubled,
        charts_destroyed=len(gone),
    )


def former_of(manifest: Mapping[str, Any], kind: Kind, facility: str) -> Former:
    """The former export, by what its manifest says. NotAsked where it is no manifest, or of another kind or site."""
    try:
        if (manifest["what"], manifest["facility"]) != (kind.value, facility):
            raise NotAsked(f"That is the manifest of another export: give that of a former {kind.value} of this site.")
        asked = manifest["parameters"]
        window = Window(from_on=_date(asked["from"]), to_on=_date(asked["to"]))
        as_of, position, state = date.fromisoformat(manifest["as_of"]), manifest["position"], asked["state"]
    except (KeyError, TypeError, ValueError):
        raise NotAsked("That is no manifest of a former export: it is the file OUT.manifest.json beside it.") from None
    if type(position) is not int or type(state) is not int:
        raise NotAsked("That is no manifest of a former export: its position and state are whole numbers.")
    return Former(position=position, as_of=as_of, window=window, state=state)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _former(ledger: Ledger, cut: Cut, asked: Asked) -> Former | None:
    if sum(given is not None for given in (asked.former, asked.since_position, asked.sent)) > 1:
        raise NotAsked("Say once what was sent before: by a manifest, by a position, or by the files.")
    if asked.since_position is None:
        return asked.former
    if not 1 <= asked.since_position <= cut.knowledge.position:
        raise NotAsked(f"Nothing was sent at that position: this export stands at {cut.knowledge.position}.")
    [row] = ledger.rows(after=asked.since_position - 1, upto=asked.since_position, limit=1)
    then = local_date(row[4], cut.facility.clock)
    return Former(
        position=asked.since_position,
        as_of=min(then, cut.as_of) if asked.since_as_of is None else asked.since_as_of,
        window=asked.window if asked.since_to is None else replace(asked.window, to_on=asked.since_to),
        state=KENTUCKY.fips if asked.state is None else asked.state,
    )


def _window(asked: Asked, former: Former | None) -> Window:
    """It begins where the former one began, unless said otherwise."""
    if former is None or asked.window.from_on is not None:
        return asked.window
    return replace(asked.window, from_on=former.window.from_on)


def _state(asked: Asked, former: Former | None) -> State:
    fips = asked.state if asked.state is not None else KENTUCKY.fips if former is None else former.state
    try:
        return State(fips)
    except ValueError as error:
        raise NotAsked(str(error)) from None


def _judge(former: Former | None, window: Window, state: State, cut: Cut) -> None:
    """Whatever was sent has to be looked at again, or it would be deleted for no longer being asked for."""
    if former is None:
        return
    if former.state != state.fips:
        raise NotAsked("The former export was for another state: each state has a series of its own.")
    if former.position > cut.knowledge.position:
        raise NotAsked("The former export knew more than this one: ask for a later time that it is known at.")
    if former.as_of > cut.as_of:
        raise NotAsked(f"The former export was as of {former.as_of}: ask for that date, or a later one.")
    if not window.holds(former.window):
        raise NotAsked("The former export was of more days: widen --from and --to, or its records would be deleted.")


def _judge_sent(sent: Records, kind: Kind, window: Window, state: State, as_of: date) -> None:
    """The same of records that were sent."""
    period = window.period
    for values in sent.values():
        if kind.column_of("STFIPS", values) != state.fips:
            raise NotAsked("These files were for another state: each state has a series of its own.")
        on = kind.column_of(kind.dated, values)
        if on not in period or on > as_of:
            raise NotAsked(f"These files hold a record of {on}: widen the days, or it would be deleted.")


def _entries(ledger: Ledger, position: int) -> tuple[dict[UUID, list[Recorded]], set[str]]:
    """What records rest on, chart by chart; and the charts with an admission that were destroyed, before or since."""
    found: dict[str, list[Recorded]] = {}
    gone: set[str] = set()
    admitted: set[str] = set()
    after = 0
    while page := ledger.typed(_TYPES, after=after, upto=position, limit=PAGE_FACTS):
        charts = [row for row in page if stream_kind(row[1]) == "chart"]
        for fact in ledger.opened(charts):
            found.setdefault(fact.stream, []).append(fact)
        gone |= {row[1] for row in charts if row[5] is None}
        admitted |= {row[1] for row in charts if row[3] in _ADMITS}
        after = page[-1][0]
    # A chart that was destroyed while this was read is no half of one.
    whole = {stream_uuid(stream): entries for stream, entries in found.items() if stream not in gone}
    return whole, gone & admitted


def _told(entries: Entries, kind: Kind, reporter: Reporter, as_of: date, window: Window) -> Told:
    return records(entries, kind, reporter, as_of=as_of, period=window.period)


def _sent(ledger: Ledger, entries: Mapping[UUID, list[Recorded]], kind: Kind, former: Former, state: State) -> Told:
    """The records as they were known at the former position."""
    stream = stream_name("facility", ledger.name)
    site = fold_facility(ledger.read([stream], upto=former.position)[stream])
    if site.zone is None:
        return Told({}, 0)
    known = {
        patient_id: then
        for patient_id, found in entries.items()
        if (then := [fact for fact in found if fact.position <= former.position])
    }
    return _told(known, kind, Reporter.of(site, state), former.as_of, former.window)
