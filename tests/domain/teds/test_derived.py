"""What the record knows of an admission and a discharge without being told, item by item."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chart.exit import DischargeReason
from domain.chart.identity import IdentityCorrected
from domain.chart.teds import MISSING, Occasion
from domain.program import Payer
from domain.teds.codebook import FLAGS
from domain.teds.records import Kind
from tests.domain.cast import day
from tests.domain.teds.telling import (
    File,
    admitted,
    assessed,
    carried,
    discharged,
    enrolled,
    episode,
    inquired,
    registered,
    told,
)

AT_DISCHARGE = Occasion.DISCHARGE


def client(*facts: Any) -> File:
    file = File()
    file.add(*facts)
    return file


# ---- who


@pytest.mark.parametrize(
    ("born", "years", "band"),
    [
        ("2014-03-03", 11, MISSING),
        ("2014-03-02", 12, 1),
        ("2011-03-03", 14, 1),
        ("2011-03-02", 15, 2),
        ("2008-03-03", 17, 2),
        ("2008-03-02", 18, 3),
        ("2004-02-29", 22, 4),
        ("1996-03-02", 30, 6),
        ("1971-03-02", 55, 11),
        ("1961-03-03", 64, 11),
        ("1961-03-02", 65, 12),
    ],
)
def test_the_age_is_that_on_the_day_of_admission(born: str, years: int, band: int) -> None:
    """Admitted on 2026-03-02: whoever has a birthday that day is a year older."""
    row = client(registered(born), inquired(), enrolled(), admitted()).admission()
    assert (row["age_years"], row["AGE"]) == (years, band)


def test_each_band_of_age_begins_where_the_codebook_has_it() -> None:
    begins = {12: 1, 15: 2, 18: 3, 21: 4, 25: 5, 30: 6, 35: 7, 40: 8, 45: 9, 50: 10, 55: 11, 65: 12}
    for years, band in begins.items():
        row = client(registered(f"{2026 - years}-03-02"), inquired(), enrolled(), admitted()).admission()
        younger = client(registered(f"{2026 - years}-03-03"), inquired(), enrolled(), admitted()).admission()
        assert (row["AGE"], younger["AGE"]) == (band, band - 1 or MISSING)


def test_a_corrected_birth_date_and_sex_are_followed() -> None:
    file = episode()
    assert (file.admission()["AGE"], file.admission()["GENDER"]) == (7, 2)
    file.add(IdentityCorrected(birth_date=day("1999-05-01")), IdentityCorrected(sex="Male"))
    assert [file.admission()[name] for name in ("age_years", "AGE", "GENDER", "SEX")] == [26, 5, 1, 1]


def test_a_sex_that_has_no_code_is_as_told() -> None:
    file = client(registered(sex="intersex"), inquired(), enrolled(), admitted())
    assert file.admission()["SEX"] == MISSING
    file.add(told(SEX=1))
    assert (file.admission()["SEX"], file.admission()["GENDER"]) == (1, MISSING)


# ---- the way in


@pytest.mark.parametrize(
    ("admitted_on", "days", "code"),
    [
        ("2026-02-25", 0, 0),
        ("2026-02-26", 1, 1),
        ("2026-03-04", 7, 1),
        ("2026-03-05", 8, 2),
        ("2026-03-11", 14, 2),
        ("2026-03-12", 15, 3),
        ("2026-03-27", 30, 3),
        ("2026-03-28", 31, 4),
    ],
)
def test_the_wait_is_from_the_first_contact_to_the_first_service(admitted_on: str, days: int, code: int) -> None:
    row = client(registered(), inquired("2026-02-25 23:30"), enrolled(), admitted(admitted_on)).admission()
    assert (row["days_waited"], row["DAYWAIT"]) == (days, code)


def test_of_who_was_carried_over_the_first_contact_is_another_systems() -> None:
    file = client(registered(), carried())
    row = file.admission()
    assert (row["days_waited"], row["DAYWAIT"], row["PSOURCE"], row["PRIMPAY"]) == (None, MISSING, MISSING, MISSING)
    assert (row["carried_over"], row["admitted_on"], row["SERVICES"]) == (True, day("2026-02-16"), 6)
    file.add(told(DAYWAIT=3, SERVICES=7))
    assert (file.admission()["DAYWAIT"], file.admission()["SERVICES"]) == (3, 7)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("self", 1),
        ("SUD provider", 2),
        ("other-health", 3),
        ("school", 4),
        ("employer", 5),
        ("community", 6),
        ("court", 7),
        ("a friend of the family", MISSING),
    ],
)
def test_a_referral_source_in_a_word_of_the_data_set_is_coded(source: str, code: int) -> None:
    file = client(registered(), inquired(source=source), enrolled(), admitted())
    assert file.admission()["PSOURCE"] == code
    file.add(told(PSOURCE=2))
    assert file.admission()["PSOURCE"] == 2


# ---- the service


@pytest.mark.parametrize(
    ("level", "weeks", "code"),
    [
        ("2.1", 8, 6),
        ("2.5", 8, 6),
        ("2.1 COE", 8, 6),
        ("1.5", 8, 7),
        ("1", 8, 7),
        ("0.5", 8, 7),
        ("OTP", 8, 7),
        ("3.5", 4, 4),
        ("3.5", 5, 5),
        ("4.0", 1, 3),
        ("4-WM", 1, 1),
        ("3.7-WM", 1, 2),
        ("2-WM", 1, 8),
    ],
)
def test_the_type_of_service_follows_the_level_enrolled_in(level: str, weeks: int, code: int) -> None:
    file = client(registered(), inquired(), enrolled(level, weeks), admitted(), discharged())
    assert file.admission()["SERVICES"] == code
    assert (file.discharge()["SERVICES"], file.discharge()["SERVICES_D"]) == (code, code)


def test_another_service_at_discharge_is_as_told() -> None:
    row = episode(discharged(), told(AT_DISCHARGE, SERVICES_D=7)).discharge()
    assert (row["SERVICES"], row["SERVICES_D"]) == (6, 7)


@pytest.mark.parametrize(
    ("payer", "primpay", "insured"), [(Payer.COMMERCIAL, 2, 1), (Payer.SELF_PAY, 1, MISSING)], ids=str
)
def test_the_payer_of_the_enrollment_pays_first(payer: Payer, primpay: int, insured: int) -> None:
    """Who pays alone may be insured all the same."""
    file = client(registered(), inquired(), enrolled(payer=payer), admitted())
    assert (file.admission()["PRIMPAY"], file.admission()["HLTHINS"]) == (primpay, insured)
    file.add(told(PRIMPAY=6, HLTHINS=4))
    assert (file.admission()["PRIMPAY"], file.admission()["HLTHINS"]) == (6, 4)


# ---- substances


def test_substances_are_those_named_at_intake_and_none_after_them() -> None:
    row = episode(assessed("Alcohol", "other opiates")).admission()
    assert [row[f"SUB{n}"] for n in (1, 2, 3)] == [2, 7, 1]
    assert {name for name in FLAGS if row[name] == 1} == {"ALCFLG", "OPSYNFLG"}
    assert {row[name] for name in FLAGS} == {0, 1}
    assert row["ALCDRUG"] == 3


NAMES = {
    2: "alcohol",
    3: "cocaine, crack",
    4: "marijuana, cannabis, hashish",
    5: "heroin",
    6: "non-prescription methadone",
    7: "other opiates, opiates, opioids, fentanyl, oxycodone, hydrocodone, morphine",
    8: "PCP",
    9: "hallucinogens, LSD",
    10: "methamphetamine",
    11: "other amphetamines, amphetamine, amphetamines, MDMA",
    12: "other stimulants, stimulants",
    13: "benzodiazepines",
    14: "other tranquilizers, tranquilizers",
    15: "barbiturates",
    16: "other sedatives, sedatives",
    17: "inhalants",
    18: "over-the-counter",
    19: "other",
}


@pytest.mark.parametrize("code", NAMES)
def test_what_a_substance_is_called_at_intake_has_its_code_and_its_flag(code: int) -> None:
    for name in NAMES[code].split(", "):
        row = episode(assessed(name)).admission()
        assert row["SUB1"] == code, name
        assert [flag for flag in FLAGS if row[flag]] == [flag for flag, of in FLAGS.items() if of == code]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_substance_and_its_route_are_told_in_their_place(place: int) -> None:
    row = episode(assessed("alcohol"), told(**{f"SUB{place}": 5, f"ROUTE{place}": 4})).admission()
    assert [row[f"SUB{n}"] for n in (1, 2, 3)] == [5 if n == place else MISSING for n in (1, 2, 3)]
    assert [row[f"ROUTE{n}"] for n in (1, 2, 3)] == [4 if n == place else MISSING for n in (1, 2, 3)]
    assert (row["HERFLG"], row["ALCFLG"], row["IDU"]) == (1, 0, 1)


def test_a_substance_that_no_table_knows_is_not_guessed() -> None:
    row = episode(assessed("spice")).admission()
    assert [row[f"SUB{n}"] for n in (1, 2, 3)] == [MISSING, 1, 1]
    assert (row["ALCDRUG"], row["OTHERFLG"]) == (0, 0)


def test_without_an_intake_nothing_is_known_of_substances() -> None:
    row = episode().admission()
    assert {row[name] for name in (*FLAGS, "SUB1", "SUB2", "SUB3", "ALCDRUG", "IDU", "DSMCRIT", "PSYPROB")} == {MISSING}


def test_substances_told_stand_for_those_of_the_intake_all_of_them() -> None:
    row = episode(assessed("heroin", "alcohol"), told(SUB1=2)).admission()
    assert [row[f"SUB{n}"] for n in (1, 2, 3)] == [2, MISSING, MISSING]
    assert (row["ALCDRUG"], row["HERFLG"], row["ALCFLG"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("substances", "code"), [(("alcohol",), 1), (("heroin",), 2), (("heroin", "alcohol"), 3)], ids=str
)
def test_alcohol_other_drugs_or_both(substances: tuple[str, ...], code: int) -> None:
    assert episode(assessed(*substances)).admission()["ALCDRUG"] == code


@pytest.mark.parametrize(
    ("items", "code"), [({"ROUTE1": 1, "ROUTE2": 4}, 1), ({"ROUTE1": 2}, 0), ({"IDU": 1}, 1), ({}, MISSING)], ids=str
)
def test_injection_is_known_by_the_routes(items: dict[str, int], code: int) -> None:
    assert episode(told(**items)).admission()["IDU"] == code


def test_the_intake_that_counts_is_the_latest_by_the_admission() -> None:
    row = episode(assessed("heroin", on="2026-02-28"), assessed("alcohol"), assessed("cocaine", on="2026-03-03"))
    assert row.admission()["SUB1"] == 5


# ---- diagnoses


@pytest.mark.parametrize(
    ("diagnosis", "code"),
    [
        ("F10.20", 4),
        ("F11.20", 5),
        ("F14.20", 6),
        ("F12.20", 7),
        ("F15.20", 8),
        ("F13.21", 8),
        ("F10.10", 9),
        ("F12.10", 10),
        ("F15.10", 11),
        ("F11.10", 12),
        ("F14.10", 13),
        ("F10.929", MISSING),
        ("F41.1", 14),
        ("F33.1", 15),
        ("F34.1", 15),
        ("F25.0", 16),
        ("F31.9", 17),
        ("F90.0", 18),
        ("F34.81", 19),
        ("F60.3", 19),
        ("K70.30", MISSING),
    ],
)
def test_the_first_diagnosis_of_the_intake_is_coded(diagnosis: str, code: int) -> None:
    file = episode(assessed("alcohol", diagnoses=(diagnosis, "F10.20")))
    assert file.admission()["DSMCRIT"] == code


def test_a_mental_disorder_beside_the_substance_use_says_yes_and_none_says_nothing() -> None:
    assert episode(assessed(diagnoses=("F10.20", "F33.1"))).admission()["PSYPROB"] == 1
    file = episode(assessed(diagnoses=("F10.20", "F19.20", "K70.30")))
    assert file.admission()["PSYPROB"] == MISSING
    file.add(told(PSYPROB=2, DSMCRIT=14))
    assert (file.admission()["PSYPROB"], file.admission()["DSMCRIT"]) == (2, 14)


# ---- the way out


@pytest.mark.parametrize(
    ("last", "days", "code"),
    [
        ("2026-03-02", 1, 1),
        ("2026-03-03", 1, 1),
        ("2026-03-04", 2, 2),
        ("2026-04-01", 30, 30),
        ("2026-04-02", 31, 31),
        ("2026-04-16", 45, 31),
        ("2026-04-17", 46, 32),
        ("2026-05-01", 60, 32),
        ("2026-05-02", 61, 33),
        ("2026-06-01", 91, 34),
        ("2026-07-01", 121, 35),
        ("2026-08-29", 180, 35),
        ("2026-08-30", 181, 36),
        ("2027-03-02", 365, 36),
        ("2027-03-03", 366, 37),
    ],
)
def test_the_stay_ends_at_the_last_service_not_at_the_paperwork(last: str, days: int, code: int) -> None:
    file = episode(discharged("2027-06-30", last))
    (row,) = file.rows(Kind.DISCHARGES, as_of=day("2027-12-31"))
    assert (row["los_days"], row["LOS"], row["last_contact_on"]) == (days, code, day(last))
    assert row["discharged_on"] == day("2027-06-30")


@pytest.mark.parametrize(("reason", "code"), list(zip(DischargeReason, range(1, 8), strict=True)))
def test_each_reason_has_its_code(reason: DischargeReason, code: int) -> None:
    row = episode(discharged(reason=reason), told(AT_DISCHARGE, REASON=3)).discharge()
    assert row["REASON"] == code


# ---- what was told


def test_of_each_item_the_latest_value_of_its_occasion_counts() -> None:
    file = episode(told(EMPLOY=1, VET=2), told(EMPLOY=3, ARRESTS=0))
    assert [file.admission()[name] for name in ("EMPLOY", "VET", "ARRESTS", "RACE")] == [3, 2, 0, MISSING]


def test_what_was_told_at_discharge_fills_what_nobody_said_at_admission() -> None:
    file = episode(told(EMPLOY=1), discharged(), told(AT_DISCHARGE, EMPLOY=2, RACE=5, EMPLOY_D=4))
    assert [file.discharge()[name] for name in ("EMPLOY", "RACE", "EMPLOY_D", "LIVARAG_D")] == [1, 5, 4, MISSING]


def test_a_struck_record_of_items_counts_for_nothing() -> None:
    file = episode(told(VET=1))
    version = file.add(told(VET=2))
    assert file.admission()["VET"] == 2
    file.strike(version)
    assert file.admission()["VET"] == 1
