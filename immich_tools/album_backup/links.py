"""Stills that point to the motion videos of their own copies. Pure.

Immich joins stills and videos of one content identifier over everything that their owner has, and crosses the pairs of an upload and its
copy (2.3.1 and 3.1.0). Whoever empties the trash then removes the file of the archive. Any job of one of the halves may cross them again,
so they are straightened after everything else, and looked at again right before an upload goes.
"""

from __future__ import annotations

from collections.abc import Iterable

from immich_tools.album_backup.carry import Copied
from immich_tools.i18n import _
from immich_tools.immich.models import Asset
from immich_tools.plan.effects.assets import LinkMotionVideo
from immich_tools.plan.effects.base import Change, Job


def join_copy(copied: Copied, changes: Iterable[Change]) -> list[Change]:
    """What lets the copy point to the copy of its motion video; nothing where it does and nothing will change that.

    :param changes: to the same copy, which come first: their jobs link again.
    """
    if copied.motion is None:
        return []
    before = tuple(
        each.id for each in changes if each.action.started_job is not Job.NONE and copied.copy.id in each.action.assets
    )
    if copied.copy.live_photo_video_id == copied.motion.id and not before:
        return []
    return [_link(copied, copied.copy, copied.motion.id, before)]


def straighten_upload(copied: Copied) -> list[Change]:
    """What lets the upload point to its own motion video again; nothing where it does."""
    own = copied.unit.upload.motion
    if own is None or copied.upload.live_photo_video_id == own.id:
        return []
    return [_link(copied, copied.upload, own.id, ())]


def _link(copied: Copied, still: Asset, video_id: str, requires: tuple[str, ...]) -> Change:
    action = LinkMotionVideo(still.id, before=still.live_photo_video_id, after=video_id, straightens=True)
    reason = _("is to point to its own motion video")
    return Change(f"link:{still.id}", action, reason, requires, copied.unit.album.album.name)
