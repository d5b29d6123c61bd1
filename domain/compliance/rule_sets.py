"""The rule sets that are shipped, and which of them applies.

Sources: the program descriptions of Landmark Recovery (9 hours a week, 3 hours on 3 days, one individual session a
week; one of the staff to six patients); ASAM level 2.1 (9 hours a week for adults, 6 for adolescents); TEDS's notion
of intensive outpatient care (2 hours on 3 days); Arizona's S9480 (9 hours a week, 3 hours on 2 days).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from domain.compliance.rule_set import IndividualSessions, QualifyingDays, RuleSet, ShowRate, WeekMinutes
from domain.session import Modality

if TYPE_CHECKING:
    from domain.facility import Facility

EVERYWHERE: Final = frozenset(Modality)

LANDMARK_IOP: Final = RuleSet(
    name="landmark-iop",
    version="1",
    modalities=EVERYWHERE,
    rules=(
        WeekMinutes(at_least=540),
        QualifyingDays(days=3, minutes=180),
        ShowRate(),
        IndividualSessions(at_least=1),
    ),
    patients_per_staff=6,
)

ASAM_2_1: Final = RuleSet(
    name="asam-2.1",
    version="1",
    modalities=EVERYWHERE,
    rules=(WeekMinutes(at_least=540, under_18=360),),
)

TEDS_IOP: Final = RuleSet(
    name="teds-iop",
    version="1",
    modalities=EVERYWHERE,
    rules=(QualifyingDays(days=3, minutes=120),),
)

AZ_S9480: Final = RuleSet(
    name="az-s9480",
    version="1",
    modalities=EVERYWHERE,
    rules=(WeekMinutes(at_least=540), QualifyingDays(days=2, minutes=180)),
)

SHIPPED: Final = (LANDMARK_IOP, ASAM_2_1, TEDS_IOP, AZ_S9480)


def is_shipped(name: str, version: str) -> bool:
    """Whether a facility can be judged by this rule set in this version."""
    return any((known.name, known.version) == (name, version) for known in SHIPPED)


def named(name: str, version: str | None = None) -> RuleSet:
    """The shipped rule set of that name, in its latest version unless one is named. ValueError where there is none."""
    for known in reversed(SHIPPED):
        if known.name == name and version in (None, known.version):
            return known
    choices = ", ".join(sorted(f"{known.name} (version {known.version})" for known in SHIPPED))
    raise ValueError(f"There is no such rule set: choose one of {choices}.")


def applying(facility: Facility, period_end: date, asked: str | None = None) -> RuleSet:
    """The rule set asked for, else the one adopted (without payer) by the last date of the period, else landmark-iop.

    ValueError, with one sentence, when it is not among those shipped.
    """
    if asked is not None:
        return named(asked)
    adopted = facility.adopted(period_end)
    return LANDMARK_IOP if adopted is None else named(adopted.rule_set, adopted.rule_set_version)
