"""Reads the assets of the key's user from the server, as the same records that the database gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.assets import EVERYWHERE
from immich_tools.immich.filters import AssetFilter
from immich_tools.missing_originals.records import AssetRecord, split_path

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich


def stream(immich: Immich) -> Iterator[AssetRecord]:
    """Read every asset of the user, trashed, archived and external ones and videos of live photos included, in no particular order.

    What the API does not tell is None (see `RecordSource.API`).

    :raises AccessDenied: the key lacks ``asset.read``, ``asset.statistics``, ``stack.read`` or ``user.read``.
    :raises IncompleteListing: at the end, when the list cannot be proven complete: decide nothing before the end.
    :raises UsageError: at the end, when the user has no asset at all.
    """
    stacks = immich.stacks.memberships()
    folders: dict[str, str] = {}
    count = 0
    for trashed in (False, True):
        for asset in immich.assets.stream(AssetFilter(visibility=EVERYWHERE, trashed=trashed)):
            folder, name = split_path(asset.original_path)
            count += 1
            yield AssetRecord(
                id=asset.id,
                owner_id=asset.owner_id,
                folder=folders.setdefault(folder, folder),
                name=name,
                library_id=asset.library_id,
                visibility=asset.visibility,
                is_trashed=asset.is_trashed or asset.is_offline,
                is_offline=asset.is_offline,
                live_photo_video_id=asset.live_photo_video_id,
                stack_id=stacks.get(asset.id),
            )
    if count == 0:
        raise UsageError(_("The user of this API key has no asset at all. Is it the right key? Nothing was changed."))
