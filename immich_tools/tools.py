"""The tools there are, by the names of their commands; each is loaded when it is needed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.model import Plan

PACKAGES: Final = {
    "duplicates": "immich_tools.duplicates",
    "folder-albums": "immich_tools.folder_albums",
    "album-backup": "immich_tools.album_backup",
    "faceless-album": "immich_tools.faceless_album",
    "missing-originals": "immich_tools.missing_originals",
}


class Tool(Protocol):
    """What every tool's package offers besides its own gather and planner."""

    OPERATIONS: frozenset[str]
    """Ids of the server's operations that the tool may need; `doctor` compares them with the key's permissions."""

    def replan(self, immich: Immich, saved: Plan, *, journal_folder: Path) -> Plan:
        """Gather and plan again with a saved plan's options.

        :param journal_folder: where journals of earlier runs are, for tools whose plans depend on these.
        """
        ...


def tool(name: str) -> Tool:
    """The tool called `name`.

    :raises UsageError: there is none.
    """
    if name not in PACKAGES:
        raise UsageError(_("The plan was made by '{tool}', which this version does not know.").format(tool=name))
    return cast(Tool, import_module(PACKAGES[name]))


def replan(immich: Immich, saved: Plan, *, journal_folder: Path) -> Plan:
    """What the tool that made `saved` would plan now, with the same options.

    :param journal_folder: where journals of earlier runs are.
    """
    return tool(saved.tool).replan(immich, saved, journal_folder=journal_folder)
