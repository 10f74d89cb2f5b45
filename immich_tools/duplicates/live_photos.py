"""Live photos of a group whose stills point to each other's motion videos, put straight before a copy goes. Pure.

Immich joins stills and videos of one content identifier over everything their owner has, uploads and external libraries alike, in no order
(2.3.1 and 3.1.0). So the upload's still may point to the archive's video, and purging it would take the archive's file along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from immich_tools.immich.models import Asset


@frozen
class Relink:
    """A still that is to point to another video.

    :ivar after: id of the video; None for none.
    """

    still: Asset
    after: str | None


def relinks(kept: Sequence[Asset], losers: Sequence[Asset], videos: Mapping[str, Asset]) -> tuple[Relink, ...]:
    """What puts the live photos of a group straight; nothing where no still points out of its own library.

    Each still gets a video of its own library that another one holds by mistake. A copy that goes and gets none points to none, so that
    nothing goes with it; one that stays keeps what it has.

    :param videos: the motion videos that the stills point to, by id.
    """
    stills = sorted((*kept, *losers), key=lambda asset: asset.id)
    crossed = [still for still in stills if _is_crossed(still, videos)]
    if not crossed:
        return ()
    free = {still.live_photo_video_id: videos[still.live_photo_video_id or ""] for still in crossed}
    loser_ids = {asset.id for asset in losers}
    found: list[Relink] = []
    # Those that stay choose first; a kept still without a video may be the one that its video was taken from.
    for still in sorted(stills, key=lambda asset: (asset.id in loser_ids, asset.id)):
        if still not in crossed and still.live_photo_video_id is not None:
            continue
        own = _take(free.values(), still)
        if own is not None:
            del free[own.id]
            found.append(Relink(still, own.id))
        elif still in crossed and still.id in loser_ids:
            found.append(Relink(still, None))
    return tuple(found)


def _is_crossed(still: Asset, videos: Mapping[str, Asset]) -> bool:
    video = videos.get(still.live_photo_video_id or "")
    return video is not None and video.library_id != still.library_id


def _take(free: Iterable[Asset], still: Asset) -> Asset | None:
    """The video of the still's own library, if there is just one."""
    fitting = [video for video in free if video.library_id == still.library_id]
    return fitting[0] if len(fitting) == 1 else None
