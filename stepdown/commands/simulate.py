"""`stepdown simulate`: synthetic programs as files, and how near they came to what is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import orjson
from rich import box
from rich.table import Table

from exchange.simulate.measuring import Measure, Tally
from exchange.simulate.rates import USUAL
from exchange.simulate.site import programs
from exchange.simulate.writing import Written
from exchange.simulate.writing import write as write_files
from stepdown.progress import counting
from stepdown.terminal import answers, write


def simulate(out: Path, *, facilities: int, patients: int, weeks: int, seed: int, as_json: bool) -> None:
    """Writes a file a site, then says what was aimed at and reached."""
    tally = Tally()
    told = programs(facilities, patients=patients, weeks=weeks, seed=seed)
    with counting("facts") as progress:
        written = write_files(told, out, tally, progress)
    measures = tally.measures(USUAL)
    if as_json:
        write(orjson.dumps(_document(written, measures), option=orjson.OPT_APPEND_NEWLINE))
        return
    for file in written:
        print(f"{file.path}: {file.facts} facts of {file.ledger}.")
    answers().print(_table(measures))


def _document(written: Sequence[Written], measures: Sequence[Measure]) -> dict[str, object]:
    files = [{**asdict(file), "path": str(file.path)} for file in written]
    return {"files": files, "measures": [asdict(measure) for measure in measures]}


def _table(measures: Sequence[Measure]) -> Table:
    """A line a figure."""
    table = Table(title="Aimed at and reached", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("figure")
    for name in ("aimed at", "reached", "taken from"):
        table.add_column(name, justify="right")
    for measure in measures:
        reached = "-" if measure.reached is None else f"{measure.reached:g} {measure.unit}"
        table.add_row(measure.name, f"{measure.aimed} {measure.unit}", reached, str(measure.of))
    return table
