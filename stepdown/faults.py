"""Errors as people and logs get to see them: a sentence, never a traceback, whose lines may hold somebody's data."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

from stepdown.errors import Wrong

_HOUSE: Final = Path(__file__).resolve().parents[1]
_ROOMS: Final = frozenset({"domain", "store", "projections", "exchange", "api", "stepdown"})
_LINE: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def sentence(error: BaseException) -> str | None:
    """What to say of an error that has its own sentence; None for a fault of the program."""
    if isinstance(error, Wrong):
        return str(error)
    # Only now: what was raised has been imported already, or isn't meant.
    from api.tokens import BeyondLoopback, KeyFileError
    from domain.refused import Refused
    from exchange.errors import ExchangeError, NotOnRecord
    from stepdown.embedded.errors import EmbeddedError
    from store.errors import StoreError

    match error:
        case Refused(rule=rule, because=because):
            return f"{because} ({rule})"
        case NotOnRecord():
            # What a question is asked with is an option here.
            return str(error).replace("`known_at`", "`--known-at`")
        case StoreError() | EmbeddedError() | ExchangeError() | KeyFileError() | BeyondLoopback():
            return str(error)
        case OSError(strerror=str(why), filename=str(name)):
            return f"{name}: {why}."
        case OSError(strerror=str(why)):
            return f"{why}."
        case _:
            return None


def place(error: BaseException) -> str:
    """Kind and place of a fault, `KeyError at projections/status.py:80`: its message stays here."""
    last = ""
    for frame in traceback.extract_tb(error.__traceback__):
        file = Path(frame.filename)
        if file.is_relative_to(_HOUSE) and (inside := file.relative_to(_HOUSE)).parts[0] in _ROOMS:
            last = f" at {inside}:{frame.lineno}"
    return f"{type(error).__name__}{last or ' outside of the program'}"


def _fault(error: BaseException) -> str:
    return sentence(error) or f"A fault of Stepdown itself, {place(error)}: please report these words."


def _on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not isinstance(error, KeyboardInterrupt):
        print(_fault(error), file=sys.stderr, flush=True)


def _on_thread_exception(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is not None and raised.exc_type is not SystemExit:
        print(_fault(raised.exc_value), file=sys.stderr, flush=True)


class _Lines(logging.Formatter):
    """A line for each record; of an exception only its kind and place."""

    def formatException(self, ei: object) -> str:  # noqa: N802 - the library's name
        error = ei[1] if isinstance(ei, tuple) else None
        return place(error) if isinstance(error, BaseException) else ""

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the library's name
        return ""


def watch() -> None:
    """Lets nothing out but sentences, from every thread. Warnings go to stderr in processes that stay, see `log`."""
    sys.excepthook = _on_exception
    threading.excepthook = _on_thread_exception
    logging.getLogger().addHandler(logging.NullHandler())


def log() -> None:
    """Warnings and errors of the libraries as lines on stderr: for processes that stay."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(_LINE))
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
