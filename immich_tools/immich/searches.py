"""Which searches find some given assets."""

from __future__ import annotations

from collections.abc import Iterable

from immich_tools.immich.assets import EVERYWHERE
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Asset


def searches_for(assets: Iterable[Asset]) -> tuple[tuple[AssetFilter, ...], list[str]]:
    """The fewest searches that together find all of `assets`, for a criterion to be added to.

    A search sees one visibility, and either what is in the trash (offline assets included) or what is not.

    :returns: the searches, and the ids of assets that no search finds: locked ones, and those whose visibility is not known.
    """
    wanted: dict[bool, set[str]] = {}
    single: list[str] = []
    for asset in assets:
        if asset.visibility in EVERYWHERE:
            wanted.setdefault(asset.is_trashed or asset.is_offline, set()).add(asset.visibility.value)
        else:
            single.append(asset.id)
    searches = tuple(
        AssetFilter(visibility=(visibility,), trashed=trashed)
        for trashed in (False, True)
        for visibility in EVERYWHERE
        if visibility.value in wanted.get(trashed, ())
    )
    return searches, sorted(single)
