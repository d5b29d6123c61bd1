"""A server that doesn't serve ends the measurement; one that does is gone afterwards."""

from __future__ import annotations

import socket
from pathlib import Path
from time import sleep

import pytest

from bench.processes import server


def test_the_address_is_the_first_line_and_the_process_ends_with_the_block(tmp_path: Path) -> None:
    listening = ["http.server", "--bind", "127.0.0.1", "--directory", str(tmp_path), "0"]
    with server(listening, {"PYTHONUNBUFFERED": "1"}) as said:
        port = int(said.split()[5])
        socket.create_connection(("127.0.0.1", port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_server_that_prints_nothing_says_why() -> None:
    with (
        pytest.raises(SystemExit, match="No such option: --nonsense"),
        server(["stepdown", "serve", "--nonsense"], {}),
    ):
        raise AssertionError("It started.")


def test_a_server_that_fails_later_is_noticed(tmp_path: Path) -> None:
    # Says what it found, and fails.
    (tmp_path / "wrong.txt").write_text(">>> 1\n2\n")
    with pytest.raises(SystemExit, match="ended badly"), server(["doctest", str(tmp_path / "wrong.txt")], {}):
        sleep(1)
