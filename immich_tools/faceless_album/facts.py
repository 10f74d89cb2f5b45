"""What the planner of the faceless album tool decides on: a snapshot of the server, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from immich_tools.immich.models import Album, Asset, Broken, Recognition, Version


@frozen
class AlbumMemory:
    """What journals tell of albums that earlier runs kept with the same rule.

    :ivar albums: ids of albums that were made or taken over, the latest last.
    :ivar given: album id → ids of what was put into it and not taken out again.
    """

    albums: tuple[str, ...] = ()
    given: Mapping[str, frozenset[str]] = field(factory=dict)


@frozen(repr=False)
class FacelessFacts:
    """The user's files, who is in them, and the album.

    :ivar user_id: whose key this is; assets of anybody else are never touched.
    :ivar population: assets the user owns outside the trash.
    :ivar assets: those outside the trash, with their people and details where the rule needs them.
    :ivar faces: asset id → whether a face was found in it, for assets without a recognised person; empty where the rule needs no faces.
    :ivar recognition: how far the server is with finding faces; None where the rule needs no people.
    :ivar elsewhere: ids of assets that are in another album; empty where the rule needs none.
    :ivar albums: the user's own albums.
    :ivar members: album id → what is in it, for albums that may be the one.
    :ivar read_at: when.
    :ivar unlisted: what the server failed to list, where such assets are skipped.
    """

    user_id: str
    server_version: Version
    population: int
    read_at: datetime
    assets: tuple[Asset, ...] = ()
    faces: Mapping[str, bool] = field(factory=dict)
    recognition: Recognition | None = None
    elsewhere: frozenset[str] = frozenset()
    albums: tuple[Album, ...] = ()
    members: Mapping[str, frozenset[str]] = field(factory=dict)
    memory: AlbumMemory = AlbumMemory()
    unlisted: tuple[Broken, ...] = ()

    def __repr__(self) -> str:
        return (
            f"FacelessFacts({len(self.assets)} assets, Immich {self.server_version}, {self.population} assets in all)"
        )
