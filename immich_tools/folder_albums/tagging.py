"""Tags that name the folder a file lies in."""

from __future__ import annotations

from collections.abc import Iterable

from immich_tools.folder_albums.arrange import FolderFiles
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.roots import Folder
from immich_tools.plan.actions import AddTag
from immich_tools.plan.document import Change


def tag_value(folder: Folder) -> str:
    """The tag of a folder: its path below the root, so that tags lie in one another as folders do; blanks around names do not count."""
    return "/".join(name.strip() for name in folder.names if name.strip())


def tag_changes(folders: Iterable[FolderFiles], facts: FolderFacts) -> tuple[list[Change], dict[str, int]]:
    """What tags the files of folders.

    :returns: the changes, and for each tag that does not exist how many files would carry it.
    """
    by_value = {tag.value: tag for tag in facts.tags}
    changes: list[Change] = []
    missing: dict[str, int] = {}
    for files in folders:
        value = tag_value(files.folder)
        tag = by_value.get(value)
        if tag is None:
            if value:
                missing[value] = missing.get(value, 0) + len(files.assets)
            continue
        carried = facts.tagged.get(tag.id, frozenset())
        changes += [
            Change(f"tag:{tag.id}:{asset.id}", AddTag(asset.id, tag.id, tag.value), "", (), files.label)
            for asset in files.assets
            if asset.id not in carried
        ]
    return changes, missing
