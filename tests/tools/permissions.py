"""The permissions of an API key that a clean-up and its undo need."""

from __future__ import annotations

from typing import Final

READING: Final = frozenset(
    {
        "album.read",
        "asset.read",
        "asset.statistics",
        "duplicate.read",
        "person.read",
        "sharedLink.read",
        "tag.read",
        "user.read",
    }
)
WRITING: Final = frozenset({"albumAsset.create", "asset.delete", "asset.update", "tag.asset"})
UNDOING: Final = frozenset({"albumAsset.delete", "album.update"})
RESOLVING: Final = frozenset({"duplicate.delete"})
COVERS: Final = frozenset({"album.update"})
EVERYTHING: Final = READING | WRITING | COVERS | UNDOING | RESOLVING
