"""What an import adds of itself, which is nothing; what a final one adds; what its strikes set free; and sessions that
a file moves under the charts that name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.claims import EPISODE, MRN
from domain.record import EnteredInError, Person, Source, live
from domain.session import CancellationCause, SessionCancelled
from exchange import importing, ledger_import
from exchange.importing import import_file, import_files
from store.append import NewFact
from store.desk import Desk
from store.store import Store
from tests.exchange.program_file import (
    OPERATOR,
    Values,
    changed,
    content,
    exported,
    first_of,
    read_rejects,
    sample_lines,
    write,
)

DIRECTOR = first_of(sample_lines(), "StaffCredentialed", role="medical_director")["fact"]
BY = {"id": f"staff/{DIRECTOR['staff_id']}", "name": DIRECTOR["name"], "role": "medical_director"}
BY |= {"credential": DIRECTOR["credential"]}


def admission() -> Values:
    """The first one of the sample."""
    return first_of(sample_lines(), "Admitted")


def without_admissions(*charts: str) -> list[Values]:
    """The sample's first months; of these charts nothing from their admission on."""
    lines = sample_lines()[:1500]
    ends = {line["stream"]: line["version"] for line in reversed(lines) if line["type"] == "Admitted"}
    return [line for line in lines if line["stream"] not in charts or line["version"] < ends[line["stream"]]]


def admissions(store: Store, chart: str) -> list[Values]:
    return [line for line in exported(store) if line["stream"] == chart and line["type"] == "Admitted"]


# ---- --final


def test_a_final_import_admits_whom_the_file_leaves_without_an_admission(store: Store, tmp_path: Path) -> None:
    lacking = admission()
    chart = lacking["stream"]
    file = write(tmp_path / "file.ndjson", without_admissions(chart))
    assert import_file(store, file, by=OPERATOR).rejects == 0
    assert admissions(store, chart) == []
    again = import_file(store, file, by=OPERATOR, final=True)
    assert (again.facts, again.admitted, again.unadmitted) == (0, 1, 0)
    [added] = admissions(store, chart)
    assert (added["fact"], added["version"]) == (lacking["fact"], lacking["version"])
    assert (added["by"]["id"], added["source"]) == ("system", "system")
    assert added["causation_id"] == f"{chart}@{lacking['version'] - 1}"
    assert added["reason"]
    assert import_file(store, file, by=OPERATOR, final=True).admitted == 0


def test_charts_with_refused_lines_are_not_admitted(store: Store, tmp_path: Path) -> None:
    chart = admission()["stream"]
    lines = without_admissions(chart)
    lines.append(changed(lines[0], stream=chart, version=900, type="TriggerIdentified", fact={}) | {"fact": {}})
    imported = import_file(store, write(tmp_path / "file.ndjson", lines), by=OPERATOR, final=True)
    assert (imported.rejects, imported.admitted) == (1, 0)
    assert admissions(store, chart) == []


def test_of_several_final_files_the_last_one_is_waited_for(store: Store, tmp_path: Path) -> None:
    lacking = admission()
    chart = lacking["stream"]
    lines = without_admissions(chart)
    files = [write(tmp_path / "one.ndjson", lines), write(tmp_path / "two.ndjson", [*lines[:40], lacking])]
    first, second = import_files(store, files, by=OPERATOR, final=True)
    assert (first.admitted, second.admitted, second.facts, second.rejects) == (0, 0, 1, 0)
    assert [content(line) for line in admissions(store, chart)] == [content(lacking)]


def test_who_was_not_admitted_after_all_is_told_of(store: Store, tmp_path: Path) -> None:
    """The file says of somebody who attended that the episode ended before: there is no room for an admission."""
    lacking = admission()
    chart, attended = lacking["stream"], lacking["version"] - 1
    lines = without_admissions(chart)
    last = next(line for line in lines if (line["stream"], line["version"]) == (chart, attended))
    fact = {"episode_id": lacking["fact"]["episode_id"], "on": lacking["fact"]["on"], "cause": "other"}
    by = first_of([line for line in lines if line["stream"] == chart], "Enrolled")["by"]
    ended = {**last, "version": attended + 1, "type": "NotAdmitted", "fact": fact, "by": by, "reason": "Late."}
    imported = import_file(
        store, write(tmp_path / "file.ndjson", [*lines, ended]), by=OPERATOR, final=True, rejects=tmp_path / "r"
    )
    assert read_rejects(tmp_path / "r") == []
    assert (imported.rejects, imported.admitted, imported.unadmitted) == (0, 0, 1)


# ---- claims that strikes give back


def strike(line: Values, target: int, version: int) -> Values:
    struck = {"target": target}
    return {**line, "version": version, "type": "EnteredInError", "fact": struck, "by": BY, "reason": "Wrong."}


@pytest.mark.parametrize("batch", [500, 1, 3])
def test_what_a_strike_ended_is_free_again_in_the_same_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """A patient registered twice, struck, and registered in a third chart: the number and the episode are free."""
    monkeypatch.setattr(ledger_import, "BATCH_FACTS", batch)
    lines = sample_lines()
    patient, inquiry = first_of(lines, "PatientRegistered"), first_of(lines, "InquiryReceived")
    assert inquiry["stream"] == patient["stream"]
    site = [line for line in lines[: patient["position"]] if line["stream"].startswith("facility/")]
    one, two = f"chart/{uuid4()}", f"chart/{uuid4()}"
    told: list[Values] = []
    for chart in (one, two):
        told += [{**patient, "stream": chart, "version": 1}, {**inquiry, "stream": chart, "version": 2}]
        if chart == one:
            told += [strike(told[-1], 2, 3), strike(told[-1], 1, 4)]
            told = [{**line, "stream": one} for line in told]
    imported = import_file(store, write(tmp_path / "file.ndjson", [*site, *told]), by=OPERATOR)
    assert imported.rejects == 0
    ledger = store.ledger("lexington")
    assert ledger.holder(MRN, patient["fact"]["mrn"]) == two
    assert ledger.holder(EPISODE, inquiry["fact"]["episode_id"]) == two


def test_what_was_struck_alone_is_held_by_nobody(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    patient = first_of(lines, "PatientRegistered")
    site = [line for line in lines[: patient["position"]] if line["stream"].startswith("facility/")]
    import_file(store, write(tmp_path / "file.ndjson", [*site, patient, strike(patient, 1, 2)]), by=OPERATOR)
    assert store.ledger("lexington").holder(MRN, patient["fact"]["mrn"]) is None


def test_what_is_held_is_still_refused_to_others(store: Store, tmp_path: Path) -> None:
    lines = sample_lines()
    patient = first_of(lines, "PatientRegistered")
    site = [line for line in lines[: patient["position"]] if line["stream"].startswith("facility/")]
    other = {**patient, "stream": f"chart/{uuid4()}"}
    rejects = tmp_path / "rejects.ndjson"
    file = write(tmp_path / "file.ndjson", [*site, patient, other])
    import_file(store, file, by=OPERATOR, rejects=rejects)
    assert [reject["rule"] for reject in read_rejects(rejects)] == ["patient.mrn-in-use"]


# ---- sessions that a file moves


def cancelled(lines: list[Values], session: str) -> Values:
    """A line that cancels a session that was not held, months later."""
    of_session = [line for line in lines if line["stream"] == f"session/{session}"]
    last = of_session[-1]
    fact = {"cause": "other"}
    late = {**last, "version": last["version"] + 1, "type": "SessionCancelled", "fact": fact}
    return {**late, "reason": "Found out later.", "recorded_at": lines[-1]["recorded_at"]}


def unheld(lines: list[Values], session: str) -> list[Values]:
    return [line for line in lines if line["stream"] != f"session/{session}" or line["version"] == 1]


@pytest.mark.parametrize("chunk", [2000, 10])
def test_a_move_that_breaks_a_chart_is_refused_wherever_the_chart_came_from(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """In the same file, or on record before it: a discharge names the last service, the session moves behind it."""
    monkeypatch.setattr(importing, "CHUNK_LINES", chunk)
    lines = sample_lines()
    discharge = first_of(lines, "Discharged")
    session = last_session(lines, discharge)
    known = unheld(lines[: discharge["position"]], session)
    plan = next(line for line in known if line["stream"] == f"session/{session}")
    there = {"starts_at": "2026-04-17T18:00:00-04:00", "ends_at": "2026-04-17T21:00:00-04:00"}
    move = {**plan, "version": 2, "type": "SessionRescheduled", "fact": there, "reason": "Late."}
    move["recorded_at"] = "2026-05-01T12:00:00.000000Z"
    rejects = tmp_path / "rejects.ndjson"
    import_file(store, write(tmp_path / "one.ndjson", [*known, move]), by=OPERATOR, rejects=rejects)
    [refusal] = read_rejects(rejects)
    assert refusal["rule"] == "correction.breaks-history"
    assert "chart/" in refusal["because"]
    again = tmp_path / "again.ndjson"
    import_file(store, write(tmp_path / "two.ndjson", [move]), by=OPERATOR, rejects=again)
    assert [(r["rule"], r["because"]) for r in read_rejects(again)] == [(refusal["rule"], refusal["because"])]


def last_session(lines: list[Values], discharge: Values) -> str:
    """The session of the last service before a discharge."""
    of_chart = [line for line in lines[: discharge["position"]] if line["stream"] == discharge["stream"]]
    attended = [line["fact"] for line in of_chart if line["fact"].get("outcome") == "attended"]
    return str(max(attended, key=lambda fact: fact["left_at"])["session_id"])


def test_a_move_is_told_line_by_line_with_the_admission_that_followed(store: Store, tmp_path: Path) -> None:
    """What was decided live comes in again elsewhere, as it was."""
    import_file(store, write(tmp_path / "file.ndjson", sample_lines()[:400]), by=OPERATOR)
    ledger, session = store.ledger("lexington"), UUID(admission()["fact"]["session_id"])
    stream = f"session/{session}"
    held = ledger.read([stream])[stream]
    desk = Desk(store, store.database.now)
    by = Person(BY["id"], BY["name"], "medical_director", BY["credential"])
    planner = held[0].envelope.by
    for entry in reversed(held[1:]):
        desk.record(
            "lexington", stream, EnteredInError(target=entry.version), by=by, source=Source.API, reason="Wrong."
        )
    cancel = SessionCancelled(cause=CancellationCause.OTHER)
    receipt = desk.record("lexington", stream, cancel, by=planner, source=Source.API, reason="Wrong.")
    chart = admission()["stream"]
    assert receipt.position > receipt.version
    assert live(ledger.read([chart])[chart])
    told = [json.loads(json.dumps(line)) for line in exported(store)]
    for line in told:
        line["ledger"] = "troy"
        if line["type"] == "FacilityOpened":
            line["fact"]["code"] = "troy"
        if line["stream"] == "facility/lexington":
            line["stream"] = "facility/troy"
    rejects = tmp_path / "rejects.ndjson"
    import_file(store, write(tmp_path / "troy.ndjson", told), by=OPERATOR, rejects=rejects)
    assert [(r["line"], r["rule"], r["because"]) for r in read_rejects(rejects)] == []
    entries = [(e.version, e.fact) for e in store.ledger("troy").read([chart])[chart]]
    assert entries == [(e.version, e.fact) for e in ledger.read([chart])[chart]]


def test_somebody_who_attends_meanwhile_is_seen_before_the_move_is_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch that moves a session conflicts with an attendance that came since it was judged, and is judged anew."""
    lines = sample_lines()[:600]
    file = write(tmp_path / "one.ndjson", lines)
    import_file(store, file, by=OPERATOR)
    ledger = store.ledger("lexington")
    plan = next(
        line
        for line in lines
        if line["type"] == "SessionScheduled" and sum(other["stream"] == line["stream"] for other in lines) == 1
    )
    move = cancelled(lines, plan["stream"].removeprefix("session/"))
    calls: list[Any] = []
    append = type(ledger).append

    def raced(self: Any, facts: Any, **given: Any) -> Any:
        calls.append(given["none_since"])
        if len(calls) == 1:
            record = next(e for e in ledger.facts(limit=600) if type(e.fact).__name__ == "AttendanceRecorded")
            chart = f"chart/{uuid4()}"
            append(self, [NewFact(stream=chart, version=1, envelope=record.envelope, fact=record.fact)])
        return append(self, facts, **given)

    monkeypatch.setattr(type(ledger), "append", raced)
    imported = import_file(store, write(tmp_path / "two.ndjson", [move]), by=OPERATOR)
    assert (imported.facts, imported.rejects) == (1, 0)
    assert len(calls) >= 2
    assert calls[0].position + 1 == calls[1].position
