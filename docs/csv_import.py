"""`docs/csv-import.md`: what a table may hold, out of the columns as data and the refusals where they are raised."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exchange.csv_cells import column_form
from exchange.csv_columns import TABLES, Column, Table

ROOT: Final = Path(__file__).parents[1]

HEAD: Final = """\
# Patients, attendance and screenings out of a spreadsheet

```
stepdown import patients.csv attendance.csv --facility lexington --rejects rejects.ndjson
```

A file whose name ends with `.csv` or `.tsv` (or that and `.gz`) is a table: UTF-8, with or without a byte order mark,
the separator a comma, semicolon or tab. Its first line names the columns, in any order; case, spaces and underscores
make no difference. Which of the three tables it is follows from them; a column that none has, or one that is missing,
ends the command (exit code 2) before anything is written. A spreadsheet writes such a file as type "CSV UTF-8".

- **A row is judged like a command of the same person at the same time**, with the same refusals. It comes in whole or
  not at all: what is refused goes to `--rejects` with the number of its first line, the rule, the reason and the row as
  it was, and holds back only rows of the same specimen next to it or after it. So is a row with a cell that would come
  to nothing: one that belongs to `first_contact` or `carried_over` where that is empty.
- **Safe to run again**: what is in already with the same content is skipped, what says something else is refused.
  Put right what the rejects name, and import the whole file again.
- **Dates** are `2026-03-02`, or `3/2/2026` and `03/02/2026`, always month first: `13/2/2026` is refused. **Times** are
  `18:00`, `6:00 PM` or `6:00pm`, on the facility's own clock. An hour that is skipped or comes twice when clocks
  change is refused; an instant with its offset, such as `2026-11-01T01:30:00-05:00`, is taken anywhere.
- **Who** recorded it is in `staff`; role and credential are those of the staff list on the date of the act. Validity
  and definitive results are the laboratory's, unless the person is a medical director.
- **When**: with `recorded_at` it is judged as of then; without, it is recorded now. What is recorded more than 24 hours
  after it happened needs a `reason`, in its row or for the file (`--reason`).
- The system records the admission with the first session attended, or moves it, as it does live.
- Screenings: keep the rows of a specimen next to each other; they come in together, as one report of each kind and
  instant.

"""


def page() -> str:
    return HEAD + "\n".join(_table(table) for table in TABLES) + "\n" + _refusals()


def _table(table: Table) -> str:
    either = f" One of {_names(table.either)} is needed." if table.either else ""
    return "\n".join(
        [
            f"## {table.name}",
            "",
            f"{table.tells}{either} An example: [examples/{table.name}.csv](examples/{table.name}.csv).",
            "",
            "| column | needed | holds | form | also called |",
            "|---|---|---|---|---|",
            *(_row(column) for column in table.columns),
            "",
        ]
    )


def _row(column: Column) -> str:
    needed, form = "yes" if column.required else "", column_form(column).replace("|", "\\|")
    return f"| `{column.name}` | {needed} | {column.meaning} | {form} | {_names(column.spellings)} |"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _refusals() -> str:
    shape = "| `line.malformed` | A cell, or the row, isn't in its form: names the column and what belongs there. |"
    rows = sorted({shape, *(f"| `{rule}` | {text} |" for rule, text in refusals())})
    head = ["## Refusals of rows", "", "Besides those of [rules.md](rules.md). `…` is a name, number or date.", ""]
    return "\n".join([*head, "| rule | says |", "|---|---|", *rows, ""])


def refusals() -> Iterator[tuple[str, str]]:
    """The rules that are raised for tables, and what they say; that of the form of cells aside."""
    for path in sorted((ROOT / "exchange").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Refused"), args=[ast.Constant(value=str(rule)), said]):
                    if path.name.startswith("csv_") or path.name == "unit.py":
                        yield rule, _text(said)
                case _:
                    continue


def _text(said: ast.expr) -> str:
    match said:
        case ast.Constant(value=str(because)):
            return because
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
        case _:
            raise ValueError("Write the sentence where the rule is raised.")
