"""A folder of this computer that the server reads as an external library, and what the user sees of its albums.

A real server must run on this computer, or see the folders of the tests under the same path.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen

from tests.tools import pictures
from tests.tools.server import COPY, TAKEN, Server

Json: TypeAlias = dict[str, Any]
SEEN: Final = ("timeline", "archive", "hidden")


@define
class Folders:
    """An external library of one user.

    :ivar path: its root, here and for the server.
    """

    server: Server
    path: Path
    _library_id: str | None = field(default=None, init=False)

    @property
    def root(self) -> str:
        """The root as the server writes it."""
        return str(self.path)

    @property
    def library_id(self) -> str:
        """The id of the library, which is made when it is asked for first."""
        if self._library_id is None:
            admin = self.server.host.admin
            self.path.mkdir(parents=True, exist_ok=True)
            library = {"ownerId": self.server.user_id, "name": self.path.name, "importPaths": [self.root]}
            self._library_id = str(admin.post("/libraries", library)["id"])
            validation = admin.post(f"/libraries/{self._library_id}/validate", {"importPaths": [self.root]})
            (checked,) = validation["importPaths"]
            assert checked["isValid"], f"the server cannot read {self.root}: {checked.get('message')}"
        return self._library_id

    def file(self, name: str, *, taken: datetime = TAKEN) -> None:
        """Write a picture, or a video, by its name below the root; the server learns of it by the next scan."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_video = path.suffix == ".mov"
        content = pictures.video(name) if is_video else pictures.photo(name, width=COPY[0], height=COPY[1], taken=taken)
        path.write_bytes(content)

    def files(self, *names: str) -> None:
        """Write several, and let the server read them."""
        for name in names:
            self.file(name)
        self.scan()

    def properties(self, folder: str, text: str) -> None:
        """Write a folder's ``.albumprops``."""
        path = self.path / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / ".albumprops").write_text(text, encoding="utf-8")

    def rename(self, before: str, after: str) -> None:
        """Rename a folder; to the server its files are gone, and others have come."""
        (self.path / before).rename(self.path / after)
        self.scan()

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink()
        self.scan()

    def scan(self) -> None:
        """Let the server read the folder; the files' names are known to the scenario afterwards."""
        self.server.host.admin.post(f"/libraries/{self.library_id}/scan")
        self.server.settle()
        self.server.ids.update((name, item["id"]) for name, item in self._items())

    def _items(self) -> Iterator[tuple[str, Json]]:
        """Every asset of the library, what is missing on the disk included, by its name below the root."""
        for visibility in SEEN:
            criteria = {"libraryId": self.library_id, "visibility": visibility, "withDeleted": True, "size": 1000}
            for item in self.server.api.post("/search/metadata", criteria)["assets"]["items"]:
                yield item["originalPath"].removeprefix(f"{self.root}/"), item

    def state(self) -> State:
        """What the user has now."""
        self.server.settle()
        seen = sorted(albums(self.server), key=lambda album: (album["name"], album["members"]))
        return State(tuple(seen), {name: self._asset(item["id"]) for name, item in self._items()})

    def _asset(self, asset_id: str) -> Json:
        item = self.server.api.get(f"/assets/{asset_id}")
        return {
            "id": asset_id,
            "visibility": item["visibility"],
            "trashed": item["isTrashed"],
            "tags": sorted(tag["value"] for tag in item.get("tags") or ()),
        }


@frozen
class State:
    """Albums and files at one moment; two of them are equal when nobody could tell them apart.

    :ivar albums: own ones and those shared with the user, by name and members.
    :ivar assets: name below the root → where it shows, and its tags.
    """

    albums: tuple[Json, ...]
    assets: dict[str, Json]

    def album(self, name: str) -> Json:
        """The only album of a name."""
        (found,) = (album for album in self.albums if album["name"] == name)
        return found

    def members(self) -> dict[str, list[str]]:
        """Album → files in it; every album has a name of its own."""
        found = {album["name"]: album["members"] for album in self.albums}
        assert len(found) == len(self.albums), "two albums have one name"
        return found


def albums(server: Server) -> Iterator[Json]:
    """The albums a user sees, with everything about them, without ids, which an undo cannot bring back, and times."""
    answers = {album["id"]: album for album in server.api.get("/albums")}
    if server.major < 3:
        answers |= {album["id"]: album for album in server.api.get("/albums", shared="true")}
    for album in answers.values():
        roles = {user["user"]["name"]: user["role"] for user in album["albumUsers"] if user["role"] != "owner"}
        yield {
            "name": album["albumName"],
            "description": album["description"],
            "order": album["order"],
            "comments": album["isActivityEnabled"],
            "thumbnail": server.name_of(album["albumThumbnailAssetId"]),
            "users": roles,
            "members": sorted(str(server.name_of(asset_id)) for asset_id in _members(server, album["id"])),
        }


def _members(server: Server, album_id: str) -> set[str]:
    if server.major < 3:
        return {item["id"] for item in server.api.get(f"/albums/{album_id}")["assets"]}
    found: set[str] = set()
    for visibility in ("timeline", "archive"):
        criteria = {"albumIds": [album_id], "visibility": visibility, "size": 1000}
        found.update(item["id"] for item in server.api.post("/search/metadata", criteria)["assets"]["items"])
    return found
