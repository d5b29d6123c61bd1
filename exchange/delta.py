"""What has changed since a report was issued: the same question asked again, row by row, and the facts that changed it.

The question is the report's: its period and payer, its `as_of`, its rule set by the same choice: the one that was asked
for by name, else the one adopted, as is known now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from domain.compliance.period import Period
from domain.compliance.rule_set import FamilySessions
from domain.key_destruction import ended_by
from domain.record import Recorded, stream_kind, stream_name, stream_uuid
from domain.recording import hours_late
from domain.site import fold_session
from domain.week import Week
from exchange import reports
from exchange.calendar import planned_in
from exchange.causes import Causes, Explaining, NotGiven, Place, Record, place_of, streams_in
from exchange.cut import utc_text
from exchange.errors import NotAsked
from exchange.issued import IssuedReport, canonical_rows, rows_in
from exchange.learned import NOTHING, Learned
from exchange.reports import Question, Report
from exchange.rows import COLUMNS, patients_in, record
from store.ledger import Ledger
from store.rule_sets import shipped
from store.store import Store

TRIES: Final = 3
"""How often it is asked anew when a chart was destroyed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row that is new (`before` None), gone (`after` None) or another one, and the names of the facts that made it
    so, in the order of their recording."""

    before: Record | None
    after: Record | None
    facts: tuple[str, ...]
    time_passed: bool
    program_changed: bool

    def record(self) -> dict[str, Any]:
        """JSON-ready. Of a row that is another one, each column that changed, before and after."""
        before, after = self.before, self.after
        if before is None or after is None:
            said: dict[str, Any] = {"row": before or after}
        else:
            said = {name: after[name] for name in ("rule", "subject", "subject_id", "period_start", "period_end")}
            said["changes"] = {
                name: {"before": before[name], "after": after[name]} for name in COLUMNS if before[name] != after[name]
            }
        return {
            **said,
            "facts": list(self.facts),
            "time_passed": self.time_passed,
            "program_changed": self.program_changed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """`report` is today's answer, with its header; `facts` holds each fact that any difference names; `patients` are
    those whose charts are shown."""

    issued: IssuedReport
    report: Report
    differences: tuple[Difference, ...]
    facts: Mapping[str, Mapping[str, Any]]
    patients: frozenset[UUID]

    def record(self, *, with_reasons: bool) -> dict[str, Any]:
        """JSON-ready, in this order. `with_reasons`: why facts were recorded, which is text out of charts, sealed
        there: for whoever may read them whole."""
        fact, header = self.issued.fact, self.report.header
        told = self.report.header.record()
        period = "week" if "week" in told else "month"
        shared = ("rule_set", "rule_set_version", "known_at", "position", "row_count", "sha256")
        return {
            "report_id": str(self.issued.report_id),
            "report": fact.kind.value,
            "facility": self.issued.facility,
            period: told[period],
            **({} if header.payer is None else {"payer": header.payer.value}),
            "as_of": told["as_of"],
            "known_at": told["known_at"],
            **({"asked_known_at": told["asked_known_at"]} if "asked_known_at" in told else {}),
            "position": header.position,
            "issued": {name: self.issued.record()[name] for name in shared},
            "now": {name: told[name] for name in (*shared, "charts_destroyed")},
            "added": [one.record() for one in self.differences if one.before is None],
            "removed": [one.record() for one in self.differences if one.after is None],
            "changed": [one.record() for one in self.differences if one.before and one.after],
            "facts": [
                {name: value for name, value in one.items() if with_reasons or name != "reason"}
                for one in self.facts.values()
            ],
        }


def answer(
    store: Store,
    issued: IssuedReport,
    *,
    now: datetime,
    known_at: datetime | None = None,
    requested_by: str | None = None,
    purpose: str | None = None,
) -> Delta:
    """What the report's question is answered at a later `known_at`, against what it was issued with.

    NotAsked for an earlier `known_at` than the report's; the errors of `exchange.issued.canonical_rows`.
    """
    fact = issued.fact
    if known_at is not None and known_at < fact.known_at:
        raise NotAsked("Ask what is known later than the report, which stands at its own `known_at`.")
    asked = Question(
        rule_set=fact.parameters.rule_set,
        payer=issued.payer,
        as_of=fact.as_of,
        known_at=known_at,
        requested_by=requested_by,
        purpose=purpose,
    )
    before = rows_in(canonical_rows(store, issued, now=now))
    for _ in range(TRIES):
        report = reports.answer(store, issued.facility, issued.period, now=now, asked=asked)
        try:
            return _explained(store.ledger(issued.facility), issued, before, report, asked)
        except NotGiven:
            continue
    raise AssertionError("A report gives the same rows for the same facts.")


def _explained(
    ledger: Ledger, issued: IssuedReport, before: Sequence[Record], report: Report, asked: Question
) -> Delta:
    changed = list(_differing(before, [record(row) for row in report.rows]))
    rows = [row for _, old, new in changed for row in (*old, *new)]
    fact, header = issued.fact, report.header
    learned = Learned(ledger, _streams(ledger, rows, report), then=fact.at_position, now=header.position)
    explaining = Explaining(learned, issued.period, asked, as_of=fact.as_of, then=fact.known_at, now=header.known_at)
    ends = _ends(ledger)
    found: list[tuple[Place, Difference]] = []
    facts: dict[str, Recorded] = {}
    # What is read for a patient serves all of the patient's rows.
    for place, old, new in sorted(changed, key=lambda one: one[0][1:3]):
        causes = explaining.why(place, old, new)
        named = [learned.fact(position) for position in causes.facts]
        gone = [ends[stream] for stream in streams_in(old) & ends.keys()]
        entries = sorted([*named, *gone], key=lambda entry: entry.position)
        facts |= {entry.name: entry for entry in entries}
        causes = replace(causes, program_changed=causes.program_changed and not gone)
        found += [(place, one) for one in _differences(old, new, entries, causes)]
    in_order = sorted(facts.values(), key=lambda entry: entry.position)
    charts = {stream_uuid(entry.stream) for entry in in_order if stream_kind(entry.stream) == "chart"}
    return Delta(
        issued=issued,
        report=report,
        differences=tuple(one for _, one in sorted(found, key=lambda one: (one[0][0], *one[0][2:]))),
        facts={entry.name: _told(entry, learned) for entry in in_order},
        patients=frozenset(patients_in(rows) | charts),
    )


def _differing(before: Sequence[Record], after: Sequence[Record]) -> Iterator[tuple[Place, list[Record], list[Record]]]:
    """The places whose rows are not the same."""
    old, new = _by_place(before), _by_place(after)
    for place in {**old, **new}:
        if old.get(place) != new.get(place):
            yield place, old.get(place, []), new.get(place, [])


def _by_place(rows: Iterable[Record]) -> dict[Place, list[Record]]:
    found: dict[Place, list[Record]] = {}
    for row in rows:
        found.setdefault(place_of(row), []).append(row)
    return found


def _differences(
    old: Sequence[Record], new: Sequence[Record], entries: Sequence[Recorded], causes: Causes
) -> Iterator[Difference]:
    """Of the rows of one place those that are not the same, in their order."""
    names = tuple(entry.name for entry in entries)
    gone, come = [row for row in old if row not in new], [row for row in new if row not in old]
    for before, after in zip_longest(gone, come):
        yield Difference(
            before=before,
            after=after,
            facts=names,
            time_passed=causes.time_passed,
            program_changed=causes.program_changed,
        )


def _ends(ledger: Ledger) -> dict[str, Recorded]:
    """Charts that were destroyed, whenever that was, and the fact that says so."""
    stream = stream_name("facility", ledger.name)
    return {ended: entry for entry in ledger.read([stream])[stream] if (ended := ended_by(entry.fact)) is not None}


def _streams(ledger: Ledger, rows: Sequence[Record], report: Report) -> set[str]:
    """What rows may rest on: their subjects, the facts that they name, the cohorts, and the sessions that were ever
    planned to begin in their period, or in the windows that end in it. Rows of the site rest on every chart."""
    position = report.header.position
    found = streams_in(rows) | set(ledger.streams("cohort", upto=position))
    for row in rows:
        subject, key = row["subject"], row["subject_id"]
        if subject == "facility":
            found |= set(ledger.streams("chart", upto=position))
        else:
            found.add(stream_name("chart" if subject == "patient" else subject, key))
    for week in _weeks(report):
        found |= planned_in(ledger, week, upto=position)
    return found


def _weeks(report: Report) -> Iterator[Week]:
    asked = report.header.period
    period = Period.of_week(asked) if isinstance(asked, Week) else Period.of_month(asked)
    windows = [terms.every_days for rules in shipped().known if (terms := rules.terms(FamilySessions)) is not None]
    on = Week.of(period.first - timedelta(days=max(windows, default=0))).monday
    while on <= period.last:
        yield Week.of(on)
        on += timedelta(days=7)


def _told(entry: Recorded, learned: Learned) -> dict[str, Any]:
    """Which fact it is, who recorded it, when and why; `about` names the event that it corrects or strikes."""
    envelope = entry.envelope
    version = getattr(entry.fact, "corrects", None) or getattr(entry.fact, "target", None)
    late = _hours_late(entry, learned)
    return {
        "event": entry.name,
        "type": type(entry.fact).__name__,
        "position": entry.position,
        "recorded_at": utc_text(entry.recorded_at),
        "by": {"id": envelope.by.id, "name": envelope.by.name, "role": envelope.by.role}
        | {"credential": envelope.by.credential},
        "source": envelope.source.value,
        "reason": envelope.reason,
        **({} if version is None else {"about": f"{entry.stream}@{version}"}),
        **({} if late is None else {"late_hours": late}),
    }


def _hours_late(entry: Recorded, learned: Learned) -> int | None:
    """Of an absence counted from the end that its session was planned for when it was recorded."""
    ends_at = None
    if (session_id := getattr(entry.fact, "session_id", None)) is not None:
        session = learned.history(stream_name("session", session_id), entry.position)
        ends_at = fold_session(session_id, session).ends_at
    return hours_late(entry, learned.around(NOTHING).facility.clock, scheduled_end=ends_at)
