"""What the server's lists of an album's or a tag's assets tell, and what they leave out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from immich_tools.immich.client import Immich
from immich_tools.immich.models import Asset, Visibility


def is_listed(asset: Asset) -> bool:
    """Whether albums and tags list an asset: neither what is trashed nor what is locked."""
    return not asset.is_trashed and asset.visibility not in (Visibility.LOCKED, Visibility.UNKNOWN)


def absent(immich: Immich, asset_ids: Iterable[str], members: Collection[str]) -> list[str]:
    """Those assets that should be among those listed and are not.

    What is trashed, locked or gone is not missed.
    """
    missing = [asset_id for asset_id in asset_ids if asset_id not in members]
    if not missing:
        return []
    now = immich.assets.read(missing)
    return [asset_id for asset_id in missing if asset_id in now and is_listed(now[asset_id])]
