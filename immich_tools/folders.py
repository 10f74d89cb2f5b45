"""Where the tools keep things of one user on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import platformdirs

APPLICATION: Final = "immich-toolkit"


def default_state_folder() -> Path:
    """The user's folder for what the tools keep between runs (journals, crash reports)."""
    return platformdirs.user_state_path(APPLICATION, appauthor=False)


def default_configuration_folder() -> Path:
    """The user's folder for ``immich-toolkit.toml``."""
    return platformdirs.user_config_path(APPLICATION, appauthor=False)


def default_journal_folder() -> Path:
    """Where journals of runs are kept unless told otherwise."""
    return default_state_folder() / "runs"
