"""A file that is there whole or not at all, readable by its owner alone: what leaves the system may be a chart."""

from __future__ import annotations

import errno
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

    The folder must exist. FileUnwritable says why it can't be written, and names the folder where that is why.
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
        raise FileUnwritable(unwritable(path, error)) from None


def unwritable(path: Path, error: OSError) -> str:
    """Why a file can't be written, and what to do: where it is for its folder, that one as it was given."""
    folder = "this folder" if path.parent == Path() else f"the folder {path.parent}"
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR if not path.parent.exists():
            return f"{path.name} can't be written: there is no folder {path.parent}. Make it first, or name another."
        case errno.ENOTDIR:
            return f"{path.name} can't be written: {path.parent} is a file, no folder. Name a folder."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return (
                f"{path.name} can't be written: {folder} lets you write no files. Name another, or ask its owner to "
                "let you."
            )
        case _:
            return f"{path.name} can't be written ({error.strerror or 'output error'})."
