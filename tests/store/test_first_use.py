"""Threads that come first at once, in a process that has just begun."""

from __future__ import annotations

import os
import subprocess
import sys

ENCODES = """
import os, sys, threading
from tests.projections.test_rows import ADMITTED, ATTENDED, DISCHARGED, ENROLLED, HELD, INQUIRED, REGISTERED, SCHEDULED
from tests.store.given import envelope
from store.body import decode_body, encode_body

FACTS = [REGISTERED, INQUIRED, ENROLLED, ADMITTED, ATTENDED, DISCHARGED, SCHEDULED, HELD]

def encode(start):
    start.wait()
    for fact in FACTS:
        assert decode_body(type(fact).__name__, encode_body(envelope(), fact))[1] == fact

def begin():
    sys.setswitchinterval(1e-6)
    start = threading.Barrier(12)
    threads = [threading.Thread(target=encode, args=(start,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

ends = set()
for _ in range(30):
    if (child := os.fork()) == 0:
        begin()
        os._exit(0)
    ends.add(os.waitpid(child, 0)[1])
print(ends)
"""


def test_the_first_facts_may_be_encoded_by_many_threads_at_once() -> None:
    """Each fork is a process that has encoded nothing yet. Without care a third of them died of it (SIGSEGV)."""
    ended = subprocess.run(
        [sys.executable, "-c", ENCODES],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "{0}\n"
