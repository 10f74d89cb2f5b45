"""Everything a user can see, as plain values, to be compared before, after, and after an undo."""

from __future__ import annotations

from typing import Any, TypeAlias

from attrs import frozen

from tests.tools.server import Server

Json: TypeAlias = dict[str, Any]


@frozen
class Snapshot:
    """What a user has at one moment. Assets, albums and duplicate groups go by the names that the scenario gave them, so that the
    same scenario of two users can be compared too.

    :ivar assets: file name → what it holds; those in the trash and the hidden videos too.
    :ivar albums: name → file names of the members outside the trash, other people's by id.
    :ivar stacks: file names, the one that shows first.
    """

    assets: dict[str, Json]
    albums: dict[str, list[str]]
    tags: list[str]
    stacks: list[list[str]]

    def outside_trash(self) -> dict[str, Json]:
        """The assets that are not in the trash."""
        return {name: asset for name, asset in self.assets.items() if not asset["trashed"]}

    def trashed(self) -> set[str]:
        """The names of those in the trash."""
        return {name for name, asset in self.assets.items() if asset["trashed"]}

    def duplicates(self) -> dict[str, set[str]]:
        """The duplicate groups outside the trash: name → members."""
        found: dict[str, set[str]] = {}
        for name, asset in self.outside_trash().items():
            if asset["group"] is not None:
                found.setdefault(asset["group"], set()).add(name)
        return found


def snapshot(server: Server) -> Snapshot:
    """Read everything, once the server has come to rest; without any time of a change."""
    server.settle()
    api = server.api
    ids = [
        item["id"]
        for visibility in ("timeline", "archive", "hidden")
        for item in _search(server, {"visibility": visibility, "withDeleted": True})
        if item["ownerId"] == server.user_id
    ]
    assets = {item["originalFileName"]: _asset(server, item) for item in (api.get(f"/assets/{name}") for name in ids)}
    assert len(assets) == len(ids), "file names must differ within a scenario"
    stacks = [_stack(server, stack) for stack in api.get("/stacks")]
    return Snapshot(
        dict(sorted(assets.items())), _albums(server), sorted(tag["value"] for tag in api.get("/tags")), sorted(stacks)
    )


def _search(server: Server, criteria: Json) -> list[Json]:
    answer = server.api.post("/search/metadata", {**criteria, "page": 1, "size": 1000})["assets"]
    assert answer["nextPage"] is None, "a scenario has less than a page of assets"
    items: list[Json] = answer["items"]
    return items


def _asset(server: Server, item: Json) -> Json:
    exif = item["exifInfo"]
    place = (exif["latitude"], exif["longitude"])
    group = item.get("duplicateId")
    return {
        "type": item["type"],
        "visibility": item["visibility"],
        "trashed": item["isTrashed"],
        "favorite": item["isFavorite"],
        "description": exif["description"] or "",
        # Immich 2 says 0 for an asset whose rating was removed and null for one that never had any; both show no star.
        "rating": exif["rating"] or None,
        # A place is removed by writing 0/0, which Immich drops a few seconds later when it reads its sidecar.
        "place": None if place in ((0, 0), (None, None)) else tuple(round(degrees, 5) for degrees in place),
        "taken": exif["dateTimeOriginal"],
        "group": None if group is None else server.groups.get(group, group),
        "motion video": server.name_of(item["livePhotoVideoId"]),
        "tags": sorted(tag["value"] for tag in item.get("tags") or ()),
        "people": sorted(person["name"] for person in item.get("people") or ()),
    }


def _albums(server: Server) -> dict[str, list[str]]:
    answers = server.api.get("/albums")
    if server.major < 3:
        answers = {album["id"]: album for album in [*answers, *server.api.get("/albums", shared="true")]}.values()
    return {
        album["albumName"]: sorted(str(server.name_of(asset_id)) for asset_id in _members(server, album["id"]))
        for album in sorted(answers, key=lambda album: str(album["albumName"]))
    }


def _members(server: Server, album_id: str) -> set[str]:
    if server.major < 3:
        return {item["id"] for item in server.api.get(f"/albums/{album_id}")["assets"] if not item["isTrashed"]}
    return {
        item["id"]
        for visibility in ("timeline", "archive")
        for item in _search(server, {"albumIds": [album_id], "visibility": visibility})
    }


def _stack(server: Server, stack: Json) -> list[str]:
    rest = sorted(str(server.name_of(item["id"])) for item in stack["assets"] if item["id"] != stack["primaryAssetId"])
    return [str(server.name_of(stack["primaryAssetId"])), *rest]
