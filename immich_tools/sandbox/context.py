"""What a handler gets to see: the server it belongs to and the call it answers."""

import random
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from attrs import define, field, frozen

from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.entities import ApiKey, User
from immich_tools.sandbox.exchange import Request
from immich_tools.sandbox.faults import Faults
from immich_tools.sandbox.jobs import Queues
from immich_tools.sandbox.refusals import Refused
from immich_tools.sandbox.state import State
from immich_tools.sandbox.validation import Field, check_body, check_query, read_json


@define(eq=False)
class Server:
    """The settings and the state of one sandbox server. `chance` decides what a real server leaves undecided (the order of
    ties); it is separate from the generator of ids so that reading does not change later ids. `mounts` tells where folders of
    the server really are; other paths are what they say. `facial_recognition` is what the server says of itself: faces are
    added by hand all the same. `files_in_use` are the sidecars that a job is writing; nothing can be written below
    `read_only_paths`; answers that would hold one of `broken_assets` fail. `integrity`
    is what the last check of all files found, by kind."""

    dialect: Dialect
    state: State
    trash: bool
    trash_days: int
    folder: Path | None
    faults: Faults
    chance: random.Random = field(factory=random.Random)
    media_root: str = "/data"
    mounts: dict[str, Path] = field(factory=dict)
    queues: Queues = field(factory=Queues)
    facial_recognition: bool = False
    storage_template: bool = False
    public_users: bool = True
    read_only_paths: set[str] = field(factory=set)
    files_in_use: set[str] = field(factory=set)
    broken_assets: set[str] = field(factory=set)
    integrity: dict[str, list[dict[str, object]]] = field(factory=dict)

    @property
    def is_v3(self) -> bool:
        return self.dialect is Dialect.V3

    def real_path(self, path: str) -> Path:
        """Where a path of the server really is; the longest mounted folder counts."""
        for mount in sorted(self.mounts, key=len, reverse=True):
            if PurePosixPath(path).is_relative_to(mount):
                return self.mounts[mount] / PurePosixPath(path).relative_to(mount)
        return Path(path)

    def is_read_only(self, path: str) -> bool:
        """Whether the server may only read what lies at a path."""
        return any(PurePosixPath(path).is_relative_to(folder) for folder in self.read_only_paths)


@frozen
class Call:
    """One request that found its route. `caller` and `key` are None on public routes only."""

    server: Server
    request: Request
    path: Mapping[str, str]
    caller: User | None
    key: ApiKey | None

    @property
    def user(self) -> User:
        """Who asks. Raises Refused(401) on a public route without a key."""
        if self.caller is None:
            raise Refused(401, "Authentication required")
        return self.caller

    @property
    def state(self) -> State:
        return self.server.state

    @property
    def dialect(self) -> Dialect:
        return self.server.dialect

    @property
    def is_v3(self) -> bool:
        return self.server.is_v3

    @property
    def now(self) -> datetime:
        return self.server.state.now()

    def body(self, fields: Mapping[str, Field]) -> dict[str, Any]:
        """The validated body. Raises Refused(400)."""
        parsed = read_json(self.request.body, self.request.headers.get("content-type", ""))
        return check_body(self.dialect, fields, parsed)

    def query(self, fields: Mapping[str, Field]) -> dict[str, Any]:
        """The validated query. Raises Refused(400)."""
        return check_query(self.dialect, fields, self.request.query)

    def body_of_path(self, name: str, wanted: Field) -> object:
        """One parameter of the path, validated like a query parameter. Raises Refused(400)."""
        return check_query(self.dialect, {name: wanted}, self.path)[name]
