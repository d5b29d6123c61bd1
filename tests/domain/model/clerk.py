"""What the program itself does with a line: decides it as a command does, with the claims that guard what no stream
can."""

from __future__ import annotations

from typing import Any

from domain.chart import Chart
from domain.claims import claims_back, claims_of, claims_struck, seat_changes, taken
from domain.decision import Decision, elsewhere
from domain.refused import Refused
from tests.domain.given import Said, Story, given


class Clerk:
    """One site: its story, and its claims as the store would hold them."""

    def __init__(self) -> None:
        self.story: Story = given()
        self.claims: dict[tuple[str, str], str] = {}
        self.seats: dict[str, str] = {}

    def tries(self, telling: Said) -> tuple[Refused | None, set[str]]:
        """What it is refused by, or the streams that have new entries."""
        try:
            return None, self.take(telling)
        except Refused as refused:
            return refused, set()

    def take(self, telling: Said) -> set[str]:
        decision = self.story.decided(telling)
        self._claim(decision, dry=True)
        history = list(self.story.streams.get(decision.stream, []))
        written = self._add(decision)
        scene = self.story.scene(decision.entries[-1].recorded_at)
        for stream, fact in elsewhere(decision, history, scene):
            further = self.story.decided(
                Said(fact=fact, by=telling.by, at=self.story.clock, reason=telling.reason, stream=stream)
            )
            written |= self._add(further)
        return written

    def _add(self, decision: Decision) -> set[str]:
        self._claim(decision, dry=False)
        self.story.add(decision)
        return {part.stream for part in (*decision.follow, decision)}

    def _claim(self, decision: Decision, *, dry: bool) -> None:
        stream, history = decision.stream, self.story.streams.get(decision.stream, [])
        made = [claim for entry in decision.entries for claim in claims_of(stream, entry.fact)]
        for claim in made:
            # As in the store a stream may claim again what it holds.
            if dry and self.claims.get((claim.kind, claim.value), stream) != stream:
                raise taken(claim.kind)
        before, after = decision.before, decision.after
        if isinstance(before, Chart) and isinstance(after, Chart):
            cohorts = self.story.scene(self.story.clock).cohorts
            changes = seat_changes(stream, before, after, cohorts, self.seats)
            if not dry:
                for claim in changes.releases:
                    self.seats.pop(claim.value)
                self.seats |= {claim.value: claim.stream for claim in changes.claims}
        if not dry:
            for claim in claims_struck(stream, history, decision.entries):
                self.claims.pop((claim.kind, claim.value), None)
            for claim in (*made, *claims_back(stream, history, decision.entries)):
                self.claims[claim.kind, claim.value] = stream

    def state(self, stream: str) -> Any:
        return self.story.state(stream)
