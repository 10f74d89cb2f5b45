"""Words that the options of the folder albums tool take besides those of an album's properties."""

from __future__ import annotations

from enum import Enum


class Mode(Enum):
    """What a run does: make and fill albums, delete those whose folders are there, or delete every album of the user."""

    CREATE = "CREATE"
    CLEANUP = "CLEANUP"
    DELETE_ALL = "DELETE_ALL"


class SyncMode(Enum):
    """What is tidied up after the albums are filled; each includes what stands before it."""

    NOTHING = "0"
    EMPTY_ALBUMS = "1"
    OFFLINE_ASSETS = "2"


class UpdateMode(Enum):
    """What is brought up to date in albums that were there before; each includes what stands before it."""

    NOTHING = "0"
    PROPERTIES = "1"
    SHARING = "2"
