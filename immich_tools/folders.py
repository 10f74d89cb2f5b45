"""Where the tools keep things of one user on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import platformdirs

from immich_tools.errors import UsageError
from immich_tools.i18n import _

APPLICATION: Final = "immich-toolkit"


def default_state_folder() -> Path:
    """The user's folder for what the tools keep between runs (journals, crash reports).

    :raises UsageError: nobody knows where: HOME is not set, and the user has no entry among the system's users.
    """
    try:
        folder = platformdirs.user_state_path(APPLICATION, appauthor=False)
    except RuntimeError:
        folder = Path()
    if not folder.is_absolute():
        raise UsageError(_("No home folder is known: set HOME, XDG_STATE_HOME or, for journals, --journal-folder."))
    return folder


def default_configuration_folder() -> Path | None:
    """The user's folder for ``immich-toolkit.toml``; None where nobody knows which that is."""
    try:
        folder = platformdirs.user_config_path(APPLICATION, appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def default_journal_folder() -> Path:
    """Where journals of runs are kept unless told otherwise.

    :raises UsageError: see `default_state_folder`.
    """
    return default_state_folder() / "runs"
