"""``immich-toolkit doctor``: is everything there that the tools need?"""

from __future__ import annotations

import time
from typing import Annotated, Final

from cyclopts import Parameter
from rich.text import Text

from immich_tools.errors import ExitCode
from immich_tools.immich.doctor import Check, Level, examine
from immich_tools.report.output import Output
from immich_tools.session import connect
from immich_tools.settings import AccountOptions, ConnectionOptions, OutputOptions, SourceOptions
from immich_tools.settings.streams import printable
from immich_tools.tools import PACKAGES, tool

_SIGNS: Final = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.PROBLEM: ("✗", "bold red")}


def doctor(
    *,
    connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions(),
    accounts: Annotated[AccountOptions, Parameter(name="*")] = AccountOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Check the connection: server, version, key, permissions of each tool, trash, clock. Changes nothing."""
    with Output(output) as out, connect(connection, read_only=True, output=out) as immich:
        checks = examine(immich, {name: tool(name).OPERATIONS for name in PACKAGES}, now=time.time)
        width = max(len(_title(check)) for check in checks)
        for check in checks:
            _show(check, out, width)
        codes = [check.exit_code for check in checks if check.exit_code is not None]
        return out.ended(codes[0] if codes else ExitCode.DONE)


def _show(check: Check, out: Output, width: int) -> None:
    if out.is_json:
        out.line({"message_type": "check", "name": check.name, "level": check.level.value, "message": check.message})
        return
    sign, style = _SIGNS[check.level]
    message = printable(check.message, lines=True)
    out.out.print(Text.assemble((sign, style), " ", (_title(check).ljust(width), "bold"), "  ", message))


def _title(check: Check) -> str:
    # The message names the tool itself.
    return check.name.partition(" ")[0]
