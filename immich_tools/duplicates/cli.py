"""``immich-duplicates``: keep the best copy of each photo, carry over what the others have, and trash the others."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

from attrs import evolve, frozen
from cyclopts import Parameter

from immich_tools.duplicates.gather import gather
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.plan import make_plan
from immich_tools.i18n import _
from immich_tools.plan.library_memory import LibraryMemory
from immich_tools.service.notify import RunNotifications
from immich_tools.session import Session
from immich_tools.settings import (
    ApplyOptions,
    ConnectionOptions,
    EachAccountOptions,
    OutputOptions,
    SourceOptions,
    make_app,
    run,
)


@frozen(kw_only=True)
class RunOptions:
    """What concerns one run on the command line, and not what a plan is made of."""

    confirm: Annotated[
        bool,
        Parameter(env_var="IMMICH_CONFIRM", help=_("With --apply: ask for each group; only an explicit yes acts.")),
    ] = False
    enable_log: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_ENABLE_LOG",
            help=_("Write details to immich_duplicates_DATE_TIME.log in the current folder."),
        ),
    ] = False


def duplicates(
    *,
    tool: Annotated[DuplicatesOptions, Parameter(name="*")] = DuplicatesOptions(),
    changes: Annotated[ApplyOptions, Parameter(name="*")] = ApplyOptions(),
    options: Annotated[RunOptions, Parameter(name="*")] = RunOptions(),
    connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    notifications: Annotated[RunNotifications, Parameter(name="*")] = RunNotifications(),
    accounts: Annotated[EachAccountOptions, Parameter(name="*")] = EachAccountOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Keep the best copy of each photo, give it what the others have, and move the others to the trash.

    Without --apply nothing is changed: the plan is shown.
    """
    if options.enable_log and output.log_file is None:
        output = evolve(output, log_file=Path(f"immich_duplicates_{datetime.now():%Y%m%d_%H%M%S}.log"))  # noqa: DTZ005 - for a person
    with Session(connection, output, changes) as session:
        facts = gather(session.immich, tool, read_only_libraries=LibraryMemory.load(changes.journals()).refusing.keys())
        plan = make_plan(facts, tool, permanent=changes.permanent)
        asks = options.confirm and changes.apply
        session.show(plan, each=not asks)
        return session.apply(session.still_true(session.choose(plan)) if asks else plan)


def main() -> None:
    """Entry point of the console script."""
    app = make_app(
        "immich-duplicates",
        _("Remove duplicates from Immich without losing what only one copy has."),
        table="duplicates",
    )
    app.default(duplicates)
    sys.exit(run(app))
