"""What every question says besides what it is about: its two times, and what it must have seen already.

A parameter that isn't known is refused: a misspelt `as_of` would otherwise be answered as today.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.bodies import Instant, PlainDate
from api.gate import Caller
from api.problem import try_again
from exchange.cut import knowledge, remarks, utc_text
from projections.position import wait_for

WAIT_SECONDS: Final = 2.0
"""How long a question waits for what it must have seen."""

Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", description="The facility's code.")]
PatientId = Annotated[UUID, Path(description="The `patient_id`: what stands behind `chart/` in the stream.")]
Seen = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}:[0-9]{1,18}$")]


class Parameters(BaseModel):
    """The query of a URL."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Current(Parameters):
    """A question about now."""

    at_least: list[Seen] = Field(
        [],
        max_length=50,
        description="`<ledger>:<position>` of a receipt: the answer has seen it, or is 503. May repeat, one a ledger.",
    )


class Asked(Current):
    """A question about a date, as known at an instant."""

    as_of: PlainDate | None = Field(
        None,
        description="What had happened by the end of this date. Today at the site, or the local date of `known_at`.",
    )
    known_at: Instant | None = Field(
        None,
        description="What was on record then, with offset. All that is; a later one is answered so, and says so.",
    )


def wait(by: Caller, asked: Current, *, for_tables: bool) -> None:
    """503 unless what was seen at this site is there in time: in the read tables, or in the ledger itself. NotOnRecord
    for a `known_at` before the first fact of the site.

    Positions in other ledgers don't matter to an answer about this one.
    """
    position, store = _seen(by, asked), by.wiring.store
    if (known_at := getattr(asked, "known_at", None)) is not None:
        knowledge(store.ledger(by.facility), known_at)
    if position == 0:
        return
    if for_tables:
        there = wait_for(store, by.facility, position, WAIT_SECONDS)
    else:
        there = store.ledger(by.facility).head().position >= position
    if not there:
        raise try_again("That position isn't in the answer yet: ask again in a moment.")


def is_in(position: int, by: Caller, asked: Current) -> bool:
    """Whether what was seen at this site is in an answer at that position of its ledger."""
    return _seen(by, asked) <= position


def _seen(by: Caller, asked: Current) -> int:
    """The last position of this site's ledger that was seen; 0 for none."""
    seen = [one.partition(":") for one in asked.at_least]
    return max((int(position) for ledger, _, position in seen if ledger == by.facility), default=0)


def said(
    by: Caller,
    document: dict[str, Any],
    known_at: datetime | None,
    *,
    answered: datetime | None = None,
    besides: Sequence[str] = (),
) -> dict[str, Any]:
    """The document of an answer, with what has to be said beside it: `asked_known_at` where a later instant was asked
    for than it answers, `remarks` on that, on an `as_of` that was still to come, and `besides`. `answered` where it
    isn't the document's own `known_at`."""
    stands_at = answered or datetime.fromisoformat(document["known_at"])
    told = [
        *remarks(
            stands_at,
            asked=known_at,
            as_of=date.fromisoformat(document["as_of"]) if "as_of" in document else None,
            now=by.wiring.clock(),
            zone=None if by.glance is None else by.glance.facility.zone,
        ),
        *besides,
    ]
    return {
        **document,
        **({} if known_at is None or known_at <= stands_at else {"asked_known_at": utc_text(known_at)}),
        **({"remarks": told} if told else {}),
    }
