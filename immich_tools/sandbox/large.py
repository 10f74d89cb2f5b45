"""A large synthetic library for benchmarks: quick to make, without files."""

from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen

from immich_tools.sandbox import create
from immich_tools.sandbox.entities import Asset, AssetType, Exif
from immich_tools.sandbox.places import set_place
from immich_tools.sandbox.sandbox import Sandbox

_START: Final = datetime(2005, 1, 1, 8, 0, tzinfo=UTC)
_SPAN: Final = timedelta(days=18 * 365)
_CAMERAS: Final = (("Apple", "iPhone 12"), ("Canon", "Canon EOS R6"), ("SONY", "ILCE-7M3"), ("samsung", "SM-G991B"))


@frozen
class LargeLibrary:
    """What was made: ids in the order of making."""

    asset_ids: tuple[str, ...]
    duplicate_ids: tuple[str, ...]
    album_ids: tuple[str, ...]
    tag_ids: tuple[str, ...]


def large_library(
    sandbox: Sandbox,
    assets: int,
    *,
    groups: int = 0,
    group_size: int = 3,
    albums: int = 0,
    tags: int = 0,
    photos_per_moment: int = 20,
) -> LargeLibrary:
    """Add `assets` photos of the administrator, `photos_per_moment` of them with one and the same `fileCreatedAt`.

    The first `groups` × `group_size` assets form duplicate groups: the first of a group is the largest file. The assets
    are spread over `albums` albums and `tags` tags by turns, so that the members of a group are in different ones.

    Raises:
        ValueError: there are not enough assets for the groups.
    """
    if groups * group_size > assets:
        raise ValueError(f"{groups} groups of {group_size} need more than {assets} assets")
    state = sandbox.state
    owner_id = sandbox.admin.id
    now = state.now()
    duplicate_ids = tuple(state.new_id() for _ in range(groups))
    moments = max(1, assets // photos_per_moment)
    step = min(_SPAN // moments, timedelta(days=1)) + timedelta(microseconds=457)
    ids: list[str] = []
    for number in range(assets):
        group, place_in_group = divmod(number, group_size)
        moment = _START + step * (number // photos_per_moment)
        make, model = _CAMERAS[number % len(_CAMERAS)]
        size = 2_000_000 + number % 1000 - 100_000 * place_in_group
        name = f"IMG_{number:06d}.jpg"
        asset_id = state.new_id()
        folder = f"{sandbox.server.media_root}/upload/{owner_id}/{asset_id[:2]}/{asset_id[2:4]}"
        state.insert_asset(
            Asset(
                id=asset_id,
                owner_id=owner_id,
                type=AssetType.IMAGE,
                original_path=f"{folder}/{asset_id}.jpg",
                original_file_name=name,
                mime_type="image/jpeg",
                checksum=number.to_bytes(20, "big"),
                file_created_at=moment,
                file_modified_at=moment,
                local_date_time=moment,
                created_at=now,
                updated_at=now,
                exif=Exif(
                    make=make,
                    model=model,
                    width=4032,
                    height=3024,
                    file_size=size,
                    date_time_original=moment,
                    modify_date=moment,
                    time_zone="UTC",
                    f_number=1.8,
                    iso=100,
                ),
                device_asset_id=name,
                duplicate_id=duplicate_ids[group] if group < groups else None,
            )
        )
        ids.append(asset_id)
    for number in range(0, assets, 10):
        set_place(state.assets[ids[number]].exif, 48.8566, 2.3522)
    made_albums = [create.new_album(state, owner_id, f"Album {number:03d}") for number in range(albums)]
    made_tags = [create.new_tag(state, owner_id, f"tag {number:03d}") for number in range(tags)]
    for number, asset_id in enumerate(ids):
        if made_albums:
            state.add_to_album(made_albums[number % albums], asset_id)
        if made_tags:
            state.tag_asset(made_tags[number * 7 % tags], asset_id)
    return LargeLibrary(
        tuple(ids), duplicate_ids, tuple(album.id for album in made_albums), tuple(tag.id for tag in made_tags)
    )
