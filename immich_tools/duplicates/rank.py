"""Which copy stays: named rules, asked one after the other, each only where the earlier ones leave a tie.

The default order is that of the script these rules come from (date taken, HEIC, size, filled EXIF fields), with a tolerance for dates:
an export that lost its fractions of a second or its time zone is not the older photo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from attrs import frozen

from immich_tools.duplicates.choices import EXTERNAL, UPLOAD, Rule
from immich_tools.duplicates.formats import format_of, format_of_extension
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Asset
from immich_tools.paths import is_below
from immich_tools.placeholder_dates import is_placeholder

Key: TypeAlias = Callable[[Asset], float]
_MISSING: Final = float("inf")


@frozen
class Placed:
    """An asset in the order of preference.

    :ivar lost_by: the rule that preferred the keeper to it; None for the keeper, and for an asset that only its id puts after the keeper.
    """

    asset: Asset
    lost_by: Rule | None = None


def is_in_library(asset: Asset, library: str) -> bool:
    """Whether an asset is in a library, named by its id, or ``external``, or ``upload``."""
    if library == EXTERNAL:
        return asset.library_id is not None
    if library == UPLOAD:
        return asset.library_id is None
    return asset.library_id is not None and asset.library_id.lower() == library.lower()


def is_protected(asset: Asset, options: DuplicatesOptions) -> bool:
    """Whether an asset must never be removed."""
    for folder in options.protected_paths:
        if is_below(asset.original_path, folder):
            return True
    return bool(options.protected_libraries) and any(
        is_in_library(asset, library) for library in options.protected_libraries
    )


def pixels(asset: Asset) -> int | None:
    """Width times height; None when one of them is not known."""
    exif = asset.exif
    return exif.width * exif.height if exif is not None and exif.width and exif.height else None


def taken(asset: Asset) -> datetime | None:
    """The date that copies are compared by: of the EXIF data; Immich fills it from the file where it has none.

    None also for a placeholder, which would make a copy the oldest or newest that only has no date.
    """
    date = asset.date_with_zone
    return None if date is None or is_placeholder(date) else date


def file_size(asset: Asset) -> int | None:
    """Bytes of the file; None when not known."""
    return None if asset.exif is None else asset.exif.file_size


def _last_resorts(options: DuplicatesOptions) -> tuple[Rule, ...]:
    """What decides where the rules asked for leave a tie: better pixels, bytes and the preferred library than the chance of an id."""
    sized = {Rule.SIZE, Rule.LARGEST, Rule.SMALLEST}
    rank = options.rank
    return tuple(
        rule
        for rule in (Rule.RESOLUTION, Rule.SIZE, *((Rule.LIBRARY,) if options.preferred_libraries else ()))
        if rule not in rank and not (rule in sized and sized.intersection(rank))
    )


class Ranking:
    """The rules of one plan.

    :param album_counts: asset id → in how many albums it is.
    """

    def __init__(self, options: DuplicatesOptions, album_counts: Mapping[str, int]) -> None:
        self._options = options
        self._album_counts = album_counts
        self._tolerance = timedelta(days=options.date_tolerance)
        self._formats: dict[str, int] = {}
        for extension in options.formats:
            self._formats.setdefault(format_of_extension(extension), len(self._formats))
        keys: dict[Rule, Key] = {
            Rule.FORMAT: lambda asset: self._formats.get(format_of(asset), len(self._formats)),
            Rule.SIZE: lambda asset: -(file_size(asset) or 0),
            Rule.LARGEST: lambda asset: -(file_size(asset) or 0),
            Rule.SMALLEST: lambda asset: file_size(asset) or _MISSING,
            Rule.EXIF: lambda asset: -asset.exif.filled if asset.exif is not None else 0,
            Rule.RESOLUTION: lambda asset: -(pixels(asset) or 0),
            Rule.FAVORITE: lambda asset: not asset.is_favorite,
            Rule.MOTION_VIDEO: lambda asset: asset.live_photo_video_id is None,
            Rule.ALBUMS: lambda asset: -self._album_counts.get(asset.id, 0),
            Rule.PATH: self._path_place,
            Rule.LIBRARY: self._library_place,
        }
        self._rules = (*options.rank, *_last_resorts(options))
        self._steps = [(rule, keys.get(rule)) for rule in self._rules]

    def order(self, assets: Sequence[Asset], suggested: Sequence[str] = ()) -> list[Placed]:
        """All assets from the best to the worst; the first one is the one to keep.

        :param suggested: ids that the server suggests to keep.
        """
        return self._order(sorted(assets, key=lambda asset: asset.id), 0, frozenset(suggested))

    def _order(self, assets: list[Asset], first: int, suggested: frozenset[str]) -> list[Placed]:
        behind: list[tuple[Rule, int, list[list[Asset]]]] = []
        for position in range(first, len(self._steps)):
            if len(assets) == 1:
                break
            rule, key = self._steps[position]
            tiers = self._tiers(rule, key, assets, suggested)
            if len(tiers) > 1:
                behind.append((rule, position + 1, tiers[1:]))
                assets = tiers[0]
        placed = [Placed(asset) for asset in assets]
        for rule, next_step, tiers in reversed(behind):
            for tier in tiers:
                below = tier if len(tier) == 1 else [each.asset for each in self._order(tier, next_step, suggested)]
                placed += [Placed(asset, rule) for asset in below]
        return placed

    def _tiers(self, rule: Rule, key: Key | None, assets: list[Asset], suggested: frozenset[str]) -> list[list[Asset]]:
        """The assets by what one rule makes of them, best first; assets it takes for equal are together."""
        if rule is Rule.DATE_TAKEN or rule is Rule.NEWEST:
            return self._date_tiers(assets, newest=rule is Rule.NEWEST)
        # Only the server's suggestion has no key of its own: it differs from group to group.
        keys = [asset.id not in suggested if key is None else key(asset) for asset in assets]
        if min(keys) == max(keys):
            return [assets]
        by_key: dict[float, list[Asset]] = {}
        for place, asset in zip(keys, assets, strict=True):
            by_key.setdefault(place, []).append(asset)
        return [by_key[place] for place in sorted(by_key)]

    def _date_tiers(self, assets: list[Asset], *, newest: bool) -> list[list[Asset]]:
        """A tier is everything within the tolerance of its first date; assets without a date come last."""
        dated = [(date, asset) for asset in assets if (date := taken(asset)) is not None]
        dates = [date for date, _asset in dated]
        if len(dated) == len(assets) and max(dates) - min(dates) <= self._tolerance:
            return [assets]
        dated.sort(key=lambda pair: pair[0], reverse=newest)
        tiers: list[list[Asset]] = []
        first: datetime | None = None
        for date, asset in dated:
            if first is None or abs(date - first) > self._tolerance:
                first = date
                tiers.append([])
            tiers[-1].append(asset)
        undated = [asset for asset in assets if taken(asset) is None]
        if undated:
            tiers.append(undated)
        return [sorted(tier, key=lambda asset: asset.id) for tier in tiers] if len(tiers) > 1 else [assets]

    def _path_place(self, asset: Asset) -> int:
        folders = self._options.preferred_paths
        return next(
            (place for place, folder in enumerate(folders) if is_below(asset.original_path, folder)), len(folders)
        )

    def _library_place(self, asset: Asset) -> int:
        libraries = self._options.preferred_libraries
        return next((place for place, library in enumerate(libraries) if is_in_library(asset, library)), len(libraries))

    def why_kept(self, keeper: Asset, deciding: Sequence[Rule]) -> str:
        """Why an asset stays, in words.

        :param deciding: the rules that preferred it to at least one other.
        """
        if not deciding:
            return _("kept: the copies are alike in everything compared, so the first id decides")
        words = [self._merit(rule, keeper) for rule in self._rules if rule in deciding]
        return _("kept: {reasons}").format(reasons=", ".join(words))

    def _merit(self, rule: Rule, keeper: Asset) -> str:
        if rule is Rule.FORMAT:
            return _("{format} preferred").format(format=format_of(keeper).upper())
        if rule is Rule.PATH:
            return _("in the preferred folder {folder}").format(
                folder=self._options.preferred_paths[self._path_place(keeper)]
            )
        return _MERITS[rule]

    def why_lost(self, placed: Placed, keeper: Asset) -> str:
        """Why an asset is not the keeper, in words."""
        asset, rule = placed.asset, placed.lost_by
        if rule is None:
            return _("alike in everything compared")
        if rule is Rule.FORMAT:
            return _("{format} instead of {kept}").format(
                format=format_of(asset).upper() or _("no extension"), kept=format_of(keeper).upper()
            )
        if rule is Rule.DATE_TAKEN or rule is Rule.NEWEST:
            date = taken(asset)
            if date is None:
                written = asset.date_with_zone
                return (
                    _("no date")
                    if written is None
                    else _("no date, only a placeholder: {date}").format(date=f"{written:%Y-%m-%d}")
                )
            words = _("taken later, {date}") if rule is Rule.DATE_TAKEN else _("taken earlier, {date}")
            return words.format(date=_date(date, taken(keeper)))
        if rule in (Rule.SIZE, Rule.LARGEST, Rule.SMALLEST):
            size, kept_size = file_size(asset), file_size(keeper)
            if size is None or kept_size is None:
                return _("file size unknown")
            shown, kept_shown = _size(size), _size(kept_size)
            if shown == kept_shown:
                shown, kept_shown = f"{size:,}", _("{count:,} bytes").format(count=kept_size)
            return _("{size} instead of {kept}").format(size=shown, kept=kept_shown)
        if rule is Rule.EXIF:
            count = 0 if asset.exif is None else asset.exif.filled
            return ngettext("only {count} field of metadata", "only {count} fields of metadata", count).format(
                count=count
            )
        if rule is Rule.RESOLUTION:
            width, height = (None, None) if asset.exif is None else (asset.exif.width, asset.exif.height)
            return _("{width} × {height} pixels").format(width=width or "?", height=height or "?")
        return _FLAWS[rule]


def _date(date: datetime, other: datetime | None) -> str:
    """A date to the second, or exactly where another one is of the same second."""
    form = "%Y-%m-%d %H:%M:%S"
    text = date.astimezone(UTC).strftime(form)
    exact = other is not None and other.astimezone(UTC).strftime(form) == text
    return f"{date.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC" if exact else f"{text} UTC"


def _size(size: int) -> str:
    if size < 1000:
        return _("{count} bytes").format(count=size)
    return (
        _("{size:.1f} kB").format(size=size / 1e3) if size < 1_000_000 else _("{size:.1f} MB").format(size=size / 1e6)
    )


_MERITS: Final = {
    Rule.DATE_TAKEN: _("taken earliest"),
    Rule.SIZE: _("largest file"),
    Rule.LARGEST: _("largest file"),
    Rule.SMALLEST: _("smallest file"),
    Rule.EXIF: _("most metadata"),
    Rule.RESOLUTION: _("highest resolution"),
    Rule.FAVORITE: _("favourite"),
    Rule.MOTION_VIDEO: _("has a motion video"),
    Rule.ALBUMS: _("in the most albums"),
    Rule.LIBRARY: _("in the preferred library"),
    Rule.NEWEST: _("taken latest"),
    Rule.SERVER: _("suggested by the server"),
}
_FLAWS: Final = {
    Rule.FAVORITE: _("not a favourite"),
    Rule.MOTION_VIDEO: _("no motion video"),
    Rule.ALBUMS: _("in fewer albums"),
    Rule.PATH: _("not in the preferred folder"),
    Rule.LIBRARY: _("not in the preferred library"),
    Rule.SERVER: _("not suggested by the server"),
}
