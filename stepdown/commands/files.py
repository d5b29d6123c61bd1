"""`stepdown import`: whole files in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson

from exchange.csv_file import is_table
from exchange.errors import ColumnsUnknown
from exchange.importing import Imported, Into, Progress
from exchange.importing import import_files as take_in
from exchange.restoring import Restored, restore_file
from stepdown.asker import operator, sites
from stepdown.errors import Misused, Wrong
from stepdown.opening import Opened, opened
from stepdown.progress import shown_progress
from stepdown.settings import read_settings
from stepdown.terminal import write


def import_files(
    paths: Sequence[Path],
    *,
    rejects: Path | None,
    restore: bool,
    final: bool,
    facility: str | None,
    reason: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Takes the files in, in the order given, and says what became of their lines."""
    tables = not restore and any(is_table(path) for path in paths)
    for option, given in (("--facility", facility), ("--reason", reason)):
        if given is not None and not tables:
            raise Misused(option, "it is for tables (.csv), and none is given: facts say it themselves")
    with opened(read_settings(data)) as use:
        if restore:
            for path in paths:
                with shown_progress() as progress:
                    whole = restore_file(use.store, path, by=operator(), progress=progress)
                _say_restored(path, whole, as_json)
            return
        into = Into(_ledger(use, facility), reason) if tables else None
        with shown_progress() as progress:
            imported = _taken_in(use, paths, rejects, final, into, progress)
    for path, found in zip(paths, imported, strict=True):
        _say_imported(path, found, as_json, final=final)
    if refused := sum(found.rejects for found in imported):
        where = f"see {rejects}" if rejects is not None else "import again with --rejects FILE to see which, and why"
        raise Wrong(f"{refused} {'line was' if refused == 1 else 'lines were'} refused: {where}.")


def _taken_in(
    use: Opened, paths: Sequence[Path], rejects: Path | None, final: bool, into: Into | None, progress: Progress
) -> list[Imported]:
    try:
        return take_in(use.store, paths, by=operator(), rejects=rejects, final=final, into=into, progress=progress)
    except ColumnsUnknown as error:
        raise Misused("FILE", str(error)) from None


def _ledger(use: Opened, facility: str | None) -> str:
    """The site of tables: the one named, which a file before them may open, or the only one on record."""
    known = sites(use)
    if facility is None and len(known) != 1:
        among = f": {', '.join(known)}" if known else ""
        raise Misused("--facility", f"a table doesn't say of which site it is: give the facility's code{among}")
    return facility or known[0]


def _say_restored(path: Path, restored: Restored, as_json: bool) -> None:
    if as_json:
        head = {"ledger": restored.ledger, "position": restored.head.position}
        _write_line({"file": str(path), "sha256": restored.file_sha256, "facts": restored.facts, **head})
    else:
        print(f"{path}: {restored.facts} facts restored into {restored.ledger}, as they stood.")


def _say_imported(path: Path, imported: Imported, as_json: bool, *, final: bool) -> None:
    if as_json:
        counts = {"facts": imported.facts, "skipped": imported.skipped, "rejects": imported.rejects}
        counts |= {"destroyed": imported.destroyed} if imported.destroyed else {}
        if final:
            counts |= {"admitted": imported.admitted, "unadmitted": imported.unadmitted}
        _write_line({"file": str(path), "sha256": imported.file_sha256, **counts, "ledgers": imported.ledgers})
        return
    into = f" into {', '.join(imported.ledgers)}" if imported.ledgers else ""
    added = f"{imported.facts} facts added{into}" if imported.facts else "nothing added"
    print(f"{path}: {added}, {imported.skipped} were in already, {imported.rejects} refused.")
    if imported.destroyed:
        print(f"{path}: {imported.destroyed} lines of destroyed charts say nothing any more, and were passed by.")
    if final:
        print(f"{path}: {imported.admitted} charts were given the admission that they lacked.")
    if imported.unadmitted:
        print(
            f"{path}: {imported.unadmitted} charts lack one and have no room for it: what they tell later rules it out."
        )


def _write_line(document: object) -> None:
    write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
