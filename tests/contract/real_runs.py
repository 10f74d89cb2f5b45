"""Recorded runs on real servers whose jobs were working, and a sandbox with the data they began with."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
from attrs import define

from immich_tools.sandbox import Dialect, Jobs, Sandbox
from immich_tools.sandbox.entities import Album, Asset, Exif, Tag, User
from tests.contract.comparison import Comparison, Json, objects

FOLDER: Final = Path(__file__).parent / "captures" / "real-runs"
_FIELDS: Final = ("description", "rating", "latitude", "longitude", "timeZone", "dateTimeOriginal")
# Seconds that a request takes for each asset. The recorded servers had a busy machine: a write to 16 assets took a second.
BUSY: Final = (0.01, 0.1)
QUIET: Final = (0.001, 0.002)
SUFFIXES: Final = {Dialect.V2: "v231", Dialect.V3: "v310"}


def recorded(dialect: Dialect, pattern: str) -> list[dict[str, Json]]:
    """The exchanges of the files that match, in order; each knows its file."""
    found = []
    for path in sorted(FOLDER.glob(f"{pattern}-{SUFFIXES[dialect]}.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        found += [{"file": path.stem, **exchange} for exchange in document.get("exchanges", [document])]
    return found


@define
class World:
    """A sandbox of one user, with ids as recorded.

    :ivar differences: what the sandbox answered otherwise than the real server.
    """

    sandbox: Sandbox
    client: httpx.Client
    user: User
    differences: list[str]

    @classmethod
    def of(
        cls,
        dialect: Dialect,
        exchanges: list[dict[str, Json]],
        *,
        seed: int = 0,
        folder: Path | None = None,
        request: tuple[float, float] = BUSY,
    ) -> World:
        """An empty world whose user is the one that the exchanges show, if they show one."""
        sandbox = Sandbox(dialect, seed=seed, jobs=Jobs(seed=seed, request=request), folder=folder)
        bodies = [shown for exchange in exchanges for shown in objects(exchange.get("response"))]
        owner: Json = next((shown["owner"] for shown in bodies if "owner" in shown), {})
        user = sandbox.add_user(owner.get("name", "User"), owner.get("email", "user@example.com"))
        del sandbox.state.users[user.id]
        user.id = next((shown["ownerId"] for shown in bodies if "ownerId" in shown), user.id)
        sandbox.state.users[user.id] = user
        client = httpx.Client(transport=sandbox.transport(), base_url=sandbox.url)
        client.headers["x-api-key"] = sandbox.add_key(user.id)
        return cls(sandbox, client, user, [])

    def asset(self, shown: Json, **more: Any) -> Asset:
        """Add an asset as it is shown, wholly or in part."""
        exif = shown.get("exifInfo") or {}
        moment = _time(exif.get("dateTimeOriginal")) or _time(shown.get("fileCreatedAt"))
        given: dict[str, Any] = {
            "id": shown["id"],
            "owner_id": self.user.id,
            "original_file_name": shown.get("originalFileName", ""),
            "original_path": shown.get("originalPath"),
            "library_id": shown.get("libraryId"),
            "visibility": shown.get("visibility", "timeline"),
            "is_favorite": shown.get("isFavorite", False),
            "live_photo_video_id": shown.get("livePhotoVideoId"),
            "duplicate_id": shown.get("duplicateId"),
            "checksum": b64decode(shown["checksum"]) if "checksum" in shown else None,
            "thumbhash": shown.get("thumbhash", ""),
            "file_created_at": moment,
            "file_modified_at": _time(shown.get("fileModifiedAt")),
            "local_date_time": _time(shown.get("localDateTime")),
            "duration_milliseconds": 1000,
            "tags": [tag["value"] for tag in shown.get("tags", ())],
            "exif": Exif(
                make=exif.get("make"),
                model=exif.get("model"),
                width=exif.get("exifImageWidth"),
                height=exif.get("exifImageHeight"),
                file_size=exif.get("fileSizeInByte"),
                orientation=exif.get("orientation"),
                date_time_original=moment,
                modify_date=_time(exif.get("modifyDate")),
                time_zone=exif.get("timeZone"),
                latitude=exif.get("latitude"),
                longitude=exif.get("longitude"),
                description=exif.get("description", ""),
                rating=exif.get("rating"),
            ),
        }
        asset_id = self.sandbox.add_asset(**{**given, **more})
        return self.sandbox.state.assets[asset_id]

    def tag(self, tag_id: str, value: str) -> Tag:
        """Add a tag with its recorded id."""
        state = self.sandbox.state
        tag = next((known for known in state.tags.values() if known.value == value), None)
        if tag is None:
            tag = state.tags[self.sandbox.add_tag(value, owner_id=self.user.id)]
        bearers = list(tag.asset_ids)
        for asset_id in bearers:
            state.untag_asset(tag, asset_id)
        del state.tags[tag.id]
        tag.id = tag_id
        state.tags[tag_id] = tag
        for asset_id in bearers:
            state.tag_asset(tag, asset_id)
        return tag

    def album(self, shown: Json, asset_ids: list[str], cover: str) -> Album:
        """Add an album with its recorded id."""
        album_id = self.sandbox.add_album(
            shown.get("albumName", "cover"), id=shown["id"], owner_id=self.user.id, asset_ids=asset_ids
        )
        album = self.sandbox.state.albums[album_id]
        album.thumbnail_id = cover
        return album

    def send(self, exchange: dict[str, Json]) -> Json:
        """Send what was recorded, and compare status, shape and telling values. Returns the body of the answer."""
        asked, expected = exchange["request"], exchange["response"]
        key = self.sandbox.admin_key if asked["key"] == "admin_key" else self.client.headers["x-api-key"]
        answer = self.client.request(asked["method"], asked["path"], json=asked["body"], headers={"x-api-key": key})
        name = f"{exchange['file']} {asked['method']} {asked['path'].partition('?')[0]}"
        if answer.status_code != expected["status"]:
            self.differences.append(f"{name}: {expected['status']} recorded, {answer.status_code} answered")
        body = answer.json() if answer.content else None
        comparison = Comparison(name)
        comparison.compare(expected["body"], _like(expected["body"], body))
        # The recorded servers knew other cities.
        places = (".city:", ".state:", ".country:")
        told = [difference for difference in comparison.differences if not any(each in difference for each in places)]
        self.differences += [f"{name}: {difference}" for difference in told]
        return body

    def settle(self) -> None:
        self.sandbox.settle()


def _like(shown: Json, answered: Json) -> Json:
    """An answer without the fields that were left out of a short recording of it."""
    if not isinstance(shown, dict) or not isinstance(answered, dict) or "checksum" in shown or "id" not in shown:
        return answered
    kept = {key: value for key, value in answered.items() if key in shown}
    if "exifInfo" in shown:
        kept["exifInfo"] = {key: value for key, value in answered["exifInfo"].items() if key in shown["exifInfo"]}
    return kept


def facts(shown: Json, like: Json | None = None) -> Json:
    """What an asset bears: tags and fields, to be equal after all jobs; only the fields that `like` shows, too."""
    exif = shown["exifInfo"]
    names = [name for name in _FIELDS if like is None or name in like["exifInfo"]]
    return {
        "tags": sorted(tag["value"] for tag in shown["tags"]),
        "isFavorite": shown["isFavorite"],
        **{name: exif[name] for name in names if name in exif},
    }


def tags_of(exchanges: list[dict[str, Json]]) -> dict[str, str]:
    """The tags that are shown: id → value."""
    return {
        shown["id"]: shown["value"]
        for exchange in exchanges
        for shown in objects(exchange.get("response", {}).get("body"))
        if "value" in shown and "name" in shown
    }


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
