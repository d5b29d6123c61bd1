"""`stepdown census`, `screenings`, `step-downs` and `weeks`: lists of a site to work from, on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import orjson
from rich.table import Table

from api.permission import Read
from domain.chart.step_down import Stage
from domain.site_screenings import SeenTo, Wanted
from domain.site_step_downs import WantedStepDowns
from domain.week import Week, local_date
from exchange import site_lists
from exchange import weeks as by_week
from exchange.cut import left_out, utc_text
from exchange.site_lists import Listed
from projections import census as of_census
from projections.cut import Behind
from stepdown.asker import Asker, asker, facility_of
from stepdown.errors import Wrong
from stepdown.opening import now, opened, settings_at
from stepdown.terminal import answers, say, write
from stepdown.worklist_tables import (
    census_table,
    screenings_table,
    site_week_table,
    step_downs_table,
    weeks_table,
)

T = TypeVar("T")


def census(
    *,
    facility: str | None,
    as_of: date | None,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows it, once it is on record who looked at whom."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_census", facility=facility, by=by, purpose=purpose)
        asks.may(Read.CENSUS)
        asks.on_record(known_at)

        def look(on: date | None, at: datetime | None) -> of_census.Census:
            return of_census.answer(use.store, asks.facility, now=now(), as_of=on, known_at=at)

        found = here(asks, look, as_of, known_at)
        if found.known_at is None:
            raise Wrong("Nothing is on record of this facility.")
        document = {
            "facility": asks.facility,
            "as_of": found.as_of.isoformat(),
            "known_at": utc_text(found.known_at),
            "position": found.position,
            "rows": found.rows,
        }
        patients = [UUID(row["patient_id"]) for row in found.rows]
        show(asks, document, patients, known_at, census_table, as_json=as_json)
        for line in left_out(found.lacking):
            say(line)


def screenings(
    *,
    facility: str | None,
    from_on: date | None,
    to_on: date | None,
    due: str | None,
    as_of: date | None,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows them, once it is on record who looked at whom."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_site_screenings", facility=facility, by=by, purpose=purpose)
        asks.may(Read.HISTORY)
        wanted = Wanted(first=from_on, last=to_on, due=None if due is None else SeenTo(due))

        def look(on: date | None, at: datetime | None) -> Listed:
            return site_lists.screenings(use.store, asks.facility, wanted, now=now(), as_of=on, known_at=at)

        found = here(asks, look, as_of, known_at)
        show(asks, found.record(), found.found.patients, known_at, screenings_table, as_json=as_json)


def step_downs(
    *,
    facility: str | None,
    stage: str | None,
    from_on: date | None,
    to_on: date | None,
    as_of: date | None,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows them, once it is on record who looked at whom."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_site_step_downs", facility=facility, by=by, purpose=purpose)
        asks.may(Read.CENSUS)
        wanted = WantedStepDowns(stage=None if stage is None else Stage(stage), first=from_on, last=to_on)

        def look(on: date | None, at: datetime | None) -> Listed:
            return site_lists.step_downs(use.store, asks.facility, wanted, now=now(), as_of=on, known_at=at)

        found = here(asks, look, as_of, known_at)
        show(asks, found.record(), found.found.patients, known_at, step_downs_table, as_json=as_json)


def weeks(
    patient: str | None,
    week: Week | None,
    *,
    facility: str | None,
    as_of: date | None,
    known_at: datetime | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Shows every week of a patient, or a week of everybody enrolled, once it is on record who looked."""
    what = "read_site_week" if patient is None else "read_weeks"
    with opened(settings_at(data)) as use:
        asks = asker(use, what, facility=facility, by=by, purpose=purpose)
        asks.may(Read.CENSUS if patient is None else Read.CHART)
        if patient is None:
            of_all = by_week.of_site(use.store, asks.facility, week, now=now(), as_of=as_of, known_at=known_at)
            show(asks, of_all.record(), of_all.patients, known_at, site_week_table, as_json=as_json)
            return
        patient_id = asks.patient(patient)
        found = by_week.of_patient(use.store, asks.facility, patient_id, now=now(), as_of=as_of, known_at=known_at)
        if found is None:
            asks.misses(patient_id)
        asks.read_chart(patient_id, found.version)
        told(asks, found.record(), known_at, weeks_table, as_json=as_json)


def here(
    asks: Asker, look: Callable[[date | None, datetime | None], T], as_of: date | None, known_at: datetime | None
) -> T:
    """What is looked up, from the read tables where they are current; at a terminal nobody may follow, and it is folded
    from the ledger."""
    try:
        return look(as_of, known_at)
    except Behind:
        head = asks.opened.store.ledger(asks.facility).head()
        today = local_date(now(), facility_of(asks.opened, asks.facility).clock)
        return look(as_of or today, head.recorded_at)


def show(
    asks: Asker,
    document: Mapping[str, Any],
    patients: Iterable[UUID],
    known_at: datetime | None,
    table: Callable[[Mapping[str, Any]], Table],
    *,
    as_json: bool,
) -> None:
    """The document, as JSON or as this table, with what has to be said of its times beside it."""
    asks.saw(list(patients))
    told(asks, document, known_at, table, as_json=as_json)


def told(
    asks: Asker,
    document: Mapping[str, Any],
    known_at: datetime | None,
    table: Callable[[Mapping[str, Any]], Table],
    *,
    as_json: bool,
) -> None:
    """The same, once that is on record."""
    stands_at, on = datetime.fromisoformat(document["known_at"]), date.fromisoformat(document["as_of"])
    asks.says(stands_at, asked=known_at, as_of=on)
    if as_json:
        write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
    else:
        answers().print(table(document))
