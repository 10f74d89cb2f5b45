"""Tags that name the folder a file lies in."""

from __future__ import annotations

from collections.abc import Iterable

from immich_tools.folder_albums.arrange import FolderFiles
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.roots import Folder
from immich_tools.immich.models import Tag
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.tags import AddTag, TagAssets, value_objection


def tag_value(folder: Folder) -> str:
    """The tag of a folder: its path below the root, so that tags lie in one another as folders do.

    Only the deepest tag goes on a file: whoever asks the server for one above it finds the file as well. Blanks around names do not count,
    and letters are in composed form (NFC).
    """
    return "/".join(name_key(name.strip()) for name in folder.names if name)


def by_value(tags: Iterable[Tag]) -> dict[str, Tag]:
    """Tags by their value in composed form; of two that only differ in that, the one that is in it already."""
    return {name_key(tag.value): tag for tag in sorted(tags, key=lambda tag: (tag.value == name_key(tag.value), tag))}


def tag_changes(folders: Iterable[FolderFiles], facts: FolderFacts) -> tuple[list[Change], dict[str, str]]:
    """What tags the files of folders; one change for each tag that is to be made.

    :returns: the changes, and for each folder that no tag can be named after, why.
    """
    known = by_value(facts.tags)
    changes: list[Change] = []
    to_make: dict[str, list[FolderFiles]] = {}
    refused: dict[str, str] = {}
    for files in folders:
        value = tag_value(files.folder)
        tag = known.get(value)
        if tag is not None:
            carried = facts.tagged.get(tag.id, frozenset())
            changes += [
                Change(f"tag:{tag.id}:{asset.id}", AddTag(asset.id, tag.id, tag.value), "", (), files.label)
                for asset in files.assets
                if asset.id not in carried
            ]
        elif (objection := value_objection(value)) is not None:
            refused[files.folder.path] = objection
        else:
            to_make.setdefault(value, []).append(files)
    for value, parts in sorted(to_make.items()):
        asset_ids = sorted(asset.id for files in parts for asset in files.assets)
        changes.append(
            Change(f"make-tag:{value}", TagAssets(value, tuple(asset_ids)), group=min(files.label for files in parts))
        )
    return changes, refused
