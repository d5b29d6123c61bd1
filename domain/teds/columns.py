"""The columns of the two kinds of records: what each asks, where it comes from, its codes.

Key columns name a record, and are never empty. What is computed stands before what was told of it, and follows the
corrections of what it is computed from; what somebody was asked stands as told, and the record helps out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Final, TypeAlias

from domain.chart.teds import MISSING
from domain.teds import derived
from domain.teds.case import Case
from domain.teds.codebook import FLAGS, ITEMS, Labels

Value: TypeAlias = int | str | bool | date | None

NOT_CODEPENDENT: Final = 2
"""Who has a chart is treated for an own use of substances; relatives who come along have none."""


class Form(StrEnum):
    """What stands in a column."""

    CODE = "code"
    INTEGER = "integer"
    TEXT = "text"
    UUID = "uuid"
    DATE = "date"
    YES_NO = "yes/no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`source` says where the value comes from. A code is never empty: -9 where it isn't known."""

    name: str
    meaning: str
    source: str
    of: Callable[[Case], Value]
    form: Form = Form.CODE
    codes: Labels = field(default_factory=dict)
    key: bool = False


_TOLD: Final = "recorded TEDS items"
_HELPED: Final = "recorded TEDS items, else"
_ELSE_TOLD: Final = "; recorded TEDS items where that isn't known"


def _item(name: str, source: str, of: Callable[[Case], Value], *, key: bool = False) -> Item:
    meaning, codes = ITEMS[name]
    return Item(name=name, meaning=meaning, source=source, of=of, codes=codes, key=key)


def _told(name: str) -> Item:
    return _item(name, _TOLD, lambda case: case.told(name))


def _computed(name: str, source: str, of: Callable[[Case], int | None]) -> Item:
    """The record before what was told."""

    def value(case: Case) -> int:
        known = of(case)
        return case.told(name) if known is None else known

    return _item(name, source + _ELSE_TOLD, value)


def _helped(name: str, source: str, of: Callable[[Case], int | None]) -> Item:
    """What was told before the record."""

    def value(case: Case) -> int:
        told = case.told(name)
        if told != MISSING:
            return told
        known = of(case)
        return MISSING if known is None else known

    return _item(name, f"{_HELPED} {source}", value)


def _own(
    name: str,
    form: Form,
    meaning: str,
    source: str,
    of: Callable[[Case], Value],
    *,
    codes: Labels | None = None,
    key: bool = False,
) -> Item:
    return Item(name=name, meaning=meaning, source=source, of=of, form=form, codes=codes or {}, key=key)


_WHO: Final = (
    _item("STFIPS", "the state that the export is for", lambda case: case.reporter.state.fips, key=True),
    _own(
        "provider_id",
        Form.TEXT,
        "The site, as the state knows it",
        "licence number of the site, else its code",
        lambda case: case.reporter.provider_id,
        key=True,
    ),
    _own(
        "client_id",
        Form.UUID,
        "The client; no name, and no number that anybody else uses",
        "patient_id of the chart, or of the one that it was merged into",
        lambda case: str(case.client_id),
        key=True,
    ),
    _own(
        "codependent",
        Form.CODE,
        "Codependent or collateral instead of a user",
        "always 2: nobody else has a chart",
        lambda case: NOT_CODEPENDENT,
        codes={1: "yes", 2: "no"},
        key=True,
    ),
)
_ADMITTED_ON: Final = _own(
    "admitted_on",
    Form.DATE,
    "Day of admission: the first direct service, not the paperwork",
    "`Admitted`, or `EpisodeCarriedOver`",
    lambda case: case.admission.on,
    key=True,
)
_SERVICES: Final = _item(
    "SERVICES", "level of care enrolled in; carried over without one: 6 unless told", derived.services, key=True
)
_REFERENCE: Final = (
    _own(
        "episode_id",
        Form.UUID,
        "The episode here, for looking it up",
        "`InquiryReceived`, or `EpisodeCarriedOver`",
        lambda case: str(case.episode.episode_id),
    ),
    _own(
        "carried_over",
        Form.YES_NO,
        "In treatment when the site began to use this system: the admission may have been sent by another",
        "`EpisodeCarriedOver`",
        lambda case: case.episode.carried_over,
    ),
)


def _of_admission() -> Iterator[Item]:
    yield _own(
        "age_years", Form.INTEGER, "Age at admission in full years", "birth date, day of admission", derived.age_years
    )
    yield _computed("AGE", "birth date, day of admission", derived.age)
    yield _computed("GENDER", "sex of the identity", derived.sex)
    yield _computed("SEX", "sex of the identity", derived.sex)
    yield from map(_told, ("RACE", "ETHNIC", "MARSTAT", "EDUC", "EMPLOY", "DETNLF", "PREG", "VET", "LIVARAG"))
    yield from map(_told, ("PRIMINC", "ARRESTS", "CBSA"))
    yield _item("REGION", "of the state", lambda case: case.reporter.state.region)
    yield _item("DIVISION", "of the state", lambda case: case.reporter.state.division)
    yield _told("METHUSE")
    contact = "first contact, day of admission"
    yield _own(
        "days_waited", Form.INTEGER, "Days from the first contact to the admission", contact, derived.days_waited
    )
    yield _computed("DAYWAIT", contact, derived.daywait)
    yield _helped("PSOURCE", "the referral source of the inquiry, in a word of the data set", derived.psource)
    yield _told("DETCRIM")
    yield _item("NOPRIOR", "recorded TEDS items, and no fewer than the treatment episodes here before", derived.noprior)
    for n in (1, 2, 3):
        yield _item(
            f"SUB{n}",
            "recorded TEDS items where one of the three was told, else substances of the latest intake",
            partial(_substance, n=n),
        )
        yield from map(_told, (f"ROUTE{n}", f"FREQ{n}", f"FRSTUSE{n}"))
    for name in FLAGS:
        yield _computed(name, "SUB1 to SUB3", partial(derived.flag, name=name))
    yield _computed("IDU", "ROUTE1 to ROUTE3", derived.idu)
    yield _computed("ALCDRUG", "SUB1 to SUB3", derived.alcdrug)
    yield _helped("DSMCRIT", "the first diagnosis of the latest intake", derived.dsmcrit)
    yield _helped("PSYPROB", "yes where the latest intake has a diagnosis of a mental disorder", derived.psyprob)
    yield _helped("HLTHINS", "private where the payer is commercial", derived.hlthins)
    yield _helped("PRIMPAY", "the payer of the enrollment", derived.primpay)
    yield _told("FREQ_ATND_SELF_HELP")


def _substance(case: Case, n: int) -> int:
    return derived.substances(case)[n - 1]


def _of_discharge() -> Iterator[Item]:
    stay = "day of admission to the last service; less than a day is one"
    yield _own(
        "last_contact_on",
        Form.DATE,
        "Day of the last service, not of the paperwork",
        "`Discharged`",
        derived.last_contact_on,
    )
    yield _own("los_days", Form.INTEGER, "Length of stay in days", stay, derived.los_days)
    yield _computed("LOS", stay, derived.los)
    yield _computed("REASON", "`Discharged`; the next level in-house is a transfer", derived.reason)
    yield from map(_told, ("EMPLOY_D", "DETNLF_D", "LIVARAG_D", "ARRESTS_D"))
    for n in (1, 2, 3):
        yield from map(_told, (f"SUB{n}_D", f"FREQ{n}_D"))
    yield _told("FREQ_ATND_SELF_HELP_D")


ADMISSION: Final = (
    *_WHO,
    _own(
        "client_transaction",
        Form.TEXT,
        "A admission; T transfer: goes on, at most 30 days after the last service, from an episode here that ended by a"
        " transfer",
        "the discharge before",
        lambda case: "T" if case.continues else "A",
        key=True,
    ),
    _ADMITTED_ON,
    _SERVICES,
    *_REFERENCE,
    *_of_admission(),
)
"""Of an admission."""

DISCHARGE: Final = (
    *_WHO,
    _ADMITTED_ON,
    _SERVICES,
    _own(
        "discharged_on",
        Form.DATE,
        "Day of discharge",
        "`Discharged`",
        lambda case: None if case.discharge is None else case.discharge.on,
        key=True,
    ),
    _item("SERVICES_D", "recorded TEDS items, else as at admission", derived.services_d, key=True),
    *_REFERENCE,
    *_of_discharge(),
    *_of_admission(),
)
"""Of a discharge, with what was known at the admission."""
