"""What is read for which options, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from immich_tools.duplicates import DuplicatesOptions, Rule, gather
from immich_tools.errors import AccessDenied
from immich_tools.immich.client import Immich
from immich_tools.immich.models import (
    Album,
    AlbumRole,
    ApiKey,
    Asset,
    DuplicateGroup,
    Person,
    SharedLink,
    Tag,
    User,
    Version,
)

HOLIDAY = Album("al", "Holiday", "me", AlbumRole.OWNER)
LINK = SharedLink("l", "For Anna", "2024-05-03", frozenset({"a"}))
ANNA = Person("Anna", "p")


class Server:
    """Stands in for a server: answers, and remembers what it was asked for."""

    def __init__(self, groups: list[DuplicateGroup], version: Version, permissions: Collection[str]) -> None:
        self.asked: list[str] = []
        self.asset_ids: dict[str, list[str]] = {}
        self._groups = groups
        self.version = version
        self._permissions = frozenset(permissions)
        self.me = User("me", "Me")
        self.api_key = ApiKey("k", "key", self._permissions)
        self.duplicates = SimpleNamespace(groups=self.read_groups)
        self.albums = SimpleNamespace(all=self.read_albums, memberships=self.read_memberships)
        self.tags = SimpleNamespace(of_assets=self.read_tags)
        self.shared_links = SimpleNamespace(all=self.read_links)
        self.people = SimpleNamespace(of_assets=self.read_people)
        self.assets = SimpleNamespace(owned=lambda: 77, read=self.read_assets)

    def read_groups(self) -> list[DuplicateGroup]:
        return self._groups

    def read_assets(self, ids: Collection[str]) -> dict[str, Asset]:
        if ids:
            self._note("videos", ids)
        return {}

    def read_albums(self) -> list[Album]:
        return [HOLIDAY]

    def read_memberships(self, albums: list[Album], asset_ids: Collection[str]) -> dict[str, frozenset[str]]:
        self._note("albums", asset_ids)
        return {album.id: frozenset(list(asset_ids)[:1]) for album in albums}

    def read_tags(self, assets: Iterable[Asset]) -> dict[str, frozenset[Tag]]:
        ids = [asset.id for asset in assets]
        self._note("tags", ids)
        return {asset_id: frozenset() for asset_id in ids}

    def read_people(self, assets: Iterable[Asset]) -> dict[str, frozenset[Person]]:
        if "person.read" not in self._permissions:
            raise AccessDenied("no person.read")
        ids = [asset.id for asset in assets]
        self._note("people", ids)
        return dict.fromkeys(ids, frozenset({ANNA}))

    def read_links(self) -> list[SharedLink]:
        if not {"all", "sharedLink.read"}.intersection(self._permissions):
            raise AccessDenied("no sharedLink.read")
        return [LINK]

    def _note(self, what: str, asset_ids: Iterable[str]) -> None:
        self.asked.append(what)
        self.asset_ids[what] = sorted(asset_ids)


@pytest.fixture
def groups(asset: Callable[..., Asset]) -> list[DuplicateGroup]:
    """One group in scope, one with a locked-out member, one whose members differ too much."""
    return [
        DuplicateGroup("g1", (asset("a.heic"), asset("b.jpg"))),
        DuplicateGroup("g2", (asset("c.heic"), asset("d.jpg", owner_id="somebody"))),
        DuplicateGroup("g3", (asset("e.heic"), asset("f.jpg", width=40, height=30))),
    ]


def facts_of(
    groups: list[DuplicateGroup],
    options: DuplicatesOptions | None = None,
    version: Version = Version(3, 1, 0),  # noqa: B008 - immutable
    permissions: Collection[str] = ("all", "person.read"),
) -> tuple[Any, Server]:
    server = Server(groups, version, permissions)
    return gather(cast("Immich", server), options), server


def test_everything_for_the_groups_that_can_be_processed(groups: list[DuplicateGroup]) -> None:
    facts, server = facts_of(groups)
    assert facts.groups == tuple(groups)
    assert (facts.user_id, facts.population, facts.server_version) == ("me", 77, Version(3, 1, 0))
    assert facts.albums == (HOLIDAY,) and facts.links == (LINK,)
    assert facts.people == {"a": frozenset({ANNA}), "b": frozenset({ANNA})}
    assert server.asset_ids == {what: ["a", "b"] for what in ("albums", "tags", "people")}


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (DuplicatesOptions(), ["albums", "tags", "people"]),
        (DuplicatesOptions(report_people=False), ["albums", "tags"]),
        (DuplicatesOptions(transfer_metadata=False), ["people"]),
        (DuplicatesOptions(transfer_metadata=False, rank=(Rule.ALBUMS,)), ["albums", "people"]),
        (DuplicatesOptions(dismiss=True), []),
        (DuplicatesOptions(only_pairs=True), ["albums", "tags", "people"]),
    ],
)
def test_only_what_the_options_need(groups: list[DuplicateGroup], options: DuplicatesOptions, asked: list[str]) -> None:
    assert facts_of(groups, options)[1].asked == asked


def test_motion_videos_are_read_for_the_groups_that_can_be_processed(asset: Callable[..., Asset]) -> None:
    pair = (asset("a.heic", live_photo_video_id="v-a"), asset("b.jpg"))
    other = (asset("c.heic", live_photo_video_id="v-c"), asset("d.jpg", owner_id="somebody"))
    _facts, server = facts_of([DuplicateGroup("g1", pair), DuplicateGroup("g2", other)])
    assert server.asset_ids["videos"] == ["v-a"]


def test_nothing_more_is_read_without_groups() -> None:
    facts, server = facts_of([])
    assert (facts.groups, server.asked) == ((), [])


def test_a_key_that_may_not_read_people(groups: list[DuplicateGroup]) -> None:
    facts, server = facts_of(groups, permissions=("duplicate.read",))
    assert facts.people is None and facts.links is None
    assert server.asked == ["albums", "tags"]


@pytest.mark.parametrize(
    ("version", "permissions", "can_resolve"),
    [
        (Version(3, 1, 0), ("all",), True),
        (Version(2, 7, 0), ("duplicate.delete",), True),
        (Version(2, 6, 9), ("all",), False),
        (Version(2, 3, 1), ("all",), False),
        (Version(3, 1, 0), ("duplicate.read",), False),
    ],
)
def test_whether_the_server_can_resolve(
    groups: list[DuplicateGroup], version: Version, permissions: tuple[str, ...], can_resolve: bool
) -> None:
    assert facts_of(groups, version=version, permissions=permissions)[0].can_resolve is can_resolve
