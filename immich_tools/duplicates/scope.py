"""Which groups are left alone, and why: everything that makes it doubtful that removing a copy loses nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from attrs import frozen

from immich_tools.duplicates.choices import ArchivedKeeper, Media, RawPairs, Related
from immich_tools.duplicates.edits import are_versions, has_edits
from immich_tools.duplicates.formats import is_raw
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.rank import Placed, is_protected, pixels
from immich_tools.duplicates.series import has_series, is_series
from immich_tools.i18n import _
from immich_tools.immich.models import Asset, AssetType, Visibility

KEEPER_RATIO = 2.0
"""A keeper with fewer than one part in so many of a loser's pixels is refused: it is a thumbnail or an export, not the photo."""


class SkipCode(Enum):
    """Kinds of reasons why a group is left alone, for counting."""

    IN_TWO_GROUPS = "in-two-groups"
    SINGLE = "single"
    FOREIGN = "foreign"
    UNKNOWN_KIND = "unknown-kind"
    NOT_SHOWN = "not-shown"
    OFFLINE = "offline"
    MEDIA = "media"
    NOT_A_PAIR = "not-a-pair"
    LARGE_GROUP = "large-group"
    TYPES_DIFFER = "types-differ"
    DURATIONS_DIFFER = "durations-differ"
    RESOLUTIONS_DIFFER = "resolutions-differ"
    RAW_PAIR = "raw-pair"
    BURST = "burst"
    EDIT = "edit"
    ALL_PROTECTED = "all-protected"
    KEEPER_SMALL = "keeper-small"
    MOTION_VIDEO = "motion-video"
    STACK = "stack"
    ARCHIVED = "archived"
    ORIGIN_TIE = "upload-or-external"
    """Only chance would choose between an upload and a file of an external library."""
    FOREIGN_VIDEO = "motion-video-elsewhere"
    """A copy that would go takes along a motion video that lies in another library, or in a protected place."""
    READ_ONLY_LIBRARY = "read-only-library"
    """The keeper lies where the server cannot write a sidecar, so what it would take over is lost."""
    VIEWER_ALBUM = "viewer-album"
    TAGS_UNKNOWN = "tags-unknown"


@frozen
class Refusal:
    """Why a group is left alone."""

    code: SkipCode
    reason: str


def refuse_members(assets: Sequence[Asset], user_id: str, options: DuplicatesOptions) -> Refusal | None:
    """What speaks against touching a group at all: whose it is, what state it is in, and what was asked for."""
    if len(assets) < 2:
        return Refusal(SkipCode.SINGLE, _("only one copy is left"))
    for asset in assets:
        refusal = _refuse_member(asset, user_id)
        if refusal is not None:
            return refusal
    if options.media is Media.IMAGES and any(asset.type is not AssetType.IMAGE for asset in assets):
        return Refusal(SkipCode.MEDIA, _("holds other things than images"))
    if options.media is Media.VIDEOS and any(asset.type is not AssetType.VIDEO for asset in assets):
        return Refusal(SkipCode.MEDIA, _("holds other things than videos"))
    if options.only_pairs and len(assets) != 2:
        return Refusal(SkipCode.NOT_A_PAIR, _("{count} copies, and only pairs are wanted").format(count=len(assets)))
    if options.max_group_size and not options.dismiss and len(assets) > options.max_group_size:
        return Refusal(
            SkipCode.LARGE_GROUP,
            _("{count} copies, more than {limit}: probably a series (--max-group-size sets the limit)").format(
                count=len(assets), limit=options.max_group_size
            ),
        )
    return None


def _refuse_member(asset: Asset, user_id: str) -> Refusal | None:
    name = asset.original_file_name
    if asset.owner_id != user_id:
        return Refusal(SkipCode.FOREIGN, _("{name} belongs to somebody else").format(name=name))
    if asset.type not in (AssetType.IMAGE, AssetType.VIDEO):
        return Refusal(SkipCode.UNKNOWN_KIND, _("{name} is neither a photo nor a video").format(name=name))
    if asset.visibility is Visibility.UNKNOWN:
        return Refusal(SkipCode.UNKNOWN_KIND, _("{name} shows in a place this version does not know").format(name=name))
    if asset.visibility is Visibility.LOCKED:
        return Refusal(SkipCode.NOT_SHOWN, _("{name} is in the locked folder").format(name=name))
    if asset.visibility is Visibility.HIDDEN:
        return Refusal(SkipCode.NOT_SHOWN, _("{name} is hidden: the video of a live photo").format(name=name))
    if asset.is_trashed:
        return Refusal(SkipCode.NOT_SHOWN, _("{name} is in the trash").format(name=name))
    if asset.is_offline:
        return Refusal(SkipCode.OFFLINE, _("the file of {name} is missing").format(name=name))
    return None


def refuse_differences(assets: Sequence[Asset], options: DuplicatesOptions) -> Refusal | None:
    """What speaks against taking the members of a group for copies of each other."""
    videos = [asset for asset in assets if asset.type is AssetType.VIDEO]
    if 0 < len(videos) < len(assets) and not options.allow_different_types:
        return Refusal(SkipCode.TYPES_DIFFER, _("photo and video mixed (--allow-different-types)"))
    if len(videos) > 1 and not options.allow_different_durations:
        durations = [asset.duration for asset in videos if asset.duration is not None]
        if len(durations) not in (0, len(videos)):
            return Refusal(
                SkipCode.DURATIONS_DIFFER, _("the duration of a video is unknown (--allow-different-durations)")
            )
        if durations and max(durations) - min(durations) > options.duration_tolerance * 1000:
            return Refusal(
                SkipCode.DURATIONS_DIFFER,
                _("videos of {shortest:.15g} s and {longest:.15g} s (--allow-different-durations)").format(
                    shortest=min(durations) / 1000, longest=max(durations) / 1000
                ),
            )
    counts = [count for asset in assets if (count := pixels(asset)) is not None]
    if counts and not options.allow_different_resolutions and max(counts) > min(counts) * options.max_resolution_ratio:
        return Refusal(
            SkipCode.RESOLUTIONS_DIFFER,
            _("one copy has {ratio:.0f} times the pixels of another (--allow-different-resolutions)").format(
                ratio=max(counts) / min(counts)
            ),
        )
    return None


def raw_pair(assets: Sequence[Asset], options: DuplicatesOptions) -> tuple[Asset, Asset] | Refusal | None:
    """What to do about RAW files next to other pictures.

    :returns: the two to stack, the one that shows first; or why the group is left alone; or None where they are duplicates like others.
    """
    if options.raw is RawPairs.DUPLICATES:
        return None
    raw = [asset for asset in assets if is_raw(asset) and asset.type is AssetType.IMAGE]
    if not raw or len(raw) == sum(asset.type is AssetType.IMAGE for asset in assets):
        return None
    if options.raw is RawPairs.SKIP:
        return Refusal(
            SkipCode.RAW_PAIR, _("a RAW file and a picture developed from it (--raw stack, --raw duplicates)")
        )
    if len(assets) > 2:
        return Refusal(SkipCode.RAW_PAIR, _("more than one RAW file and one picture: it is not clear what to stack"))
    if any(asset.stack_id is not None for asset in assets):
        return Refusal(SkipCode.STACK, _("one of the two is in a stack already"))
    (developed,) = (asset for asset in assets if asset not in raw)
    return developed, raw[0]


def related(assets: Sequence[Asset], options: DuplicatesOptions) -> Related | Refusal | None:
    """What to do about an edit beside its original, and about shots of one series.

    :returns: STACK where all of them are to be stacked; or why the group is skipped; or None where they are duplicates like others.
    """
    if options.edits is not Related.DUPLICATES and has_edits(assets):
        refusal = Refusal(SkipCode.EDIT, _("an original and its edit (--edits stack, --edits duplicates)"))
        mode, is_whole = options.edits, are_versions(assets)
    elif options.bursts is not Related.DUPLICATES and has_series(assets):
        refusal = Refusal(SkipCode.BURST, _("shots of one series (--bursts stack, --bursts duplicates)"))
        mode, is_whole = options.bursts, is_series(assets)
    else:
        return None
    if mode is Related.SKIP:
        return refusal
    if not is_whole:
        return Refusal(
            refusal.code, _("{reason}, and others: it is not clear what to stack").format(reason=refusal.reason)
        )
    if any(asset.stack_id is not None for asset in assets):
        return Refusal(SkipCode.STACK, _("one of them is in a stack already"))
    return Related.STACK


def refuse_tie(placed: Sequence[Placed]) -> Refusal | None:
    """What speaks against an order in which only ids tell an upload from a file of an external library.

    Which id is lower is chance, and it would decide whether a file of the archive is deleted.
    """
    tied = [each.asset for each in placed if each.lost_by is None]
    if len({asset.library_id is None for asset in tied}) == 1:
        return None
    return Refusal(
        SkipCode.ORIGIN_TIE,
        _(
            "an upload and a file of an external library, alike in everything compared (--preferred-libraries external or upload)"
        ),
    )


def refuse_video_loss(
    kept: Sequence[Asset], losers: Sequence[Asset], videos: Mapping[str, Asset], options: DuplicatesOptions
) -> Refusal | None:
    """What speaks against a choice because of motion videos, which go with their photos.

    The server joins photos and videos over uploads and external libraries alike, so that the video of an upload may be a file of the
    archive. It spares one that another photo still points to (2.3.1 and 3.1.0).

    :param videos: by id.
    """
    spared = {asset.live_photo_video_id for asset in kept}
    for loser in losers:
        if loser.live_photo_video_id is None or loser.live_photo_video_id in spared:
            continue
        video = videos.get(loser.live_photo_video_id)
        if video is None:
            return Refusal(
                SkipCode.FOREIGN_VIDEO,
                _("the motion video of {loser} could not be read").format(loser=loser.original_file_name),
            )
        if video.library_id != loser.library_id or is_protected(video, options):
            return Refusal(
                SkipCode.FOREIGN_VIDEO,
                _(
                    "{loser} would go, and its motion video {video} with it, which lies in another library or a protected place"
                ).format(loser=loser.original_file_name, video=video.original_path),
            )
    return None


def refuse_choice(kept: Sequence[Asset], losers: Sequence[Asset], options: DuplicatesOptions) -> Refusal | None:
    """What speaks against a choice: something that is more than the file would go with a loser."""
    keeper = kept[0]
    small = _refuse_small_keeper(kept, losers, options)
    if small is not None:
        return small
    moving = next((asset for asset in losers if asset.live_photo_video_id is not None), None)
    if moving and not options.allow_motion_video_loss and all(asset.live_photo_video_id is None for asset in kept):
        return Refusal(
            SkipCode.MOTION_VIDEO,
            _(
                "{keeper} would stay, but {loser} is a live photo whose motion video would go (--allow-motion-video-loss)"
            ).format(keeper=keeper.original_file_name, loser=moving.original_file_name),
        )
    stacks = {asset.stack_id for asset in kept}
    stacked = next((asset for asset in losers if asset.stack_id is not None and asset.stack_id not in stacks), None)
    if stacked and not options.allow_stack_loss:
        return Refusal(
            SkipCode.STACK,
            _("{loser} would go, but belongs to a stack (--allow-stack-loss)").format(loser=stacked.original_file_name),
        )
    if vanishes(kept, losers) and (
        options.archived is ArchivedKeeper.SKIP
        or (options.archived is ArchivedKeeper.SHOW and not options.transfer_metadata)
    ):
        return Refusal(
            SkipCode.ARCHIVED,
            _(
                "{keeper} would stay, but is archived: the photo would vanish from the timeline (--archived show)"
            ).format(keeper=keeper.original_file_name),
        )
    return None


def _refuse_small_keeper(kept: Sequence[Asset], losers: Sequence[Asset], options: DuplicatesOptions) -> Refusal | None:
    if options.allow_different_resolutions:
        return None
    kept_pixels = max((pixels(asset) or 0 for asset in kept), default=0)
    large = max(losers, key=lambda asset: pixels(asset) or 0)
    if not kept_pixels or (pixels(large) or 0) <= kept_pixels * KEEPER_RATIO:
        return None
    return Refusal(
        SkipCode.KEEPER_SMALL,
        _("{keeper} would stay, but {loser} has {ratio:.1f} times its pixels (--allow-different-resolutions)").format(
            keeper=kept[0].original_file_name,
            loser=large.original_file_name,
            ratio=(pixels(large) or 0) / kept_pixels,
        ),
    )


def vanishes(kept: Sequence[Asset], losers: Sequence[Asset]) -> bool:
    """Whether the photo shows in the timeline now and would not any more."""
    return all(asset.visibility is Visibility.ARCHIVE for asset in kept) and any(
        asset.visibility is Visibility.TIMELINE for asset in losers
    )
