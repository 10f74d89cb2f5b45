"""``immich-missing-originals``: trash assets whose files are gone, and restore those whose files are back."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

from attrs import frozen
from cyclopts import App, Parameter

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.missing_originals.database_options import DatabaseAddress, DatabaseOptions
from immich_tools.missing_originals.options import PREFIX, MissingOriginalsOptions
from immich_tools.missing_originals.plan import TOOL
from immich_tools.missing_originals.records import RecordSource
from immich_tools.missing_originals.report_file import ReportFile, report_path
from immich_tools.missing_originals.rounds import Round
from immich_tools.report.output import Output
from immich_tools.service.notify import RunNotifications
from immich_tools.settings import (
    AccountOptions,
    ApplyOptions,
    ConnectionOptions,
    OutputOptions,
    SourceOptions,
    current_invocation,
    for_each_account,
    make_app,
    run,
)
from immich_tools.settings.accounts import account_names
from immich_tools.settings.application import parse


@frozen(kw_only=True)
class RunOptions:
    """What concerns one run on the command line, and not what a plan is made of."""

    report_file: Annotated[
        Path | None,
        Parameter(
            env_var=PREFIX + "REPORT_FILE",
            help=_(
                "List every file that is not there, what becomes of it and how it is restored, as .json or .csv; "
                "%Y-%m-%d in the name stands for the day."
            ),
        ),
    ] = None


def missing_originals(
    *,
    tool: Annotated[MissingOriginalsOptions, Parameter(name="*")] = MissingOriginalsOptions(),
    database: Annotated[DatabaseOptions, Parameter(name="*")] = DatabaseOptions(),
    changes: Annotated[ApplyOptions, Parameter(name="*")] = ApplyOptions(),
    options: Annotated[RunOptions, Parameter(name="*")] = RunOptions(),
    connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    notifications: Annotated[RunNotifications, Parameter(name="*")] = RunNotifications(),
    accounts: Annotated[AccountOptions, Parameter(name="*")] = AccountOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Find assets whose original file is gone, and move them to the trash; restore those whose file is back.

    Without --apply nothing is changed, and the run does not count for --grace-runs: the plan is shown.
    """
    if changes.permanent:
        raise UsageError(_("--permanent: missing originals only ever go to the trash, because files may come back."))
    if changes.save_plan is not None and len(account_names()) > 1:
        raise UsageError(_("--save-plan saves the plan of one account: choose it with --account"))
    name = options.report_file
    report = None if name is None else ReportFile(report_path(name, datetime.now()))  # noqa: DTZ005 - for a person
    if report is not None:
        report.check()
    with (
        Output(output) as out,
        Round(
            tool=tool,
            database=_address(tool, database),
            changes=changes,
            connection=connection,
            output=out,
            report=report,
        ) as round_,
    ):
        return for_each_account(round_.prepare)


def _address(tool: MissingOriginalsOptions, database: DatabaseOptions) -> DatabaseAddress | None:
    return database.address() if database.is_given and tool.source is not RecordSource.API else None


def configured_database() -> DatabaseAddress | None:
    """The database that environment and configuration file name, for commands that do not take its options; None if none does.

    :raises UsageError: what they say is wrong.
    """
    running = current_invocation.get()
    file = None if running is None else running.configuration_file
    (parsed,) = parse(_app(), [] if file is None else [f"--config={file}"])
    database = parsed.values.get("database", DatabaseOptions())
    assert isinstance(database, DatabaseOptions)
    return database.address() if database.is_given else None


def _app() -> App:
    app = make_app("immich-missing-originals", _("Trash assets whose original file is gone, safely."), table=TOOL)
    app.default(missing_originals)
    return app


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(_app()))
