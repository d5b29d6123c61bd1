"""What the rows of a projection are made by: its table and the source of its fold, as one hash.

Rows are disposable, so they need no versions kept by hand: what was made by another table or another fold than this
program's is not shown, and `prepare` has it made anew. The price is a rebuild after a release that touched a fold, be
it in a comment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from projections.projection import Apply, Opens, Projection

BASE: Final = "base"
"""The tables that the follower keeps about itself; when they change, everything is made anew."""

_EVERYWHERE: Final = (
    "projections.projection",
    "projections.read_table",
    "domain.key_destruction",
    "domain.record",
    "store.upcasts",
)
"""What every fold goes through: how a stream is cut out of a batch, what stands in it, how old facts are read."""


def ddl(name: str) -> bytes:
    """The statements that drop and make the table of a projection, or those of `BASE`."""
    return (files("projections") / f"{name}.sql").read_bytes()


def define(
    name: str,
    apply: Apply,
    *,
    folds: Sequence[str],
    sealed: Mapping[str, Opens] | None = None,
    apart: bool = False,
) -> Projection:
    """A projection. `folds` are the modules and packages that decide what the rows say; `sealed` opens the columns that
    are encrypted; `apart` as `Projection` says.

    Their source is read when the projection's module is imported, together with the code that runs: not later, when a
    new version may have been installed under a process of the former one.
    """
    found = sha256(ddl(name))
    for module in (*_EVERYWHERE, *folds):
        for path in _sources(module):
            # A hash of hashes: text that moves from one file to the next is another definition.
            found.update(sha256(path.read_bytes()).digest())
    return Projection(name, apply, found.hexdigest(), sealed or {}, apart)


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


BASE_DEFINITION: Final = sha256(ddl(BASE)).hexdigest()
