"""`docs/teds.md`: the columns of the records for the Treatment Episode Data Set, out of their definitions."""

from __future__ import annotations

from typing import Final

from domain.teds.columns import Form, Item
from domain.teds.records import Kind

HEAD: Final = """\
# Admissions and discharges for the Treatment Episode Data Set (TEDS)

```
stepdown export teds-a --facility lexington --to 2026-03-31 --out march.csv
stepdown export teds-a --facility lexington --to 2026-04-30 --out april.csv --against march.csv.manifest.json
```

The first file holds every admission so far, each to be added (`A`). The second one holds what has to be sent after it:
what is new, what changed (`C`), and what the state has to delete (`D`) since it was corrected away. The same with
`teds-d` for discharges.

- **A record is of an episode with a first direct service.** Who was only seen at intake, waits, or never came is no
  client. The length of stay ends at the last service, not at the paperwork. A step to the next level in-house is a
  transfer: the discharge says so, and the next admission here within 30 days after the last service goes on from it
  (`client_transaction` is `T`; it counts as no prior episode).
- **Keys** name a record and are never empty. A correction elsewhere is a `C`; one in a key is a `D` of the old and an
  `A` of the new record, as when a late entry moves the admission, or charts are merged and the client is another. A
  `D` says the key alone. Deletions stand first, then changes, then additions.
- Over HTTP: `GET /v1/facilities/{code}/exports/teds-a`, then with `since_position`, `since_as_of` and `since_to` as the
  header `Export-Manifest` of the former answer had `position`, `as_of` and `to`.
- **What was sent** is reckoned anew from the ledger, at the position that the former manifest names: nothing else is
  kept. `--since-position` does the same without a manifest. Of a chart whose key was destroyed since, the ledger can't
  say any more what was sent: give the files themselves with `--sent FILE`, all of them, in the order in which they were
  sent (CSV or NDJSON), and their records are deleted too.
- Each file has a manifest beside it, `FILE.manifest.json`: the cut, the days, the state, how many records are to be
  added, changed and deleted, and the hash of the file. Without it nobody knows later what was sent: keep it.
- `--from` and `--to` choose admissions by their day, discharges by theirs. Against a former export the window must hold
  the former one: what left it would be deleted. Without `--from`, it begins where that one did.
- Items that somebody asked for are recorded as TEDS items (`POST /v1/episodes/{id}/teds-items`); of each item the
  latest value counts. What the record knows itself is reckoned, and follows corrections. What nobody knows is **-9**.
- No name, no medical record number, no date of birth. `client_id` and `episode_id` are this program's own.
- Two charts of one person that were merged may say that one client was admitted to one service twice on a day: one
  record is made, and the manifest counts the others (`doubled`).
- Codes are those of the public-use files (SAMHSA, TEDS-A 2000-2019 and TEDS-D 2019); exact ages, waits and stays stand
  beside their bands. How a state agency wants its file laid out is its own matter: map the columns by their names.

Made by `make docs`; don't edit.

"""

_TITLES: Final = {Kind.ADMISSIONS: "Admissions, `teds-a`", Kind.DISCHARGES: "Discharges, `teds-d`"}


def page() -> str:
    return HEAD + "\n".join(_table(kind) for kind in Kind)


def _table(kind: Kind) -> str:
    transaction = (
        "| `system_transaction` | | What to do with the record | A add; C change; D delete | what was sent before |"
    )
    rows = [transaction, *(_row(item) for item in kind.items)]
    return "\n".join(
        [f"## {_TITLES[kind]}", "", "| column | key | says | codes | comes from |", "|---|---|---|---|---|", *rows, ""]
    )


def _row(item: Item) -> str:
    key = "yes" if item.key else ""
    return f"| `{item.name}` | {key} | {item.meaning} | {_codes(item)} | {item.source} |"


def _codes(item: Item) -> str:
    if item.form is not Form.CODE:
        return item.form.value
    named = "; ".join(f"{code} {label}" for code, label in item.codes.items() if str(code) != label)
    return f"1 to 30 days; {named}" if item.name == "LOS" else named or "five digits"
