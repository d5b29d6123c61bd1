"""What was told to others, by the patient's consent or by an exception of 42 CFR Part 2, and its accounting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart.consent import TPO, Consents, known
from domain.record import Entry, first_recorded_at
from domain.refused import Refused
from domain.week import local_date
from domain.wording import is_blank, spoken


class Basis(StrEnum):
    """`emergency` 42 CFR 2.51, `research` 2.52, `audit` 2.53, `court_order` subpart E; else the patient's consent."""

    CONSENT = "consent"
    EMERGENCY = "emergency"
    RESEARCH = "research"
    AUDIT = "audit"
    COURT_ORDER = "court_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureMade:
    """Made on the day on which it is recorded. By consent: `consent_id` says which; without it, any that covers it."""

    recipient: str
    purpose: str
    what: str
    basis: Basis
    consent_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """`at` is when it was first recorded, wherever that was."""

    recipient: str
    purpose: str
    what: str
    basis: Basis
    consent_id: UUID | None
    at: datetime
    version: int


Disclosures = tuple[Disclosure, ...]


def evolve(disclosures: Disclosures, entry: Entry) -> Disclosures:
    fact: DisclosureMade = entry.fact
    made = Disclosure(
        recipient=fact.recipient,
        purpose=fact.purpose,
        what=fact.what,
        basis=fact.basis,
        consent_id=fact.consent_id,
        at=first_recorded_at(entry),
        version=entry.version,
    )
    return (*disclosures, made)


def judge(consents: Consents, fact: DisclosureMade, on: date) -> None:
    """`on` is the date of recording at the site."""
    if is_blank(fact.recipient) or is_blank(fact.purpose) or is_blank(fact.what):
        raise Refused("disclosure.incomplete", "Say who was told what, and for which purpose: an accounting needs it.")
    if fact.basis is not Basis.CONSENT:
        if fact.consent_id is not None:
            raise Refused("disclosure.two-bases", "Name the consent or the exception that it was made by, not both.")
        return
    if fact.consent_id is not None:
        known(consents, fact.consent_id)
    if not is_covered(consents, fact, on):
        raise Refused(
            "disclosure.not-covered", "No live consent names this recipient and purpose: get one, or name an exception."
        )


def is_covered(consents: Consents, made: DisclosureMade | Disclosure, on: date) -> bool:
    """Whether an exception, or a consent that is live on that date, covers it."""
    if made.basis is not Basis.CONSENT:
        return True
    meant = [consent for key, consent in consents.items() if made.consent_id in (None, key)]
    return any(consent.live_on(on) and consent.covers(made.recipient, made.purpose) for consent in meant)


def unfounded(consents: Consents, disclosures: Disclosures, zone: ZoneInfo) -> Iterator[int]:
    """The versions of disclosures that no consent on record ever covered. One revoked since, even from an earlier day
    on, was relied on: that is flagged where it shows."""
    for made in disclosures:
        if made.basis is not Basis.CONSENT:
            continue
        meant = [consent for key, consent in consents.items() if made.consent_id in (None, key)]
        if not any(c.covers(made.recipient, made.purpose) and c.signed_on <= local_date(made.at, zone) for c in meant):
            yield made.version


# ---- accounting


class Accounting(StrEnum):
    """Which law an accounting is for: 42 CFR 2.25, or 45 CFR 164.528."""

    PART2 = "part2"
    HIPAA = "hipaa"


YEARS: Final = {Accounting.PART2: 3, Accounting.HIPAA: 6}
"""How far back each goes."""


def period(of: Accounting, as_of: date) -> tuple[date, date]:
    """The first and the last date of an accounting, both included."""
    year = as_of.year - YEARS[of]
    try:
        return as_of.replace(year=year), as_of
    except ValueError:  # 29 February
        return date(year, 3, 1), as_of


def accounted(
    consents: Consents, disclosures: Disclosures, of: Accounting, *, as_of: date, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """The rows of an accounting, the oldest first, JSON-ready but for who made it.

    Part 2: all that were made by consent. HIPAA: all but those by consent, and those for treatment, payment and
    operations. `consent_in_doubt`: the consent did not hold on that day, as is known now.
    """
    first, last = period(of, as_of)
    rows = []
    for made in disclosures:
        on, by_consent = local_date(made.at, zone), made.basis is Basis.CONSENT
        wanted = by_consent if of is Accounting.PART2 else not by_consent and spoken(made.purpose) not in TPO
        if wanted and first <= on <= last:
            rows.append(
                {
                    "version": made.version,
                    "on": on.isoformat(),
                    "recipient": made.recipient,
                    "purpose": made.purpose,
                    "what": made.what,
                    "basis": made.basis.value,
                    "consent_id": None if made.consent_id is None else str(made.consent_id),
                    "consent_in_doubt": not is_covered(consents, made, on),
                }
            )
    return rows
