"""Copies of live photos, before their files are removed: no still may point from an upload to a copy, nor from a copy to an upload.

Immich joins stills and videos of one content identifier over everything that their owner has, also in the trash (2.3.1 and 3.1.0). Once
the file of a copy is gone and the trash is emptied, the server purges the copy, and with it the video that it points to, with its file:
the original, where the two are crossed. A link starts no job, so what was read back stays until another job reads one of the halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from immich_tools.errors import AccessDenied, IncompleteListing, RequestRefused
from immich_tools.i18n import _
from immich_tools.immich.assets import EVERYWHERE
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Asset, AssetType
from immich_tools.paths.names import normal_path

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich


@frozen
class Copy:
    """A copied file that is to be removed.

    :ivar relative: its path below the folder of this computer.
    :ivar server_path: where it appears on the server; empty where nobody knows, then every path that ends alike counts.
    :ivar asset_id: whose copy it is.
    :ivar still_id: of a motion video, the still that `asset_id` belongs to; else empty.
    """

    relative: str
    server_path: str
    asset_id: str
    still_id: str

    @property
    def folder(self) -> str:
        """Part of its path on the server."""
        whole = self.server_path or f"/{self.relative}"
        return f"{whole.rpartition('/')[0]}/"

    def is_at(self, path: str) -> bool:
        """Whether it appears at a path on the server."""
        path = normal_path(path)
        if self.server_path:
            return path == normal_path(self.server_path)
        return path.endswith(normal_path(f"/{self.relative}"))


def separate(immich: Immich, copies: Mapping[str, Copy]) -> dict[str, str]:
    """Straighten the live photos that copies have a part in, and read that back.

    :param copies: by change id.
    :returns: change id → why its file must stay, for a person; the others may go.
    :raises ToolkitError: the server was lost.
    """
    work = _Separation(immich, copies)
    try:
        work.read()
        work.straighten()
    except (AccessDenied, IncompleteListing, RequestRefused) as failure:
        reason = _("which live photos it has a part in cannot be read or repaired: {reason}").format(reason=failure)
        return dict.fromkeys(copies, reason)
    return work.objections


@define
class _Separation:
    immich: Immich
    copies: Mapping[str, Copy]
    objections: dict[str, str] = field(factory=dict)
    _shown: dict[str, list[Asset]] = field(factory=dict)
    _near: dict[str, Asset] = field(factory=dict)
    _pointing: dict[str, list[Asset]] = field(factory=dict)

    def read(self) -> None:
        """What the server shows at the copies' paths, and which stills point to it."""
        for folder in sorted({copy.folder for copy in self.copies.values()}):
            self._near.update(
                (asset.id, asset) for asset in self._listed(AssetFilter(EVERYWHERE, path_part=folder, with_exif=True))
            )
        for name, copy in self.copies.items():
            external = (asset for asset in self._near.values() if asset.library_id is not None)
            self._shown[name] = [asset for asset in external if copy.is_at(asset.original_path)]
        videos = {asset.id for asset in self._all_shown() if asset.type is AssetType.VIDEO}
        if videos:
            for still in self._listed(AssetFilter(EVERYWHERE, is_motion=True)):
                if still.live_photo_video_id in videos:
                    self._pointing.setdefault(still.live_photo_video_id or "", []).append(still)

    def _listed(self, wanted: AssetFilter) -> Iterable[Asset]:
        for trashed in (False, True):
            yield from self.immich.assets.stream(evolve(wanted, trashed=trashed))

    def _all_shown(self) -> Iterable[Asset]:
        return (asset for assets in self._shown.values() for asset in assets)

    def straighten(self) -> None:
        """Let uploads point to their own videos, and copies to those beside them."""
        for name, copy in self.copies.items():
            for asset in self._shown[name]:
                examine = self._free if asset.type is AssetType.VIDEO else self._keep_together
                # Until its job has run, nobody knows what that will join.
                unread = None if asset.exif is not None else _("Immich has not read it yet; try again later")
                reason = unread or examine(asset, copy)
                if reason is not None:
                    self.objections[name] = f"{copy.relative}: {reason}"

    def _free(self, video: Asset, copy: Copy) -> str | None:
        """Let nothing but the copied still point to a copied video; returns why that cannot be."""
        for still in self._pointing.get(video.id, ()):
            if _is_pair(still, video):
                continue
            if still.id != copy.still_id:
                return _("{name} points to this motion video").format(name=still.original_file_name)
            if not self._link(still.id, copy.asset_id):
                return _("{name} cannot be joined with its own motion video").format(name=still.original_file_name)
        return None

    def _keep_together(self, still: Asset, copy: Copy) -> str | None:
        """Let a copied still point to no video of another library, nor to an upload; returns why that cannot be."""
        linked = still.live_photo_video_id
        if linked is None:
            return None
        video = self._near.get(linked) or self.immich.assets.get(linked)
        if video is not None and video.library_id == still.library_id:
            return None
        beside = [asset for asset in self._near.values() if asset.type is AssetType.VIDEO and _is_pair(still, asset)]
        if not self._link(still.id, beside[0].id if len(beside) == 1 else None):
            return _("in Immich it points to the motion video of another photo")
        upload = self.immich.assets.get(copy.asset_id)
        if not beside and upload is not None and upload.live_photo_video_id == linked:
            # What nothing points to any more is shown by itself; this hides it again.
            self._link(upload.id, linked)
        return None

    def _link(self, still_id: str, video_id: str | None) -> bool:
        """Let a still point to a video, and read it back."""
        self.immich.assets.link_motion_video(still_id, video_id)
        still = self.immich.assets.get(still_id)
        return still is not None and still.live_photo_video_id == video_id


def _is_pair(still: Asset, video: Asset) -> bool:
    """Whether a still and a video of one external library are named as the two halves of one copy."""
    if still.library_id is None or still.library_id != video.library_id:
        return False
    one, other = _stem(still.original_path), _stem(video.original_path)
    return other in (one, f"{one}-motion")


def _stem(path: str) -> str:
    folder, _slash, name = normal_path(path).rpartition("/")
    return f"{folder}/{name.rpartition('.')[0] or name}"
