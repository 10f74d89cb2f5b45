"""Which motion video is an upload's own, where Immich lets it point to that of a copy; only reads.

Immich joins stills and videos of one content identifier over everything that their owner has (2.3.1 and 3.1.0), so a scan may let an upload
point to the video of its copy. The API does not tell content identifiers.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from immich_tools.album_backup.files import KnownFiles
from immich_tools.album_backup.names import split_extension
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.disk.place import Place
from immich_tools.disk.watch import Watch
from immich_tools.errors import FileFailed
from immich_tools.immich.models import Asset, AssetType

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

_APART: Final = timedelta(seconds=10)
"""How far the dates of a still and of its video may lie apart."""


def is_crossed(linked: Asset | None) -> bool:
    """Whether the video that an upload points to is not its own: uploads have no videos in external libraries."""
    return linked is not None and linked.library_id is not None


def own_video(
    still: Asset,
    linked: Asset | None,
    client: Immich,
    options: AlbumBackupOptions,
    *,
    known: KnownFiles,
    watch: Watch,
) -> Asset | None:
    """The motion video that was uploaded with a still; None where there is none, or it is not found.

    :param linked: the video that the still points to.
    :param known: what was read of files before.
    :raises Cancelled: `watch` asked to stop.
    """
    if linked is None or not is_crossed(linked):
        return linked
    # The copy has the same file, if it is one.
    path = Path(options.path_map().local(linked.original_path))
    try:
        content = known.content(Place(path.parent, path.name), watch) if path.is_absolute() else None
    except FileFailed:
        content = None
    if content is not None:
        same = [asset for asset in client.assets.same_file(content.sha1) if asset.type is AssetType.VIDEO]
        if same:
            return client.assets.get(same[0].id)
    stem = split_extension(still.original_file_name)[0]
    named = [
        asset.id
        for asset in client.assets.named_like(stem)
        if asset.type is AssetType.VIDEO
        and split_extension(asset.original_file_name)[0].lower() == stem.lower()
        and asset.file_created_at is not None
        and still.file_created_at is not None
        and abs(asset.file_created_at - still.file_created_at) <= _APART
    ]
    return client.assets.get(named[0]) if len(named) == 1 else None
