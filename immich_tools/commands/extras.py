"""Optional parts of the installation."""

from __future__ import annotations

from importlib.util import find_spec

from immich_tools.errors import UsageError
from immich_tools.i18n import _


def need_sandbox() -> None:
    """:raises UsageError: what the sandbox needs is not installed."""
    if any(find_spec(name) is None for name in ("PIL", "uvicorn")):
        raise UsageError(
            _('The sandbox is not installed. Install it, in the folder of the clone, with: pip install ".[sandbox]"')
        )
