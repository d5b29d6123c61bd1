"""What the rows of a projection are made by: its table and the source of its fold, as one hash.

Rows are disposable, so they need no versions kept by hand: what was made by another table or another fold than this
program's is not shown, and `prepare` has it made anew. The price is a rebuild after a release that touched a fold, be
it in a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from projections.projection import Projection

BASE: Final = "base"
"""The tables that the follower keeps about itself; when they change, everything is made anew."""


def ddl(name: str) -> bytes:
    """The statements that drop and make the table of a projection, or those of `BASE`."""
    return (files("projections") / f"{name}.sql").read_bytes()


@cache
def definition(projection: Projection) -> str:
    """SHA-256, in hexadecimal, of the table's statements and the source of the fold."""
    found = sha256(ddl(projection.name))
    for module in ("projections.projection", *projection.folds):
        for path in _sources(module):
            # A hash of hashes: text that moves from one file to the next is another definition.
            found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()


@cache
def base_definition() -> str:
    return sha256(ddl(BASE)).hexdigest()


def _sources(module: str) -> Iterator[Path]:
    """The file of a module, or those of a package in order of name."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{module}, which a projection names as its fold, isn't there.")
    if spec.submodule_search_locations is None:
        yield Path(spec.origin)
        return
    for folder in spec.submodule_search_locations:
        yield from sorted(Path(folder).glob("*.py"))
