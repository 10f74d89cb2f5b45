"""Every kind of effect there is. Adding one is adding a class, and its name here."""

from __future__ import annotations

from typing import Final

from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum, SetAlbumField, ShareAlbum
from immich_tools.plan.effects.assets import DeleteForever, LinkMotionVideo, RestoreAssets, SetField, TrashAssets
from immich_tools.plan.effects.base import Action
from immich_tools.plan.effects.duplicates import DismissDuplicates, SetDuplicateGroup
from immich_tools.plan.effects.files import CopyFile, RemoveFile, WriteFile
from immich_tools.plan.effects.libraries import ScanLibrary
from immich_tools.plan.effects.stacks import StackAssets, UnstackAssets
from immich_tools.plan.effects.tags import AddTag, RemoveTag, TagAssets, UntagAssets

KINDS: Final[dict[str, type[Action]]] = {
    each.kind: each
    for each in (
        RestoreAssets,
        CopyFile,
        WriteFile,
        SetField,
        CreateAlbum,
        RemoveFromAlbum,
        AddToAlbum,
        SetAlbumField,
        ShareAlbum,
        RemoveTag,
        UntagAssets,
        AddTag,
        TagAssets,
        LinkMotionVideo,
        UnstackAssets,
        SetDuplicateGroup,
        DismissDuplicates,
        StackAssets,
        DeleteAlbum,
        ScanLibrary,
        TrashAssets,
        DeleteForever,
        RemoveFile,
    )
}
"""By the name in documents; in the order in which changes of one level are sent."""
