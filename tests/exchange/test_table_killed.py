"""A process that is killed while it imports a table: run again, the same comes in, once."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from exchange import csv_import
from exchange.importing import Into, import_file
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import OPERATOR, exported
from tests.exchange.tables import attendance_row, of_type, said, site, table

REPOSITORY = Path(csv_import.__file__).parents[1]

KILLED = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from domain.record import Person
    from exchange import importing, ledger_import
    from store.keys import FileKeyring
    from store.store import Store

    def kill(stage, done, of):
        if stage == "recording" and done >= 150:
            os.kill(os.getpid(), 9)

    url, key, path = sys.argv[1:]
    importing.CHUNK_LINES = 50
    ledger_import.BATCH_FACTS = 40
    with Store(url, FileKeyring(Path(key))) as store:
        operator = Person("operator/tests", "T. Operator", "operator")
        importing.import_file(store, Path(path), by=operator, into=importing.Into("lexington"), progress=kill)
    """
)


def test_a_killed_import_of_a_table_is_safe_to_run_again(database: Database, tmp_path: Path) -> None:
    keyring = tmp_path / "master.key"
    lines = of_type("AttendanceRecorded")
    path = table(tmp_path / "a.csv", [attendance_row(line) for line in lines])
    with Store(database.app_url, FileKeyring(keyring)) as store:
        site(store, tmp_path)
        before = store.ledger("lexington").head().position
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, database.app_url, str(keyring), str(path)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr
    with Store(database.app_url, FileKeyring(keyring)) as again:
        left = again.ledger("lexington").head().position
        assert before < left < before + len(lines)
        rest = import_file(again, path, by=OPERATOR, into=Into("lexington"))
        assert (rest.rejects, rest.skipped > 50) == (0, True)
        added = exported(again)[before:]
        for kind in ("AttendanceRecorded", "Admitted"):
            assert said(added, kind) == said(of_type(kind), kind)
        assert [line["type"] for line in added].count("ImportCompleted") == 1
        assert added[left - before - 1]["type"] != "ImportCompleted"
