"""A worker as those see it who look after workers: it takes its order, says that it is ready, and ends when told to, or
at once where a real one couldn't start. It is there in a twentieth of the time.
"""

from __future__ import annotations

import os
import sys

from stepdown.workers import AWAY, READY, Order

Order.of(sys.stdin.readline())
if "nobody@" in os.environ["STEPDOWN_DATABASE_URL"]:
    sys.exit(AWAY)
if os.environ.get("STEPDOWN_POOL_SIZE") == "none":
    sys.exit(1)
print(READY, flush=True)
sys.stdin.read()
