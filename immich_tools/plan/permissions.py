"""Which of the server's operations each kind of change needs: to be carried out, and to be read back."""

from __future__ import annotations

from typing import Final

from immich_tools.errors import AccessDenied, AdministratorNeeded
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.albums import ADD_SIZE
from immich_tools.immich.client import Immich
from immich_tools.plan.actions import (
    Action,
    AddTag,
    AddToAlbum,
    DeleteForever,
    DismissDuplicates,
    RemoveFromAlbum,
    RemoveTag,
    RestoreAssets,
    SetDuplicateGroup,
    SetField,
    StackAssets,
    TrashAssets,
    UnstackAssets,
)
from immich_tools.plan.album_actions import CreateAlbum, DeleteAlbum, SetAlbumField, ShareAlbum
from immich_tools.plan.document import Plan
from immich_tools.plan.file_actions import CopyFile, RemoveFile, ScanLibrary, WriteFile
from immich_tools.plan.recheck import group_of
from immich_tools.plan.tag_actions import TagAssets, UntagAssets

_LOOK: Final = ("getAssetInfo", "searchAssets", "searchAssetStatistics", "getAssetStatistics")
_ALBUM: Final = ("getAllAlbums", "getAlbumInfo", *_LOOK)
_TAG: Final = ("getAllTags", *_LOOK)

NEEDS: Final[dict[type[Action], tuple[str, ...]]] = {
    AddToAlbum: ("addAssetsToAlbum", *_ALBUM),
    RemoveFromAlbum: ("removeAssetFromAlbum", *_ALBUM),
    AddTag: ("tagAssets", *_TAG),
    RemoveTag: ("untagAssets", *_TAG),
    SetField: ("updateAssets", *_LOOK),
    TrashAssets: ("deleteAssets", *_LOOK),
    DeleteForever: ("deleteAssets", *_LOOK),
    RestoreAssets: ("restoreAssets", *_LOOK),
    DismissDuplicates: ("deleteDuplicates", *_LOOK),
    SetDuplicateGroup: ("updateAssets", *_LOOK),
    StackAssets: ("createStack", *_LOOK),
    UnstackAssets: ("getStack", "deleteStack", *_LOOK),
    CreateAlbum: ("createAlbum", *_ALBUM),
    DeleteAlbum: ("deleteAlbum", *_ALBUM),
    SetAlbumField: ("updateAlbumInfo", *_ALBUM),
    ShareAlbum: _ALBUM,
    TagAssets: ("upsertTags", "tagAssets", *_TAG),
    UntagAssets: ("untagAssets", *_TAG),
    CopyFile: _LOOK,
    WriteFile: (),
    RemoveFile: (),
    ScanLibrary: ("scanLibrary",),
}


def _particular(action: Action) -> set[str]:
    """What only some actions of a kind need."""
    needed: set[str] = set()
    if isinstance(action, TrashAssets) and action.by_resolving:
        needed.add("resolveDuplicates")
    elif isinstance(action, CopyFile) and action.source is None:
        needed.add("downloadAsset")
    elif isinstance(action, WriteFile | RemoveFile) and action.asset_id:
        needed.update(_LOOK)
    elif isinstance(action, CreateAlbum):
        if len(action.asset_ids) > ADD_SIZE:
            needed.add("addAssetsToAlbum")
        if (action.order, action.is_activity_enabled, action.thumbnail_asset_id) != (None, None, None):
            needed.add("updateAlbumInfo")
        if action.replaces and action.shares:
            needed.add("searchUsers")
    elif isinstance(action, UntagAssets) and action.made:
        needed.add("deleteTag")
    elif isinstance(action, ShareAlbum):
        if action.after is None:
            needed.add("removeUserFromAlbum")
        else:
            needed.update(("updateAlbumUser",) if action.before else ("addUsersToAlbum", "updateAlbumUser"))
    return needed


def check_permissions(plan: Plan, immich: Immich) -> None:
    """Refuse to begin what the key cannot end: a run that stops half-way for a missing permission is worse than one that never began.

    :raises AccessDenied: names every permission that is missing; nothing was changed.
    :raises AdministratorNeeded: the plan scans a library, and the key is no administrator's; nothing was changed.
    """
    if any(isinstance(change.action, ScanLibrary) for change in plan.changes) and not immich.me.is_admin:
        raise AdministratorNeeded(
            _("The plan scans an external library, which needs an administrator's API key. Nothing was changed.")
        )
    operations = {name for change in plan.changes for name in NEEDS[type(change.action)]}
    if any(group_of(change.action) is not None for change in plan.changes):
        operations.add("getAssetDuplicates")
    for change in plan.changes:
        operations |= _particular(change.action)
    lacking = immich.api_key.lacks(compat.permissions_for(operations, immich.version))
    if lacking:
        raise AccessDenied(
            _(
                "The API key lacks what this plan needs: {permissions}. Nothing was changed. "
                "Add it in Immich under Account settings > API keys."
            ).format(permissions=", ".join(lacking))
        )
