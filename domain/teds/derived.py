"""Items that the record knows without being told: one function each, None where it doesn't know.

Source of bands and codes: SAMHSA, TEDS-A and TEDS-D codebooks.
"""

from __future__ import annotations

from datetime import date
from itertools import takewhile
from typing import Final

from domain.chart.exit import DischargeReason
from domain.chart.teds import MISSING
from domain.program import Payer
from domain.teds.case import Case
from domain.teds.codebook import FLAGS
from domain.week import local_date

INTENSIVE_OUTPATIENT: Final = 6

MOST_EPISODES: Final = 5
"""NOPRIOR: five or more."""

_AGES: Final = (12, 15, 18, 21, 25, 30, 35, 40, 45, 50, 55, 65)
"""At which age each band begins."""

_WAITS: Final = (0, 1, 8, 15, 31)
"""After how many days each band begins."""

_STAYS: Final = (31, 46, 61, 91, 121, 181, 366)
"""After thirty single days: at which day each band begins."""
_FIRST_BAND: Final = 31

_NONE: Final = 1
_ALCOHOL: Final = 2
_INJECTION: Final = 4
_YES: Final = 1


# ---- who


def age_years(case: Case) -> int | None:
    """Full years on the day of admission."""
    born, on = case.birth_date, case.admission.on
    return None if born is None else on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def age(case: Case) -> int | None:
    """The data set begins at twelve."""
    years = age_years(case)
    return None if years is None else _band(years, _AGES) or None


def sex(case: Case) -> int | None:
    """Of the identity; what is neither of the two has no code."""
    return {"male": 1, "female": 2}.get((case.sex or "").strip().lower())


# ---- the way in


def days_waited(case: Case) -> int | None:
    """From the first contact to the admission; of who was carried over, the first contact is another system's."""
    if case.episode.carried_over:
        return None
    contact = local_date(case.episode.first_contact_at, case.reporter.zone)
    return max((case.admission.on - contact).days, 0)


def daywait(case: Case) -> int | None:
    days = days_waited(case)
    return None if days is None else _band(days, _WAITS) - 1


_SOURCES: Final = {
    "self": 1,
    "individual": 1,
    "sud_provider": 2,
    "other_health": 3,
    "school": 4,
    "employer": 5,
    "community": 6,
    "court": 7,
}


def psource(case: Case) -> int | None:
    """Who referred, where the inquiry says it in a word of the data set."""
    return _SOURCES.get(_word(case.referral_source or ""))


def noprior(case: Case) -> int:
    """Treatment episodes on record here are the least; whoever was asked may have told of more."""
    known = min(case.earlier, MOST_EPISODES)
    return max(case.told("NOPRIOR"), known) if known else case.told("NOPRIOR")


# ---- the service


def services(case: Case) -> int:
    """By the level of care enrolled in. Without one (carried over) as told, else what the site is: an IOP."""
    enrollment = case.episode.enrollment
    if enrollment is None or enrollment.level_of_care is None:
        told = case.told("SERVICES")
        return INTENSIVE_OUTPATIENT if told == MISSING else told
    return _service_of(enrollment.level_of_care.removesuffix(" COE"), planned_days=7 * (enrollment.planned_weeks or 0))


def _service_of(level: str, *, planned_days: int) -> int:
    """ASAM level → type of service."""
    match level:
        case "4-WM":
            return 1
        case "3.2-WM" | "3.7-WM":
            return 2
        case "1-WM" | "2-WM":
            return 8
        case "2.1" | "2.5" | "2.7":
            return INTENSIVE_OUTPATIENT
        case "4" | "4.0":
            return 3
        case "3.1" | "3.3" | "3.5" | "3.7":
            return 4 if planned_days <= 30 else 5
        case _:
            return 7


def services_d(case: Case) -> int:
    """As told, else as at admission: tapering is a way inside the service, another one begins with a new episode."""
    told = case.told("SERVICES_D")
    return services(case) if told == MISSING else told


def primpay(case: Case) -> int | None:
    enrollment = case.episode.enrollment
    return None if enrollment is None else {Payer.SELF_PAY: 1, Payer.COMMERCIAL: 2, None: None}[enrollment.payer]


def hlthins(case: Case) -> int | None:
    """A commercial payer is private insurance; who pays alone may be insured all the same."""
    return 1 if primpay(case) == 2 else None


# ---- substances


_CODED: Final = {
    "alcohol": 2,
    "cocaine": 3,
    "crack": 3,
    "marijuana": 4,
    "cannabis": 4,
    "hashish": 4,
    "heroin": 5,
    "non_prescription_methadone": 6,
    "other_opiates": 7,
    "opiates": 7,
    "opioids": 7,
    "fentanyl": 7,
    "oxycodone": 7,
    "hydrocodone": 7,
    "morphine": 7,
    "pcp": 8,
    "hallucinogens": 9,
    "lsd": 9,
    "methamphetamine": 10,
    "amphetamine": 11,
    "amphetamines": 11,
    "other_amphetamines": 11,
    "mdma": 11,
    "stimulants": 12,
    "other_stimulants": 12,
    "benzodiazepines": 13,
    "tranquilizers": 14,
    "other_tranquilizers": 14,
    "barbiturates": 15,
    "sedatives": 16,
    "other_sedatives": 16,
    "inhalants": 17,
    "over_the_counter": 18,
    "other": 19,
}
"""What a substance is called at intake → its code. A name that isn't here has none: nobody guesses."""


def substances(case: Case) -> tuple[int, int, int]:
    """SUB1 to SUB3: as told, where any of them was; else as named at intake, where after the last one named none
    follows."""
    told = tuple(case.told(f"SUB{n}") for n in (1, 2, 3))
    if any(code != MISSING for code in told):
        return told[0], told[1], told[2]
    named = [] if case.intake is None else [_CODED.get(_word(name), MISSING) for name in case.intake.substances]
    if not named:
        return MISSING, MISSING, MISSING
    first, second, third = (*named, _NONE, _NONE)[:3]
    return first, second, third


def _reported(case: Case) -> set[int] | None:
    """The substances reported at admission; None where nothing is known of them."""
    known = {code for code in substances(case) if code != MISSING}
    return known - {_NONE} if known else None


def flag(case: Case, name: str) -> int | None:
    """Whether the substance of a flag is among the three."""
    known = _reported(case)
    return None if known is None else int(FLAGS[name] in known)


def alcdrug(case: Case) -> int | None:
    known = _reported(case)
    return None if known is None else (_ALCOHOL in known) + 2 * bool(known - {_ALCOHOL})


def idu(case: Case) -> int | None:
    """Whether a route told is injection."""
    routes = {case.told(f"ROUTE{n}") for n in (1, 2, 3)} - {MISSING}
    return int(_INJECTION in routes) if routes else None


# ---- diagnoses

_DEPENDENCE: Final = {"F10": 4, "F11": 5, "F12": 7, "F14": 6}
_ABUSE: Final = {"F10": 9, "F11": 12, "F12": 10, "F14": 13}
_OTHER_DEPENDENCE: Final = 8
_OTHER_ABUSE: Final = 11

_MENTAL: Final = (
    ("F20", "F29", 16),
    ("F30", "F31", 17),
    ("F32", "F33", 15),
    ("F34.1", "F34.1", 15),
    ("F40", "F41", 14),
    ("F90", "F91", 18),
    ("F01", "F99", 19),
)
"""ICD-10-CM from … to → code; the first that fits."""


def dsmcrit(case: Case) -> int | None:
    """The first diagnosis of the intake: .1 of a substance is abuse, .2 dependence (ICD-10-CM)."""
    diagnoses = () if case.intake is None else case.intake.diagnoses
    return _dsm(diagnoses[0]) if diagnoses else None


def _dsm(diagnosis: str) -> int | None:
    category, _, detail = diagnosis.partition(".")
    if _is_of_substance(category):
        if detail.startswith("2"):
            return _DEPENDENCE.get(category, _OTHER_DEPENDENCE)
        return _ABUSE.get(category, _OTHER_ABUSE) if detail.startswith("1") else None
    fitting = (code for first, last, code in _MENTAL if first <= diagnosis and diagnosis[: len(last)] <= last)
    return next(fitting, None)


def psyprob(case: Case) -> int | None:
    """A diagnosis of a mental disorder at intake says yes; that there is none says nothing."""
    diagnoses = () if case.intake is None else case.intake.diagnoses
    mental = [d for d in diagnoses if d.startswith("F") and not _is_of_substance(d[:3])]
    return _YES if mental else None


def _is_of_substance(category: str) -> bool:
    return "F10" <= category <= "F19"


# ---- the way out

_REASONS: Final = {
    DischargeReason.COMPLETED: 1,
    DischargeReason.DROPPED_OUT: 2,
    DischargeReason.TERMINATED: 3,
    DischargeReason.TRANSFERRED: 4,
    DischargeReason.INCARCERATED: 5,
    DischargeReason.DIED: 6,
    DischargeReason.OTHER: 7,
}


def reason(case: Case) -> int | None:
    """The next level in-house is a transfer: whoever discharges says so."""
    return None if case.discharge is None else _REASONS[case.discharge.reason]


def last_contact_on(case: Case) -> date | None:
    """The last service, not the paperwork."""
    return None if case.discharge is None else min(case.discharge.last_service_on, case.discharge.on)


def los_days(case: Case) -> int | None:
    """From the admission to the last service; less than a day is one."""
    last = last_contact_on(case)
    return None if last is None else max((last - case.admission.on).days, 1)


def los(case: Case) -> int | None:
    """Single days up to thirty, then bands from 31 on."""
    days = los_days(case)
    return None if days is None else days if days < _FIRST_BAND else _FIRST_BAND - 1 + _band(days, _STAYS)


# ---- in common


def _band(value: int, begins: tuple[int, ...]) -> int:
    """Which of the bands, from 1 on, a value is in; 0 below the first."""
    return sum(1 for _ in takewhile(lambda first: first <= value, begins))


def _word(text: str) -> str:
    """As words are compared: in lower case, parted by underscores."""
    return "_".join(text.lower().replace("-", " ").replace("_", " ").split())
