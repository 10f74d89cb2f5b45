"""Every recorded exchange with a real server is replayed, in order, against a sandbox holding equivalent data.

Status code, body shape (keys and JSON types, recursively) and the values that tell what happened must agree. Data are
rebuilt from the recorded bodies: whatever they show is created with its recorded id; what they only count is filled up."""

import io
import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image

from immich_tools.sandbox import Dialect, Sandbox, create
from immich_tools.sandbox.entities import Album, AlbumRole, ApiKey, Exif, Face, Library, Person, Stack, Tag, User
from tests.contract.comparison import Comparison, Json, objects

CAPTURES = Path(__file__).parent / "captures"
FOLDERS = {Dialect.V2: "v2.3.1", Dialect.V3: "v3.1.0"}
EXCHANGES = 114
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
KNOWN_LENGTHS = {"timeline": 98, "archive": 2, "hidden": 1, "trashed": 2, "of library": 60}

# Exchanges that cannot be replayed, with the reason; none at present.
NOT_REPLAYED: dict[tuple[Dialect, str], str] = {}


def _load(dialect: Dialect) -> list[dict[str, Json]]:
    files = sorted((CAPTURES / FOLDERS[dialect]).glob("*.json"))
    return [{"file": file.stem, **json.loads(file.read_text(encoding="utf-8"))} for file in files]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Recorded:
    """A sandbox with the recorded server's data."""

    def __init__(self, dialect: Dialect) -> None:
        self.exchanges = _load(dialect)
        self.sandbox = Sandbox(dialect, now=lambda: NOW)
        self.state = self.sandbox.state
        # The recorded server worked off its queues only after the recording.
        self.state.paused_queues.add("sidecar")
        self.assets: dict[str, dict[str, Json]] = {}
        self.named: set[str] = set()
        self._collect_assets()
        self._create_users()
        self._create_libraries()
        self._create_assets()
        self._create_people()
        self._create_tags()
        self._create_stacks()
        self._create_albums()

    def body(self, number: int) -> Json:
        """The recorded answer of one exchange."""
        return self.exchanges[number - 1]["response"]["body"]

    def _before_writes(self) -> Iterator[dict[str, Json]]:
        for exchange in self.exchanges:
            yield from objects(exchange["response"]["body"])

    def _collect_assets(self) -> None:
        for shown in self._before_writes():
            if "originalFileName" in shown:
                known = self.assets.setdefault(shown["id"], {})
                for key, value in shown.items():
                    if key == "people":
                        known[key] = known.get(key) or value
                    known.setdefault(key, value)

    def _create_users(self) -> None:
        self.state.users.clear()
        self.state.keys.clear()
        admin, others = self.body(8), self.body(9)
        for shown in reversed(others):
            is_admin = shown["id"] == admin["id"]
            color, made = shown["avatarColor"], datetime.fromisoformat(shown["profileChangedAt"])
            made = made.replace(microsecond=made.microsecond + 123)
            label = admin["storageLabel"] if is_admin else None
            user = User(shown["id"], shown["name"], shown["email"], is_admin, made, made, color, label)
            self.state.users[user.id] = user
            if is_admin:
                self.sandbox.admin = user
            else:
                self.user_id = user.id
        keys = {
            "admin_key": (admin["id"], self.body(6)),
            "limited_key": (admin["id"], self.body(7)),
            "user_key": (self.user_id, {**self.body(6), "name": "user"}),
        }
        for secret, (user_id, shown) in keys.items():
            permissions = tuple(shown["permissions"])
            self.state.keys[secret] = ApiKey(shown["id"], secret, user_id, shown["name"], permissions, NOW, NOW)

    def _create_libraries(self) -> None:
        for shown in self.body(94):
            library = Library(
                shown["id"],
                shown["ownerId"],
                shown["name"],
                shown["importPaths"],
                shown["exclusionPatterns"],
                NOW,
                NOW,
                _time(shown["refreshedAt"]),
            )
            self.state.libraries[library.id] = library

    def _create_assets(self) -> None:
        """Recorded assets first, then fillers older than all of them until the recorded numbers are reached."""
        trashed_first = {item["id"] for item in self.body(31)["assets"]["items"]}
        hidden = {item["id"] for item in self.body(27)["assets"]["items"]}
        for asset_id, shown in self.assets.items():
            self._create_recorded(asset_id, shown, is_trashed=asset_id in trashed_first)
        self._create_unseen()
        motion = [a for a in self.assets.values() if a.get("livePhotoVideoId")]
        assert {a["livePhotoVideoId"] for a in motion} <= hidden
        library_id = self.body(94)[0]["id"]
        library = [a for a in self.state.assets.values() if a.library_id == library_id]
        self._fill(KNOWN_LENGTHS["of library"] - len(library) - 1, library_id=library_id)
        self._fill(1, library_id=library_id, name="clip.mp4")
        shown_now = [
            a for a in self.state.assets.values() if a.deleted_at is None and a.owner_id == self.sandbox.admin.id
        ]
        timeline = sum(a.visibility.value == "timeline" for a in shown_now)
        videos = sum(a.visibility.value != "hidden" and a.type.value == "VIDEO" for a in shown_now)
        self._fill(3 - videos, name="film.mp4")
        self._fill(KNOWN_LENGTHS["timeline"] - timeline - (3 - videos))
        self._fill(11, owner_id=self.user_id)

    def _create_recorded(self, asset_id: str, shown: dict[str, Json], *, is_trashed: bool) -> None:
        exif = shown.get("exifInfo") or {}
        self.sandbox.add_asset(
            id=asset_id,
            owner_id=shown["ownerId"],
            original_file_name=shown["originalFileName"],
            original_path=shown["originalPath"],
            type=shown["type"],
            visibility=shown["visibility"],
            is_favorite=shown["isFavorite"],
            is_trashed=is_trashed,
            file_created_at=_time(shown["fileCreatedAt"]),
            file_modified_at=_time(shown["fileModifiedAt"]),
            local_date_time=_time(shown["localDateTime"]),
            duration_milliseconds=1000 if shown["type"] == "VIDEO" else None,
            duplicate_id=shown["duplicateId"],
            live_photo_video_id=shown["livePhotoVideoId"],
            library_id=shown["libraryId"],
            thumbhash=shown["thumbhash"],
            checksum=b64decode(shown["checksum"]),
            device_asset_id=shown.get("deviceAssetId"),
            device_id=shown.get("deviceId", "seed"),
            content=_picture() if shown["originalFileName"] == "IMG_1000.jpg" else None,
            exif=Exif(
                make=exif.get("make"),
                model=exif.get("model"),
                width=exif.get("exifImageWidth", 320),
                height=exif.get("exifImageHeight", 240),
                file_size=exif.get("fileSizeInByte", 10_000),
                orientation=exif.get("orientation"),
                date_time_original=_time(exif.get("dateTimeOriginal")) or _time(shown["fileCreatedAt"]),
                modify_date=_time(exif.get("modifyDate")) or _time(shown["fileModifiedAt"]),
                time_zone=exif.get("timeZone"),
                iso=exif.get("iso"),
                latitude=exif.get("latitude"),
                longitude=exif.get("longitude"),
                city=exif.get("city"),
                state=exif.get("state"),
                country=exif.get("country"),
                description=exif.get("description", ""),
                rating=exif.get("rating"),
            ),
        )

    def _create_unseen(self) -> None:
        """Assets named in requests only, and second members for duplicate groups of which one was recorded."""
        for exchange in self.exchanges:
            asked = exchange["request"]["body"]
            for key in ("ids", "assetIds", "trashAssetIds", "keepAssetIds"):
                for container in objects(asked):
                    for asset_id in container.get(key) or []:
                        is_asset = "duplicates" not in exchange["request"]["path"] or key != "ids"
                        if is_asset and asset_id not in self.state.assets and not asset_id.startswith("00000000"):
                            self._fill(1, id=asset_id)
                            self.named.add(asset_id)
        # Of the asset added in 065 some recordings show nothing but its date: as the album's end in 067.
        (added,) = self.exchanges[64]["request"]["body"]["assetIds"]
        self.state.assets[added].local_date_time = datetime.fromisoformat(self.body(67)["endDate"])
        groups: list[str] = []
        for exchange in self.exchanges:
            path = exchange["request"]["path"]
            if path.startswith("/api/duplicates/") and exchange["request"]["method"] == "DELETE":
                groups.append(path.rsplit("/", 1)[1])
            elif path == "/api/duplicates" and exchange["request"]["method"] == "DELETE":
                groups += exchange["request"]["body"]["ids"]
        groups += [group["duplicateId"] for number in (49, 108) for group in self.body(number)]
        groups += [asset["duplicateId"] for asset in self.assets.values() if asset["duplicateId"]]
        for duplicate_id in dict.fromkeys(groups):
            if not duplicate_id.startswith("00000000"):
                missing = 2 - len(self.state.duplicate_groups.get(duplicate_id, ()))
                self._fill(missing, duplicate_id=duplicate_id)

    def _fill(
        self,
        number: int,
        *,
        id: str | None = None,
        owner_id: str | None = None,
        library_id: str | None = None,
        duplicate_id: str | None = None,
        name: str = "",
    ) -> None:
        for _ in range(number):
            count = len(self.state.assets)
            root = (
                "/usr/src/app/external/photos"
                if self.sandbox.dialect is Dialect.V2
                else "/usr/src/app3/external/photos"
            )
            path = f"{root}/{count % 7}/IMG_{count}.jpg" if library_id and not name else None
            self.sandbox.add_asset(
                id=id,
                owner_id=owner_id,
                original_file_name=name or f"IMG_{count}.jpg",
                original_path=path,
                library_id=library_id,
                duplicate_id=duplicate_id,
                duration_milliseconds=1000,
                file_created_at=datetime(2001, 1, 1, tzinfo=UTC) + timedelta(days=20 * count),
            )

    def _create_people(self) -> None:
        for shown in self._before_writes():
            if "birthDate" in shown and shown["id"] not in self.state.people:
                person = Person(shown["id"], self.sandbox.admin.id, shown["name"], NOW, NOW, shown["birthDate"])
                person.is_hidden, person.is_favorite = shown["isHidden"], shown["isFavorite"]
                person.thumbnail_path = shown["thumbnailPath"]
                self.state.people[person.id] = person
        while len(self.state.people) < self.body(48)["total"]:
            create.new_person(self.state, self.sandbox.admin.id, "")
        face = self.body(47)[0]
        asset_id = self.exchanges[46]["request"]["path"].rsplit("=", 1)[1]
        self._add_face(face, asset_id, face["person"]["id"])
        for shown in self.assets.values():
            for person in shown.get("people", []):
                for inner in person.get("faces", [{}]):
                    if not self._has_face(shown["id"], person["id"]):
                        self._add_face({**face, "id": self.state.new_id(), **inner}, shown["id"], person["id"])
        spare = [a.id for a in self.state.assets.values() if a.owner_id == self.sandbox.admin.id]
        for person_id in self.state.people:
            if not any(f.person_id == person_id for f in self.state.faces.values()):
                self._add_face({**face, "id": self.state.new_id()}, spare[-1], person_id)

    def _has_face(self, asset_id: str, person_id: str) -> bool:
        faces = (self.state.faces[face_id] for face_id in self.state.faces_of_asset.get(asset_id, []))
        return any(face.person_id == person_id for face in faces)

    def _add_face(self, shown: dict[str, Json], asset_id: str, person_id: str) -> None:
        box = (shown["boundingBoxX1"], shown["boundingBoxY1"], shown["boundingBoxX2"], shown["boundingBoxY2"])
        self.state.insert_face(Face(shown["id"], asset_id, person_id, shown["imageWidth"], shown["imageHeight"], box))

    def _create_tags(self) -> None:
        for shown in [*self.body(77), *(tag for a in self.assets.values() for tag in a.get("tags", []))]:
            made = NOW
            tag = Tag(shown["id"], self.sandbox.admin.id, shown["value"], made, made, shown.get("parentId"))
            tag.color = shown.get("color")
            self.state.tags.setdefault(tag.id, tag)
        for tag_id in self.exchanges[79]["request"]["body"]["tagIds"]:
            self.state.tags.setdefault(tag_id, Tag(tag_id, self.sandbox.admin.id, f"tag {tag_id}", NOW, NOW))
        while len(self.state.tags) < self.exchanges[76]["response"]["list_length"]:
            create.new_tag(self.state, self.sandbox.admin.id, f"tag {len(self.state.tags)}")
        for shown in self.assets.values():
            for tag in shown.get("tags", []):
                self.state.tag_asset(self.state.tags[tag["id"]], shown["id"])
        tag_id = self.exchanges[78]["request"]["path"].split("/")[3]
        for result in self.body(79):
            if result.get("error") == "duplicate":
                self.state.tag_asset(self.state.tags[tag_id], result["id"])
        # 080 tags 2 x 2 and reports 2 new links: of the other tag, one was there; the first tag was on the first asset.
        other_tag = self.exchanges[79]["request"]["body"]["tagIds"][1]
        self.state.tag_asset(self.state.tags[other_tag], self.exchanges[79]["request"]["body"]["assetIds"][0])

    def _create_stacks(self) -> None:
        for shown in self.body(91):
            members = [asset["id"] for asset in shown["assets"]]
            self.state.stacks[shown["id"]] = Stack(shown["id"], self.sandbox.admin.id, shown["primaryAssetId"], members)
            for asset_id in members:
                self.state.assets[asset_id].stack_id = shown["id"]

    def _create_albums(self) -> None:
        shown_albums: dict[str, dict[str, Json]] = {}
        for number in (50, 51, 54, 55, 57):
            for shown in objects(self.body(number)):
                if "albumName" in shown:
                    shown_albums.setdefault(shown["id"], {}).update(shown)
        for shown in shown_albums.values():
            self._create_album(shown)
        while len(self.state.albums) < 5:
            create.new_album(self.state, self.sandbox.admin.id, "Unseen")

    def _create_album(self, shown: dict[str, Json]) -> None:
        made = datetime.fromisoformat(shown["createdAt"])
        roles = {
            entry["user"]["id"]: AlbumRole(entry["role"]) for entry in shown["albumUsers"] if entry["role"] != "owner"
        }
        number = self.state.next_album_sequence()
        description, link = shown["description"], shown["hasSharedLink"]
        album = Album(shown["id"], self.sandbox.admin.id, shown["albumName"], description, made, made, number)
        album.user_roles, album.has_shared_link = roles, link
        self.state.albums[album.id] = album
        for asset_id in filter(None, [shown["albumThumbnailAssetId"], *(a["id"] for a in shown.get("assets", []))]):
            if asset_id in self.state.assets:
                self.state.add_to_album(album, asset_id)
        if shown["albumName"] == "Vacation 2020" and link:
            for item in self.body(30)["assets"]["items"]:
                self.state.add_to_album(album, item["id"])
        if shown["assetCount"]:
            self._fill_album(album, shown)

    def _fill_album(self, album: Album, shown: dict[str, Json]) -> None:
        """Members that were not recorded: assets that no exchange names, with dates inside the album's."""
        first, last = datetime.fromisoformat(shown["startDate"]), datetime.fromisoformat(shown["endDate"])
        own = [a for a in self.state.assets.values() if a.owner_id == self.sandbox.admin.id]
        free = [a for a in own if a.id not in self.assets and a.id not in self.named]
        members = [self.state.assets[asset_id] for asset_id in album.asset_ids]
        for asset in free:
            if len(album.asset_ids) >= shown["assetCount"]:
                break
            if asset.deleted_at is None and not self.state.albums_of_asset.get(asset.id):
                self.state.set_file_created_at(asset, first if len(members) % 2 else last)
                asset.local_date_time = first if len(members) % 2 else last
                members.append(asset)
                self.state.add_to_album(album, asset.id)


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(out, "JPEG")
    return out.getvalue()


class Replay:
    """Sends recorded requests; ids that a recorded answer gave to a new row are replaced by the sandbox's."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.new_ids: dict[str, str] = {}
        sandbox = recorded.sandbox
        self.client = httpx.Client(transport=sandbox.transport(), base_url=sandbox.url)

    def send(self, exchange: dict[str, Json]) -> list[str]:
        """Send one request. Returns the differences."""
        asked, expected = exchange["request"], exchange["response"]
        headers = {"x-api-key": asked["key"]} if asked["key"] else {}
        content: str | None = None
        if asked["body"] is not None:
            content = asked["body"] if isinstance(asked["body"], str) else json.dumps(asked["body"])
            headers["content-type"] = "application/json"
        path = asked["path"]
        for recorded_id, own_id in self.new_ids.items():
            path = path.replace(recorded_id, own_id)
            content = content.replace(recorded_id, own_id) if content else content
        answer = self.client.request(asked["method"], path, headers=headers, content=content)
        name = exchange["file"]
        if answer.status_code != expected["status"]:
            return [f"{name}: status {expected['status']} recorded, {answer.status_code} answered: {answer.text[:200]}"]
        content_type = answer.headers.get("content-type", "")
        if content_type != expected["content_type"]:
            return [f"{name}: {expected['content_type']!r} recorded, {content_type!r} answered"]
        if not content_type.startswith("application/json"):
            return []
        return self._compare(name, expected, answer.json())

    def _compare(self, name: str, expected: dict[str, Json], answered: Json) -> list[str]:
        recorded = json.loads(json.dumps(expected["body"]))
        for recorded_id, own_id in self.new_ids.items():
            recorded = json.loads(json.dumps(recorded).replace(recorded_id, own_id))
        if isinstance(recorded, dict) and isinstance(answered, dict) and expected["status"] == 201:
            self.new_ids[recorded["id"]] = answered["id"]
        comparison = Comparison(name)
        comparison.compare(recorded, answered)
        if "list_length" in expected and len(answered) != expected["list_length"] and name not in UNEQUAL_LENGTHS:
            comparison.differences.append(f"{expected['list_length']} items recorded, {len(answered)} answered")
        return [f"{name}: {difference}" for difference in comparison.differences]


# Lists whose length follows from assets of which the recordings show nothing but their number: their months and folders.
UNEQUAL_LENGTHS = {"039-timeline-buckets", "098-view-unique-paths", "099-view-folder"}


@pytest.mark.parametrize("dialect", Dialect)
def test_every_recorded_exchange_is_answered_alike(dialect: Dialect) -> None:
    recorded = Recorded(dialect)
    replay = Replay(recorded)
    differences: list[str] = []
    replayed = 0
    for exchange in recorded.exchanges:
        if (dialect, exchange["file"]) not in NOT_REPLAYED:
            differences += replay.send(exchange)
            replayed += 1
    skipped = sum(version is dialect for version, _ in NOT_REPLAYED)
    assert replayed + skipped == len(recorded.exchanges) == EXCHANGES
    assert not differences, "\n".join(differences)
