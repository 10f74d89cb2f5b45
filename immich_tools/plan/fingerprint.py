"""What of an asset a decision to remove it rests on, as a short text that a plan can hold and compare later."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from immich_tools.immich.models import Asset, Exif

LENGTH: Final = 16
"""Hexadecimal digits; enough that no two states of one asset are ever taken for the same."""


def fingerprint(asset: Asset) -> str:
    """The same for the same description, rating, favourite mark, place, date, visibility, motion video, stack and tags.

    Tags count only where the asset tells them (the server's list of duplicates does from Immich 2.7 on).
    """
    exif = asset.exif or Exif()
    place, date = exif.place, exif.date_time_original
    state = (
        exif.description,
        exif.rating,
        asset.is_favorite,
        None if place is None else (place.latitude, place.longitude),
        None if date is None else date.timestamp(),
        asset.visibility.value,
        asset.live_photo_video_id,
        asset.stack_id,
        None if asset.tags is None else tuple(sorted(tag.id for tag in asset.tags)),
    )
    return sha256(repr(state).encode()).hexdigest()[:LENGTH]
