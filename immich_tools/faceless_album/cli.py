"""``immich-faceless-album``: an album of the files in which nobody is recognised."""

from __future__ import annotations

import sys
from typing import Annotated, ClassVar

from attrs import frozen
from cyclopts import Parameter

from immich_tools.faceless_album.gather import gather
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.faceless_album.plan import TOOL, check_guards, make_plan
from immich_tools.i18n import _
from immich_tools.service.notify import RunNotifications
from immich_tools.session import Session
from immich_tools.settings import (
    ApplyOptions,
    ConnectionOptions,
    EachAccountOptions,
    Legacy,
    OutputOptions,
    SourceOptions,
    make_app,
    run,
)


@frozen(kw_only=True)
class Connection(ConnectionOptions):
    """How to reach the server, by the names of immich_faceless_album as well."""

    legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("API_KEY", "--api-key-file"), Legacy("LOG_FILE_PATH", "--log-file"))


def faceless_album(
    *,
    tool: Annotated[FacelessAlbumOptions, Parameter(name="*")] = FacelessAlbumOptions(),
    changes: Annotated[ApplyOptions, Parameter(name="*")] = ApplyOptions(),
    connection: Annotated[Connection, Parameter(name="*")] = Connection(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    notifications: Annotated[RunNotifications, Parameter(name="*")] = RunNotifications(),
    accounts: Annotated[EachAccountOptions, Parameter(name="*")] = EachAccountOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Keep one album equal to the files in which nobody is recognised, or to those that another rule describes.

    Without --apply nothing is changed: the plan is shown.
    """
    with Session(connection, output, changes) as session:
        facts = gather(session.immich, tool, journal_folder=changes.journals())
        plan = make_plan(facts, tool)
        session.show(plan)
        check_guards(plan, facts, tool)
        return session.apply(plan)


def main() -> None:
    """Entry point of the console script."""
    app = make_app("immich-faceless-album", _("Keep an album of the files in which nobody is recognised."), table=TOOL)
    app.default(faceless_album)
    sys.exit(run(app))
