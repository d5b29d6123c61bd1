"""Tables of a site: what stands in them, at any cut, by either way, and that their files are the same bytes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from exchange.errors import NotAsked, NotOnRecord
from exchange.export.files import FORMATS
from exchange.export.kinds import KINDS
from exchange.export.question import Asked
from exchange.export.taking import Written, manifest_of, write_table
from exchange.manifest import Taker
from exchange.restoring import restore_file
from projections import attended
from projections.follower import Follower
from store.keys import FileKeyring
from store.store import Store
from tests.exchange.program_file import OPERATOR, SAMPLE, sample_lines
from tests.exchange.test_destroyed_charts import destroy, discharged

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)

CORRECTED = "814aaf0e-b39e-4169-8d3d-4f54a2e2eb53", "58d42bce-005d-41a2-95bd-f52a64a13b43"
"""Patient and session of the sample: arrived at 18:11 by the first record, at 17:52 by its correction."""


def ask(**asked: Any) -> Asked:
    return Asked(**({"facility": "lexington", "now": NOW} | asked))


def taken(store: Store, kind: str, *formats: str, **asked: Any) -> dict[str, bytes]:
    files = {name: io.BytesIO() for name in formats}
    with KINDS[kind].opened(store, ask(**asked)) as table:
        write_table(table, files)  # type: ignore[arg-type]
    return {name: file.getvalue() for name, file in files.items()}


def rows(store: Store, kind: str, **asked: Any) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in taken(store, kind, "ndjson", **asked)["ndjson"].splitlines()]


def last_known(store: Store) -> datetime:
    known_at = store.ledger("lexington").head().recorded_at
    assert known_at is not None
    return known_at


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_format_is_the_same_bytes_again_from_tables_or_ledger(
    followed: Store, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_of = {} if kind == "facts" else {"as_of": date(2026, 5, 1)}
    now = taken(followed, kind, *FORMATS, **as_of)
    assert len(now["ndjson"].splitlines()) > 2
    again = taken(followed, kind, *FORMATS, **as_of)
    assert again == now
    monkeypatch.setattr(attended, "_records", lambda cursor, asked: None)
    folded = taken(followed, kind, *FORMATS, known_at=last_known(followed), **as_of)
    assert folded == now


_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from exchange.export.kinds import KINDS
from exchange.export.question import Asked
from exchange.export.files import FORMATS
from exchange.export.taking import write_table
from store.keys import FileKeyring
from store.store import Store

url, key, folder = sys.argv[1:]
with Store(url, FileKeyring(Path(key)), pool_size=2) as store:
    for kind in KINDS:
        asked = Asked(facility="lexington", now=datetime(2026, 7, 1, 12, tzinfo=UTC))
        with KINDS[kind].opened(store, asked) as table:
            files = {name: (Path(folder) / f"{kind}.{name}").open("w+b") for name in FORMATS}
            write_table(table, files)
"""


def test_another_process_in_another_place_writes_the_same_bytes(make_database: Any, tmp_path: Path) -> None:
    database, key = make_database(), tmp_path / "master.key"
    with Store(database.app_url, FileKeyring(key), pool_size=3) as store:
        restore_file(store, SAMPLE, by=OPERATOR)
        Follower(store).catch_up()
        here = {(kind, name): file for kind in KINDS for name, file in taken(store, kind, *FORMATS).items()}
    elsewhere = {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7", "LC_ALL": "C", "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-c", _PROCESS, database.app_url, str(key), str(tmp_path)]
    subprocess.run(command, env={**os.environ, **elsewhere}, check=True)
    assert {key: (tmp_path / ".".join(key)).read_bytes() for key in here} == here


class TestAttendance:
    def test_a_record_is_shown_with_what_it_earned(self, followed: Store) -> None:
        """By hand, from the lines of the sample: session 18:00 to 21:00, arrival at 17:52, admitted on 23 February."""
        [row] = [one for one in rows(followed, "attendance") if (one["patient_id"], one["session_id"]) == CORRECTED]
        assert row == {
            "patient_id": CORRECTED[0],
            "episode_id": "6875dd0f-7b09-42a9-a381-8bf7a2b7396d",
            "session_id": CORRECTED[1],
            "cohort_id": "40a08cd6-5f24-43ef-86ca-51f651b7e3bf",
            "program_day": "2026-02-25",
            "kind": "group",
            "modality": "in_person",
            "session_state": "held",
            "scheduled_at": "2026-02-25T18:00:00-05:00",
            "started_at": "2026-02-25T18:00:00-05:00",
            "ended_at": "2026-02-25T21:00:00-05:00",
            "outcome": "attended",
            "arrived_at": "2026-02-25T17:52:00-05:00",
            "left_at": "2026-02-25T21:00:00-05:00",
            "credited_minutes": 180,
            "late": False,
            "left_early": False,
            "family_members": 0,
            "recorded_at": "2026-02-26T11:30:56.087123-05:00",
            "corrected": True,
            "version": 13,
        }

    def test_before_its_correction_it_is_what_it_was(self, followed: Store) -> None:
        """Arrival at 18:11: eleven minutes late, 169 of 180 minutes."""
        before = datetime(2026, 2, 26, 12, tzinfo=UTC)
        found = rows(followed, "attendance", known_at=before)
        [row] = [one for one in found if (one["patient_id"], one["session_id"]) == CORRECTED]
        shown = (row["credited_minutes"], row["late"], row["corrected"], row["version"], row["recorded_at"])
        assert shown == (169, True, False, 12, "2026-02-25T21:12:56.087123-05:00")

    def test_there_is_a_line_for_each_record_that_stands(self, followed: Store) -> None:
        """1,115 were recorded, and none is lost by being corrected; one was struck."""
        lines = sample_lines()
        recorded = [line for line in lines if line["type"] == "AttendanceRecorded"]
        struck = {(line["stream"], line["fact"]["target"]) for line in lines if line["type"] == "EnteredInError"}
        live = [line for line in recorded if (line["stream"], line["version"]) not in struck]
        found = rows(followed, "attendance")
        told = {(row["patient_id"], row["session_id"]) for row in found}
        assert told == {(line["stream"].removeprefix("chart/"), line["fact"]["session_id"]) for line in live}
        assert len(found) == len(told)
        corrected = {(row["patient_id"], row["session_id"]) for row in found if row["corrected"]}
        assert CORRECTED in corrected

    def test_dates_choose_by_program_day_and_nothing_after_as_of_counts(self, followed: Store) -> None:
        every = rows(followed, "attendance")
        some = rows(followed, "attendance", from_on=date(2026, 3, 2), to_on=date(2026, 3, 20), as_of=date(2026, 3, 10))
        expected = [row for row in every if "2026-03-02" <= row["program_day"] <= "2026-03-10"]
        assert some == expected
        assert len(expected) > 10

    def test_a_past_as_of_is_answered_alike_from_the_ledger(self, followed: Store, monkeypatch: Any) -> None:
        asked = {"as_of": date(2026, 3, 8), "from_on": date(2026, 3, 2)}
        now = rows(followed, "attendance", **asked)
        monkeypatch.setattr(attended, "_records", lambda cursor, given: None)
        assert rows(followed, "attendance", **asked) == now
        assert now

    def test_a_past_known_at_is_folded_from_the_ledger_whatever_the_pages(
        self, followed: Store, monkeypatch: Any
    ) -> None:
        known_at = datetime(2026, 4, 20, 12, tzinfo=UTC)
        at_once = rows(followed, "attendance", known_at=known_at)
        monkeypatch.setattr("exchange.export.charts.PAGE_CHARTS", 3)
        monkeypatch.setattr("exchange.export.charts.KEPT_SESSIONS", 5)
        assert rows(followed, "attendance", known_at=known_at) == at_once
        assert at_once

    def test_facts_that_the_follower_has_not_seen_are_not_waited_for(self, store: Store) -> None:
        """Tables that were never filled are behind: the ledger answers."""
        restore_file(store, SAMPLE, by=OPERATOR)
        unfollowed = rows(store, "attendance")
        Follower(store).catch_up()
        assert rows(store, "attendance") == unfollowed

    def test_of_a_destroyed_chart_there_is_no_row(self, store: Store) -> None:
        restore_file(store, SAMPLE, by=OPERATOR)
        Follower(store).catch_up()
        patient = str(discharged(store))
        before = rows(store, "attendance")
        destroy(store, discharged(store))
        # The tables have not heard of it, and don't show it.
        with KINDS["attendance"].opened(store, ask()) as table:
            shown = [row for page in table.pages for row in page]
            assert table.further() == {"charts_destroyed": 1}
        assert {row[0] for row in shown} == {row["patient_id"] for row in before} - {patient}
        assert rows(store, "attendance", known_at=last_known(store)) == [
            row for row in before if row["patient_id"] != patient
        ]


class TestScreenings:
    def test_there_is_a_line_for_each_order(self, followed: Store) -> None:
        """The sample has 218 orders: 172 collected, 6 refused, 40 missed."""
        found = Counter(row["collection"] for row in rows(followed, "screenings"))
        assert found["collected"] == 172
        assert found["refused"] == 6
        assert found["missed"] + found["missed_excused"] == 40
        assert sum(found.values()) == 218

    def test_an_order_or_a_result_that_came_later_is_not_in_it(self, followed: Store) -> None:
        every = {row["screening_id"]: row for row in rows(followed, "screenings")}
        early = {row["screening_id"]: row for row in rows(followed, "screenings", as_of=date(2026, 3, 10))}
        assert early
        assert early.keys() == {key for key, row in every.items() if row["on"] <= "2026-03-10"}
        # In the sample each is seen to on the day of its order.
        later = [key for key in early if (every[key]["reported_at"] or "") > "2026-03-11"]
        assert len(later) == 2
        assert all(early[key]["reported_at"] < "2026-03-11" for key in later)


class TestStepDowns:
    def test_the_way_of_a_step_down_is_told(self, followed: Store) -> None:
        [row] = [one for one in rows(followed, "step-downs") if one["patient_id"].startswith("1af108bf")]
        assert row == {
            "patient_id": "1af108bf-8b31-48fa-abd6-fd213bdf3b1a",
            "episode_id": "d9085566-5dbb-4757-a92e-bb151e6b4652",
            "step_down_id": "38e8dce0-7f61-4e00-b5f7-aa3a991f8bca",
            "to_level": "1.0",
            "weekly_minutes": 180,
            "recommended_on": "2026-04-11",
            "recommended_by": "staff/2b145e6e-dccd-4034-81a3-5a9b2b843aef",
            "effective_on": "2026-04-15",
            "stage": "in_effect",
            "answer": "agreed",
            "answered_on": "2026-04-12",
            "cosigned_on": "2026-04-11",
            "cosigned_by": "staff/97ce23ff-54e6-4280-b94a-ac3b71b9b221",
            "decided_on": "2026-04-12",
            "took_effect_on": "2026-04-15",
            "withdrawn_on": None,
        }

    def test_steps_after_as_of_are_still_to_come(self, followed: Store) -> None:
        found = rows(followed, "step-downs", as_of=date(2026, 4, 13))
        [row] = [one for one in found if one["patient_id"].startswith("1af108bf")]
        assert (row["stage"], row["took_effect_on"]) == ("decided", None)
        assert rows(followed, "step-downs", as_of=date(2026, 4, 9)) == []
        assert len(rows(followed, "step-downs", from_on=date(2026, 4, 11), to_on=date(2026, 4, 11))) == 1


class TestCensus:
    def test_it_is_of_one_date(self, followed: Store) -> None:
        found = rows(followed, "census", as_of=date(2026, 4, 17))
        assert {row["state"] for row in found} >= {"active", "tapering"}
        with pytest.raises(NotAsked, match="one date"):
            rows(followed, "census", from_on=date(2026, 4, 1))

    def test_a_fact_that_was_set_aside_is_not_missed(self, store: Store) -> None:
        """The table lacks an episode, and says so: the ledger answers."""
        restore_file(store, SAMPLE, by=OPERATOR)
        Follower(store).catch_up()
        whole = rows(store, "census", as_of=NOW.date())
        with store.database.connection() as db, db.transaction():
            db.execute("SET LOCAL ROLE stepdown_projector")
            db.execute("DELETE FROM projection.census WHERE patient_id = %s", [whole[0]["patient_id"]])
        assert rows(store, "census", as_of=NOW.date()) == whole[1:]
        with store.database.connection() as db, db.transaction():
            db.execute("SET LOCAL ROLE stepdown_projector")
            db.execute(
                "INSERT INTO projection.set_aside (ledger, projection, position, stream, version, type, reason)"
                " SELECT ledger, 'census', position, stream, version, type, 'a test' FROM fact WHERE position = 9"
            )
        assert rows(store, "census", as_of=NOW.date()) == whole


class TestFacts:
    def test_a_line_has_the_envelope_and_ndjson_the_fact(self, followed: Store) -> None:
        files = taken(followed, "facts", "ndjson", "csv", to_on=date(2026, 1, 7))
        facts = [orjson.loads(line) for line in files["ndjson"].splitlines()]
        assert facts == [line for line in sample_lines() if line["recorded_at"] < "2026-01-08T05"]
        table = files["csv"].decode().splitlines()
        assert len(table) == len(facts) + 1
        assert table[1].startswith("lexington,1,facility/lexington,1,FacilityOpened,2026-01-07T08:00:00-05:00,,staff/")
        names = {line["by"]["name"] for line in facts}
        assert not [name for name in names if name in files["csv"].decode()]

    def test_they_are_not_chosen_by_clinical_date(self, followed: Store) -> None:
        with pytest.raises(NotAsked, match="recorded"):
            rows(followed, "facts", as_of=date(2026, 4, 17))


@pytest.mark.parametrize("kind", ["attendance", "screenings", "step-downs", "census"])
def test_nobody_is_named(followed: Store, kind: str) -> None:
    text = taken(followed, kind, "ndjson")["ndjson"].decode()
    known = [line["fact"] for line in sample_lines() if line["type"] == "PatientRegistered"]
    assert [fact["mrn"] for fact in known if fact["mrn"] in text or fact["family_name"] in text] == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_site_without_facts_is_said_so(followed: Store, kind: str) -> None:
    with pytest.raises(NotOnRecord):
        rows(followed, kind, facility="nowhere")


def test_a_manifest_names_the_cut_and_the_bytes(followed: Store) -> None:
    file = io.BytesIO()
    with KINDS["attendance"].opened(followed, ask(from_on=date(2026, 3, 2))) as table:
        written = write_table(table, {"csv": file})["csv"]  # type: ignore[dict-item]
        manifest = manifest_of(table, "csv", written, Taker(by="staff/x", purpose="audit", at=NOW)).record()
    text = file.getvalue()
    assert written == Written(len(text.splitlines()) - 1, len(text), sha256(text).hexdigest())
    head = followed.ledger("lexington").head()
    assert (manifest["position"], manifest["rows"], manifest["sha256"]) == (head.position, written.rows, written.sha256)
    assert (manifest["what"], manifest["parameters"]) == ("attendance", {"from": "2026-03-02", "to": None})
    assert manifest["as_of"] == "2026-07-01"
    assert [column["name"] for column in manifest["columns"]] == text.decode().splitlines()[0].split(",")
    assert manifest["charts_destroyed"] == 0
