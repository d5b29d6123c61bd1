"""A cell as the value that it stands for. A cell that is none is refused (`line.malformed`), and never repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timezone
from functools import lru_cache
from re import compile as compile_pattern
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.refused import Refused
from exchange.csv_columns import Column, Table, plain
from exchange.fact_line import MALFORMED
from exchange.unit import out_of_time

T = TypeVar("T")
Day = date
TimeOfDay = time

_ISO: Final = compile_pattern(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_US: Final = compile_pattern(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_TIME: Final = compile_pattern(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]\.?m\.?)?")
_OFFSET: Final = compile_pattern(r"(.*\d)\s*(?:(z)|([+-])(\d{2}):?(\d{2}))")
_NUMBER: Final = compile_pattern(r"-?(\d+(\.\d+)?|\.\d+)")
_LIST: Final = compile_pattern(r"[;|,]")
_YES: Final = frozenset({"yes", "y", "true", "x"})
_NO: Final = frozenset({"no", "n", "false"})


class Cells:
    """The cells of one row by the names of their columns; local times are in `zone`."""

    def __init__(self, table: Table, texts: Mapping[str, str], zone: ZoneInfo) -> None:
        self._table = table
        self._texts = texts
        self.zone = zone

    def judge_required(self) -> None:
        for column in self._table.columns:
            if column.required and not self._texts.get(column.name):
                raise _malformed(column.name, "is empty: every row needs it")

    def raw(self, name: str) -> str:
        return self._texts.get(name, "")

    def text(self, name: str) -> str | None:
        return self._texts.get(name) or None

    def given(self, name: str, beside: str) -> str:
        """Refused when it is empty; `beside` is the column that needs it."""
        if (text := self.text(name)) is None:
            raise _malformed(name, f"is needed with `{beside}`")
        return text

    def judge_alone(self, names: Iterable[str], without: str) -> None:
        """Refused when one of them says something, which would come to nothing without the other column."""
        for name in names:
            if self.text(name) is not None:
                self.given(without, name)

    def word(self, name: str) -> str | None:
        if (text := self.text(name)) is None:
            return None
        words = self._table.column(name).words
        if (value := words.get(plain(text))) is None:
            raise _malformed(name, f"must be one of {', '.join(sorted(set(words.values())))}")
        return value

    def yes_no(self, name: str) -> bool | None:
        if (text := self.text(name)) is None:
            return None
        word = plain(text)
        if word not in _YES | _NO:
            raise _malformed(name, "must be yes or no")
        return word in _YES

    def count(self, name: str) -> int | None:
        if (text := self.text(name)) is None:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 6:
            raise _malformed(name, "must be a whole number")
        return int(text)

    def number(self, name: str) -> int | float | None:
        if (text := self.text(name)) is None:
            return None
        if not text.isascii() or _NUMBER.fullmatch(text) is None or len(text) > 20:
            raise _malformed(name, "must be a number, with a decimal point where it has one")
        return float(text) if "." in text else int(text)

    def uuid(self, name: str) -> UUID | None:
        if (text := self.text(name)) is None:
            return None
        try:
            return UUID(text)
        except ValueError:
            raise _malformed(name, "must be a UUID") from None

    def names(self, name: str) -> tuple[str, ...] | None:
        if (text := self.text(name)) is None:
            return None
        return tuple(part for one in _LIST.split(text) if (part := one.strip()))

    def date(self, name: str) -> Day | None:
        text = self.text(name)
        return None if text is None else _date(name, text)

    def time(self, name: str) -> TimeOfDay | None:
        text = self.text(name)
        return None if text is None else _time(name, text)

    def instant(self, name: str) -> datetime | None:
        text = self.text(name)
        return None if text is None else _instant(name, text, self.zone)

    def moment(self, name: str, on: Day | None) -> datetime | None:
        """Date and time, or the time alone, of that date."""
        if (text := self.text(name)) is None:
            return None
        if _TIME.fullmatch(text.lower()) is None:
            return _instant(name, text, self.zone)
        if on is None:
            raise _malformed(name, "needs its date, or give `date`")
        return local(on, _time(name, text), self.zone)


def there(value: T | None) -> T:
    """What a row has for certain, its columns being required."""
    if value is None:
        raise AssertionError("A required cell is empty: it should have been refused.")
    return value


def _malformed(name: str, why: str) -> Refused:
    return Refused(MALFORMED, f"`{name}` {why}.")


# The cells of a table are often those of the row before.
@lru_cache(maxsize=5000)
def _date(name: str, text: str) -> date:
    if (found := _ISO.fullmatch(text)) is not None:
        year, month, day = (int(part) for part in found.groups())
    elif (found := _US.fullmatch(text)) is not None:
        month, day, year = (int(part) for part in found.groups())
    else:
        raise _malformed(name, "must be a date: write 2026-03-02, or 3/2/2026 with the month first")
    try:
        return date(year, month, day)
    except ValueError:
        raise _malformed(name, "is no date that exists: the month comes first, as in 3/2/2026 for 2 March") from None


@lru_cache(maxsize=5000)
def _time(name: str, text: str) -> time:
    found = _TIME.fullmatch(text.lower())
    if found is not None:
        hour, minute, second, half = int(found[1]), int(found[2]), int(found[3] or 0), found[4]
        if half is not None:
            hour = hour % 12 + (12 if half[0] == "p" else 0) if 1 <= hour <= 12 else 24
        if hour < 24 and minute < 60 and second < 60:
            return time(hour, minute, second)
    raise _malformed(name, "must be a time: write 18:00, or 6:00 PM")


def _instant(name: str, text: str, zone: ZoneInfo) -> datetime:
    """With an offset, as facts have it, or local."""
    told = text.lower()
    on, _, at = told.replace("t", " ", 1).partition(" ") if "t" in told[:11] else told.partition(" ")
    offset = _OFFSET.fullmatch(at.strip())
    if not at.strip():
        raise _malformed(name, "needs date and time, as in 2026-03-02 18:00")
    if offset is None:
        return local(_date(name, on), _time(name, at.strip()), zone)
    try:
        shift = "+00:00" if offset[2] else f"{offset[3]}{offset[4]}:{offset[5]}"
        return datetime.fromisoformat(f"{_date(name, on).isoformat()}T{_clock(name, offset[1])}{shift}")
    except ValueError:
        raise _malformed(name, "must be a date and time, as in 2026-03-02 18:00") from None


def _clock(name: str, text: str) -> str:
    """A time of day as ISO 8601 writes it; fractions of a second stay."""
    whole, point, fraction = text.partition(".")
    return _time(name, whole).isoformat() + point + fraction


@lru_cache(maxsize=5000)
def local(on: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant at which the facility's wall shows this. Refused where it never does, or does twice."""
    try:
        first = datetime.combine(on, at, tzinfo=zone)
        offset, later = first.utcoffset(), first.replace(fold=1).utcoffset()
        shown = first.astimezone(UTC).astimezone(zone)
    except OverflowError:
        raise out_of_time() from None
    if shown.replace(tzinfo=None) != first.replace(tzinfo=None):
        raise Refused("line.hour-skipped", "Clocks were put forward then, so that time never was: check it.")
    if offset != later or offset is None:
        raise Refused("line.hour-twice", "Clocks were put back then: say which with an offset, as in 01:30-05:00.")
    return first.replace(tzinfo=timezone(offset))


def column_form(column: Column) -> str:
    """How the page says what may stand in a cell of the column."""
    if not column.words:
        return column.form.value
    return f"{column.form.value} {', '.join(f'`{word}`' for word in column.words)}"
