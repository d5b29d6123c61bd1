"""Items of the Treatment Episode Data Set (TEDS), as the state agency asks for them at admission and discharge.

Keys and codes are those of the public-use files (SAMHSA, TEDS-A and TEDS-D codebooks). -9 says that an item is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, TypedDict, get_type_hints
from uuid import UUID

from domain.refused import Refused

MISSING: Final = -9


class Occasion(StrEnum):
    ADMISSION = "admission"
    DISCHARGE = "discharge"


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of an item, both ends included."""

    first: int
    last: int

    def __contains__(self, code: int) -> bool:
        return code == MISSING or self.first <= code <= self.last


Flag = Annotated[int, Codes(0, 1)]
Two = Annotated[int, Codes(1, 2)]
Four = Annotated[int, Codes(1, 4)]
Five = Annotated[int, Codes(1, 5)]
Frequency = Annotated[int, Codes(1, 3)]
Substance = Annotated[int, Codes(1, 19)]
FirstUse = Annotated[int, Codes(1, 7)]
Arrests = Annotated[int, Codes(0, 2)]
Services = Annotated[int, Codes(1, 8)]


class AdmissionItems(TypedDict, total=False):
    AGE: Annotated[int, Codes(1, 12)]
    GENDER: Two
    SEX: Two
    RACE: Annotated[int, Codes(1, 9)]
    ETHNIC: Five
    MARSTAT: Four
    EDUC: Five
    EMPLOY: Four
    DETNLF: Five
    PREG: Two
    VET: Two
    LIVARAG: Annotated[int, Codes(1, 3)]
    PRIMINC: Five
    ARRESTS: Arrests
    STFIPS: Annotated[int, Codes(1, 78)]
    CBSA: Annotated[int, Codes(10000, 99999)]
    REGION: Annotated[int, Codes(0, 4)]
    DIVISION: Annotated[int, Codes(0, 9)]
    SERVICES: Services
    METHUSE: Two
    DAYWAIT: Annotated[int, Codes(0, 4)]
    PSOURCE: Annotated[int, Codes(1, 7)]
    DETCRIM: Annotated[int, Codes(1, 8)]
    NOPRIOR: Annotated[int, Codes(0, 5)]
    SUB1: Substance
    SUB2: Substance
    SUB3: Substance
    ROUTE1: Five
    ROUTE2: Five
    ROUTE3: Five
    FREQ1: Frequency
    FREQ2: Frequency
    FREQ3: Frequency
    FRSTUSE1: FirstUse
    FRSTUSE2: FirstUse
    FRSTUSE3: FirstUse
    ALCFLG: Flag
    COKEFLG: Flag
    MARFLG: Flag
    HERFLG: Flag
    METHFLG: Flag
    OPSYNFLG: Flag
    PCPFLG: Flag
    HALLFLG: Flag
    MTHAMFLG: Flag
    AMPHFLG: Flag
    STIMFLG: Flag
    BENZFLG: Flag
    TRNQFLG: Flag
    BARBFLG: Flag
    SEDHPFLG: Flag
    INHFLG: Flag
    OTCFLG: Flag
    OTHERFLG: Flag
    IDU: Flag
    ALCDRUG: Annotated[int, Codes(0, 3)]
    DSMCRIT: Annotated[int, Codes(1, 19)]
    PSYPROB: Two
    HLTHINS: Four
    PRIMPAY: Annotated[int, Codes(1, 7)]
    FREQ_ATND_SELF_HELP: Five


class TedsItems(AdmissionItems, total=False):
    """An item of the set by its key, as far as it is known. Those of discharge come on top of those of admission."""

    SERVICES_D: Services
    LOS: Annotated[int, Codes(1, 37)]
    REASON: Annotated[int, Codes(1, 7)]
    EMPLOY_D: Four
    DETNLF_D: Five
    LIVARAG_D: Annotated[int, Codes(1, 3)]
    ARRESTS_D: Arrests
    SUB1_D: Substance
    SUB2_D: Substance
    SUB3_D: Substance
    FREQ1_D: Frequency
    FREQ2_D: Frequency
    FREQ3_D: Frequency
    FREQ_ATND_SELF_HELP_D: Five


def _codes(items: Any) -> dict[str, Codes]:
    return {key: hint.__metadata__[0] for key, hint in get_type_hints(items, include_extras=True).items()}


CODES: Final[Mapping[str, Codes]] = _codes(TedsItems)
"""Key → its codes."""

AT_ADMISSION: Final = frozenset(_codes(AdmissionItems))


@dataclass(frozen=True, slots=True, kw_only=True)
class TedsItemsRecorded:
    """What is known of the patient at the admission or the discharge. What becomes known later is recorded again: of
    each item the latest value of its occasion counts."""

    episode_id: UUID
    occasion: Occasion
    items: TedsItems


def judge(fact: TedsItemsRecorded) -> None:
    items: Mapping[str, Any] = fact.items
    if not items:
        raise Refused("teds.no-items", "Give at least one item, or -9 where it is missing.")
    for name, code in items.items():
        if name not in CODES:
            raise Refused("teds.unknown-item", "That is no item of the Treatment Episode Data Set: check its key.")
        if fact.occasion is Occasion.ADMISSION and name not in AT_ADMISSION:
            raise Refused("teds.not-at-admission", f"`{name}` is told at discharge only: record it with that occasion.")
        if code not in CODES[name]:
            raise Refused("teds.code", f"`{name}` has no such code: see the codebook, or give -9 where it is missing.")
