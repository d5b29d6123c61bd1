"""What is looked for in a specimen, and the LOINC code of each test for it (presence in urine).

Codes from the CDC opioid value sets (domain description §3). Laboratories have many more tests, for other specimens and
other methods, so a code that isn't here is taken as long as it is a LOINC code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from re import compile as compile_pattern
from typing import Final

_FORM: Final = compile_pattern(r"[0-9]{1,7}-[0-9]")


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for. `definitive`: it confirms (mass spectrometry); else it screens (immunoassay).

    A test for one of a `group` is also reported as one for the whole: morphine, where opiates were ordered.
    """

    analyte: str
    group: str
    definitive: bool


_TABLE: Final = """
amphetamines             amphetamines     19261-7  16369-1
methamphetamine          amphetamines     19554-5  19555-2
mdma                     amphetamines     19568-5  19569-3
benzodiazepines          benzodiazepines  14316-4  16195-0
barbiturates             barbiturates     19270-8  16429-3
benzoylecgonine          cocaine          14314-9  14315-6
cannabinoids             cannabinoids     18282-4  19289-8
thc                      cannabinoids     19415-9  19416-7
opiates                  opiates          19295-5  18390-5
morphine                 opiates          19597-4  16196-8
6-mam                    opiates          19321-9  19322-7
methadone                methadone        19550-3  16199-2
buprenorphine            buprenorphine    93494-3  16208-1
norbuprenorphine         buprenorphine    82371-6  58362-5
fentanyl+norfentanyl     fentanyl         58379-9  66129-8
pcp                      pcp              19659-2  18392-1
ethyl-glucuronide        alcohol          58375-7  58377-3
ethanol                  alcohol          42242-8  34180-0
"""
"""Analyte, its group, the code of the screen, that of the confirmation."""

_OTHER_NAMES: Final[Mapping[str, str]] = {
    "cocaine": "cocaine",
    "heroin": "opiates",
    "6-acetylmorphine": "opiates",
    "codeine": "opiates",
    "fentanyl": "fentanyl",
    "norfentanyl": "fentanyl",
    "phencyclidine": "pcp",
    "marijuana": "cannabinoids",
    "alcohol": "alcohol",
    "etg": "alcohol",
}
"""What analytes are called besides → their group."""


def spelt(name: str) -> str:
    """Case, spaces and lines below or between the words make no other name."""
    return "-".join(name.casefold().replace("_", " ").replace("-", " ").split())


CODES: Final[Mapping[str, Code]] = {
    loinc: Code(analyte, group, definitive)
    for analyte, group, screen, confirmation in (line.split() for line in _TABLE.split("\n") if line)
    for loinc, definitive in ((screen, False), (confirmation, True))
}
"""LOINC code → what it stands for."""

_GROUPS: Final[Mapping[str, str]] = {
    **{spelt(name): group for name, group in _OTHER_NAMES.items()},
    **{spelt(code.analyte): code.group for code in CODES.values()},
}


def group_of(analyte: str) -> str | None:
    """The group of drugs that an analyte belongs to; None for one that the table doesn't know."""
    return _GROUPS.get(spelt(analyte))


def code_for(analyte: str, *, definitive: bool) -> str | None:
    """The LOINC code of the screen, or of the confirmation, of an analyte; None where the table has none, or several
    for what the name stands for."""
    name, group = spelt(analyte), group_of(analyte)
    tests = {loinc: code for loinc, code in CODES.items() if code.definitive is definitive and code.group == group}
    exact = [loinc for loinc, code in tests.items() if spelt(code.analyte) == name]
    found = exact or list(tests)
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1000)
def is_loinc(code: str) -> bool:
    """Whether it has the form of a LOINC code: up to seven digits and their check digit (mod 10, as on a bank card)."""
    if _FORM.fullmatch(code) is None:
        return False
    digits, _, check = code.partition("-")
    total = 0
    for n, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if n % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10 == int(check)
