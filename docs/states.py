"""`docs/states.md`: the state machine of an episode, drawn and told from its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain.chart.carry_over import CarriedState
from domain.chart.states import ENDED, TRANSITIONS, Leads, State

HEAD: Final = """\
# States of an episode

A state is that of a date, not of the order of recording. An inquiry opens an episode; voiding a discharge takes it out
again. What the table doesn't name is refused (`episode.transition`), and facts that aren't in it change no state.
Aftercare, alumni and sober living come beside the states. Made of `domain/chart/states.py` by `make docs`; don't edit.

"""

REMARKS: Final[Mapping[str, str]] = {
    "DetoxAnswered": "when the provider declines; who was taken comes back by a new assessment",
    "EpisodeCarriedOver": "by an import, for a patient in treatment when a site starts: it opens the episode",
    "NotAdmitted": "at the end of its date",
    "HoldEnded": "after its date, the hold's last",
    "Discharged": "from its date on; care is still given on it",
}


def page() -> str:
    return f"{HEAD}{_diagram()}\n{_table()}"


def _diagram() -> str:
    lines = ["    [*] --> inquiry: InquiryReceived"]
    lines += [f"    {before} --> {after}: {name}" for name, before, after in _arrows()]
    lines += [f"    {state} --> [*]" for state in sorted(ENDED)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```", ""])


def _arrows() -> Iterator[tuple[str, str, str]]:
    """Fact, state before, state after; what leaves a state as it is, is in the table alone."""
    for name, leads in TRANSITIONS.items():
        for before, to in leads.items():
            if to is Leads.NAMED:
                yield from ((name, "[*]", state.value) for state in CarriedState)
            elif to is Leads.BEFORE:
                yield from ((name, before, after) for after in _leading_to(before))
            elif to is not before:
                yield name, before, to


def _leading_to(state: State) -> list[State]:
    return [before for leads in TRANSITIONS.values() for before, to in leads.items() if to is state is not before]


def _table() -> str:
    rows = [
        f"| `{name}` | {', '.join(before)} | {after} | {REMARKS.get(name, '')} |"
        for name, leads in TRANSITIONS.items()
        for after, before in _grouped(leads).items()
    ]
    return "\n".join(["| fact | from | to | |", "|---|---|---|---|", *rows, ""])


def _grouped(leads: Mapping[State, State | Leads]) -> dict[str, list[str]]:
    """Where a fact leads → the states that it leads there from."""
    grouped: dict[str, list[str]] = {}
    for before, to in leads.items():
        grouped.setdefault("the same" if to is before else to.value, []).append(before.value)
    return grouped
