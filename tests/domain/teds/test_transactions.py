"""What is sent so that the state has what is on record: additions, changes, deletions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chart.exit import DischargeReason, DischargeVoided
from domain.chart.identity import IdentityCorrected
from domain.program import Payer
from domain.teds.records import Kind, Records, Sent, Transaction, applied, clients_of, transactions
from tests.domain.cast import ANN, BEN, EPISODE, SECOND_EPISODE, day
from tests.domain.teds.telling import (
    File,
    admitted,
    again,
    assessed,
    discharged,
    enrolled,
    episode,
    inquired,
    registered,
    told,
)

A, D = Kind.ADMISSIONS, Kind.DISCHARGES


def sent(file: File, before: Records, kind: Kind) -> list[tuple[str, dict[str, Any]]]:
    """What is to be sent since, each line with its columns."""
    names = [item.name for item in kind.items]
    lines = transactions(before, file.records(kind), kind)
    assert applied(before, lines, kind) == file.records(kind)
    return [(line.transaction.value, dict(zip(names, line.values, strict=True))) for line in lines]


def letters(file: File, before: Records, kind: Kind) -> str:
    return "".join(letter for letter, _ in sent(file, before, kind))


def test_what_was_never_sent_is_added() -> None:
    file = episode()
    assert letters(file, {}, A) == "A"
    before = file.records(A)
    assert letters(file, before, A) == ""
    file.add(discharged(), *again("2026-05-04"))
    ((letter, row),) = sent(file, before, A)
    assert (letter, row["admitted_on"]) == ("A", day("2026-05-04"))


def test_what_was_wrong_beside_the_key_is_changed() -> None:
    file = episode()
    before = file.records(A)
    file.add(IdentityCorrected(birth_date=day("1999-05-01")), told(VET=2))
    ((letter, row),) = sent(file, before, A)
    assert (letter, row["AGE"], row["VET"]) == ("C", 5, 2)


def test_another_day_of_admission_is_deleted_and_added() -> None:
    """A late entry of an earlier session: the system strikes the admission, and records it anew."""
    file = episode()
    before = file.records(A)
    file.strike(4)
    file.add(admitted("2026-02-28"))
    (deleted, gone), (added, new) = sent(file, before, A)
    assert (deleted, gone["admitted_on"], added, new["admitted_on"]) == (
        "D",
        day("2026-03-02"),
        "A",
        day("2026-02-28"),
    )


def test_a_deletion_says_the_key_and_nothing_else() -> None:
    file = episode(assessed("alcohol"))
    before = file.records(A)
    file.strike(4)
    ((_, row),) = sent(file, before, A)
    keys = {item.name for item in A.items if item.key}
    assert {name for name, value in row.items() if value is not None} == keys


def test_a_voided_discharge_is_deleted_and_the_admission_stays() -> None:
    file = episode()
    version = file.add(discharged())
    admissions, discharges = file.records(A), file.records(D)
    file.add(DischargeVoided(corrects=version, episode_id=EPISODE))
    assert (letters(file, admissions, A), letters(file, discharges, D)) == ("", "D")


@pytest.mark.parametrize(
    ("anew", "expected"),
    [
        (discharged("2026-04-20", "2026-04-16", DischargeReason.DROPPED_OUT), "C"),
        (discharged("2026-04-21"), "DA"),
        (discharged("2026-04-20"), ""),
    ],
    ids=["another reason", "another day", "the same again"],
)
def test_a_discharge_made_anew_is_changed_or_deleted_and_added(anew: Any, expected: str) -> None:
    file = episode()
    version = file.add(discharged("2026-04-20"))
    before = file.records(D)
    file.add(DischargeVoided(corrects=version, episode_id=EPISODE), anew)
    assert letters(file, before, D) == expected


def test_an_enrollment_at_another_level_is_another_service() -> None:
    file = episode(discharged())
    admissions, discharges = file.records(A), file.records(D)
    file.strike(3)
    file.add(enrolled("1.5"))
    assert (letters(file, admissions, A), letters(file, discharges, D)) == ("DA", "DA")


def test_another_payer_is_a_change() -> None:
    file = episode()
    before = file.records(A)
    file.strike(3)
    file.add(enrolled(payer=Payer.SELF_PAY))
    assert letters(file, before, A) == "C"


def test_charts_that_were_merged_are_deleted_under_one_client_and_added_under_the_other() -> None:
    file = episode()
    file.add(registered(), inquired("2025-02-25 12:00", episode_id=SECOND_EPISODE), patient_id=BEN)
    file.add(enrolled(episode_id=SECOND_EPISODE), admitted("2025-03-03", SECOND_EPISODE), patient_id=BEN)
    before = file.records(A)
    file.merge()
    lines = sent(file, before, A)
    # Deleted as Ben's; Ann's own admission has one more before it; added as Ann's.
    assert [(letter, row["client_id"], row["NOPRIOR"]) for letter, row in lines] == [
        ("D", str(BEN), None),
        ("C", str(ANN), 1),
        ("A", str(ANN), -9),
    ]


def test_a_chart_that_is_not_there_any_more_is_deleted() -> None:
    file = episode()
    before = file.records(A)
    del file.entries[ANN]
    assert letters(file, before, A) == "D"


def test_a_file_deletes_first_then_changes_then_adds() -> None:
    file = episode(*again("2026-05-04"))
    file.add(registered(), inquired(), enrolled(), admitted(), patient_id=BEN)
    before = file.records(A)
    file.strike(4)
    file.add(admitted("2026-02-28"))
    file.add(told(VET=1), patient_id=BEN)
    assert letters(file, before, A) == "DCA"


def test_whose_records_are_sent_is_known_by_client() -> None:
    file = episode()
    lines = transactions({}, file.records(A), A)
    assert list(clients_of(lines, A)) == [str(ANN)]


@pytest.mark.parametrize("transaction", Transaction)
def test_lines_that_do_not_follow_on_what_was_sent_are_noticed(transaction: Transaction) -> None:
    known = episode().records(A)
    (values,) = known.values()
    there = known if transaction is Transaction.ADD else {}
    with pytest.raises(ValueError, match="don't follow"):
        applied(there, [Sent(transaction, values)], A)


# ---- whatever happens


def _facts() -> st.SearchStrategy[tuple[Any, ...]]:
    """What may become known of one of two episodes: in any order, since a restored ledger may hold it."""
    episodes = st.sampled_from((EPISODE, SECOND_EPISODE))
    days = st.dates(day("2026-03-01"), day("2026-04-10")).map(str)
    reasons = st.sampled_from((DischargeReason.COMPLETED, DischargeReason.TRANSFERRED, DischargeReason.DIED))
    return st.one_of(
        st.builds(lambda e, on: (inquired(f"{on} 12:00", episode_id=e),), episodes, days),
        st.builds(lambda e, on: (admitted(on, e),), episodes, days),
        st.builds(lambda e, on, why: (discharged(on, None, why, e),), episodes, days, reasons),
        st.builds(lambda e, n: (told(episode_id=e, VET=n, NOPRIOR=n),), episodes, st.integers(1, 2)),
        st.builds(lambda e, level: (enrolled(level, episode_id=e),), episodes, st.sampled_from(("2.1", "1.5"))),
        st.builds(lambda on: (IdentityCorrected(birth_date=day(on)),), st.sampled_from(("1990-01-01", "2001-01-01"))),
    )


_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from((ANN, BEN)), _facts()),
        st.tuples(st.just("strike"), st.sampled_from((ANN, BEN)), st.integers(1, 12)),
        st.tuples(st.just("merge"), st.just(BEN), st.none()),
        st.tuples(st.just("destroy"), st.just(BEN), st.none()),
    ),
    max_size=12,
)


def _happens(file: File, acts: list[Any]) -> None:
    for act, patient_id, what in acts:
        if act == "destroy":
            file.entries.pop(patient_id, None)
        elif act == "merge" and {ANN, BEN} <= file.entries.keys():
            file.merge()
        elif act == "strike":
            file.strike(what, patient_id=patient_id)
        elif act == "add":
            file.add(*what, patient_id=patient_id)


@settings(deadline=None, max_examples=300)
@given(_ACTS, _ACTS, _ACTS, st.sampled_from(list(Kind)))
def test_what_is_sent_makes_of_the_former_file_the_present_one(
    first: list[Any], then: list[Any], later: list[Any], kind: Kind
) -> None:
    """From submission to submission; and no line is sent that changes nothing."""
    file = episode()
    state: Records = {}
    for acts in (first, then, later):
        _happens(file, acts)
        now = file.records(kind)
        lines = transactions(state, now, kind)
        assert all(state.get(kind.key_of(line.values)) != line.values for line in lines)
        state = applied(state, lines, kind)
        assert state == now
    assert transactions(state, file.records(kind), kind) == []
