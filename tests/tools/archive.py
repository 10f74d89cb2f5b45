"""An external library that albums are backed up to, as the user with an administrator's help has it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from tests.tools.command_line import CommandLine, Result
from tests.tools.folders import Folders, albums
from tests.tools.server import Server

TEMPORARY: Final = ".immich-toolkit-"


@define
class Archive:
    """The destination of backups.

    :ivar others: further users whose keys the command is given.
    """

    server: Server
    shell: CommandLine
    folders: Folders
    others: tuple[Server, ...] = ()
    with_administrator: bool = True
    more: Mapping[str, str] = field(factory=dict)

    @property
    def path(self) -> Path:
        """Its folder, here and for the server."""
        return self.folders.path

    def variables(self) -> dict[str, str]:
        """The environment of the older tool."""
        keys = [f"{user.user_id}:{user.key}" for user in (self.server, *self.others)]
        if self.with_administrator:
            keys.append(f"admin:{self.admin_key}")
        # The library is made when its id is asked for first.
        assert self.folders.library_id
        address, _colon, port = self.server.url.rpartition(":")
        return {
            "IMMICH_SERVER": address,
            "IMMICH_PORT": port,
            "API_KEYS": ",".join(keys),
            "EXTERNAL_LIB_PATHS": self.folders.root,
            **self.more,
        }

    @property
    def admin_key(self) -> str:
        """A key of the administrator."""
        key: str = self.server.host.admin._http.headers["x-api-key"]
        return key

    def backup(self, *arguments: str, code: int | None = 0) -> Result:
        """Run the command.

        :param code: how it must end; None for any way.
        """
        result = self.shell.with_environment(self.variables()).album_backup(*arguments)
        assert code is None or result.code == code, result.err + result.out
        return result

    def all_of_it(self, album: str = "Holiday", *arguments: str, code: int | None = 0) -> Result:
        """Copy an album, let Immich see it, make it again, and let go of the uploads and the album."""
        return self.backup(
            *("--album", album, "--scan", "--rebuild-album", "--delete-assets", "--delete-album", "--max-ratio", "1"),
            *("--apply", *arguments),
            code=code,
        )

    def undo(self, result: Result) -> list[Result]:
        """Undo every run of a command, the last one first."""
        runs = [line.split()[1] for line in result.out.splitlines() if line.startswith("Run ")]
        return [self.shell.toolkit("undo", run, "--yes") for run in reversed(runs)]

    def uploads(self) -> dict[str, dict[str, Any]]:
        """What the user sees of the uploads of the scenario, without times of changes."""
        self.server.settle()
        found = {name: self.server.api.get(f"/assets/{asset_id}") for name, asset_id in self.server.ids.items()}
        return {name: {key: value for key, value in item.items() if key != "updatedAt"} for name, item in found.items()}

    def link_to(self, album: str) -> None:
        """Somebody makes a link to an album; the sandbox does not offer that."""
        album_id = self.server.albums[album]
        sandbox = self.server.host.sandbox
        if sandbox is None:
            self.server.api.post("/shared-links", {"type": "ALBUM", "albumId": album_id})
        else:
            sandbox.state.albums[album_id].has_shared_link = True

    def files(self) -> dict[str, str]:
        """What lies below it: path → SHA-1."""
        return {
            path.relative_to(self.path).as_posix(): hashlib.sha1(path.read_bytes()).hexdigest()
            for path in sorted(self.path.rglob("*"))
            if path.is_file()
        }

    def names(self) -> list[str]:
        """The paths below it, without sidecars."""
        return [name for name in self.files() if not name.endswith(".xmp")]

    def leftovers(self) -> list[str]:
        """Temporary files."""
        return [name for name in self.files() if TEMPORARY in name]

    def asset(self, name: str) -> dict[str, Any]:
        """The asset of a file, by its path below the root."""
        criteria = {"libraryId": self.folders.library_id, "originalPath": name, "size": 1000}
        found = [
            item
            for visibility in ("timeline", "archive", "hidden")
            for item in self.server.api.post("/search/metadata", {**criteria, "visibility": visibility})["assets"][
                "items"
            ]
            if item["originalPath"] == f"{self.folders.root}/{name}"
        ]
        (item,) = found
        answer: dict[str, Any] = self.server.api.get(f"/assets/{item['id']}")
        return answer

    def albums(self) -> list[dict[str, Any]]:
        """The albums of the user."""
        self.server.settle()
        return list(albums(self.server))

    def has_album(self, name: str) -> bool:
        """Whether the album that the scenario made is still there."""
        return self.server.albums[name] in {album["id"] for album in self.server.api.get("/albums")}

    def is_trashed(self, name: str) -> bool:
        """Whether an upload is in the trash."""
        return bool(self.server.api.get(f"/assets/{self.server.ids[name]}")["isTrashed"])
