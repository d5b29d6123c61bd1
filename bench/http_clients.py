"""Clients over HTTP/1.1 with keep-alive, in a process of their own: `python -m bench.http_clients < order`.

Each sends its next request when its last answer is there. One thread and one selector for all of them, requests made
beforehand, answers barely read: the server is to be the bottleneck. The order and what came of it are JSON.
"""

from __future__ import annotations

import json
import resource
import selectors
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from time import perf_counter
from urllib.parse import urlsplit

SILENCE_SECONDS = 30.0
"""After so long without any answer the measurement is broken off."""


@dataclass(frozen=True)
class Order:
    """`paths` are asked in turn, and the last part but one of a path is to be found in its answer."""

    address: str
    token: str
    paths: Sequence[str]
    clients: int
    run_in: float
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """`answers` are all that came, by status; `latencies` those of the `seconds` after the run-in, in milliseconds.

    `wrong` counts answers that weren't about what was asked; `cpu` is the share of one core that the clients took.
    """

    answers: dict[str, int]
    wrong: int
    latencies: list[float]
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of the answers took at most."""
        return sorted(self.latencies)[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


def ask(order: Order) -> Outcome:
    """Has it done by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.http_clients"],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        timeout=order.run_in + order.seconds + 2 * SILENCE_SECONDS,
    )
    if done.returncode:
        raise SystemExit(f"The clients gave up: {done.stderr.strip().splitlines()[-1]}")
    return Outcome(**json.loads(done.stdout))


class _Client:
    __slots__ = ("expected", "missing", "received", "sent_at", "socket")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=SILENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.expected = b""
        self.received = b""
        self.missing = 0

    def send(self, request: bytes, expected: bytes) -> None:
        self.expected = expected
        self.received = b""
        self.missing = -1
        self.sent_at = perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Whether the answer is whole."""
        part = self.socket.recv(262_144)
        if not part:
            raise SystemExit("The server closed a connection that was to be kept.")
        self.received += part
        if self.missing < 0:
            head, end, body = self.received.partition(b"\r\n\r\n")
            if not end:
                return False
            self.missing = _length(head) - len(body)
        else:
            self.missing -= len(part)
        return self.missing <= 0


def _length(head: bytes) -> int:
    _, found, after = head.lower().partition(b"\r\ncontent-length:")
    if not found:
        raise SystemExit("An answer came without its length.")
    return int(after.partition(b"\r\n")[0])


def _run(order: Order) -> Outcome:
    url = urlsplit(order.address)
    host, port = str(url.hostname), int(url.port or 80)
    requests = cycle([(_request(order, url.netloc, path), path.split("/")[-2].encode()) for path in order.paths])
    answers: Counter[str] = Counter()
    wrong = 0
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(order.clients):
            client = _Client(host, port)
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.send(*next(requests))
        counted_from = perf_counter() + order.run_in
        until = counted_from + order.seconds
        cpu = None
        while selector.get_map():
            ready = selector.select(SILENCE_SECONDS)
            if not ready:
                raise SystemExit("The server answers no more.")
            for key, _ in ready:
                client = key.data
                if not client.receive():
                    continue
                at = perf_counter()
                answers[client.received[9:12].decode()] += 1
                wrong += client.expected not in client.received
                if counted_from <= at < until:
                    latencies.append((at - client.sent_at) * 1000)
                    cpu = _cpu() if cpu is None else cpu
                if at < until:
                    client.send(*next(requests))
                else:
                    selector.unregister(client.socket)
                    client.socket.close()
    return Outcome(dict(answers), wrong, latencies, order.seconds, (_cpu() - (cpu or 0.0)) / order.seconds)


def _request(order: Order, host: str, path: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {order.token}", "Accept: */*"]
    return "\r\n".join([*lines, "Purpose-Of-Use: treatment", "", ""]).encode()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    json.dump(asdict(_run(Order(**json.load(sys.stdin)))), sys.stdout)
