"""A file that is there whole or not at all, readable by its owner alone: what leaves the system may be a chart."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from exchange.errors import FileUnwritable


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Takes the place of `path` when the block ends well; a failure leaves what was there before.

    The folder must exist. FileUnwritable says why it can't be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise FileUnwritable(f"{path.name} can't be written ({error.strerror or 'output error'}).") from None
