"""What the items of the data set ask, and what their codes mean. Source: SAMHSA, TEDS-A and TEDS-D codebooks.

Item → its question; item → code → its label. -9 says everywhere that it is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.teds.states import DIVISIONS, REGIONS

Labels = Mapping[int, str]


def _numbered(*labels: str, first: int = 1) -> Labels:
    return dict(enumerate(labels, first))


_YES_NO: Final = _numbered("yes", "no")
_EMPLOYMENT: Final = _numbered("full-time", "part-time", "unemployed", "not in labor force")
_NOT_WORKING: Final = _numbered("homemaker", "student", "retired, disabled", "resident of institution", "other")
_LIVING: Final = _numbered("homeless", "dependent living", "independent living")
_ARRESTS: Final = _numbered("none", "once", "two or more times", first=0)
_FREQUENCY: Final = _numbered("no use in the past month", "some use", "daily use")
_ROUTE: Final = _numbered("oral", "smoking", "inhalation", "injection", "other")
_FIRST_USE: Final = _numbered("11 and under", "12-14", "15-17", "18-20", "21-24", "25-29", "30 and over")
_REPORTED: Final = _numbered("not reported", "reported", first=0)
_SELF_HELP: Final = _numbered(
    "no attendance",
    "1-3 times in the past month",
    "4-7 times",
    "8-30 times",
    "some attendance, frequency unknown",
)
_SERVICES: Final = _numbered(
    "detox, hospital inpatient",
    "detox, residential",
    "rehabilitation, hospital",
    "rehabilitation, 30 days or fewer",
    "rehabilitation, more than 30 days",
    "intensive outpatient",
    "non-intensive outpatient",
    "ambulatory detox",
)
SUBSTANCES: Final = _numbered(
    "none",
    "alcohol",
    "cocaine, crack",
    "marijuana, hashish",
    "heroin",
    "non-prescription methadone",
    "other opiates and synthetics",
    "PCP",
    "hallucinogens",
    "methamphetamine, speed",
    "other amphetamines",
    "other stimulants",
    "benzodiazepines",
    "other tranquilizers",
    "barbiturates",
    "other sedatives or hypnotics",
    "inhalants",
    "over-the-counter medications",
    "other drugs",
)

FLAGS: Final[Mapping[str, int]] = {
    "ALCFLG": 2,
    "COKEFLG": 3,
    "MARFLG": 4,
    "HERFLG": 5,
    "METHFLG": 6,
    "OPSYNFLG": 7,
    "PCPFLG": 8,
    "HALLFLG": 9,
    "MTHAMFLG": 10,
    "AMPHFLG": 11,
    "STIMFLG": 12,
    "BENZFLG": 13,
    "TRNQFLG": 14,
    "BARBFLG": 15,
    "SEDHPFLG": 16,
    "INHFLG": 17,
    "OTCFLG": 18,
    "OTHERFLG": 19,
}
"""Flag → the substance that it is about."""

_PLACES: Final = {1: "primary", 2: "secondary", 3: "tertiary"}

_LENGTHS: Final = {
    31: "31-45 days",
    32: "46-60 days",
    33: "61-90 days",
    34: "91-120 days",
    35: "121-180 days",
    36: "181-365 days",
    37: "more than a year",
}


def _of_substances() -> dict[str, tuple[str, Labels]]:
    found: dict[str, tuple[str, Labels]] = {}
    for n, place in _PLACES.items():
        found[f"SUB{n}"] = f"Substance used at admission, {place}", SUBSTANCES
        found[f"ROUTE{n}"] = f"Route of administration, {place} substance", _ROUTE
        found[f"FREQ{n}"] = f"Frequency of use at admission, {place} substance", _FREQUENCY
        found[f"FRSTUSE{n}"] = f"Age at first use, {place} substance", _FIRST_USE
        found[f"SUB{n}_D"] = f"Substance used at discharge, {place}", SUBSTANCES
        found[f"FREQ{n}_D"] = f"Frequency of use at discharge, {place} substance", _FREQUENCY
    for flag, substance in FLAGS.items():
        found[flag] = f"Reported at admission: {SUBSTANCES[substance]}", _REPORTED
    return found


ITEMS: Final[Mapping[str, tuple[str, Labels]]] = {
    "AGE": (
        "Age at admission, in bands",
        _numbered(
            "12-14",
            "15-17",
            "18-20",
            "21-24",
            "25-29",
            "30-34",
            "35-39",
            "40-44",
            "45-49",
            "50-54",
            "55-64",
            "65 and older",
        ),
    ),
    "GENDER": ("Gender", _numbered("male", "female")),
    "SEX": ("As GENDER, as recent years name it", _numbered("male", "female")),
    "RACE": (
        "Race",
        _numbered(
            "Alaska Native",
            "American Indian",
            "Asian or Pacific Islander",
            "Black or African American",
            "white",
            "Asian",
            "other single race",
            "two or more races",
            "Native Hawaiian or other Pacific Islander",
        ),
    ),
    "ETHNIC": (
        "Ethnicity",
        _numbered(
            "Puerto Rican",
            "Mexican",
            "Cuban or other specific Hispanic",
            "not of Hispanic or Latino origin",
            "Hispanic or Latino, origin not specified",
        ),
    ),
    "MARSTAT": ("Marital status", _numbered("never married", "now married", "separated", "divorced, widowed")),
    "EDUC": (
        "Education",
        _numbered(
            "none to grade 8",
            "grades 9 to 11",
            "grade 12 or GED",
            "1-3 years of college or vocational school",
            "4 years of college or more",
        ),
    ),
    "EMPLOY": ("Employment at admission", _EMPLOYMENT),
    "DETNLF": ("Why not in the labor force at admission", _NOT_WORKING),
    "PREG": ("Pregnant at admission", _YES_NO),
    "VET": ("Veteran", _YES_NO),
    "LIVARAG": ("Living arrangement at admission", _LIVING),
    "PRIMINC": (
        "Source of income",
        _numbered("wages, salary", "public assistance", "retirement, pension, disability", "other", "none"),
    ),
    "ARRESTS": ("Arrests in the 30 days before admission", _ARRESTS),
    "STFIPS": ("State, by its census FIPS code", {21: "Kentucky"}),
    "CBSA": ("Core-based statistical area, by its census code of five digits", {}),
    "REGION": ("Census region", REGIONS),
    "DIVISION": ("Census division", DIVISIONS),
    "SERVICES": ("Type of service at admission", _SERVICES),
    "METHUSE": ("Medication-assisted opioid therapy", _YES_NO),
    "DAYWAIT": (
        "Days waited to enter treatment, in bands",
        _numbered("none", "1-7", "8-14", "15-30", "31 or more", first=0),
    ),
    "PSOURCE": (
        "Referral source",
        _numbered(
            "individual, self",
            "alcohol or drug use care provider",
            "other health care provider",
            "school",
            "employer",
            "other community referral",
            "court, criminal justice",
        ),
    ),
    "DETCRIM": (
        "Criminal justice referral, in detail",
        _numbered(
            "state or federal court",
            "formal adjudication",
            "probation, parole",
            "other recognized legal entity",
            "diversionary program",
            "prison",
            "DUI, DWI",
            "other",
        ),
    ),
    "NOPRIOR": (
        "Previous treatment episodes",
        _numbered("none", "one", "two", "three", "four", "five or more", first=0),
    ),
    **_of_substances(),
    "IDU": ("Injection reported at admission", _REPORTED),
    "ALCDRUG": (
        "Kind of substances",
        _numbered("none", "alcohol only", "other drugs only", "alcohol and other drugs", first=0),
    ),
    "DSMCRIT": (
        "Diagnosis",
        _numbered(
            "alcohol-induced disorder",
            "substance-induced disorder",
            "alcohol intoxication",
            "alcohol dependence",
            "opioid dependence",
            "cocaine dependence",
            "cannabis dependence",
            "other substance dependence",
            "alcohol abuse",
            "cannabis abuse",
            "other substance abuse",
            "opioid abuse",
            "cocaine abuse",
            "anxiety disorders",
            "depressive disorders",
            "schizophrenia, other psychotic disorders",
            "bipolar disorders",
            "attention deficit, disruptive behavior disorders",
            "other mental health condition",
        ),
    ),
    "PSYPROB": ("Mental disorder beside the substance use", _YES_NO),
    "HLTHINS": (
        "Health insurance",
        _numbered("private", "Medicaid", "Medicare, other", "none"),
    ),
    "PRIMPAY": (
        "Who pays first",
        _numbered(
            "self-pay",
            "private insurance",
            "Medicare",
            "Medicaid",
            "other government payments",
            "no charge",
            "other",
        ),
    ),
    "FREQ_ATND_SELF_HELP": ("Self-help groups attended in the 30 days before admission", _SELF_HELP),
    "SERVICES_D": ("Type of service at discharge", _SERVICES),
    "LOS": (
        "Length of stay in days, up to 30 exactly, then in bands",
        {**{days: str(days) for days in range(1, 31)}, **_LENGTHS},
    ),
    "REASON": (
        "Reason for discharge",
        _numbered(
            "completed",
            "dropped out",
            "terminated by facility",
            "transferred",
            "incarcerated",
            "death",
            "other",
        ),
    ),
    "EMPLOY_D": ("Employment at discharge", _EMPLOYMENT),
    "DETNLF_D": ("Why not in the labor force at discharge", _NOT_WORKING),
    "LIVARAG_D": ("Living arrangement at discharge", _LIVING),
    "ARRESTS_D": ("Arrests in the 30 days before discharge", _ARRESTS),
    "FREQ_ATND_SELF_HELP_D": ("Self-help groups attended in the 30 days before discharge", _SELF_HELP),
}
