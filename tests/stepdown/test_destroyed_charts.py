"""A destroyed chart at the terminal, in an export, and through a backup and back."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from domain.facility import FacilityOpened
from domain.key_destruction import KeyDestroyed
from domain.record import stream_uuid
from stepdown.opening import opened
from stepdown.settings import read_settings
from store.errors import Destroyed
from tests.stepdown.command import run
from tests.store.given import a_chart, new, registered, trigger

SITE = "facility/lexington"


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEPDOWN_DATABASE_URL", "STEPDOWN_BACKUP_URL", "STEPDOWN_DATA", "STEPDOWN_MASTER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_told_left_out_backed_up_and_stays_destroyed(tmp_path: Path) -> None:
    data, keys, chart = tmp_path / "data", tmp_path / "safe" / "master.key", a_chart()
    patient = str(stream_uuid(chart))
    with opened(read_settings(data)) as use:
        ledger = use.store.ledger("lexington")
        ledger.append([new(SITE, 1, FacilityOpened(code="lexington", name="Lexington", zone="America/New_York"))])
        ledger.append([registered(chart, mrn="SYN-1"), trigger(chart, 2)])
        ledger.append([registered(a_chart(), mrn="SYN-2")])
    run("backup", tmp_path / "before", "--keys", keys, "--data", data).done()
    with opened(read_settings(data)) as use:
        ended = new(SITE, 2, KeyDestroyed(patient_id=stream_uuid(chart), authority="Schedule of retention"))
        use.store.ledger("lexington").append([ended], reads={chart: 2, SITE: 1})

    for asked in (("status", patient), ("status", "SYN-1"), ("replay", patient)):
        told = run(*asked, "--data", data)
        assert (told.code, told.text) == (1, "")
        assert "That chart was destroyed under authority" in told.err
        assert "SYN-1" not in told.err
    out = tmp_path / "facts.ndjson"
    told = run("export", "facts", "--out", out, "--data", data).done()
    assert "5 facts, 2 of them of destroyed charts" in told.err
    lines = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    assert [("fact" in line) for line in lines] == [True, False, False, True, True]
    told = run("import", out, "--data", data).done()
    assert "2 lines of destroyed charts say nothing any more" in told.text
    told = run("import", "--restore", out, "--data", tmp_path / "moved").done()
    assert "5 facts restored" in told.text

    # A backup from before brings the chart back, one from after does not: what operate.md says of both.
    run("backup", tmp_path / "after", "--data", data).done()
    for name, charts, there in (("before", 2, 2), ("after", 1, 0)):
        place = tmp_path / f"from-{name}"
        told = run("restore", tmp_path / name, "--data", place, "--keys", keys).done()
        assert f"{charts} of {charts} charts opened under their keys" in told.text
        with opened(read_settings(place)) as use:
            restored = use.store.ledger("lexington")
            assert len(restored.read([chart])[chart]) == there
            if not there:
                with pytest.raises(Destroyed):
                    restored.seal(chart, "name", b"x")
