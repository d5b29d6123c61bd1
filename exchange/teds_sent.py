"""Files that were sent to the state, read again: what it has by them. CSV and NDJSON, as they were written here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import orjson

from domain.teds.columns import Form, Item, Value
from domain.teds.records import Kind, Records, Sent, Transaction, applied
from exchange.errors import FileUnreadable

TRANSACTION: Final = "system_transaction"

_YES: Final = {"true": True, "false": False}


def read_sent(paths: Iterable[Path], kind: Kind) -> Records:
    """In the order in which they were sent. FileUnreadable names the file that can't have been sent then."""
    found: Records = {}
    for path in paths:
        try:
            found = applied(found, _lines(path, kind), kind)
        except OSError as error:
            raise FileUnreadable(f"{path.name} can't be read ({error.strerror or 'input error'}).") from None
        except (csv.Error, KeyError, TypeError, ValueError):
            raise FileUnreadable(
                f"{path.name} doesn't follow on the files before it: give every {kind.value} that was sent, as CSV or"
                " NDJSON, in the order in which they were sent."
            ) from None
    return found


def read_manifest(path: Path) -> Mapping[str, Any]:
    """What a manifest says. FileUnreadable where it isn't JSON."""
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        raise FileUnreadable(f"{path.name} can't be read ({error.strerror or 'input error'}).") from None
    except ValueError:
        raise FileUnreadable(f"{path.name} is no manifest: it is the file that ends with .manifest.json.") from None
    return found if isinstance(found, dict) else {}


def _lines(path: Path, kind: Kind) -> Iterator[Sent]:
    text = path.read_bytes()
    read = _csv if not text.startswith(b"{") else _ndjson
    for row in read(text):
        values = tuple(_value(item, row[item.name]) for item in kind.items)
        if None in kind.key_of(values):
            raise ValueError("No part of a key is ever empty.")
        yield Sent(Transaction(row[TRANSACTION]), values)


def _ndjson(text: bytes) -> Iterator[Mapping[str, Any]]:
    return (orjson.loads(line) for line in text.splitlines())


def _csv(text: bytes) -> Iterator[Mapping[str, Any]]:
    return csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""), strict=True)


def _value(item: Item, cell: Any) -> Value:
    """A cell of either kind of file. TypeError or ValueError where it is none."""
    if cell is None or cell == "":
        return None
    match item.form:
        case Form.CODE | Form.INTEGER:
            return int(cell)
        case Form.DATE:
            return date.fromisoformat(cell)
        case Form.YES_NO:
            return cell if isinstance(cell, bool) else _YES[cell]
        case Form.TEXT | Form.UUID:
            # What a spreadsheet would take for a formula has an apostrophe before it.
            return str(cell).removeprefix("'")
