"""`docs/exports.md`: the tables that leave the system, out of their columns as data."""

from __future__ import annotations

from typing import Final

from domain.teds.records import Kind
from exchange.export.columns import Layout
from exchange.export.kinds import KINDS

HEAD: Final = """\
# Tables out of the system

```
stepdown export attendance --facility lexington --from 2026-03-01 --to 2026-03-31 --format csv,xlsx --out march
```

writes `march.csv` and `march.xlsx`, each with its manifest: `march.csv.manifest.json`, `march.xlsx.manifest.json`. With
one format the file is called as `--out` says; csv and ndjson go to the terminal without it. Over HTTP:

```
curl -OJ -H "Authorization: Bearer $TOKEN" "$URL/v1/facilities/lexington/exports/attendance?format=xlsx&from=2026-03-01"
```

whose answer has the manifest in the header `Export-Manifest`, in one line. The rows of a report are such files too, of
`stepdown report weekly` and `report read`, and of their addresses, with the same `format`:

```
stepdown report weekly --week 2026-W16 --format xlsx --out week.xlsx
curl -OJ -H "Authorization: Bearer $TOKEN" "$URL/v1/facilities/lexington/reports/weekly?week=2026-W16&format=xlsx"
curl -OJ -H "Authorization: Bearer $TOKEN" "$URL/v1/reports/$REPORT?format=parquet"
```

- **Which rows**: `--from` and `--to`, both included, choose by the date that the table names; `--as-of` leaves out what
  happened later; `--known-at` asks what was on record then. What is known now comes out of the read tables, what was
  known once out of the ledger: the same rows.
- **The same question at the same position is the same file, byte for byte**, whoever asks, whenever and where. So the
  file says nothing of that; the manifest does: what, who, why (`purpose`), when, the rule set where one judged, both
  clocks, the position, rows, columns, the SHA-256 of the file, the version of the time-zone data and of the program.
- **On record**: that a file left, with its rows and hash, is in the site's access ledger before it has a name, or
  before its first byte leaves.
- **People are ids**, no names, no medical record numbers. Whoever may read the chart finds them there.
- **Formats**: `csv` is UTF-8 with a header line; text that a spreadsheet would take for a formula has an apostrophe
  before it, and lists stand in one cell. `ndjson` has an object a line. `xlsx` has dates and date-times as such, on the
  site's clock, and a sheet *About*. `parquet` needs `pip install 'stepdown[parquet]'`; instants are in UTC there.
- **Any number of rows** takes the same memory.

"""


ELSEWHERE: Final = frozenset(kind.value for kind in Kind)


def page() -> str:
    tables = "\n".join(_table(kind.layout) for name, kind in KINDS.items() if name not in ELSEWHERE)
    return HEAD + tables + "\n## teds-a, teds-d\n\nAdmissions and discharges for the state: see [teds.md](teds.md).\n"


def _table(layout: Layout) -> str:
    return "\n".join(
        [
            f"## {layout.kind}",
            "",
            layout.says,
            "",
            "| column | type | holds |",
            "|---|---|---|",
            *(f"| `{column.name}` | {column.type.value} | {column.meaning} |" for column in layout.columns),
            "",
        ]
    )
