"""One user of a server, and how a scenario is arranged for them: through the API alone, so that it runs on a real server too."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import httpx
from attrs import define, field

from immich_tools import Immich, clock
from tests.tools import pictures
from tests.tools.api import Api

if TYPE_CHECKING:
    from tests.tools.host import Host

ORIGINAL: Final = (96, 72)
COPY: Final = (80, 60)
TAKEN: Final = datetime(2021, 7, 10, 12, 30, tzinfo=UTC)


@define
class Server:
    """A server as one fresh user has it.

    :ivar host: the server itself.
    :ivar key: an API key of the user that may do everything.
    :ivar major: the server's major version.
    :ivar ids: file name → asset id.
    :ivar albums: name → id; own ones and those shared with the user.
    :ivar tags: full value → id.
    :ivar groups: duplicate id → the name the scenario gave the group.
    """

    host: Host
    user_id: str
    key: str = field(repr=False)
    major: int
    ids: dict[str, str] = field(factory=dict)
    albums: dict[str, str] = field(factory=dict)
    tags: dict[str, str] = field(factory=dict)
    groups: dict[str, str] = field(factory=dict)
    _clients: list[Immich] = field(factory=list)
    _api: Api | None = None
    _is_computing: bool = False

    @property
    def url(self) -> str:
        """The address of the server."""
        return self.host.url

    @property
    def api(self) -> Api:
        """The user's own plain access."""
        if self._api is None:
            self._api = Api(self.url, key=self.key)
        return self._api

    def connect(
        self,
        *,
        read_only: bool = False,
        permissions: Iterable[str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> Immich:
        """A client of the code under test; it is closed with the server.

        :param permissions: connect with a key that has only these.
        """
        key = self.key if permissions is None else self.new_key(permissions)
        with clock.replaced(self.host.clock):
            immich = Immich.connect(self.url, key, read_only=read_only, transport=transport, retry_wait=0.001)
        self._clients.append(immich)
        return immich

    def new_key(self, permissions: Iterable[str]) -> str:
        """Another API key of the user."""
        body = {"name": "limited", "permissions": sorted(permissions)}
        return str(self.api.post("/api-keys", body)["secret"])

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            client.close()
        if self._api is not None:
            self._api.close()
            self._api = None

    def settle(self) -> None:
        """Wait until what was uploaded or written has been worked in."""
        self.host.settle()
        self._is_computing = False

    # Arranging

    def photo(
        self,
        name: str,
        *,
        size: tuple[int, int] = COPY,
        taken: datetime = TAKEN,
        place: tuple[float, float] | None = None,
        live_video: str | None = None,
    ) -> str:
        """Upload a picture.

        :param size: width and height; an `ORIGINAL` wins over a `COPY` because its file is larger.
        :param live_video: name of an uploaded video that becomes its motion video.
        """
        content = pictures.photo(name, width=size[0], height=size[1], taken=taken, place=place)
        return self._upload(
            name, content, taken, {} if live_video is None else {"livePhotoVideoId": self.ids[live_video]}
        )

    def video(self, name: str, *, taken: datetime = TAKEN) -> str:
        """Upload a video."""
        return self._upload(name, pictures.video(name), taken, {})

    def plain(self, name: str) -> str:
        """Upload a picture whose file holds neither a date nor anything else about it."""
        return self._upload(name, pictures.photo(name, width=COPY[0], height=COPY[1], taken=None), TAKEN, {})

    def _upload(self, name: str, content: bytes, taken: datetime, more: dict[str, str]) -> str:
        moment = taken.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        # Immich 2 demands the device's names, Immich 3 ignores them.
        device = {"deviceAssetId": name, "deviceId": "whole runs"}
        self.ids[name] = self.api.upload(
            name, content, {"fileCreatedAt": moment, "fileModifiedAt": moment, **device, **more}
        )
        self._is_computing = True
        return self.ids[name]

    def update(self, name: str, **fields: Any) -> None:
        """Write fields of an asset, named as in the API."""
        self._write([name], fields)

    def group(self, label: str, *names: str) -> str:
        """Make assets a duplicate group.

        :returns: its id.
        """
        duplicate_id = str(uuid.uuid4())
        self.groups[duplicate_id] = label
        self._write(names, {"duplicateId": duplicate_id})
        return duplicate_id

    def _write(self, names: Iterable[str], fields: dict[str, Any]) -> None:
        if self._is_computing:
            # A field that is written while the file is still being read may be overwritten by what the file says.
            self.settle()
        self.api.put("/assets", {"ids": self._ids(names), **fields})

    def _ids(self, names: Iterable[str]) -> list[str]:
        return [self.ids[name] for name in names]

    def album(self, name: str, *members: str) -> str:
        """Create an album."""
        self.albums[name] = str(self.api.post("/albums", {"albumName": name, "assetIds": self._ids(members)})["id"])
        return self.albums[name]

    def add_to_album(self, name: str, *members: str) -> None:
        """Put assets into an album."""
        answers = self.api.put(f"/albums/{self.albums[name]}/assets", {"ids": self._ids(members)})
        assert all(answer["success"] for answer in answers), answers

    def share_album(self, name: str, other: Server, role: str) -> None:
        """Share an album with another user, or give them another role in it."""
        album_id = self.albums[name]
        if name in other.albums:
            self.api.put(f"/albums/{album_id}/user/{other.user_id}", {"role": role})
            return
        self.api.put(f"/albums/{album_id}/users", {"albumUsers": [{"userId": other.user_id, "role": role}]})
        other.albums[name] = album_id

    def tag(self, value: str, *names: str) -> str:
        """Tag assets; ``a/b`` makes a tag below another."""
        (tag,) = self.api.put("/tags", {"tags": [value]})
        self.tags[value] = str(tag["id"])
        if names:
            self.api.put(f"/tags/{tag['id']}/assets", {"ids": self._ids(names)})
        return self.tags[value]

    def face(self, person: str, name: str) -> None:
        """Mark a new person on an asset."""
        person_id = self.api.post("/people", {"name": person})["id"]
        box = {"imageWidth": COPY[0], "imageHeight": COPY[1], "x": 10, "y": 10, "width": 20, "height": 20}
        self.api.post("/faces", {"assetId": self.ids[name], "personId": person_id, **box})

    def trash(self, *names: str) -> None:
        """Move assets to the trash."""
        self.api.delete("/assets", {"ids": self._ids(names), "force": False})

    def show_library_to(self, other: Server) -> None:
        """Become the partner of another user, who shows this library in the own timeline."""
        self.api.post("/partners", {"sharedWithId": other.user_id})
        other.api.put(f"/partners/{self.user_id}", {"inTimeline": True})

    def name_of(self, asset_id: str | None) -> str | None:
        """The file name of an asset of this scenario; the id itself when it is not one."""
        return next((name for name, known in self.ids.items() if known == asset_id), asset_id)
