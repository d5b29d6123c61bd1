"""docs/group-room.md: what it says to send is sent, in its order, and does what it says."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.api.program import NOW, Site

PAGE = Path(__file__).parents[2] / "docs" / "group-room.md"


def requests(ids: dict[str, str]) -> list[tuple[str, str, Any]]:
    """Method, path and body of every curl on the page."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for name, value in ids.items():
            block = block.replace(f"${name}", value)
        [path] = re.findall(r'"\$URL/v1(/[^"]+)"', block)
        body = re.search(r'-d "(.*)"', block, re.DOTALL)
        assert "Authorization: Bearer $TOKEN" in block
        assert body is None or "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" in block
        found.append(("GET" if body is None else "POST", path, body and json.loads(body[1].replace('\\"', '"'))))
    return found


def test_the_page_does_what_it_says(site: Site) -> None:
    live = NOW - timedelta(minutes=10)
    session = site.session(site.cohort_id, live, live + timedelta(hours=3))
    patient, _ = site.enrolled(site.cohort_id, "M-1")
    other, _ = site.enrolled(site.cohort_id, "M-2")
    staff = site.person("counselor").id.removeprefix("staff/")
    sent = requests({"SESSION": session, "PATIENT": patient, "OTHER": other, "STAFF": staff})
    assert [(method, path.rpartition("/")[2]) for method, path, _ in sent] == [
        ("GET", "roster"),
        ("POST", "staff-arrivals"),
        ("POST", "arrivals"),
        ("POST", "departures"),
        ("POST", "roster"),
    ]
    for method, path, body in sent:
        response = site.ask("counselor", path) if method == "GET" else site.send("counselor", path, body)
        assert response.status_code == (200 if method == "GET" else 201), response.text
    told = site.told("counselor", sent[0][1])
    assert {one["patient_id"]: one["outcome"] for one in told["patients"]} == {
        patient: "attended",
        other: "absent_excused",
    }
    again = site.send("counselor", *sent[-1][1:]).json()
    [example] = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    told_so = json.loads(example)
    assert {key: again[key] for key in ("type", "title", "status", "rule", "detail")} == {
        key: told_so[key] for key in ("type", "title", "status", "rule", "detail")
    }
    assert [line["line"] for line in again["lines"]] == [1, 2]
    assert again["lines"][1].keys() == told_so["lines"][0].keys()
