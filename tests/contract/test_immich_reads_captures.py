"""The server layer reads what real servers of both versions answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from immich_tools import Immich
from immich_tools.immich.convert import asset_from_json, tag_from_json
from immich_tools.immich.models import AlbumRole, Asset, AssetType, Recognition, Version, Visibility

CAPTURES = Path(__file__).parent / "captures"
VERSIONS = ("2.3.1", "3.1.0")


def exchanges(version: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All recorded successes: name and exchange."""
    for path in sorted((CAPTURES / f"v{version}").glob("*.json")):
        exchange = json.loads(path.read_text(encoding="utf-8"))
        if 200 <= exchange["response"]["status"] < 300:
            yield path.stem, exchange


def objects(value: object) -> Iterator[dict[str, Any]]:
    """All JSON objects in a value, however deep."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from objects(each)


def recorded_assets(version: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, item)
        for name, exchange in exchanges(version)
        for item in objects(exchange["response"]["body"])
        if {"originalPath", "ownerId", "type"} <= item.keys()
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_asset(version: str) -> None:
    recorded = recorded_assets(version)
    assert len(recorded) > 40
    for name, item in recorded:
        asset = asset_from_json(item)
        assert (asset.id, asset.owner_id) == (item["id"], item["ownerId"]), name
        assert asset.type is AssetType(item["type"]), name
        assert asset.visibility is Visibility(item["visibility"]), name
        assert asset.file_created_at is not None and asset.local_offset is not None, name
        assert asset.file_created_at.isoformat()[:19] == item["fileCreatedAt"][:19], name
        assert abs(asset.local_offset.total_seconds()) <= 14 * 3600, name
        assert (asset.is_trashed, asset.is_offline) == (item["isTrashed"], item["isOffline"]), name
        assert (asset.duration is not None) == (asset.type is AssetType.VIDEO), name
        assert (asset.exif is not None) == ("exifInfo" in item), name
        assert (asset.tags is not None) == ("tags" in item), name
        if asset.exif is not None and item["exifInfo"]:
            assert asset.exif.file_size == item["exifInfo"]["fileSizeInByte"], name
            assert asset.exif.date_time_original is not None, name
            assert (asset.exif.place is not None) == (item["exifInfo"]["latitude"] is not None), name


@pytest.mark.parametrize("version", VERSIONS)
def test_every_tag(version: str) -> None:
    recorded = [
        item
        for _name, exchange in exchanges(version)
        for item in objects(exchange["response"]["body"])
        if {"name", "value"} <= item.keys()
    ]
    assert recorded
    for item in recorded:
        tag = tag_from_json(item)
        assert (tag.id, tag.value, tag.parent_id) == (item["id"], item["value"], item.get("parentId"))
        assert (tag.parent_id is not None) == ("/" in tag.value)


def replaying(version: str) -> Immich:
    """The library, talking to the recordings: the first recorded success of each method and path."""
    answers: dict[tuple[str, str], httpx.Response] = {}
    for _name, exchange in exchanges(version):
        asked, answered = exchange["request"], exchange["response"]
        key = (asked["method"], asked["path"])
        if key not in answers:
            answers[key] = httpx.Response(answered["status"], json=answered["body"])

    def server(request: httpx.Request) -> httpx.Response:
        return answers[request.method, request.url.raw_path.decode()]

    return Immich.connect("nas", "key", transport=httpx.MockTransport(server))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_server_itself(version: str) -> None:
    immich = replaying(version)
    assert str(immich.version) == version
    immich.check_writable()
    assert immich.me.is_admin
    assert immich.api_key.permissions == {"all"}
    assert immich.trash_policy.is_safety_net
    assert immich.assets.owned() == 100


@pytest.mark.parametrize("version", VERSIONS)
def test_albums(version: str) -> None:
    immich = replaying(version)
    albums = immich.albums.all()
    assert len({album.id for album in albums}) == len(albums) >= 3
    for album in albums:
        assert album.owner_id == immich.me.id
        assert album.role is AlbumRole.OWNER
        assert album.owner_id not in [user.user_id for user in album.users]
    shared = {album.name: album for album in albums}
    if "Paris" in shared:
        assert [user.role for user in shared["Paris"].users] == [AlbumRole.EDITOR]
        assert shared["Paris"].asset_count == 9


@pytest.mark.parametrize("version", VERSIONS)
def test_groups_of_duplicates(version: str) -> None:
    groups = replaying(version).duplicates.groups()
    assert len(groups) == 3
    for group in groups:
        assert len(group.assets) > 1
        assert {asset.duplicate_id for asset in group.assets} == {group.id}
        assert {asset.visibility for asset in group.assets} <= {Visibility.TIMELINE, Visibility.ARCHIVE}
        assert all(asset.people is None and asset.exif is not None for asset in group.assets)
        assert all(
            (asset.tags is None) == (Version(*map(int, version.split("."))) < Version(2, 7, 0))
            for asset in group.assets
        )
        assert set(group.suggested_keep_ids) <= {asset.id for asset in group.assets}


@pytest.mark.parametrize("version", VERSIONS)
def test_one_asset_reads_the_same_wherever_it_comes_from(version: str) -> None:
    """Searches write milliseconds, nested assets microseconds; everything that both tell must agree."""
    by_id: dict[str, list[Asset]] = {}
    for name, item in recorded_assets(version):
        if int(name[:3]) < 60:  # later recordings changed the data
            by_id.setdefault(item["id"], []).append(asset_from_json(item))
    several = [assets for assets in by_id.values() if len(assets) > 1]
    assert several
    for first, *others in several:
        for other in others:
            assert (other.file_created_at, other.local_date_time) == (first.file_created_at, first.local_date_time)
            assert (other.checksum, other.original_path, other.type) == (
                first.checksum,
                first.original_path,
                first.type,
            )


@pytest.mark.parametrize("version", VERSIONS)
def test_libraries(version: str) -> None:
    immich = replaying(version)
    libraries = immich.libraries.all()
    photos = next(library for library in libraries if library.name == "Photos")
    assert len(libraries) == 2
    assert photos.owner_id == immich.me.id
    assert [path.rpartition("/")[2] for path in photos.import_paths] == ["photos"]
    assert photos.exclusion_patterns == ("**/@eaDir/**",)
    assert photos.refreshed_at is not None
    assert immich.libraries.count_assets(photos.id) == 60
    immich.libraries.scan(photos.id)


@pytest.mark.parametrize("version", VERSIONS)
def test_faces(version: str) -> None:
    immich = replaying(version)
    (asked,) = {
        exchange["request"]["path"].partition("=")[2]
        for _name, exchange in exchanges(version)
        if exchange["request"]["path"].startswith("/api/faces?")
    }
    faces = immich.faces.of_asset(asked)
    assert faces is not None
    (face,) = faces
    assert face.person is not None
    assert face.person.name == "Alice"
    assert (face.width, face.height, face.left, face.top, face.right, face.bottom) == (320, 240, 30, 20, 90, 90)
    # It was recorded right after a scan: sidecars were still being looked for.
    assert immich.faces.recognition() == Recognition(is_on=False, pending=7 if version.startswith("2") else 8)


@pytest.mark.parametrize("version", VERSIONS)
def test_only_immich_2_tells_of_faces_that_are_nobodys(version: str) -> None:
    searched = [item for name, item in recorded_assets(version) if name == "017-search-exif-people"]
    assert searched
    for asset in (asset_from_json(item, tells_people=True) for item in searched):
        assert asset.people is not None
        assert asset.unassigned_faces == (0 if version.startswith("2") else None)
