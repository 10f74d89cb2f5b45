"""``immich-album-backup``: copies of an album's originals in an external library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Final

from attrs import asdict, evolve, frozen
from cyclopts import Parameter

from immich_tools.album_backup.accounts import Accounts
from immich_tools.album_backup.backup import Check, Preview, Report, back_up, preview
from immich_tools.album_backup.memory import memory_path, read_memory, write_memory
from immich_tools.album_backup.older import Connection, check_whose
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.plan import TOOL
from immich_tools.album_backup.show import Show, list_albums
from immich_tools.errors import AccessDenied, ExitCode, GuardTripped, UsageError
from immich_tools.i18n import _, ngettext
from immich_tools.immich.client import Immich
from immich_tools.plan.execute import apply
from immich_tools.plan.executor import ProgressCallback
from immich_tools.plan.guards import check_permanent, trash_policy_now
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.storage import check_place
from immich_tools.report.output import Output
from immich_tools.service.notify import RunNotifications
from immich_tools.session import connect, guards_of, typed_consent
from immich_tools.settings import (
    AccountOptions,
    ApplyOptions,
    OutputOptions,
    SourceOptions,
    accounts,
    make_app,
    run,
)


@frozen(kw_only=True)
class ListOptions:
    """What concerns one run on the command line, and not what a plan is made of."""

    list: Annotated[
        bool,
        Parameter(
            negative=(), help=_("Only list the albums with their photos, dates and sizes, by name, the last one first.")
        ),
    ] = False


# Defaults of parameters are made once, here.
TOOL_OPTIONS: Final = AlbumBackupOptions()
LISTING: Final = ListOptions()
CONNECTION: Final = Connection()


def album_backup(
    *,
    tool: Annotated[AlbumBackupOptions, Parameter(name="*")] = TOOL_OPTIONS,
    listing: Annotated[ListOptions, Parameter(name="*")] = LISTING,
    changes: Annotated[ApplyOptions, Parameter(name="*")] = ApplyOptions(),
    connection: Annotated[Connection, Parameter(name="*")] = CONNECTION,
    users: Annotated[AccountOptions, Parameter(name="*")] = AccountOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    notifications: Annotated[RunNotifications, Parameter(name="*")] = RunNotifications(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Copy albums into an external library, every file proven; then, if asked to, let go of the uploads.

    Without --apply nothing is changed: the plan is shown. With several users' keys the albums are those that the first one sees.
    """
    if changes.save_plan is not None:
        if changes.apply:
            raise UsageError(_("--save-plan saves what a dry run shows; leave out --apply."))
        check_place(changes.save_plan)
    with (
        Output(output) as out,
        _connected(connection, changes, out) as connected,
    ):
        if listing.list:
            list_albums(connected.first, out)
            return out.ended(ExitCode.DONE)
        if not changes.apply:
            return _preview(connected, tool, changes, out)

        def carry_out(plan: Plan, immich: Immich, progress: ProgressCallback) -> Outcome:
            guards = guards_of(changes)
            guards.check(plan)
            return apply(
                plan,
                immich,
                guards=guards,
                journal_folder=changes.journals(),
                permanent=typed_consent(plan, immich) if changes.permanent else None,
                batch_size=changes.batch_size,
                progress=progress,
            )

        memory = memory_path(connected.first.me.id)
        known = read_memory(memory)
        try:
            report = back_up(connected, tool, carry_out, check=_checked_by(changes), known=known, tell=Show(out))
        finally:
            write_memory(memory, known)
        return _ended(report, tool, out)


def _checked_by(changes: ApplyOptions) -> Check:
    def check(plan: Plan, immich: Immich) -> None:
        guards_of(changes).check(plan)
        if not changes.permanent:
            check_permanent(plan, trash_policy_now(immich), None)

    return check


@contextmanager
def _connected(connection: Connection, changes: ApplyOptions, out: Output) -> Iterator[Accounts]:
    """Connect for every user whose key is known."""
    with ExitStack() as stack:
        clients = []
        known = accounts()
        for account in known:
            options = evolve(connection, api_key=account.key)
            try:
                client = stack.enter_context(connect(options, read_only=not changes.apply, output=out))
                if changes.apply:
                    client.check_writable()
                check_whose(account.name, client.me)
            except AccessDenied as error:
                if len(known) == 1:
                    raise
                raise AccessDenied(_("account {name}: {error}").format(name=account.name, error=error)) from error
            clients.append(client)
        yield Accounts.of(clients)


def _preview(connected: Accounts, tool: AlbumBackupOptions, changes: ApplyOptions, out: Output) -> int:
    found = preview(connected, tool, known=read_memory(memory_path(connected.first.me.id)))
    for plan in found.plans:
        out.plan(plan)
    if changes.save_plan is not None:
        _save(found.plans, changes, out)
    for step in found.follows if found.has_work else ():
        out.say(_("Then {step}.").format(step=step))
    _warn_of_guards(connected, found, changes, out)
    if not found.has_work:
        return out.nothing_done(_("Nothing to do."), ExitCode.DONE)
    code = ExitCode.WORK_FOUND if changes.exit_code else ExitCode.DONE
    return out.nothing_done(_("Dry run: nothing was changed. Carry it out with --apply."), code)


def _warn_of_guards(connected: Accounts, found: Preview, changes: ApplyOptions, out: Output) -> None:
    """Say beforehand what would end the run before anything is copied."""
    for plan in found.removals:
        client = connected.of_user(plan.user_id)
        try:
            if client is not None:
                _checked_by(changes)(plan, client)
        except GuardTripped as guard:
            out.say(_("With --apply the run would be stopped: {reason}").format(reason=guard))


def _save(plans: tuple[Plan, ...], changes: ApplyOptions, out: Output) -> None:
    filled = [plan for plan in plans if plan.changes] or list(plans[:1])
    if len(filled) > 1:
        raise UsageError(_("--save-plan: there are plans of several users; choose one with --account."))
    assert changes.save_plan is not None
    filled[0].save(changes.save_plan)
    out.say(
        _(
            "The plan is in {path}. Read it, delete what you do not want, and carry it out with: immich-toolkit apply {path}"
        ).format(path=changes.save_plan)
    )


def _ended(report: Report, tool: AlbumBackupOptions, out: Output) -> int:
    missing = len(report.not_appeared)
    if missing:
        out.say(
            ngettext(
                "{count} copy has not appeared in Immich yet, such as {path}. When the library has been scanned, run this again.",
                "{count} copies have not appeared in Immich yet, such as {path}. When the library has been scanned, run this again.",
                missing,
            ).format(count=missing, path=report.not_appeared[0])
        )
    if report.stays:
        count = len(report.stays)
        out.say(ngettext("{count} upload stays:", "{count} uploads stay:", count).format(count=count))
    for stay in report.stays:
        if out.is_json:
            out.line({"message_type": "stays", **asdict(stay)})
        out.say(f"  {stay.name}: {stay.reason}")
    if not report.outcomes:
        return out.nothing_done(_("Nothing to do."), report.exit_code)
    return out.ended(report.exit_code)


def main() -> None:
    """Entry point of the console script."""
    app = make_app("immich-album-backup", _("Copy albums into an external library, proven."), table=TOOL)
    app.default(album_backup)
    sys.exit(run(app))
