"""Builders of copies and facts: every test names only what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from attrs import evolve

from immich_tools.duplicates import DuplicateFacts
from immich_tools.immich.models import Asset, AssetType, DuplicateGroup, Exif, Version

ME = "me"
NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
_EXIF_FIELDS = {field.name for field in attrs.fields(Exif)}


def build_asset(name: str, **values: Any) -> Asset:
    """A copy whose id is its name without the extension; fields of EXIF data are given like the others, `days` is added to the date."""
    days = values.pop("days", 0)
    exif: dict[str, Any] = {
        "file_size": 1_000_000,
        "width": 4000,
        "height": 3000,
        "filled": 10,
        "date_time_original": NOON + timedelta(days=days),
    }
    exif |= {key: values.pop(key) for key in list(values) if key in _EXIF_FIELDS}
    fields: dict[str, Any] = {
        "id": name.rpartition(".")[0] or name,
        "owner_id": ME,
        "type": AssetType.IMAGE,
        "original_path": f"/upload/{name}",
        "original_file_name": name,
        "file_created_at": NOON,
        "local_date_time": NOON + timedelta(hours=2),
        "exif": Exif(**exif),
    }
    return Asset(**(fields | values))


def build_facts(*groups: DuplicateGroup | tuple[Asset, ...], **values: Any) -> DuplicateFacts:
    """Facts about groups; a bare tuple of assets becomes a group named ``g1``, ``g2`` …; unless given, no asset has tags."""
    named = tuple(
        group if isinstance(group, DuplicateGroup) else DuplicateGroup(f"g{number}", group)
        for number, group in enumerate(groups, 1)
    )
    tags: Mapping[str, Any] = {asset.id: frozenset() for group in named for asset in group.assets}
    fields: dict[str, Any] = {
        "user_id": ME,
        "server_version": Version(2, 3, 1),
        "population": 1000,
        "groups": named,
        "people": {},
        "links": (),
        "tags": tags,
    }
    fields["tags"] = tags | values.pop("tags", {})
    fields["videos"] = {
        asset.live_photo_video_id: evolve(asset, id=asset.live_photo_video_id, live_photo_video_id=None)
        for group in named
        for asset in group.assets
        if asset.live_photo_video_id
    }
    return DuplicateFacts(**(fields | values))


@pytest.fixture(scope="session")
def asset() -> Callable[..., Asset]:
    """Builds a copy."""
    return build_asset


@pytest.fixture(scope="session")
def facts() -> Callable[..., DuplicateFacts]:
    """Builds facts."""
    return build_facts
