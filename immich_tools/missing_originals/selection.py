"""Which of all assets are looked at: those whose paths were asked for, and what belongs to them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from attrs import field, frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.patterns import Pattern
from immich_tools.missing_originals.places import media_locations
from immich_tools.missing_originals.records import AssetRecord
from immich_tools.paths import is_below


@frozen
class Selection:
    """What is looked at.

    :ivar records: assets outside the trash whose originals are asked for, in the order they came.
    :ivar siblings: what belongs to these and was not asked for: motion videos, stills, members of stacks.
    :ivar media: the media locations, the innermost first.
    :ivar elsewhere: folders of uploads that lie in none of them and that nobody asked for, with how many files each holds.
    """

    records: tuple[AssetRecord, ...]
    siblings: tuple[AssetRecord, ...]
    media: tuple[str, ...]
    elsewhere: Mapping[str, int] = field(factory=dict)


def select(everything: Sequence[AssetRecord], options: MissingOriginalsOptions) -> Selection:
    """Choose by the options.

    :param everything: all assets, those in the trash included.
    :raises UsageError: a pattern matches no asset, an entry of the map maps none, or there is nothing to look for at all.
    """
    media = media_locations(everything)
    wanted = _matching(everything, options) if options.paths else _below(everything, media, options)
    records = tuple(record for record in wanted if not record.is_trashed)
    if not records:
        raise UsageError(
            _("There is no original to look for in {folders}. Nothing was changed.").format(
                folders=", ".join(options.paths or media) or _("any folder of uploads")
            )
        )
    unused = options.path_map().unused({record.folder for record in everything})
    if unused:
        raise UsageError(
            _("--map: no asset is in {folder}. Is it written as the server sees it? Nothing was changed.").format(
                folder=unused[0] or "/"
            )
        )
    return Selection(
        records, _siblings(everything, records), media, {} if options.paths else _elsewhere(everything, media)
    )


def _elsewhere(everything: Sequence[AssetRecord], media: Sequence[str]) -> dict[str, int]:
    is_inside = _inside(media)
    return dict(
        Counter(
            record.folder
            for record in everything
            if record.library_id is None and not record.is_trashed and not is_inside(record.folder)
        )
    )


def _below(
    everything: Sequence[AssetRecord], media: Sequence[str], options: MissingOriginalsOptions
) -> list[AssetRecord]:
    is_inside = _inside(media)
    return [
        record
        for record in everything
        if (is_inside(record.folder) if record.library_id is None else options.include_external)
    ]


def _inside(media: Sequence[str]) -> Callable[[str], bool]:
    """Whether a folder lies in a media location; each is compared once, for many files share it."""
    return cache(lambda folder: any(is_below(folder, location) for location in media))


def _matching(everything: Sequence[AssetRecord], options: MissingOriginalsOptions) -> list[AssetRecord]:
    patterns = options.patterns()
    unmatched = dict.fromkeys(patterns)
    found = []
    external: set[Pattern] = set()
    for record in everything:
        path = record.path
        matching = [pattern for pattern in patterns if pattern.matches(path)]
        if record.library_id is not None and not options.include_external:
            external.update(matching)
        elif matching:
            found.append(record)
            for pattern in matching:
                unmatched.pop(pattern, None)
    for pattern in unmatched:
        if pattern in external:
            raise UsageError(
                _("--paths '{text}' matches files of external libraries alone; these need --include-external.").format(
                    text=pattern.text
                )
            )
        raise UsageError(
            _("--paths '{text}' matches no asset. Is it written as the server sees it? Nothing was changed.").format(
                text=pattern.text
            )
        )
    return found


def _siblings(everything: Sequence[AssetRecord], records: Sequence[AssetRecord]) -> tuple[AssetRecord, ...]:
    chosen = {record.id for record in records}
    videos = {record.live_photo_video_id for record in records} - {None}
    stacks = {record.stack_id for record in records} - {None}
    return tuple(
        record
        for record in everything
        if record.id not in chosen
        and (record.id in videos or record.live_photo_video_id in chosen or record.stack_id in stacks)
    )
