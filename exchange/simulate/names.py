"""Names of people who don't exist, out of invented syllables, and what else a chart says in words."""

from __future__ import annotations

from random import Random
from typing import Final

_FIRST: Final = ("Zor", "Vel", "Quil", "Bram", "Yth", "Ona", "Plim", "Tev", "Uxo", "Wren", "Fip", "Jask")
_MIDDLE: Final = ("a", "e", "i", "o", "u", "ae", "io")
_LAST: Final = ("ndel", "mbo", "rith", "lsk", "vane", "quon", "zzel", "phor", "tharn", "ggin", "wick", "plo")


def given_name(random: Random) -> str:
    return random.choice(_FIRST) + random.choice(_MIDDLE)


def family_name(random: Random) -> str:
    return random.choice(_FIRST) + random.choice(_MIDDLE) + random.choice(_LAST)


TOPICS: Final = (
    "relapse prevention",
    "stress management",
    "problem solving",
    "healthy relationships",
    "coping with urges",
    "building support",
)
LATE_REASONS: Final = ("Tablet was offline.", "Clinician out of office.", "Paper sign-in sheet entered later.")
CORRECTION_REASONS: Final = ("Wrong box ticked.", "Sign-in sheet says otherwise.", "Clinician's note.")
TRIGGERS: Final = ("payday", "an old friend", "arguments at home", "driving past the bar", "sleepless nights")
MEASURES: Final = ("calls a sponsor every evening", "hands over the car keys", "weekly screen shared with family")
GOALS: Final = ("long-term sobriety", "steady employment", "mended relationships", "a healthier week")
