"""The options of `stepdown export teds-a` and `teds-d`: for which state, and what was sent to it before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from exchange.export.question import Asked

KINDS: Final = ("teds-a", "teds-d")

StateFips = Annotated[
    int | None,
    typer.Option(
        "--state", metavar="FIPS", help="teds-a, teds-d: the state that it is for; Kentucky, 21.", show_default=False
    ),
]
Against = Annotated[
    Path | None,
    typer.Option(
        "--against",
        metavar="MANIFEST",
        help="teds-a, teds-d: only what has to be sent after that export: add, change, delete.",
        exists=True,
        dir_okay=False,
    ),
]
SincePosition = Annotated[
    int | None,
    typer.Option(
        "--since-position",
        metavar="POSITION",
        min=1,
        help="The same without a manifest: after an export of these days at that position.",
    ),
]
SentFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--sent",
        metavar="FILE",
        help="The same by the files themselves, all that were sent, in order; needed for charts destroyed since.",
        exists=True,
        dir_okay=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was typed of it."""

    state: int | None = None
    against: Path | None = None
    since_position: int | None = None
    sent: tuple[Path, ...] = ()

    def check(self, kind: str) -> None:
        """BadParameter for an option of another kind, or two that say the same."""
        given = [
            name
            for name, value in (
                ("--against", self.against),
                ("--since-position", self.since_position),
                ("--sent", self.sent or None),
            )
            if value is not None
        ]
        if kind not in KINDS and (given or self.state is not None):
            hint = f"it is for {' and '.join(KINDS)}."
            raise typer.BadParameter(hint, param_hint=given[0] if given else "--state")
        if len(given) > 1:
            raise typer.BadParameter(f"it contradicts {given[0]}: say once what was sent.", param_hint=given[1])

    def asked(self, kind: str, asked: Asked) -> Asked:
        """The question with what was sent, as the manifest or the files say."""
        if kind not in KINDS:
            return asked
        from exchange.export.teds import submitted

        return submitted(
            asked,
            kind,
            state=self.state,
            manifest=self.against,
            since_position=self.since_position,
            files=self.sent,
        )
