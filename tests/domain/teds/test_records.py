"""Which episodes have records, whose they are, and what names them."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.chart.entry import NotAdmitted
from domain.chart.exit import DischargeReason, DischargeVoided
from domain.chart.identity import IdentityCorrected
from domain.chart.teds import CODES, MISSING
from domain.compliance.period import Period
from domain.teds.case import Reporter
from domain.teds.codebook import ITEMS
from domain.teds.columns import Form
from domain.teds.records import Kind, records
from domain.teds.states import DIVISIONS, KENTUCKY, REGIONS, State
from tests.domain.cast import ANN, BEN, EPISODE, SECOND_EPISODE, day
from tests.domain.given import given
from tests.domain.teds.telling import (
    ALWAYS,
    LATER,
    REPORTER,
    File,
    admitted,
    again,
    carried,
    discharged,
    enrolled,
    episode,
    inquired,
    registered,
    told,
)

A, D = Kind.ADMISSIONS, Kind.DISCHARGES
TRANSFERRED = DischargeReason.TRANSFERRED


def test_only_who_had_a_service_is_a_client() -> None:
    file = File()
    file.add(registered(), inquired(), enrolled())
    assert file.rows(A) == []
    version = file.add(admitted())
    assert len(file.rows(A)) == 1
    file.strike(version)
    file.add(NotAdmitted(episode_id=EPISODE, on=day("2026-03-10"), cause="never came"))
    assert file.rows(A) == []


def test_an_admission_is_named_by_site_client_service_and_day() -> None:
    (key,) = episode().records(A)
    assert key == (21, "SYN-2070", str(ANN), 2, "A", day("2026-03-02"), 6)


def test_a_discharge_is_named_by_its_admission_and_its_own_day_and_service() -> None:
    (key,) = episode(discharged("2026-04-20", "2026-04-16")).records(D)
    assert key == (21, "SYN-2070", str(ANN), 2, day("2026-03-02"), 6, day("2026-04-20"), 6)


def test_no_part_of_a_key_is_ever_empty() -> None:
    file = File()
    file.add(carried(), discharged())
    for kind in Kind:
        (key,) = file.records(kind)
        assert all(part not in (None, "", MISSING) for part in key)


def test_a_site_without_a_licence_number_is_known_by_its_code() -> None:
    facility = given().state("facility/lexington")
    assert Reporter.of(facility, KENTUCKY).provider_id == "lexington"


def test_what_happens_after_the_date_asked_for_is_not_known_yet() -> None:
    file = episode(discharged("2026-04-20"))
    assert file.rows(A, as_of=day("2026-03-01")) == []
    assert len(file.rows(A, as_of=day("2026-03-02"))) == 1
    assert file.rows(D, as_of=day("2026-04-19")) == []
    assert len(file.rows(D, as_of=day("2026-04-20"))) == 1


def test_admissions_are_chosen_by_their_day_and_discharges_by_theirs() -> None:
    file = episode(discharged("2026-04-20"))
    march, april = Period(day("2026-03-01"), day("2026-03-31")), Period(day("2026-04-01"), day("2026-04-30"))
    assert [len(file.records(A, period=period)) for period in (march, april)] == [1, 0]
    assert [len(file.records(D, period=period)) for period in (march, april)] == [0, 1]


def test_a_voided_discharge_has_no_record_until_there_is_another() -> None:
    file = episode()
    version = file.add(discharged("2026-03-25"))
    file.add(DischargeVoided(corrects=version, episode_id=EPISODE))
    assert file.rows(D) == []
    file.add(discharged("2026-04-21", "2026-04-14", TRANSFERRED))
    assert (file.discharge()["discharged_on"], file.discharge()["REASON"]) == (day("2026-04-21"), 4)


def test_a_return_after_a_discharge_is_an_admission_of_its_own_and_counts_the_one_before() -> None:
    file = episode(discharged("2026-04-20"), *again("2026-05-04"))
    first, second = file.rows(A)
    assert [row["client_transaction"] for row in (first, second)] == ["A", "A"]
    assert (first["NOPRIOR"], second["NOPRIOR"]) == (MISSING, 1)
    assert (first["episode_id"], second["episode_id"]) == (str(EPISODE), str(SECOND_EPISODE))


@pytest.mark.parametrize(("asked", "prior"), [(0, 1), (1, 1), (4, 4), (MISSING, 1)])
def test_of_prior_episodes_the_record_here_is_the_least(asked: int, prior: int) -> None:
    file = episode(discharged("2026-04-20"), *again("2026-05-04"), told(episode_id=SECOND_EPISODE, NOPRIOR=asked))
    assert file.rows(A)[1]["NOPRIOR"] == prior


def test_five_prior_episodes_are_five_or_more() -> None:
    file = episode(discharged("2026-03-03"))
    for n in range(6):
        key = UUID(int=0xF00 + n)
        file.add(inquired(f"2026-0{n + 4}-01 12:00", episode_id=key), enrolled(episode_id=key))
        file.add(admitted(f"2026-0{n + 4}-02", key), discharged(f"2026-0{n + 4}-03", episode_id=key))
    assert [row["NOPRIOR"] for row in file.rows(A)] == [MISSING, 1, 2, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("reason", "on", "kind", "prior"),
    [
        (TRANSFERRED, "2026-04-17", "T", MISSING),
        (TRANSFERRED, "2026-05-16", "T", MISSING),
        (TRANSFERRED, "2026-05-17", "A", 1),
        (DischargeReason.COMPLETED, "2026-05-04", "A", 1),
    ],
)
def test_a_step_to_the_next_level_in_house_is_a_transfer(
    reason: DischargeReason, on: str, kind: str, prior: int
) -> None:
    """The last service is on 2026-04-16; thirty days later is 2026-05-16. The treatment goes on: it isn't a prior
    one."""
    file = episode(discharged("2026-04-17", "2026-04-16", reason), *again(on, contact="2026-04-16 12:00"))
    assert file.rows(D)[0]["REASON"] == (4 if reason is TRANSFERRED else 1)
    assert (file.rows(A)[1]["client_transaction"], file.rows(A)[1]["NOPRIOR"]) == (kind, prior)


def test_who_died_has_a_discharge_like_others() -> None:
    row = episode(discharged("2026-03-20", "2026-03-17", DischargeReason.DIED)).discharge()
    assert (row["REASON"], row["los_days"], row["LOS"]) == (6, 15, 15)


# ---- one person, two charts


def two_charts() -> File:
    """Ann, in 2026, was here as Ben in 2025."""
    file = episode()
    file.add(registered("1990-06-01"), inquired("2025-02-25 12:00", episode_id=SECOND_EPISODE), patient_id=BEN)
    file.add(enrolled(episode_id=SECOND_EPISODE), admitted("2025-03-03", SECOND_EPISODE), patient_id=BEN)
    file.add(discharged("2025-04-28", episode_id=SECOND_EPISODE), patient_id=BEN)
    return file


def test_a_merged_chart_is_the_clients_whose_chart_stays() -> None:
    file = two_charts()
    assert sorted(str(row["client_id"]) for row in file.rows(A)) == [str(ANN), str(BEN)]
    file.merge()
    rows = file.rows(A)
    assert [(row["client_id"], row["age_years"], row["NOPRIOR"]) for row in rows] == [
        (str(ANN), 34, MISSING),
        (str(ANN), 35, 1),
    ]
    assert file.discharge()["client_id"] == str(ANN)


def test_charts_that_were_merged_by_way_of_another_are_one_clients() -> None:
    file, third = two_charts(), UUID(int=0xACE)
    file.add(registered(), patient_id=third)
    file.merge(BEN, into=third)
    file.merge(third, into=ANN)
    assert {row["client_id"] for row in file.rows(A)} == {str(ANN)}


def test_a_chart_merged_into_one_that_is_not_there_stands_for_itself() -> None:
    """The chart that stays may have been destroyed."""
    file = two_charts()
    file.merge()
    del file.entries[ANN]
    assert [row["client_id"] for row in file.rows(A)] == [str(BEN)]


def test_charts_that_say_they_were_merged_into_each_other_are_told_all_the_same() -> None:
    file = two_charts()
    file.merge(BEN, into=ANN)
    file.merge(ANN, into=BEN)
    assert len(file.rows(A)) == 2


def test_two_admissions_to_one_service_on_one_day_have_one_record_and_are_counted() -> None:
    """A person registered twice, and admitted in both charts: the one that stays tells."""
    file = episode()
    file.add(registered(), inquired("2026-02-20 12:00", episode_id=SECOND_EPISODE), patient_id=BEN)
    file.add(enrolled(episode_id=SECOND_EPISODE), admitted(episode_id=SECOND_EPISODE), patient_id=BEN)
    file.merge()
    found = records(file.entries, A, REPORTER, as_of=LATER, period=ALWAYS)
    assert (len(found.records), found.doubled) == (1, 1)
    assert file.admission()["episode_id"] == str(EPISODE)


# ---- the columns


@pytest.mark.parametrize("kind", Kind)
def test_every_item_of_the_data_set_has_its_column_once(kind: Kind) -> None:
    names = [item.name for item in kind.items]
    assert len(names) == len(set(names))
    coded = {item.name for item in kind.items if item.form is Form.CODE} - {"codependent"}
    at_discharge = {name for name in CODES if name.endswith("_D")} | {"LOS", "REASON"}
    assert coded == (set(CODES) if kind is D else set(CODES) - at_discharge)


def test_a_code_says_what_it_means_and_a_date_needs_no_codes() -> None:
    found = {item.name: item for kind in Kind for item in kind.items}
    assert found["codependent"].codes == {1: "yes", 2: "no"}
    assert found["SERVICES"].codes[6] == "intensive outpatient"
    assert {name for name, item in found.items() if item.form is Form.CODE and not item.codes} == {"CBSA"}
    assert {item.name for item in found.values() if item.form is not Form.CODE and item.codes} == set()


def test_the_labels_of_the_codebook_are_the_codes_that_are_taken() -> None:
    assert set(ITEMS) == set(CODES)
    for name, (meaning, labels) in ITEMS.items():
        assert meaning, name
        if labels and name != "STFIPS":
            assert list(labels) == list(range(CODES[name].first, CODES[name].last + 1)), name


def test_every_code_told_comes_out_as_told() -> None:
    """Those of which the record knows nothing itself."""
    items = {item.name for item in A.items if item.source == "recorded TEDS items"}
    assert len(items) == 24
    row = episode(told(**{name: CODES[name].last for name in items})).admission()
    assert {name: row[name] for name in items} == {name: CODES[name].last for name in items}


def test_each_state_has_its_region_and_division() -> None:
    assert (KENTUCKY.fips, KENTUCKY.division, KENTUCKY.region) == (21, 6, 3)
    assert (State(36).division, State(6).region, State(72).region) == (2, 4, 0)
    found = [State(fips) for fips in range(1, 79) if _is_state(fips)]
    assert len(found) == 56
    assert {state.division for state in found} == set(DIVISIONS)
    assert {state.region for state in found} == set(REGIONS)
    with pytest.raises(ValueError, match="Kentucky's is 21"):
        State(3)


def _is_state(fips: int) -> bool:
    try:
        State(fips)
    except ValueError:
        return False
    return True


def test_what_a_chart_says_besides_changes_no_record() -> None:
    file = episode()
    before = file.records(A)
    file.add(IdentityCorrected(given_name="Other", address="elsewhere"))
    assert file.records(A) == before
