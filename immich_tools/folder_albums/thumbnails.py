"""Which picture stands for an album.

Chance would give another one in every run. Here it depends on the album's name and on the pictures alone, so a second run changes
nothing, and a new picture seldom does: each gets a number from its id and the name, and the smallest number counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from immich_tools.folder_albums.properties import ThumbnailChoice, ThumbnailSetting
from immich_tools.folder_albums.refusals import Refusal
from immich_tools.folder_albums.roots import Roots
from immich_tools.immich.models import Asset
from immich_tools.paths import PathFilter, normal_path


def drawn(name: str, asset_ids: Iterable[str]) -> str | None:
    """One of some assets, the same every time for the same album; None when there is none."""
    key = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    return min(
        asset_ids, key=lambda each: (blake2b(each.encode(), key=key, digest_size=8).digest(), each), default=None
    )


def choose(
    setting: ThumbnailSetting,
    name: str,
    member_ids: Iterable[str],
    known: Mapping[str, Asset],
    *,
    roots: Roots,
    path_filter: PathFilter,
) -> str | None:
    """The id of the picture, or None when there is none that fits.

    :param member_ids: what will be in the album.
    :param known: assets by id; dates and paths of members that are missing here are not known, and they are never chosen by these.
    """
    if setting in (ThumbnailChoice.RANDOM, ThumbnailChoice.RANDOM_ALL):
        return drawn(name, member_ids)
    assets = [known[asset_id] for asset_id in member_ids if asset_id in known]
    if setting is ThumbnailChoice.RANDOM_FILTERED:
        return drawn(name, [asset.id for asset in assets if _counts(asset, roots, path_filter)])
    if isinstance(setting, str):
        path = normal_path(setting)
        return min((asset.id for asset in assets if normal_path(asset.original_path) == path), default=None)
    return _oldest(assets) if setting is ThumbnailChoice.FIRST else _newest(assets)


def _counts(asset: Asset, roots: Roots, path_filter: PathFilter) -> bool:
    """Whether filters let a picture through; one outside the roots counts, as no filter speaks of it."""
    placed = roots.place(asset.original_path)
    return isinstance(placed, Refusal) or path_filter.refuse(placed.below) is None


def _oldest(assets: Sequence[Asset]) -> str | None:
    first = min(assets, key=lambda asset: asset.order_taken, default=None)
    return None if first is None else first.id


def _newest(assets: Sequence[Asset]) -> str | None:
    dated = [asset for asset in assets if asset.file_created_at is not None]
    last = max(dated or assets, key=lambda asset: asset.order_taken, default=None)
    return None if last is None else last.id
