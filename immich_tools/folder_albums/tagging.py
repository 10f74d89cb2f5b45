"""Tags that name the folder a file lies in."""

from __future__ import annotations

from collections.abc import Iterable

from immich_tools.folder_albums.arrange import FolderFiles
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.roots import Folder
from immich_tools.i18n import _
from immich_tools.immich.models import Asset, Tag
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
    to_make: dict[str, list[Asset]] = {}
    labels: dict[str, str] = {}
    refused: dict[str, str] = {}
    for files in folders:
        value = tag_value(files.folder)
        tag = known.get(value)
        assets = [asset for asset in files.assets if asset.library_id not in facts.read_only_libraries]
        if files.assets and not assets:
            refused[files.folder.path] = _("the server cannot write beside its files, so their tags would be lost")
            continue
        if tag is not None:
            carried = facts.tagged.get(tag.id, frozenset())
            changes += [
                Change(f"tag:{tag.id}:{asset.id}", AddTag(asset.id, tag.id, tag.value), "", (), files.label)
                for asset in assets
                if asset.id not in carried
            ]
        elif (objection := value_objection(value)) is not None:
            refused[files.folder.path] = objection
        else:
            to_make.setdefault(value, []).extend(assets)
            labels[value] = min(files.label, labels.get(value, files.label))
    for value, tagged in sorted(to_make.items()):
        asset_ids = tuple(sorted(asset.id for asset in tagged))
        changes.append(Change(f"make-tag:{value}", TagAssets(value, asset_ids), group=labels[value]))
    return changes, refused
