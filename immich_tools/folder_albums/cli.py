"""``immich-folder-albums``: albums from the folders that files lie in."""

from __future__ import annotations

import sys
from typing import Annotated, ClassVar

from attrs import evolve, frozen
from cyclopts import Parameter

from immich_tools.folder_albums.choices import Mode
from immich_tools.folder_albums.gather import gather
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.plan import make_plan
from immich_tools.i18n import _
from immich_tools.session import Session, agree
from immich_tools.settings import (
    ApplyOptions,
    ConnectionOptions,
    Legacy,
    OutputOptions,
    SourceOptions,
    make_app,
    run,
)


@frozen(kw_only=True)
class RunOptions:
    """What concerns one run on the command line, and not what a plan is made of.

    :ivar unattended, delete_confirm: the older tool's words for ``--apply``, each for its modes.
    """

    legacy: ClassVar[tuple[Legacy, ...]] = (
        Legacy("API_URL", "--url"),
        Legacy("API_KEY", "--api-key-file"),
        Legacy("API_TIMEOUT", "--timeout"),
        Legacy("INSECURE", "--insecure"),
        Legacy("THREADS", "--concurrency"),
        Legacy("CHUNK_SIZE", "--batch-size"),
    )

    unattended: Annotated[
        bool,
        Parameter(name=("--unattended", "-u"), env_var="UNATTENDED", help=_("In mode CREATE the same as --apply.")),
    ] = False
    delete_confirm: Annotated[
        bool,
        Parameter(
            name=("--delete-confirm", "-d"),
            env_var="DELETE_CONFIRM",
            help=_("In the modes that delete the same as --apply; DELETE_ALL then asks no question."),
        ),
    ] = False

    def applies(self, mode: Mode) -> bool:
        """Whether these words mean ``--apply`` in a mode."""
        return self.unattended if mode is Mode.CREATE else self.delete_confirm


def folder_albums(
    *,
    tool: Annotated[FolderAlbumsOptions, Parameter(name="*")] = FolderAlbumsOptions(),
    changes: Annotated[ApplyOptions, Parameter(name="*")] = ApplyOptions(),
    options: Annotated[RunOptions, Parameter(name="*")] = RunOptions(),
    connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Make albums from the folders of external libraries, and keep them filled.

    Without --apply nothing is changed: the plan is shown.
    """
    if tool.mode is not Mode.DELETE_ALL:
        tool.roots()
    changes = evolve(changes, apply=changes.apply or options.applies(tool.mode))
    with Session(connection, output, changes) as session:
        facts = gather(session.immich, tool, journal_folder=changes.journals())
        plan = make_plan(facts, tool, permanent=changes.permanent)
        session.show(plan)
        if tool.mode is Mode.DELETE_ALL and changes.apply and plan.changes:
            agree(_("Delete every album of yours?"), yes=options.delete_confirm)
        return session.apply(plan)


def main() -> None:
    """Entry point of the console script."""
    app = make_app(
        "immich-folder-albums", _("Make albums from the folders that your files lie in."), table="folder-albums"
    )
    app.default(folder_albums)
    sys.exit(run(app))
