"""The contract on disk: every stored name, its fields and their types, held against a golden file."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.catalog import BY_NAME, FACTS
from domain.record import Envelope
from store.shapes import depth, is_record, item, shape_of

GOLDEN = Path(__file__).parent / "golden" / "facts.json"

REGENERATE = (
    "What facts are stored as has changed. Facts on record keep the old shape: give it an upcast in store/upcasts.py, "
    "then write the golden file anew with `python -m tests.store.test_stored_names`."
)


TYPES = {str: "text", int: "integer", float: "number", bool: "boolean", date: "date", datetime: "instant", UUID: "uuid"}


def described() -> dict[str, Any]:
    """Name → the kinds of streams it stands in, and its fields; `?` marks those that may be absent."""
    facts = {
        name: {
            "streams": sorted(kind for kind, facts in FACTS.items() if fact in facts),
            "fields": _fields(fact),
        }
        for name, fact in sorted(BY_NAME.items())
    }
    return {"(envelope)": {"fields": _fields(Envelope)}} | facts


def _fields(record: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, hint in shape_of(record).hints.items():
        inner = item(hint)
        of = _fields(inner) if is_record(inner) else TYPES.get(inner) or " | ".join(inner)
        absent = type(None) in getattr(hint, "__args__", ()) or name not in getattr(record, "__required_keys__", {name})
        for _ in range(depth(hint)):
            of = [of]
        fields[name + ("?" if absent else "")] = of
    return fields


def test_stored_names_and_fields_are_those_on_record() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    changed = sorted(name for name in golden.keys() | described().keys() if golden.get(name) != described().get(name))
    assert not changed, f"{REGENERATE} Changed: {', '.join(changed)}."


def test_a_stored_name_is_that_of_its_class() -> None:
    assert all(fact.__name__ == name for name, fact in BY_NAME.items())
    assert len(BY_NAME) == len({fact for facts in FACTS.values() for fact in facts})


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(described(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
