"""``immich-toolkit apply``: carry out a saved plan, as far as it is still true."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from attrs import asdict, evolve
from cyclopts import Parameter

from immich_tools.errors import ExitCode
from immich_tools.i18n import _
from immich_tools.plan.confirm import confirm
from immich_tools.plan.storage import load_plan
from immich_tools.session import Session, agree
from immich_tools.settings import (
    AccountOptions,
    ApplyOptions,
    ConnectionOptions,
    ExecutionOptions,
    OutputOptions,
    SourceOptions,
)
from immich_tools.tools import replan


def apply_saved(
    plan: Annotated[Path, Parameter(help=_("A plan that was saved with --save-plan, and perhaps edited."))],
    /,
    *,
    yes: Annotated[bool, Parameter(help=_("Do not ask before anything is changed."))] = False,
    dry_run: Annotated[
        bool, Parameter(env_var="IMMICH_DRY_RUN", help=_("Only show what would be carried out."))
    ] = False,
    execution: Annotated[ExecutionOptions, Parameter(name="*")] = ExecutionOptions(),
    connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions(),
    accounts: Annotated[AccountOptions, Parameter(name="*")] = AccountOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Carry out a saved plan.

    The server is read again, and only what the file names and is still true is done.
    """
    saved = load_plan(plan)
    changes = ApplyOptions(**asdict(execution, recurse=False), apply=not dry_run)
    with Session(connection, output, changes) as session:
        fresh = replan(session.immich, saved, journal_folder=changes.journals())
        confirmed, fallen = confirm(saved, fresh)
        session.show(evolve(confirmed, skips=fallen))
        if not confirmed.changes:
            return session.output.nothing_done(_("Nothing of the plan is still true."), ExitCode.DONE)
        if not dry_run and not agree(_("Carry this out?"), yes=yes):
            return session.output.nothing_done(_("Nothing was changed."), ExitCode.DONE)
        return session.apply(confirmed)
