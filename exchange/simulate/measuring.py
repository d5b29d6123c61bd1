"""What synthetic lives were aimed at, and what they came to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median

from domain.chart.exit import DischargeReason
from exchange.simulate.rates import FACTS_OF_A_COMPLETED_EPISODE, FACTS_OF_A_DROP_OUT, Rates


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure, in percent, days or facts; `aimed` is a figure or a range. `of` is how many it was taken from."""

    name: str
    aimed: str
    reached: float | None
    unit: str
    of: int


@dataclass(slots=True)
class Tally:
    """Counts as lives are told. `days` and `facts` are of stays that the end of the run could not cut, `cut_days` and
    `cut_facts` of the others, by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    days: defaultdict[DischargeReason, list[int]] = field(default_factory=lambda: defaultdict(list))
    facts: defaultdict[DischargeReason, list[int]] = field(default_factory=lambda: defaultdict(list))
    cut_days: defaultdict[DischargeReason, list[int]] = field(default_factory=lambda: defaultdict(list))
    cut_facts: defaultdict[DischargeReason, list[int]] = field(default_factory=lambda: defaultdict(list))

    def ended(self, reason: DischargeReason, days: int, *, whole: bool) -> None:
        """A discharge; `whole` where the patient was admitted so early that the longest stay would have ended."""
        (self.days if whole else self.cut_days)[reason].append(days)

    def told(self, reason: DischargeReason, facts: int, *, whole: bool) -> None:
        """What an episode came to."""
        (self.facts if whole else self.cut_facts)[reason].append(facts)

    def count(self, what: str, n: int = 1) -> None:
        self.counts[what] += n

    def measures(self, rates: Rates) -> list[Measure]:
        """Aimed and reached, in the order of a report."""
        counted = self.counts
        # A run too short for whole stays says what it has: the long ones are missing.
        all_days, all_facts = (self.days, self.facts) if self.days else (self.cut_days, self.cut_facts)
        left = sum(map(len, all_days.values()))
        weights = sum(rates.reasons.values())
        found = [
            _share(f"discharged: {reason.value}", weight / weights, len(all_days[reason]), left)
            for reason, weight in rates.reasons.items()
        ]
        for reason, aimed in rates.median_days.items():
            days = all_days[reason]
            found.append(Measure(f"median stay: {reason.value}", str(aimed), _median(days), "days", len(days)))
        records = counted["attendance"]
        found += [
            _share("enrolled who never come", rates.never_come, counted["never came"], counted["enrolled"]),
            _share("sessions attended", 1 - rates.missed, records - counted["missed"], records),
            _share("missed with an excuse", rates.excused, counted["excused"], counted["missed"]),
            _share("attendance corrected", rates.corrected, counted["corrected"], records),
            _share("attendance entered late", rates.late, counted["late"], records),
            _share("screens positive, unexpected", rates.positive, counted["unexpected"], counted["valid"]),
            _share("positives overturned", rates.overturned, counted["overturned"], counted["confirmed"]),
            _share("specimens dilute", rates.dilute, counted["dilute"], counted["specimens"]),
            _share("screens refused", rates.refused, counted["refused"], counted["screens"]),
        ]
        for name, reason, (least, most) in (
            ("facts of a completed episode", DischargeReason.COMPLETED, FACTS_OF_A_COMPLETED_EPISODE),
            ("facts of a drop-out", DischargeReason.DROPPED_OUT, FACTS_OF_A_DROP_OUT),
        ):
            facts = all_facts[reason]
            found.append(Measure(name, f"{least} to {most}", _median(facts), "facts", len(facts)))
        return found


def _share(name: str, aimed: float, part: int, of: int) -> Measure:
    return Measure(name, f"{100 * aimed:.1f}", round(100 * part / of, 1) if of else None, "%", of)


def _median(values: list[int]) -> float | None:
    return round(median(values), 1) if values else None
