"""Write the pages that are made from the code: `python -m docs`."""

from docs import csv_import, exports, refusals, states, teds

PAGES = {
    "rules.md": lambda: refusals.page(refusals.refusals()),
    "states.md": states.page,
    "csv-import.md": csv_import.page,
    "exports.md": exports.page,
    "teds.md": teds.page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (refusals.ROOT / "docs" / name).write_text(page(), encoding="utf-8")
