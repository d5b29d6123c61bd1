"""TEDS items of people who don't exist, about as the discharges of 2019 had them."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Final

from domain.chart.teds import TedsItems
from exchange.simulate.lives import Patient, Stay

_CODES: Final = {
    "alcohol": 2,
    "cocaine": 3,
    "cannabis": 4,
    "heroin": 5,
    "opioids": 7,
    "methamphetamine": 10,
    "benzodiazepines": 13,
}
_ROUTES: Final = {2: 1, 3: 3, 4: 2, 5: 4, 7: 1, 10: 2, 13: 1}
_BANDS: Final = (18, 21, 25, 30, 35, 40, 45, 50, 55, 65)
"""Ages at which the bands 3 to 12 begin."""


def admission_items(random: Random, patient: Patient, on: date) -> TedsItems:
    substance = _CODES[patient.substance]
    age = on.year - patient.born_on.year
    return {
        "AGE": 2 + sum(age >= begins for begins in _BANDS),
        "SEX": 2 if patient.female else 1,
        "RACE": random.choice((5, 5, 5, 5, 4, 7)),
        "ETHNIC": 4,
        "MARSTAT": random.choice((1, 1, 2, 3, 4)),
        "EDUC": random.choice((2, 3, 3, 4)),
        "EMPLOY": random.choice((1, 2, 3, 3, 4)),
        "VET": 2,
        "LIVARAG": random.choice((1, 2, 3, 3)),
        "ARRESTS": random.choice((0, 0, 0, 1)),
        "STFIPS": 21,
        "SERVICES": 6,
        "NOPRIOR": random.choice((0, 0, 1, 2, 3)),
        "SUB1": substance,
        "ROUTE1": _ROUTES[substance],
        "FREQ1": random.choice((1, 2, 2, 3, 3)),
        "FRSTUSE1": random.choice((2, 3, 3, 4, 5)),
        "PSYPROB": random.choice((1, 2, 2)),
        "FREQ_ATND_SELF_HELP": random.choice((1, 1, 2, 3)),
    }


def discharge_items(random: Random, stay: Stay) -> TedsItems:
    return {
        "EMPLOY_D": random.choice((1, 1, 2, 3, 4)),
        "LIVARAG_D": random.choice((2, 3, 3)),
        "ARRESTS_D": random.choice((0, 0, 0, 0, 1)),
        "SUB1_D": _CODES[stay.patient.substance],
        "FREQ1_D": random.choice((1, 1, 1, 2, 3)),
        "FREQ_ATND_SELF_HELP_D": random.choice((1, 2, 3, 4)),
    }
