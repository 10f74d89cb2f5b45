"""The server's originals as real files of this computer, and its database as a real PostgreSQL, both for one scenario.

A sandbox keeps uploads in memory and a real server elsewhere: to the tool, the files that are here are the ones that count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from attrs import define, evolve, field

from immich_tools.disk.roots import MARKER
from immich_tools.missing_originals.places import STORAGE_FOLDERS
from tests.missing_originals.postgres import Postgres
from tests.missing_originals.tables import V2, V3, Row, insert
from tests.tools.api import Refused
from tests.tools.command_line import CommandLine, Result
from tests.tools.server import Server

Json: TypeAlias = dict[str, Any]
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


@define
class Originals:
    """Files of one or several users, and how the tool is run over them.

    :ivar path: the media location on this computer.
    :ivar postgres: where the database is; None for runs over the API.
    :ivar users: whose assets the database tells of, the shell's own first.
    """

    shell: CommandLine
    path: Path
    users: list[Server]
    postgres: Postgres | None = None
    _known: dict[str, Json] = field(factory=dict)

    @property
    def server(self) -> Server:
        """The user whose key the shell has."""
        return self.users[0]

    @property
    def location(self) -> str:
        """The media location as the server sees it."""
        told = next(each for each in self._known.values() if each["libraryId"] is None)
        path: str = told["originalPath"]
        return path[: path.index(f"/upload/{told['ownerId']}/")]

    def fill(self) -> None:
        """Write every upload, and the server's markers."""
        self.learn()
        for told in self._known.values():
            if told["libraryId"] is None:
                self._local(told).parent.mkdir(parents=True, exist_ok=True)
                self._local(told).write_bytes(b"")
        for folder in STORAGE_FOLDERS:
            (self.path / folder).mkdir(parents=True, exist_ok=True)
            (self.path / folder / MARKER).touch()

    def file(self, name: str, user: Server | None = None) -> Path:
        """Where the original of an upload is."""
        return self._local(self._known[(user or self.server).ids[name]])

    def lose(self, *names: str) -> None:
        """Remove originals of the shell's user."""
        for name in names:
            self.file(name).unlink()

    def unplug(self) -> None:
        """Take the disk of the uploads away; what is left is the empty folder that it was mounted on."""
        (self.path / "upload").rename(self.path.with_name("unplugged"))
        (self.path / "upload").mkdir()

    def plug(self) -> None:
        """Put it back."""
        (self.path / "upload").rmdir()
        self.path.with_name("unplugged").rename(self.path / "upload")

    def run(self, *arguments: str, code: int = 0, ratio: str = "1", mirrored: bool = False) -> Result:
        """``immich-missing-originals`` without waiting, with a guard that only trips where a test is about it.

        :param mirrored: the database is as the test wants it.
        """
        if not mirrored:
            self.mirror()
        result = self.shell_with_database().missing_originals(
            *("--map", f"{self.location}={self.path}", "--recheck-delay", "0"),
            *("--max-missing-ratio", ratio, "--max-ratio", "1"),
            *arguments,
        )
        assert result.code == code, result.err + result.out
        return result

    def toolkit(self, *arguments: str, code: int = 0) -> Result:
        """``immich-toolkit`` in the same surroundings."""
        self.mirror()
        result = self.shell_with_database().toolkit(*arguments)
        assert result.code == code, result.err + result.out
        return result

    def trashed(self, user: Server | None = None) -> set[str]:
        """The names of a user's assets that are in the trash."""
        return {name for name, told in self._told(user or self.server) if told["isTrashed"] and not told["isOffline"]}

    def with_variables(self, variables: Mapping[str, str]) -> Originals:
        """The same in a shell with other variables; the key of the shell is not among them."""
        own = {"IMMICH_URL": self.shell.url}
        return evolve(self, shell=self.shell.with_environment(own | dict(variables)), known=self._known)

    def learn(self) -> None:
        """Read what the server tells of every asset; of a locked one it tells nothing any more."""
        for user in self.users:
            self._known.update({told["id"]: told for _name, told in self._told(user)})

    def _told(self, user: Server) -> Iterator[tuple[str, Json]]:
        user.settle()
        for name, asset_id in user.ids.items():
            try:
                yield name, user.api.get(f"/assets/{asset_id}")
            except Refused:
                yield name, {**self._known[asset_id], "visibility": "locked"}

    def _local(self, told: Json) -> Path:
        path: str = told["originalPath"]
        return self.path / path.removeprefix(f"{self.location}/")

    def shell_with_database(self) -> CommandLine:
        """The shell, with the address of the database where there is one."""
        if self.postgres is None:
            return self.shell
        address = self.postgres.address()
        assert address.password is not None
        database = {"DB_HOSTNAME": address.host, "DB_PORT": str(address.port), "DB_DATABASE_NAME": address.name}
        database |= {"DB_USERNAME": address.user, "DB_PASSWORD": address.password.reveal(), "DB_SSL_MODE": "disable"}
        own = self.shell.variables or {"IMMICH_URL": self.shell.url, "IMMICH_API_KEY": self.shell.key}
        return self.shell.with_environment(database | dict(own))

    def mirror(self) -> None:
        """Let the database tell what the server tells."""
        if self.postgres is None:
            return
        self.learn()
        schema = V2 if self.server.major < 3 else V3
        with self.postgres.connect() as connection:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")
            schema.create(connection)
            # Videos first: the photos refer to them.
            rows = sorted(self._known.values(), key=lambda told: told["livePhotoVideoId"] is not None)
            insert(connection, schema, map(_row, rows))


def _row(told: Json) -> Row:
    stack = told.get("stack")
    return Row(
        id=UUID(told["id"]),
        owner=UUID(told["ownerId"]),
        path=told["originalPath"],
        library=None if told["libraryId"] is None else UUID(told["libraryId"]),
        visibility=told["visibility"],
        status="trashed" if told["isTrashed"] else "active",
        deleted_at=LONG_AGO if told["isTrashed"] else None,
        is_offline=told["isOffline"],
        video=None if told["livePhotoVideoId"] is None else UUID(told["livePhotoVideoId"]),
        stack=None if stack is None else UUID(stack["id"]),
    )
