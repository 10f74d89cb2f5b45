"""``immich-folder-albums``: albums from the folders that files lie in."""

from __future__ import annotations

import sys
from typing import Annotated, Final

from attrs import evolve
from cyclopts import Parameter

from immich_tools.errors import ExitCode, FileFailed, NotShared
from immich_tools.folder_albums.choices import Mode
from immich_tools.folder_albums.gather import gather
from immich_tools.folder_albums.missing_folders import check_guards
from immich_tools.folder_albums.notes import NOT_SHARED, skipped_folders
from immich_tools.folder_albums.older import LONG_OPTIONS, Changes, Connection, Keys, RunOptions, Said
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.plan import check_found, make_plan
from immich_tools.i18n import _
from immich_tools.plan.model import Plan
from immich_tools.service.notify import RunNotifications
from immich_tools.session import Session, agree, guards_of
from immich_tools.settings import SourceOptions, account_in_turn, make_app, run, takes_prefixes_of

# Defaults of parameters are made once, here.
CHANGES: Final = Changes()
CONNECTION: Final = Connection()
KEYS: Final = Keys()
RUN: Final = RunOptions()
SAID: Final = Said()


@takes_prefixes_of(*LONG_OPTIONS)
def folder_albums(
    # The frame moves these three to the options that they mean (`older`): they are always None.
    root_path: Annotated[
        str | None, Parameter(help=_("The same as --root-path; with API_URL and API_KEY, as the older tool has it."))
    ] = None,
    api_url: Annotated[str | None, Parameter(help=_("The same as --url."))] = None,
    api_key: Annotated[str | None, Parameter(help=_("The same as --api-key."))] = None,
    /,
    *,
    tool: Annotated[FolderAlbumsOptions, Parameter(name="*")] = FolderAlbumsOptions(),
    changes: Annotated[Changes, Parameter(name="*")] = CHANGES,
    options: Annotated[RunOptions, Parameter(name="*")] = RUN,
    connection: Annotated[Connection, Parameter(name="*")] = CONNECTION,
    keys: Annotated[Keys, Parameter(name="*")] = KEYS,
    output: Annotated[Said, Parameter(name="*")] = SAID,
    notifications: Annotated[RunNotifications, Parameter(name="*")] = RunNotifications(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Make albums from the folders of external libraries, and keep them filled.

    Without --apply nothing is changed: the plan is shown.
    """
    if tool.mode is not Mode.DELETE_ALL:
        tool.roots()
    changes = evolve(changes, apply=options.applies(tool.mode, changes))
    with Session(connection, output.resolved(), changes, page_size=options.page_size) as session:
        facts = gather(session.immich, tool, journal_folder=changes.journals())
        # Several users may share the roots; each of them has files below some.
        check_found(facts, tool, every=account_in_turn() is None and not keys.account)
        plan = make_plan(facts, tool)
        session.show(plan)
        check_guards(plan, facts, tool, guards_of(changes))
        asks = tool.mode is Mode.DELETE_ALL and changes.apply and plan.changes
        yes, flag = options.delete_confirm, "--delete-confirm"
        if asks and not agree(_("Delete every album of yours?"), yes=yes, flag=flag):
            return session.output.nothing_done(_("Nothing was changed."), ExitCode.DONE)
        code = session.apply(plan)
        if facts.broken and code is ExitCode.DONE:
            session.output.not_over()
            raise FileFailed(skipped_folders(facts.broken))
        if changes.apply and code is ExitCode.DONE:
            check_shared(plan, session)
        return code


def check_shared(plan: Plan, session: Session) -> None:
    """Let a run that shared with fewer people than asked for end as one in which changes failed.

    :raises NotShared: names them.
    """
    people = [skip.group for skip in plan.skips if skip.code == NOT_SHARED]
    if people:
        # What was said to be the end is not the last word.
        session.output.not_over()
        raise NotShared(
            _("Nothing was shared with {people}; the notes of the plan say why.").format(people=", ".join(people))
        )


def main() -> None:
    """Entry point of the console script."""
    app = make_app(
        "immich-folder-albums", _("Make albums from the folders that your files lie in."), table="folder-albums"
    )
    app.default(folder_albums)
    sys.exit(run(app))
