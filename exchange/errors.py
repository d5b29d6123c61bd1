"""Why a file could not be taken in, or an answer not be given: one sentence each, with nothing personal in it."""

from __future__ import annotations


class ExchangeError(Exception):
    """The message says what to do."""


class FileUnreadable(ExchangeError):
    """A file that can't be read to its end, or isn't what it should be. Nothing of it was recorded."""


class ColumnsUnknown(ExchangeError):
    """A table with columns that no table has, or without those that it needs. Nothing was recorded."""


class FileUnwritable(ExchangeError):
    """A file that can't be written where it was asked for."""


class NotImported(ExchangeError):
    """An import that could not go on. What is on record by then stays; it is safe to run again."""


class NotRestored(ExchangeError):
    """A file that is no whole ledger. Nothing of it was recorded."""


class NotOnRecord(ExchangeError):
    """Nothing was known of the site at that time, or nothing is at all."""


class RowsNotKept(ExchangeError):
    """The rows of an issued report aren't in this database, and what is on record doesn't give them anew."""


class NotAsked(ExchangeError):
    """A question that has no answer as it was put: an unknown rule set, a time before the site's."""
