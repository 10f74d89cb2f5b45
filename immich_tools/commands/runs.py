"""``immich-toolkit runs``, ``undo`` and ``resume``: looking at past runs, bringing back what was, and going on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from immich_tools.errors import ExitCode
from immich_tools.folders import default_journal_folder
from immich_tools.i18n import _
from immich_tools.plan.execute import apply, resume
from immich_tools.plan.guards import Guards
from immich_tools.plan.journal import Run, find_run, runs
from immich_tools.plan.result import Status
from immich_tools.plan.undo import undo_plan
from immich_tools.report.output import Output
from immich_tools.session import agree, connect, typed_consent
from immich_tools.settings import AccountOptions, ConnectionOptions, OutputOptions, SourceOptions
from immich_tools.tools import replan

LAST = "last"

JournalFolder = Annotated[
    Path | None,
    Parameter(env_var="IMMICH_JOURNAL_FOLDER", help=_("Folder of the journals (default: in your state folder).")),
]
Yes = Annotated[bool, Parameter(help=_("Do not ask before anything is changed."))]
RunName = Annotated[str, Parameter(help=_("The run, as 'immich-toolkit runs' names it, or 'last'."))]


def list_runs(
    *,
    journal_folder: JournalFolder = None,
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """List past runs, oldest first."""
    with Output(output) as out:
        known = runs(journal_folder or default_journal_folder())
        undone = {run.undoes: run.id for run in known if run.undoes}
        for run in known:
            done = sum(result.status is Status.DONE for result in run.results.values())
            state = _state(run, undone.get(run.id))
            if out.is_json:
                out.line(
                    {
                        "message_type": "run",
                        "run": run.id,
                        "started": run.started.isoformat(),
                        "server": run.server,
                        "done": done,
                        "state": state,
                    }
                )
            else:
                started = run.started.astimezone()
                out.text(f"{run.id:<40}  {started:%Y-%m-%d %H:%M}  {done:>7} {_('done')}  {state}".rstrip())
        if not known:
            out.say(_("No run has been made yet."))
        return out.ended(ExitCode.DONE)


def _state(run: Run, undone_by: str | None) -> str:
    if undone_by:
        return _("undone by {run}").format(run=undone_by)
    if not run.finished:
        return _("cut short: resume or undo it")
    return _("undoes {run}").format(run=run.undoes) if run.undoes else ""


def undo_run(
    run: RunName,
    /,
    *,
    yes: Yes = False,
    remove_copies: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_REMOVE_COPIES",
            help=_("Also remove the files that the run wrote to this computer, if they still hold the same."),
        ),
    ] = False,
    journal_folder: JournalFolder = None,
    connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions(),
    accounts: Annotated[AccountOptions, Parameter(name="*")] = AccountOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Bring back what a run changed: restore from the trash, remove what was added, write back what was overwritten.

    Shows what it will do, and what it cannot bring back, before it asks.
    """
    folder = journal_folder or default_journal_folder()
    with Output(output) as out, connect(connection, read_only=False, output=out) as immich:
        # The last undo is not meant: undoing it would do again what was just taken back. Whoever wants that names it.
        past = _newest(folder, lambda each: each.undoes is None) if run == LAST else find_run(folder, run)
        plan = undo_plan(past, immich, remove_copies=remove_copies)
        out.plan(plan)
        if not plan.changes:
            return out.nothing_done(_("Nothing to undo."), ExitCode.DONE)
        if not agree(_("Undo this?"), yes=yes):
            return out.nothing_done(_("Nothing was changed."), ExitCode.DONE)
        outcome = apply(
            plan,
            immich,
            guards=Guards(max_ratio=1),
            journal_folder=folder,
            progress=out.watcher(_("Undoing")),
            undoes=past.id,
        )
        out.outcome(outcome)
        return outcome.exit_code


def resume_run(
    run: RunName,
    /,
    *,
    yes: Yes = False,
    journal_folder: JournalFolder = None,
    connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions(),
    accounts: Annotated[AccountOptions, Parameter(name="*")] = AccountOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Go on with a run that was cut short; what was done is not done again."""
    with Output(output) as out, connect(connection, read_only=False, output=out) as immich:
        folder = journal_folder or default_journal_folder()
        past = _newest(folder, lambda each: not each.finished) if run == LAST else find_run(folder, run)
        out.say(
            _("Run {run}: {done} of {all} changes are recorded as done.").format(
                run=past.id,
                done=sum(result.status.is_settled for result in past.results.values()),
                all=len(past.plan.changes),
            )
        )
        if not agree(_("Go on with it?"), yes=yes):
            return out.nothing_done(_("Nothing was changed."), ExitCode.DONE)
        fresh = None
        if past.undoes is None and not past.finished:
            fresh = replan(immich, past.plan, journal_folder=folder)
        outcome = resume(
            past,
            immich,
            fresh=fresh,
            permanent=typed_consent(past.plan, immich),
            progress=out.watcher(_("Applying")),
        )
        out.outcome(outcome)
        return outcome.exit_code


def _newest(folder: Path, wanted: Callable[[Run], bool]) -> Run:
    """The newest run of a kind; the newest of all where there is none, so that the reason why it will not do can be told."""
    return next((run for run in reversed(runs(folder)) if wanted(run)), None) or find_run(folder, LAST)
