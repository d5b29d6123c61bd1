"""The command `stepdown`: its words, options and exit codes. What a command does is in `stepdown/commands/`.

Exit codes: 0 done; 1 refused or found wrong, said in one line on stderr; 2 not understood. Told to end while at work:
128 + the signal. The rooms are imported when a command needs them, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from typer.main import get_command

from stepdown import (
    at_risk_words,
    blast_radius_words,
    chart_words,
    findings_words,
    late_words,
    replay_words,
    report_words,
    simulate_words,
    tables_words,
    what_if_words,
    worklist_words,
)
from stepdown.errors import Misused
from stepdown.export_options import ExportFormats, ExportKind, FromOn, ToOn, wanted
from stepdown.faults import sentence, watch
from stepdown.import_options import Files, Final_, LateReason, RejectsTo, Restore, TableOf
from stepdown.options import (
    AsJson,
    AsOf,
    By,
    Data,
    DemoData,
    Facility,
    Host,
    KnownAt,
    Out,
    Port,
    Purpose,
    read_instant,
    read_staff,
)
from stepdown.signals import end_by_exception
from stepdown.teds_options import Against, Before, SentFiles, SincePosition, StateFips
from stepdown.terminal import write_whole

app = typer.Typer(
    name="stepdown",
    help="The care record of intensive outpatient programs: immutable facts, projections, proof.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(report_words.app, name="report")
app.add_typer(what_if_words.app, name="what-if")
app.command("at-risk")(at_risk_words.at_risk)
app.command("blast-radius")(blast_radius_words.blast_radius)
app.command()(findings_words.findings)
app.command()(chart_words.status)
app.command()(chart_words.access)
app.command()(chart_words.roster)
app.command()(late_words.late)
app.command()(worklist_words.census)
app.command()(worklist_words.screenings)
app.command("step-downs")(worklist_words.step_downs)
app.command()(worklist_words.weeks)
app.command()(worklist_words.activity)
app.command()(replay_words.replay)
app.command()(simulate_words.simulate)
app.command()(tables_words.follow)
app.command()(tables_words.rebuild)


@app.command()
def serve(
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8642,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Keep the projections current, or leave that to `stepdown follow`."),
    ] = True,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            max=64,
            metavar="N",
            help="Processes that answer requests, at one address: STEPDOWN_WORKERS, else 1. One for each core.",
        ),
    ] = None,
) -> None:
    """Serve the API on the database in STEPDOWN_DATABASE_URL, or on the embedded Postgres.

    With several workers a process of its own follows, holds the embedded Postgres and replaces a worker that dies.
    Each of them all has STEPDOWN_POOL_SIZE connections (16) to the database: the embedded Postgres has 90 for them.
    """
    from stepdown.commands import serving

    serving.serve(data, host=host, port=port, follow=follow, workers=workers)


@app.command()
def demo(data: DemoData = Path(".stepdown-demo"), host: Host = "127.0.0.1", port: Port = 8642) -> None:
    """Serve the sample program, with a person and a token for every role."""
    from stepdown.commands import serving

    serving.demo(data, host=host, port=port)


@app.command()
def migrate(data: Data = None) -> None:
    """Prepare the database for this version: STEPDOWN_OWNER_URL, or the embedded Postgres."""
    from stepdown.commands import database

    database.migrate(data)


@app.command("import")
def import_(
    files: Files,
    rejects: RejectsTo = None,
    restore: Restore = False,
    final: Final_ = False,
    facility: TableOf = None,
    reason: LateReason = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Import facts; each is judged as if it were recorded now. Safe to run again."""
    if restore and rejects is not None:
        raise typer.BadParameter("a restore takes all or nothing, so it has no rejects.", param_hint="--rejects")
    if restore and final:
        raise typer.BadParameter("a restore takes what is in the file and adds nothing.", param_hint="--final")
    from stepdown.commands import files as work

    try:
        work.import_files(
            files,
            rejects=rejects,
            restore=restore,
            final=final,
            facility=facility,
            reason=reason,
            data=data,
            as_json=as_json,
        )
    except Misused as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from None


@app.command()
def export(
    what: ExportKind,
    facility: Facility = None,
    from_on: FromOn = None,
    to_on: ToOn = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    formats: ExportFormats = None,
    out: Out = None,
    state: StateFips = None,
    against: Against = None,
    since_position: SincePosition = None,
    sent: SentFiles = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
) -> None:
    """Export a table of a site, with a manifest beside each file. Ids, no names; facts as NDJSON hold everything.

    The same question at the same position gives the same bytes. docs/exports.md and docs/teds.md list the columns.
    """
    from stepdown.commands import exports as work

    work.export(
        wanted(
            what,
            formats,
            from_on=from_on,
            to_on=to_on,
            as_of=as_of,
            known_at=known_at,
            out=out,
            facility=facility,
            before=Before(state=state, against=against, since_position=since_position, sent=tuple(sent or ())),
        ),
        data=data,
        by=by,
        purpose=purpose,
    )


@app.command()
def token(
    role: Annotated[str, typer.Option("--role", help="One of the site's roles, like counselor.")],
    facility: Facility = None,
    staff: Annotated[
        UUID | None,
        typer.Option("--staff", metavar="STAFF", parser=read_staff, help="Whom of several in that role: the staff_id."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of an administrator, who needs no line in the staff list.")
    ] = None,
    data: Data = None,
) -> None:
    """Print a bearer token for development."""
    from stepdown.commands import tokens

    tokens.token(role, facility=facility, staff=staff, name=name, data=data)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for it.", show_default=False)],
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FILE", help="Gets a copy of the master key; outside of DIR, on another disk."),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            "--archive",
            metavar="FOLDER",
            help="From now on, have the embedded Postgres archive its write-ahead log there.",
        ),
    ] = None,
    no_archive: Annotated[bool, typer.Option("--no-archive", help="Have it archive no longer.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Back up the embedded Postgres, or the one in STEPDOWN_BACKUP_URL, and verify the copy; keys are kept apart."""
    if archive is not None and no_archive:
        raise typer.BadParameter("it contradicts --archive.", param_hint="--no-archive")
    from stepdown.commands import backup as work

    work.backup(target, keys=keys, archive=archive, no_archive=no_archive, data=data, as_json=as_json)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="What `stepdown backup` wrote.", show_default=False)],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Not into --data: a data directory for a Postgres of your own."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="FILE", help="The master key, to see that charts open.")
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", metavar="FOLDER", help="Go on with the write-ahead log that was archived there."),
    ] = None,
    until: Annotated[
        Any,
        typer.Option(
            "--until", metavar="INSTANT", parser=read_instant, help="Of the archive, only what was committed by then."
        ),
    ] = None,
    timeline: Annotated[
        int | None,
        typer.Option(
            "--timeline",
            metavar="NUMBER",
            min=1,
            help="Of an archive that several servers wrote into, the timeline to follow.",
        ),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back, into a data folder without a database, and check that all of it is there."""
    if to is not None and data is not None:
        raise typer.BadParameter("it contradicts --data.", param_hint="--to")
    if until is not None and archive is None:
        raise typer.BadParameter("it takes an --archive.", param_hint="--until")
    if timeline is not None and archive is None:
        raise typer.BadParameter("it takes an --archive.", param_hint="--timeline")
    from stepdown.commands import backup as work

    work.restore(source, to=to, keys=keys, archive=archive, until=until, timeline=timeline, data=data, as_json=as_json)


def run(arguments: Sequence[str]) -> int:
    """The exit code. What went wrong has been said on stderr, in one line."""
    try:
        # Not `app(…)`: it would put an exception hook of its own in the place of ours.
        ended = get_command(app).main(args=list(arguments), prog_name="stepdown", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return _say_usage(error)
    except BrokenPipeError:
        # Whoever read us has seen enough.
        _give_up_stdout()
        return 1
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        _give_up_stdout()
        print(said, file=sys.stderr)
        return 1
    return ended if isinstance(ended, int) else 0


def _give_up_stdout() -> None:
    """What is left in the buffer may have nowhere to go; tried again at exit, it would be complained of once more."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_usage(error: Any) -> int:
    """What was not understood, where help is, and code 2."""
    if said := error.format_message():
        path = error.ctx.command_path if getattr(error, "ctx", None) is not None else "stepdown"
        said = said.replace("Value error, ", "").rstrip(".")
        print(f"{said}. See `{path} --help`.", file=sys.stderr)
    return int(error.exit_code)


def main() -> None:
    """The console script."""
    watch()
    write_whole()
    end_by_exception()
    sys.exit(run(sys.argv[1:]))
