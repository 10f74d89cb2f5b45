"""What the planner of the duplicates cleaner decides on: a snapshot of the server, as values."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from immich_tools.immich.models import Album, Asset, DuplicateGroup, Person, SharedLink, Tag, Version


@frozen(repr=False)
class DuplicateFacts:
    """The server's duplicate groups and what is known about their assets.

    :ivar user_id: whose key this is; assets of anybody else are never touched.
    :ivar population: assets the user owns outside the trash.
    :ivar groups: as the server formed them; exif is expected in their assets.
    :ivar albums: every album the user sees; empty where neither the transfer nor a rule needs them.
    :ivar members: album id → which of the groups' assets are in it.
    :ivar tags: asset id → the tags it carries itself; an asset missing here has unknown tags.
    :ivar people: asset id → named people recognised on it; None when the key may not read people, or nobody asked.
    :ivar links: the user's links to single assets; None when the key may not read them, or nobody asked.
    :ivar videos: the motion videos of live photos among the groups' assets, by id; one that could not be read is missing.
    :ivar can_set_covers: whether the key may give albums another cover.
    :ivar read_only_libraries: ids of external libraries that an earlier run found to lose metadata.
    :ivar can_resolve: whether ``POST /duplicates/resolve`` is there and the key may use it (Immich 2.7 on).
    """

    user_id: str
    server_version: Version
    population: int
    groups: tuple[DuplicateGroup, ...] = ()
    albums: tuple[Album, ...] = ()
    members: Mapping[str, frozenset[str]] = field(factory=dict)
    tags: Mapping[str, frozenset[Tag]] = field(factory=dict)
    people: Mapping[str, frozenset[Person]] | None = None
    links: tuple[SharedLink, ...] | None = None
    videos: Mapping[str, Asset] = field(factory=dict)
    can_resolve: bool = False
    can_set_covers: bool = True
    read_only_libraries: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        assets = sum(len(group.assets) for group in self.groups)
        return (
            f"DuplicateFacts({len(self.groups)} groups of {assets} assets, {len(self.albums)} albums, "
            f"Immich {self.server_version}, {self.population} assets in all)"
        )

    def albums_of(self) -> dict[str, frozenset[str]]:
        """Asset id → ids of the albums that hold it; assets in no album are missing."""
        found: dict[str, set[str]] = {}
        for album in self.albums:
            for asset_id in self.members.get(album.id, ()):
                found.setdefault(asset_id, set()).add(album.id)
        return {asset_id: frozenset(album_ids) for asset_id, album_ids in found.items()}

    def tags_of(self, asset: Asset) -> frozenset[Tag] | None:
        """The tags an asset carries itself; None when they are not known."""
        known = self.tags.get(asset.id)
        if known is not None:
            return known
        return None if asset.tags is None else frozenset(asset.tags)
