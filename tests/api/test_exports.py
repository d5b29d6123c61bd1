"""Tables over HTTP: the bytes that the terminal writes, with a manifest, on record before they leave."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any

import pytest

from api import few
from api.exports import ExportKind, FormatName
from exchange.export.files import FORMATS
from exchange.export.kinds import KINDS
from tests.api.program import Site
from tests.exchange.export.opened_xlsx import Opened


@pytest.fixture
def attended(site: Site) -> Site:
    """A site where one patient attended one session."""
    cohort_id = site.cohort()
    session_id = site.session(cohort_id)
    _, episode_id = site.enrolled(cohort_id)
    site.hold(session_id)
    site.done("counselor", f"/episodes/{episode_id}/attendance", site.attended(session_id))
    return site


def export(site: Site, kind: str = "attendance", role: str = "compliance_officer", **params: Any) -> Any:
    return site.ask(role, f"/facilities/{site.code}/exports/{kind}", params=params)


def test_every_kind_and_format_is_there() -> None:
    assert {*ExportKind, "facts", "census", "teds-a", "teds-d"} == {*KINDS}
    assert [name.value for name in FormatName] == list(FORMATS)


def test_a_table_comes_with_its_manifest_and_is_on_record(attended: Site) -> None:
    answer = export(attended)
    assert answer.status_code == 200
    header, row = answer.text.splitlines()
    assert header.startswith("patient_id,episode_id,session_id,")
    assert row.split(",")[11] == "attended"
    digest = sha256(answer.content)
    manifest = json.loads(answer.headers["Export-Manifest"])
    assert (manifest["what"], manifest["rows"], manifest["sha256"]) == ("attendance", 1, digest.hexdigest())
    assert (manifest["purpose"], manifest["size_bytes"]) == ("operations", len(answer.content))
    assert manifest["requested_by"] == attended.person("compliance_officer").id
    assert answer.headers["Content-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    named = f'attachment; filename="lexington-attendance-{manifest["position"]}.csv"'
    assert answer.headers["Content-Disposition"] == named
    made = attended.accesses()[-1]
    assert made["type"] == "ExportMade"
    assert made["fact"] == {
        "what": "export_attendance",
        "purpose": "operations",
        "rows": 1,
        "sha256": digest.hexdigest(),
    }


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("kind", list(KINDS))
def test_asked_again_at_its_known_at_it_is_the_same_file(attended: Site, kind: str, name: str) -> None:
    first = export(attended, kind, format=name)
    assert first.status_code == 200
    manifest = json.loads(first.headers["Export-Manifest"])
    then = {"known_at": manifest["known_at"]} | ({} if manifest["as_of"] is None else {"as_of": manifest["as_of"]})
    assert export(attended, kind, format=name, **then).content == first.content


def test_a_spreadsheet_says_what_it_is(attended: Site) -> None:
    book = Opened(export(attended, format="xlsx").content)
    assert book.sheets == ["Attendance", "About"]


def test_dates_choose_where_a_table_has_dates(attended: Site) -> None:
    assert len(export(attended, **{"from": "2020-01-01", "to": "2020-12-31"}).text.splitlines()) == 1
    assert len(export(attended, **{"from": "2026-04-02", "to": "2026-04-01"}).text.splitlines()) == 1
    assert export(attended, "census", **{"from": "2026-04-02"}).status_code == 422
    assert export(attended, "facts", as_of="2026-04-02").status_code == 422
    assert export(attended, "patients").status_code == 422
    assert export(attended, format="pdf").status_code == 422


def test_a_counselor_takes_no_file_and_the_attempt_is_on_record(attended: Site) -> None:
    assert export(attended, role="counselor").status_code == 403
    assert attended.denials()[-1][0] == "export_table"


def test_more_than_a_few_at_a_time_are_asked_to_wait(attended: Site) -> None:
    taken = [few._making.acquire(blocking=False) for _ in range(few.AT_ONCE)]
    try:
        assert export(attended).status_code == 503
    finally:
        for _ in taken:
            few._making.release()
    assert export(attended).status_code == 200


def test_what_has_to_be_sent_to_the_state_since_a_former_export(attended: Site) -> None:
    """The patient was admitted by the session attended; a second one comes later."""
    first = export(attended, "teds-a", format="ndjson")
    manifest = json.loads(first.headers["Export-Manifest"])
    assert (manifest["transactions"], manifest["parameters"]["state"]) == ({"A": 1, "C": 0, "D": 0}, 21)
    since = {"since_position": manifest["position"], "since_as_of": manifest["as_of"]}
    assert export(attended, "teds-a", format="ndjson", **since).text == ""
    row = json.loads(first.text)
    items = {"occasion": "admission", "items": {"VET": 1}}
    attended.done("case_manager", f"/episodes/{row['episode_id']}/teds-items", items)
    changed = json.loads(export(attended, "teds-a", format="ndjson", **since).text)
    assert (changed["system_transaction"], changed["VET"]) == ("C", 1)
    assert {**changed, "system_transaction": "A", "VET": -9} == row
    assert json.loads(export(attended, "teds-a", format="ndjson", state=18).text)["STFIPS"] == 18
    assert attended.accesses()[-1]["fact"]["what"] == "export_teds_a"


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("attendance", {"state": 21}, "not known here"),
        ("census", {"since_position": 1}, "not known here"),
        ("teds-a", {"since_to": "2026-03-31"}, "since_position"),
        ("teds-a", {"since_position": 999_999}, "stands at"),
        ("teds-a", {"state": 3}, "FIPS"),
        ("teds-a", {"since_position": 0}, ""),
    ],
)
def test_what_is_asked_of_the_state_alone_or_in_vain_is_malformed(
    attended: Site, kind: str, params: dict[str, Any], said: str
) -> None:
    refused = export(attended, kind, **params)
    assert refused.status_code == 422
    assert said in refused.text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "census"])
def test_dates_in_the_wrong_order_are_refused(site: Site, kind: str) -> None:
    """No row lies between them: an empty file would look like an answer."""
    wrong = export(site, kind, **{"from": "2026-04-19", "to": "2026-04-13"})
    assert (wrong.status_code, wrong.headers.get("Export-Manifest")) == (422, None)
    assert wrong.json()["detail"] == "The last date comes before the first: give the earlier one first."
    assert export(site, kind, **{"from": "2026-04-13", "to": "2026-04-13"}).status_code == 200
