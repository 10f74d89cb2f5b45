"""``immich-toolkit sandbox``: a pretended Immich server to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from immich_tools.commands.extras import need_sandbox
from immich_tools.errors import ExitCode, UsageError
from immich_tools.i18n import _


def serve_sandbox(
    *,
    dialect: Annotated[Literal["v2", "v3"], Parameter(help=_("Behave like Immich 2.3.1 or 3.1.0."))] = "v3",
    port: Annotated[
        int, Parameter(validator=Number(gte=0, lte=65535), help=_("Port on 127.0.0.1; 0 takes a free one."))
    ] = 0,
    assets: Annotated[
        int,
        Parameter(
            validator=Number(gte=0), help=_("Fill it with this many made-up assets instead of the sample library.")
        ),
    ] = 0,
    folder: Annotated[Path | None, Parameter(help=_("Keep its state in this folder."))] = None,
) -> int:
    """Serve an Immich with a sample library on 127.0.0.1, until interrupted. Prints its URL and an API key."""
    need_sandbox()
    from immich_tools.sandbox import Dialect
    from immich_tools.sandbox.serve import serve_forever

    try:
        serve_forever(Dialect(dialect), port=port, assets=assets, sample=assets == 0, folder=folder)
    except OSError as error:
        raise UsageError(
            _("The sandbox cannot be served on port {port}: {reason}.").format(
                port=port, reason=error.strerror or error
            )
        ) from None
    return ExitCode.DONE
