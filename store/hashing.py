"""Claims and commands as they are stored: by keyed hash, so that the database holds no number that names a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from domain.claims import Claim
from store.append import Command, HashedClaim, HashedCommand, NewFact, resource_of
from store.errors import ClaimTaken
from store.sealing import LookupKey


def claim_digest(lookup: LookupKey, kind: str, value: str) -> bytes:
    return lookup.digest("claim", kind, value)


def hashed_claims(lookup: LookupKey, claims: Iterable[Claim]) -> list[HashedClaim]:
    """Each claim once. ClaimTaken when two streams claim the same."""
    by_key: dict[tuple[str, bytes], HashedClaim] = {}
    for claim in claims:
        key = claim_digest(lookup, claim.kind, claim.value)
        hashed = by_key.setdefault((claim.kind, key), HashedClaim(claim.kind, key, claim.stream))
        if hashed.stream != claim.stream:
            raise ClaimTaken(claim.kind)
    return list(by_key.values())


def command_digests(lookup: LookupKey, command: Command) -> tuple[bytes, bytes]:
    """Who sent it under which key, and what it asked for."""
    return lookup.digest("command", command.scope, command.key), lookup.digest("request", command.body)


def hashed_command(
    lookup: LookupKey, command: Command, facts: Sequence[NewFact], seen: Mapping[str, int]
) -> HashedCommand:
    """A command with what its receipt will name: `seen` is which version each stream was at before its facts."""
    key, body = command_digests(lookup, command)
    stream, version, latest = resource_of(command, facts, seen)
    return HashedCommand(key, body, stream, version, latest)
