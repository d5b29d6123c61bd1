"""The rows of a report as files: over HTTP the bytes that the terminal writes, with the same manifest."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from exchange.export.files import FORMATS
from exchange.report_files import MEDIA_TYPES, ending
from tests.conftest import Database
from tests.stepdown.command import SAMPLE, run, run_apart, serving
from tests.stepdown.conftest import Program
from tests.stepdown.test_cli_issued import BY, OFFICER, listed

WEEK = ("--week", "2026-W16", "--as-of", "2026-04-19")
ASKED = {"week": "2026-W16", "as_of": "2026-04-19"}
ISSUED = ("json", *FORMATS)


@pytest.fixture(scope="module")
def own(make_database: Callable[[], Database], tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The sample program for this module alone, since it issues a report."""
    program = Program(make_database(), tmp_path_factory.mktemp("own"))
    run_apart("import", "--restore", SAMPLE, cwd=program.data, **program.variables).done()
    listed(program)
    return program


@pytest.fixture(scope="module")
def report_id(own: Program) -> str:
    said = run_apart("report", "weekly", *WEEK, "--issue", *BY, cwd=own.data, **own.variables).done().err
    return said.strip().removeprefix("Issued as report/").removesuffix(".")


@pytest.fixture(scope="module")
def client(own: Program) -> Iterator[httpx.Client]:
    """The compliance officer, at a server of the same database."""
    token = run_apart("token", "--role", "compliance_officer", cwd=own.data, **own.variables).done().text.strip()
    with serving("serve", "--port", "0", cwd=own.data, **own.variables) as served:
        [address] = served.said(1)
        with httpx.Client(
            base_url=f"{address}/v1", timeout=60, headers={"Authorization": f"Bearer {token}"}
        ) as signed_in:
            yield signed_in


@pytest.fixture
def here(own: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where commands of this database write."""
    for name, value in own.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(client: httpx.Client, path: str, **params: str) -> httpx.Response:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer


def on_paper(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(f"{out}.manifest.json").read_bytes())
    return found


def comparable(manifest: dict[str, Any]) -> dict[str, Any]:
    """Without who took it and when; of the columns their names, which are all that a header has."""
    columns = [one if isinstance(one, str) else one["name"] for one in manifest["columns"]]
    return {**manifest, "columns": columns, "requested_by": "-", "generated_at": "-"}


@pytest.mark.parametrize("name", [*MEDIA_TYPES, "pdf", "html"])
def test_a_report_is_the_file_that_the_terminal_writes(client: httpx.Client, here: Path, name: str) -> None:
    out = here / f"week.{name}"
    run("report", "weekly", *WEEK, "--format", name, "--out", out).done()
    answer = asked(client, "/facilities/lexington/reports/weekly", format=name, **ASKED)
    assert answer.content == out.read_bytes()
    manifest = json.loads(answer.headers["Export-Manifest"])
    assert comparable(manifest) == comparable(on_paper(out))
    assert manifest["requested_by"] == OFFICER.id
    digest = b64encode(sha256(answer.content).digest()).decode()
    assert answer.headers["Content-Digest"] == f"sha-256=:{digest}:"
    named = f'filename="weekly-lexington-2026-W16.{ending(name)}"'
    assert answer.headers["Content-Disposition"].endswith(named)
    if name in MEDIA_TYPES:
        assert answer.headers["Content-Type"] == MEDIA_TYPES[name]


def test_a_month_has_its_files_too(client: httpx.Client, here: Path) -> None:
    out = here / "month.csv"
    run("report", "monthly", "--month", "2026-03", "--as-of", "2026-04-19", "--format", "csv", "--out", out).done()
    path = "/facilities/lexington/reports/monthly"
    answer = asked(client, path, month="2026-03", as_of="2026-04-19", format="csv")
    assert answer.content == out.read_bytes()
    assert json.loads(answer.headers["Export-Manifest"])["parameters"] == {"month": "2026-03"}


@pytest.mark.parametrize("name", ISSUED)
def test_an_issued_report_comes_in_every_format_with_its_manifest(
    client: httpx.Client, here: Path, report_id: str, name: str
) -> None:
    answer = asked(client, f"/reports/{report_id}", format=name)
    manifest = json.loads(answer.headers["Export-Manifest"])
    assert (manifest["report_id"], manifest["format"]) == (report_id, name)
    assert (manifest["sha256"], manifest["size_bytes"]) == (
        sha256(answer.content).hexdigest(),
        len(answer.content),
    )
    out = here / f"issued.{name}"
    run("report", "read", report_id, "--format", name, "--out", out).done()
    # On the terminal a JSON document ends with a line feed, as every line there does.
    assert answer.content == out.read_bytes().removesuffix(b"\n" if name == "json" else b"")
    if name != "json":
        assert comparable(manifest) == comparable(on_paper(out))
        wanted = client.get(f"/reports/{report_id}", headers={"Accept": answer.headers["Content-Type"]})
        assert wanted.content == answer.content
        named = f'attachment; filename="weekly-lexington-2026-W16-{report_id}.{name}"'
        assert answer.headers["Content-Disposition"] == named


@pytest.mark.parametrize("name", ["xlsx", "parquet", "csv"])
def test_an_issued_report_is_the_file_that_it_was_when_it_was_issued(
    client: httpx.Client, here: Path, report_id: str, name: str
) -> None:
    issued = asked(client, f"/reports/{report_id}", format=name)
    known_at = json.loads(issued.headers["Export-Manifest"])["known_at"]
    path = "/facilities/lexington/reports/weekly"
    assert asked(client, path, format=name, known_at=known_at, **ASKED).content == issued.content


def test_a_file_is_on_record_before_it_leaves(client: httpx.Client, own: Program, here: Path) -> None:
    answer = asked(client, "/facilities/lexington/reports/weekly", format="xlsx", **ASKED)
    saw, took = own.accesses()[-2:]
    assert (type(saw.fact).__name__, type(took.fact).__name__) == ("SearchMade", "ExportMade")
    assert (took.fact.what, took.fact.sha256) == ("read_weekly_report", sha256(answer.content).hexdigest())


def test_a_spreadsheet_of_an_issued_report_is_nothing_for_a_terminal(here: Path, report_id: str) -> None:
    run("report", "read", report_id, "--format", "xlsx").not_understood("--out", "name the file")
