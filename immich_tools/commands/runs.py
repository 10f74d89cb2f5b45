"""``immich-toolkit runs``, ``undo`` and ``resume``: list, undo and resume runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from immich_tools.errors import ExitCode, UnreadableJournal, UsageError
from immich_tools.folders import default_journal_folder
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.execute import apply, resume
from immich_tools.plan.guards import Guards
from immich_tools.plan.journal import UNDO, Journals, Run, find_run, read_journals
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
        journals = read_journals(journal_folder or default_journal_folder())
        undone = {run.undoes: run.id for run in journals.runs if run.undoes}
        for run in journals.runs:
            done = sum(result.status is Status.DONE for result in run.results.values())
            state = _state(run, undone.get(run.id))
            if out.is_json:
                out.line(
                    {
                        "message_type": "run",
                        "run": run.id,
                        "started": run.started.isoformat(),
                        "server": run.server,
                        "user": run.user,
                        "user_id": run.plan.user_id,
                        "done": done,
                        "state": state,
                    }
                )
            else:
                started = run.started.astimezone()
                whose = _("{user} on {server}").format(user=user_of(run), server=run.server)
                out.text(f"{run.id:<40}  {started:%Y-%m-%d %H:%M}  {done:>7} {_('done')}  {whose}  {state}".rstrip())
        _show_unreadable(journals, out)
        if not journals.runs and not journals.unreadable:
            out.say(_("No run has been made yet."))
        return out.ended(ExitCode.DONE)


def user_of(run: Run) -> str:
    """The user whose assets a run changed: by name, by id in journals of older versions."""
    return run.user or run.plan.user_id


def _show_unreadable(journals: Journals, out: Output) -> None:
    for each in journals.unreadable:
        if out.is_json:
            out.line({"message_type": "unreadable_journal", "path": str(each.path), "reason": each.reason})
        else:
            out.text(f"{each.path.stem:<40}  {each.reason}")
        out.say(_("If nobody can repair it: immich-toolkit runs set-aside {name}").format(name=each.path.name))


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
        past = chosen_run(run, folder, immich, lambda each: each.undoes is None)
        _warn_of_damage(past, folder, out)
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
        past = chosen_run(run, folder, immich, lambda each: not each.finished)
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


def chosen_run(name: str, folder: Path, immich: Immich, wanted: Callable[[Run], bool]) -> Run:
    """The run of that name; for ``last`` the newest one that changed assets of the connection's user on its server.

    :param wanted: which runs ``last`` means; where none is like that, the newest of all of the user's, so that its state can be told.
    :raises UsageError: there is none.
    :raises UnreadableJournal: it is not known which run is the last one.
    """
    if name != LAST:
        return find_run(folder, name)
    journals = read_journals(folder)
    own = [run for run in journals.runs if (run.plan.user_id, run.server) == (immich.me.id, immich.url)]
    chosen = next((run for run in reversed(own) if wanted(run)), own[-1] if own else None)
    since = "" if chosen is None else chosen.id
    known = {run.id for run in journals.runs}
    for each in journals.unreadable:
        if each.path.stem > since and each.path.stem not in known:
            raise UnreadableJournal(
                _(
                    "{reason} It may be the last run. Name the run that you mean; 'immich-toolkit runs' lists them."
                ).format(reason=each.reason)
            )
    if chosen is None:
        raise _none_of_own(journals, folder, immich)
    return chosen


def _none_of_own(journals: Journals, folder: Path, immich: Immich) -> UsageError:
    if not journals.runs:
        return UsageError(_("There is no run 'last' in {folder} yet.").format(folder=folder))
    others = [run for run in journals.runs if run.plan.user_id == immich.me.id] or journals.runs
    newest = others[-1]
    if newest.plan.user_id == immich.me.id:
        hint = _("If that is the same server, name the run.")
    else:
        hint = _("Choose that user's key with --account or IMMICH_API_KEY, and the server with --url.")
    return UsageError(
        _("No run of {name} on {url}. The newest one is {run} of {user} on {server}. {hint}").format(
            name=immich.me.name,
            url=immich.url,
            run=newest.id,
            user=user_of(newest),
            server=newest.server,
            hint=hint,
        )
    )


def _warn_of_damage(run: Run, folder: Path, out: Output) -> None:
    if run.damaged:
        out.say(
            _("Warning: a part of the journal {path} cannot be read; what it says is not undone.").format(path=run.path)
        )
    for each in read_journals(folder, f"*-{UNDO}-*").unreadable:
        out.say(_("Warning: {reason} It is not known whether it undid this run.").format(reason=each.reason))


runs_app: Final = App(name="runs", help=_("List past runs, oldest first."))
runs_app.default(list_runs)
runs_app.command(
    "immich_tools.commands.set_aside:set_aside",
    name="set-aside",
    help=_("Move a journal away that cannot be read, knowing which guard that costs."),
)
