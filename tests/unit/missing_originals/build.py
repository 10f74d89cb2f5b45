"""Builders of records and facts: every test names only what it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import attrs

from immich_tools.disk.findings import MISSING, FileState, Finding
from immich_tools.immich.models import Asset, AssetType, Exif, MissingFile, Report, Version
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.missing_originals.places import Places
from immich_tools.missing_originals.records import AssetRecord, split_path
from immich_tools.plan.claims import AliveRoot, FilesMissing

ME, OTHER = "10000000-0000-4000-8000-000000000001", "20000000-0000-4000-8000-000000000002"
TODAY = date(2026, 5, 3)
UPLOAD = "/data/upload"
ROOTS = (UPLOAD, "/data/library", "/data/encoded-video", "/ext")
NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)


def asset_id(number: int) -> str:
    """The id of the asset with a number."""
    return f"00000000-0000-4000-8000-{number:012}"


def record(number: int, path: str | None = None, **values: Any) -> AssetRecord:
    """An asset; `video` and `stack` are numbers."""
    folder, name = split_path(path or f"{UPLOAD}/{ME}/ab/{number}.jpg")
    video, stack = values.pop("video", None), values.pop("stack", None)
    fields: dict[str, Any] = {
        "id": asset_id(number),
        "owner_id": ME,
        "folder": folder,
        "name": name,
        "live_photo_video_id": None if video is None else asset_id(video),
        "stack_id": None if stack is None else asset_id(stack),
    }
    return AssetRecord(**(fields | values))


def changed(each: AssetRecord, **values: Any) -> AssetRecord:
    """The same asset with other values."""
    names = ("id", "folder", "name", "live_photo_video_id", "stack_id", "sidecar_path")
    fields = attrs.asdict(each.standing) | {name: getattr(each, name) for name in names}
    return AssetRecord(**(fields | values))


def facts(*records: AssetRecord, missing: tuple[int, ...] = (), **values: Any) -> MissingFacts:
    """Facts about records in a library of a hundred more, whose files are all there but those of `missing`.

    The roots are proven, and the guards are far unless a test is about them.
    """
    findings: dict[str, Finding] = {each.path: MISSING for each in records if each.id in set(map(asset_id, missing))}
    fields: dict[str, Any] = {
        "user_id": ME,
        "server_version": Version(3, 1, 0),
        "population": 1000,
        "day": TODAY,
        "records": records + tuple(record(number) for number in range(9_000, 9_100)),
        "findings": findings | values.pop("findings", {}),
        "places": Places(("/data",), ("/ext",)),
        "proven": frozenset(ROOTS),
        "witnesses": {root: (f"{root}/witness.jpg",) for root in ROOTS},
    }
    return MissingFacts(**(fields | values))


def asset(number: int, path: str, **values: Any) -> Asset:
    """What the server tells of an asset."""
    exif = Exif(**{key: values.pop(key) for key in ("description", "rating", "place") if key in values})
    fields: dict[str, Any] = {
        "id": asset_id(number),
        "owner_id": ME,
        "type": AssetType.IMAGE,
        "original_path": path,
        "original_file_name": path.rpartition("/")[2],
        "file_created_at": NOON,
        "local_date_time": NOON,
        "exif": exif,
    }
    return Asset(**(fields | values))


UNKNOWN = Finding(FileState.UNKNOWN, "the disk does not answer")
RENAMED = Finding(FileState.RENAMED, found="/mnt/IMG.JPG")


def still_missing(*paths: str, root: str = UPLOAD) -> FilesMissing:
    """The claim that the files of one of the roots of `facts` are missing."""
    alive = AliveRoot(root, (f"{root}/witness.jpg",), has_marker=root != "/ext")
    ordered = tuple(sorted(paths))
    return FilesMissing(ordered, alive, ordered)


def reported(*paths: str) -> Report:
    """The server's report, made at noon of the day before the run."""
    moment = datetime.combine(TODAY - timedelta(days=1), time(12), UTC)
    return Report(tuple(MissingFile(path, None, moment) for path in paths), was_read=True)
