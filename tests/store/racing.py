"""Calls made at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from store.errors import StoreError


def race(times: int, call: Callable[..., Any], *given: Any) -> list[Any]:
    """What each of so many calls answered, or the store's error that it raised. All start together."""
    start = Barrier(times)

    def run(_: int) -> Any:
        start.wait()
        try:
            return call(*given)
        except StoreError as error:
            return error

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))
