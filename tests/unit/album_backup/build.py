"""Builders of facts: every test names only what it is about."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any, Final

from attrs import evolve

from immich_tools.album_backup.facts import BackupFacts, ChosenAlbum, Upload
from immich_tools.album_backup.layout import Role
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.units import BackupUnit, arranged, wanted_units
from immich_tools.disk.content import Content
from immich_tools.immich.models import Album, AlbumRole, Asset, AssetType, Exif, Library, User, Version, Visibility

ME, OTHER, STRANGER = "me", "other", "stranger"
ROOT: Final = "/archive"
TAKEN: Final = datetime(2021, 7, 10, 12, tzinfo=UTC)
OPTIONS: Final = AlbumBackupOptions(album=("Holiday",), external_path=(ROOT,))
FINISHING: Final = evolve(OPTIONS, delete_assets=True)
EVERYTHING: Final = evolve(OPTIONS, delete_assets=True, delete_album=True, rebuild_album=True)


def content(seed: str) -> Content:
    """What the file of a name holds."""
    return Content(len(seed) + 100, sha1(seed.encode()).hexdigest())


def asset(asset_id: str, *, owner: str = ME, name: str | None = None, **changes: Any) -> Asset:
    """An upload."""
    held = content(asset_id)
    made = Asset(
        asset_id,
        owner,
        AssetType.IMAGE,
        f"/data/upload/{asset_id}.jpg",
        name or f"{asset_id}.jpg",
        TAKEN,
        TAKEN,
        checksum=b64encode(bytes.fromhex(held.sha1)).decode(),
        exif=Exif(file_size=held.size, date_time_original=TAKEN),
        tags=(),
        people=(),
    )
    return evolve(made, **changes)


def live(still: str, video: str) -> Upload:
    """A live photo."""
    motion = asset(video, name=f"{video}.mov", visibility=Visibility.HIDDEN, type=AssetType.VIDEO)
    return Upload(asset(still, live_photo_video_id=video), motion=motion)


def copy_of(upload: Asset, path: str, *, owner: str = ME, **changes: Any) -> Asset:
    """What Immich makes of a copy."""
    made = evolve(upload, id=f"copy of {upload.id}", owner_id=owner, library_id="library", live_photo_video_id=None)
    return evolve(made, original_path=path, checksum="", **changes)


def album(album_id: str = "holiday", name: str = "Holiday", owner: str = ME, **changes: Any) -> Album:
    """An album as the first user sees it."""
    role = AlbumRole.OWNER if owner == ME else AlbumRole.EDITOR
    return evolve(Album(album_id, name, owner, role), **changes)


def facts(*uploads: Upload | Asset, albums: Iterable[ChosenAlbum] | None = None, **changes: Any) -> BackupFacts:
    """Facts about one album that holds all the uploads, and an empty destination."""
    members = [each if isinstance(each, Upload) else Upload(each) for each in uploads]
    chosen = (
        (ChosenAlbum(album(), tuple(each.asset.id for each in members), TAKEN.date()),)
        if albums is None
        else tuple(albums)
    )
    made = BackupFacts(
        users=(User(ME, "Alex", is_admin=True), User(OTHER, "Bo")),
        server_version=Version(3, 1, 0),
        populations={ME: 1000, OTHER: 1000},
        local_target=ROOT,
        names={ME: "Alex", OTHER: "Bo", STRANGER: "Cleo"},
        albums=chosen,
        uploads={each.asset.id: each for each in members},
        visible={
            ME: {each.album.id: each.album for each in chosen},
            OTHER: {each.album.id: evolve(each.album, role=AlbumRole.EDITOR) for each in chosen},
        },
        holders={each.asset.id: frozenset({"holiday"}) for each in members},
        library=Library("library", "Archive", ME, (ROOT,)),
    )
    return evolve(made, **changes)


def units(known: BackupFacts, options: AlbumBackupOptions = OPTIONS) -> list[BackupUnit]:
    """The units with their places."""
    return arranged(wanted_units(known, options), known, options)


def copied(
    known: BackupFacts, options: AlbumBackupOptions = OPTIONS, *, only: Iterable[str] | None = None
) -> BackupFacts:
    """The same once the files are at their places."""
    wanted = None if only is None else set(only)
    present = {
        file.relative: file.content
        for unit in units(known, options)
        for file in unit.files
        if wanted is None or unit.id in wanted
    }
    return evolve(known, present={**known.present, **present})


def appeared(
    known: BackupFacts, options: AlbumBackupOptions = OPTIONS, *, owner: str = ME, **changes: Any
) -> BackupFacts:
    """The same once the files are at their places and Immich has read them."""
    known = copied(known, options)
    imported = {
        f"{ROOT}/{unit.relative}": copy_of(unit.upload.asset, f"{ROOT}/{unit.relative}", owner=owner, **changes)
        for unit in units(known, options)
        if unit.is_complete
    }
    imported |= {
        path: copy_of(unit.upload.motion, path, owner=owner)
        for unit in units(known, options)
        if unit.is_complete and unit.upload.motion is not None and (file := unit.file(Role.MOTION)) is not None
        for path in [f"{ROOT}/{file.relative}"]
    }
    return evolve(known, imported=imported)


def later(minutes: int) -> datetime:
    """A moment after the usual one."""
    return TAKEN + timedelta(minutes=minutes)
