"""`stepdown demo`: the sample program with a token for every role, the same at each start, nobody's name in plain."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from domain.acts import ROLES
from domain.chart.identity import PatientRegistered
from tests.sample_program import sample
from tests.stepdown.command import PATIENT, Serving, get, is_ready, postgres_runs, run, serving
from tests.stepdown.conftest import Program

QUERIES = (
    "/readyz",
    f"/v1/patients/{PATIENT}/status",
    f"/v1/patients/{PATIENT}/status?as_of=2026-04-17&known_at=2026-04-18T03:59:59Z",
    f"/v1/patients/{PATIENT}/history",
    "/v1/patients?mrn=SYN-LEX-00022",
    "/v1/facilities/lexington/census",
    "/v1/facilities/lexington/census?as_of=2026-04-17",
    "/v1/facilities/lexington/sessions?on=2026-04-16",
    "/v1/facilities/lexington/reports/weekly?week=2026-W15",
    "/v1/ledgers/lexington/facts?limit=1",
)


@dataclass(frozen=True)
class Demo:
    """A demo under way: its address and its tokens by role."""

    server: Serving
    address: str
    tokens: dict[str, str]

    def position(self) -> int:
        """The ledger's last position, as the census has it."""
        code, census = get(f"{self.address}{QUERIES[6]}", self.tokens["compliance_officer"])
        assert (code, len(census["rows"]) > 10) == (200, True)
        position: int = census["position"]
        return position


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    with serving("demo", "--port", "0", cwd=folder) as server:
        address, *lines = server.said(1 + len(ROLES))
        assert is_ready(address)
        yield Demo(server, address, dict(line.split() for line in lines))


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of a demo that was asked everything and has ended, and the position it had come to."""
    folder = tmp_path_factory.mktemp("demo")
    with demo(folder) as started:
        assert list(started.tokens) == list(ROLES)
        for query in QUERIES:
            assert get(f"{started.address}{query}", started.tokens["compliance_officer"])[0] == 200, query
        position = started.position()
        assert started.server.ends_by(signal.SIGTERM) == 0
    assert "as_of=2026-04-17" in started.server.err
    assert "Traceback" not in started.server.err
    assert not postgres_runs(folder / ".stepdown-demo")
    return folder, position


def test_a_second_start_adds_nothing(first_start: tuple[Path, int]) -> None:
    folder, position = first_start
    with demo(folder) as again:
        assert "Setting up" not in again.server.err
        assert again.position() == position
        # Each role sees what it may, and no more.
        assert get(f"{again.address}{QUERIES[1]}", again.tokens["counselor"])[0] == 200
        assert get(f"{again.address}{QUERIES[1]}", again.tokens["front_desk"])[0] == 403
        assert again.server.ends_by(signal.SIGINT) == 0
    assert not postgres_runs(folder / ".stepdown-demo")


def test_no_file_holds_in_plain_who_the_patients_are(first_start: tuple[Path, int]) -> None:
    folder, _ = first_start
    people = [entry.fact for entry in sample() if isinstance(entry.fact, PatientRegistered)]
    names = {text.encode() for p in people for text in (p.mrn, p.family_name, p.phone) if text}
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert len(names) > 80
    assert any(path.parent.name == "pg_wal" for path in files)
    # What isn't a chart's is in plain, so the search does find what is there.
    assert any(b"S. Staff01" in held for held in files.values())
    assert {path.name for path, held in files.items() if any(name in held for name in names)} == set()


def test_the_demo_keeps_its_people_out_of_a_database_with_records_of_its_own(
    empty_program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the demo misses the key of that database before it looks into it.
    monkeypatch.setenv("STEPDOWN_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    opening = orjson.dumps(
        {
            "ledger": "springfield",
            "position": 1,
            "stream": "facility/springfield",
            "version": 1,
            "type": "FacilityOpened",
            "recorded_at": "2026-01-07T13:00:00Z",
            "by": {"id": f"staff/{PATIENT}", "name": "R. Ames", "role": "administrator", "credential": None},
            "source": "api",
            "reason": None,
            "correlation_id": PATIENT,
            "causation_id": None,
            "fact": {"code": "springfield", "name": "Springfield", "zone": "America/New_York"},
        }
    )
    (tmp_path / "springfield.ndjson").write_bytes(opening)
    run("import", tmp_path / "springfield.ndjson").done()
    run("demo", "--port", "0").refused("records of its own", "--data")
    assert len(run("export", "facts", "--facility", "springfield").done().out.splitlines()) == 2
