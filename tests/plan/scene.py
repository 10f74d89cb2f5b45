"""A small pretended server, a client of it, and what was asked of it: bodies too, so that a test can tell a trash from a deletion."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final
from uuid import UUID

from attrs import field, frozen

from immich_tools.immich.client import Immich
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import SetField, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.tags import AddTag
from immich_tools.plan.execute import apply
from immich_tools.plan.fields import AssetField
from immich_tools.plan.guards import Guards
from immich_tools.plan.journal import find_run
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import Dialect, Sandbox
from immich_tools.sandbox.exchange import Request, Response

ANYTHING: Final = Guards(max_ratio=1)
NOON: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)
READING: Final = ("/api/search/", "/api/assets/exist", "/api/download/info")


@frozen
class Asked:
    """One request as it reached the server."""

    method: str
    path: str
    body: Mapping[str, Any] = field(factory=dict)

    @property
    def is_barrier(self) -> bool:
        """Whether it changes nothing and only queues jobs."""
        return (self.method, self.path) == ("PUT", "/api/assets") and self.body.keys() == {"ids"}

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and not self.path.startswith(READING)


class WatchedSandbox(Sandbox):
    """Keeps what is asked, and lets a test do something before and after it is carried out."""

    def __init__(self, dialect: Dialect, **settings: Any) -> None:
        self.asked: list[Asked] = []
        self.before: Callable[[int, Asked], None] = lambda number, asked: None
        self.after: Callable[[int, Asked], None] = lambda number, asked: None
        self._watching = Lock()
        super().__init__(dialect, now=lambda: NOON, **settings)

    def handle(self, request: Request) -> Response:
        body = json.loads(request.body) if request.body else {}
        asked = Asked(request.method, request.path, body if isinstance(body, dict) else {})
        with self._watching:
            self.asked.append(asked)
            number = len(self.asked)
        self.before(number, asked)
        answer = super().handle(request)
        self.after(number, asked)
        return answer

    def writes(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.is_write]


class Scene:
    """A server, its administrator as the user, and a folder for journals."""

    def __init__(self, dialect: Dialect, folder: Path, **settings: Any) -> None:
        self.sandbox = WatchedSandbox(dialect, **settings)
        self.folder = folder
        self.immich = self.connect()
        self.user_id = self.sandbox.admin.id
        self._ids = 0

    def connect(self, **options: Any) -> Immich:
        options = {"retry_wait": 0, "transport": self.sandbox.transport(), "clock": self.sandbox.clock, **options}
        return Immich.connect(self.sandbox.url, self.sandbox.admin_key, **options)

    def new_id(self) -> str:
        """An id as the server makes them, the same in every run."""
        self._ids += 1
        return str(UUID(int=self._ids, version=4))

    def group(self, size: int = 3) -> tuple[str, list[str]]:
        """A new duplicate group and its members."""
        group_id = self.new_id()
        return group_id, [self.sandbox.add_asset(duplicate_id=group_id) for _number in range(size)]

    def plan(self, *changes: Change, tool: str = "duplicates") -> Plan:
        return Plan(tool, self.user_id, str(self.immich.version), len(self.sandbox.state.assets), changes)

    def transfer(self, group_id: str, members: list[str], number: str = "") -> tuple[Change, ...]:
        """What a clean-up of one group plans: an album, a tag and a description for the first member, then the others go."""
        keeper, *losers = members
        album = self.sandbox.add_album(f"Album {number}", asset_ids=losers)
        tag = self.sandbox.add_tag(f"tag{number}", asset_ids=losers)
        for loser in losers:
            self.sandbox.state.assets[loser].exif.description = "the sea"
        description = SetField(keeper, AssetField.DESCRIPTION, before=None, after="the sea")
        names = (f"album{number}", f"tag{number}", f"field{number}")
        return (
            Change(names[0], AddToAlbum(keeper, album)),
            Change(names[1], AddTag(keeper, tag)),
            Change(names[2], description),
            Change(f"trash{number}", TrashAssets(tuple(losers), (keeper,), group_id), requires=names),
        )

    def apply(self, plan: Plan, immich: Immich | None = None, **options: Any) -> Outcome:
        options = {"guards": ANYTHING, "journal_folder": self.folder, **options}
        return apply(plan, immich or self.immich, **options)

    def undo(self, run_id: str | None, immich: Immich | None = None) -> Outcome:
        run = find_run(self.folder, run_id or "last")
        return self.apply(undo_plan(run, immich or self.immich), immich, undoes=run.id)

    def dump(self) -> dict[str, Any]:
        return comparable(self.sandbox.dump())

    def is_trashed(self, asset_id: str) -> bool:
        return self.sandbox.state.assets[asset_id].deleted_at is not None


def comparable(dump: dict[str, Any]) -> dict[str, Any]:
    """A dump without what the server makes up anew: ids of stacks, and whether "unrated" is 0 or nothing."""
    for asset in dump["assets"].values():
        asset.pop("stackId")
        asset["exif"]["rating"] = asset["exif"]["rating"] or None
    dump["stacks"] = sorted(([stack["primary"], *stack["assets"]] for stack in dump["stacks"].values()), key=str)
    return dump


def statuses(outcome: Outcome) -> dict[str, Status]:
    return {change_id: result.status for change_id, result in outcome.results.items()}


def three(scene: Scene) -> tuple[Plan, list[str]]:
    """A plan that cleans up one group of three, and the group: the first member is kept."""
    group, members = scene.group()
    return scene.plan(*scene.transfer(group, members)), members


def turning_points(asked: Sequence[Asked]) -> list[int]:
    """Numbers (from 1) of the requests at which it matters that a program dies.

    These are the writes, their neighbours, and the ends. Of the reads in between, such as the many while the server's jobs are waited
    for, one is like the other.
    """
    writes = [number for number, each in enumerate(asked, 1) if each.is_write]
    near = {number + step for number in writes for step in (-1, 0, 1)} | {1, 2, len(asked)}
    return sorted(near & set(range(1, len(asked) + 1)))


def run_of(outcome: Outcome) -> str:
    assert outcome.run_id is not None
    return outcome.run_id
