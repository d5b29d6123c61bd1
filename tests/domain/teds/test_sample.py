"""Records of the sample program, reckoned by hand from its facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

import pytest

from domain.compliance.period import Period
from domain.record import Entry, Recorded, stream_kind, stream_uuid
from domain.site import fold_facility
from domain.teds.case import RESTS_ON, Entries, Reporter
from domain.teds.codebook import FLAGS
from domain.teds.columns import Value
from domain.teds.records import Kind, applied, records, transactions
from domain.teds.states import KENTUCKY
from tests.domain.cast import day
from tests.domain.teds.telling import ALWAYS
from tests.sample_program import known, sample

A, D = Kind.ADMISSIONS, Kind.DISCHARGES
LAST = day("2026-05-10")


@cache
def reporter() -> Reporter:
    return Reporter.of(fold_facility(known(sample())["facility/lexington"]), KENTUCKY)


def charts(known_at: datetime | None = None) -> dict[Any, list[Recorded]]:
    return {stream_uuid(s): found for s, found in known(sample(), known_at).items() if stream_kind(s) == "chart"}


def rows(
    kind: Kind, entries: Entries | None = None, *, as_of: date = LAST, period: Period = ALWAYS
) -> dict[str, dict[str, Value]]:
    """By the first eight characters of the client's id; the sample has nobody twice."""
    names = [item.name for item in kind.items]
    told = records(charts() if entries is None else entries, kind, reporter(), as_of=as_of, period=period)
    found = [dict(zip(names, values, strict=True)) for values in told.records.values()]
    by_client = {str(row["client_id"])[:8]: row for row in found}
    assert len(by_client) == len(found)
    return by_client


def part(row: Mapping[str, Value], like: Mapping[str, Value]) -> dict[str, Value]:
    return {name: row[name] for name in like}


ADMISSIONS = {
    # Registered 1986-04-15, so 39 on 2026-02-19; contact 2026-02-16, three days before; from a health care provider;
    # F10.20; methamphetamine alone; commercial payer.
    "115a3c98": {
        "STFIPS": 21,
        "provider_id": "SYN-2070",
        "codependent": 2,
        "client_transaction": "A",
        "admitted_on": day("2026-02-19"),
        "SERVICES": 6,
        "REGION": 3,
        "DIVISION": 6,
        "age_years": 39,
        "AGE": 7,
        "SEX": 1,
        "days_waited": 3,
        "DAYWAIT": 1,
        "PSOURCE": 3,
        "SUB1": 10,
        "SUB2": 1,
        "SUB3": 1,
        "ALCDRUG": 2,
        "MTHAMFLG": 1,
        "ALCFLG": 0,
        "DSMCRIT": 4,
        "PRIMPAY": 2,
        "HLTHINS": 1,
        "EMPLOY": -9,
        "NOPRIOR": -9,
        "carried_over": False,
    },
    # Came on the day of the call, 2026-03-30, by self-referral; other facts from the registration and the intake.
    "3281739d": {
        "admitted_on": day("2026-03-30"),
        "age_years": 30,
        "AGE": 6,
        "days_waited": 0,
        "DAYWAIT": 0,
        "PSOURCE": 1,
        "DSMCRIT": 5,
    },
    # A woman of 55 (1970-10-23), two days after the call; opiates; F11.20.
    "2038e723": {"age_years": 55, "AGE": 11, "GENDER": 2, "days_waited": 2, "SUB1": 7, "OPSYNFLG": 1, "DSMCRIT": 5},
    # Alcohol only, though the diagnosis is of cocaine (F14.20); pays alone; six days after the call; from a court.
    "1af108bf": {
        "admitted_on": day("2026-03-16"),
        "days_waited": 6,
        "DAYWAIT": 1,
        "PSOURCE": 7,
        "SUB1": 2,
        "ALCDRUG": 1,
        "DSMCRIT": 6,
        "PRIMPAY": 1,
        "HLTHINS": -9,
    },
    # Called on 2026-02-24, came on 2026-02-26: F11.20, marijuana. His birthday (1980-02-19) is just over.
    "1c6a86d7": {"age_years": 46, "AGE": 9, "days_waited": 2, "SUB1": 4, "MARFLG": 1},
}

DISCHARGES = {
    # Completed on the day of the last service: 2026-02-19 to 2026-04-03 is 43 days.
    "115a3c98": {
        "admitted_on": day("2026-02-19"),
        "discharged_on": day("2026-04-03"),
        "last_contact_on": day("2026-04-03"),
        "SERVICES": 6,
        "SERVICES_D": 6,
        "los_days": 43,
        "LOS": 31,
        "REASON": 1,
        "SUB1": 10,
        "SUB1_D": -9,
        "EMPLOY_D": -9,
    },
    # Dropped out: last seen on 2026-03-19, 24 days after 2026-02-23; the paperwork is of 2026-04-13.
    "b890060f": {"discharged_on": day("2026-04-13"), "los_days": 24, "LOS": 24, "REASON": 2},
    # A discharge of 2026-03-25 was voided; transferred on 2026-04-21, last seen on 2026-04-14: 42 days.
    "9b1ea83f": {"discharged_on": day("2026-04-21"), "los_days": 42, "LOS": 31, "REASON": 4},
    # Terminated: 2026-02-23 to 2026-03-19 is 24 days.
    "814aaf0e": {"los_days": 24, "LOS": 24, "REASON": 3},
    # Tapered from 2026-04-15 on, in the same service, and completed: 2026-03-16 to 2026-04-27 is 42 days.
    "1af108bf": {"SERVICES_D": 6, "los_days": 42, "LOS": 31, "REASON": 1},
    # 2026-02-27 to 2026-04-24 is 56 days.
    "c53e30e7": {"los_days": 56, "LOS": 32, "REASON": 1},
}


@pytest.mark.parametrize("client", ADMISSIONS)
def test_an_admission_is_what_its_facts_come_to(client: str) -> None:
    assert part(rows(A)[client], ADMISSIONS[client]) == ADMISSIONS[client]


@pytest.mark.parametrize("client", DISCHARGES)
def test_a_discharge_is_what_its_facts_come_to(client: str) -> None:
    assert part(rows(D)[client], DISCHARGES[client]) == DISCHARGES[client]


def test_there_are_as_many_records_as_the_sample_has_admissions_and_discharges() -> None:
    """42 patients: 39 admitted, three never came. 27 discharges, one of them voided: 26. By reason as counted in the
    file, the voided one (dropped out) aside."""
    assert (len(rows(A)), len(rows(D))) == (39, 26)
    assert Counter(row["REASON"] for row in rows(D).values()) == {1: 16, 2: 2, 3: 5, 4: 3}
    assert {"35823d3e", "a85c0054", "acdf7af7"}.isdisjoint(rows(A))


def test_everybody_in_the_sample_has_one_substance() -> None:
    for row in rows(A).values():
        assert sum(int(row[name] or 0) for name in FLAGS) == 1


def test_records_rest_on_the_facts_that_are_named_and_on_no_others() -> None:
    whole = charts()
    needed: dict[Any, list[Entry]] = {
        patient_id: [entry for entry in found if isinstance(entry.fact, RESTS_ON)]
        for patient_id, found in whole.items()
    }
    assert sum(map(len, needed.values())) < sum(map(len, whole.values())) / 5
    for kind in Kind:
        assert rows(kind, needed) == rows(kind, whole)


def test_the_voided_discharge_was_sent_and_is_taken_back() -> None:
    """The discharge of 2026-03-25 stood for forty minutes: whoever sent it at 13:20 deletes it later, and adds the
    transfer of 2026-04-21."""
    before = records(
        charts(datetime.fromisoformat("2026-03-25T13:20:00-04:00")), D, reporter(), as_of=LAST, period=ALWAYS
    )
    now = records(charts(), D, reporter(), as_of=LAST, period=ALWAYS)
    lines = transactions(before.records, now.records, D)
    mine = [(line.transaction.value, line.values[6]) for line in lines if str(line.values[2]).startswith("9b1ea83f")]
    assert mine == [("D", day("2026-03-25")), ("A", day("2026-04-21"))]
    assert Counter(line.transaction.value for line in lines) == {"D": 1, "A": 25}
    assert applied(before.records, lines, D) == now.records
