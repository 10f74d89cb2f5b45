"""Runs recorded on real servers with working jobs are replayed: the sandbox answers alike, and in the end has what they had.

What depends on the order of jobs comes out as recorded with some seed of the sandbox's jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from immich_tools.sandbox import Dialect, Jobs, Sandbox
from immich_tools.sandbox.pictures import Picture, draw
from tests.contract.comparison import Json
from tests.contract.real_runs import FOLDER, QUIET, SUFFIXES, World, facts, recorded, tags_of
from tests.sandbox.conftest import client_of

SOME_ID: Final = "11111111-2222-4333-8444-555555555555"
MARK: Final = "7B1C9A52-0F6E-4D1B-9C39-5C1B7D1E2F30"
UNWRITTEN: Final[dict[str, object]] = {
    **dict.fromkeys(("rating", "latitude", "longitude", "timeZone", "city", "state", "country")),
    "description": "",
}
SEEDS: Final = range(60)
FILES: Final = 108
BOTH: Final = pytest.mark.parametrize("dialect", Dialect, ids=lambda dialect: dialect.value)


def in_some_seed(run: Callable[[int], bool]) -> bool:
    return any(run(seed) for seed in SEEDS)


def _ids(exchanges: list[dict[str, Json]]) -> dict[str, None]:
    """The assets that requests name, in order."""
    named: dict[str, None] = {}
    for exchange in exchanges:
        body = exchange.get("request", {}).get("body") or {}
        named |= dict.fromkeys([*body.get("ids", ()), *body.get("assetIds", ())])
    return named


def _world_of_writes(dialect: Dialect, exchanges: list[dict[str, Json]], seed: int, before: Json) -> World:
    """A world with the assets and tags that the requests name; `before` is how one of the assets was shown."""
    world = World.of(dialect, exchanges, seed=seed)
    for asset_id in {**_ids(exchanges), before["id"]: None}:
        world.asset({**before, "id": asset_id})
    known = tags_of(exchanges)
    for exchange in exchanges:
        parts = exchange["request"]["path"].split("/")
        if parts[2] == "tags":
            world.tag(parts[3], known.get(parts[3], parts[3]))
    for tag_id, value in known.items():
        if tag_id not in world.sandbox.state.tags:
            world.tag(tag_id, value)
    return world


@BOTH
@pytest.mark.parametrize("scenario", ["duplicates/01-*", "missing-originals/31-*"])
def test_tags_written_after_fields_are_lost_as_recorded_in_some_seed(dialect: Dialect, scenario: str) -> None:
    exchanges = recorded(dialect, scenario)
    *earlier, last = exchanges
    shown = last["response"]["body"]
    before = {"id": shown["id"], "exifInfo": {**shown["exifInfo"], **UNWRITTEN}}

    def run(seed: int) -> bool:
        world = _world_of_writes(dialect, exchanges, seed, before)
        for exchange in earlier:
            if exchange["request"]["method"] != "GET":
                world.send(exchange)
        assert not world.differences
        world.settle()
        return _ends_like(world, last)

    assert in_some_seed(run)


def _ends_like(world: World, last: dict[str, Json]) -> bool:
    """Whether any asset has what the recorded one had in the end; of those it is known that some were like it."""
    shown = last["response"]["body"]
    assets = [world.client.get(f"/api/assets/{asset_id}").json() for asset_id in world.sandbox.state.assets]
    world.send(last)
    return any(facts(asset, shown) == facts(shown) for asset in assets)


@BOTH
def test_removed_tags_come_back_as_recorded_in_some_seed(dialect: Dialect) -> None:
    first, *removals, _at_once, last = recorded(dialect, "duplicates/02-*")
    before = first["response"]["body"]

    def run(seed: int) -> bool:
        world = _world_of_writes(dialect, [first, *removals], seed, before)
        world.send(first)
        for exchange in removals:
            world.send(exchange)
        assert not world.differences
        world.settle()
        return _ends_like(world, last)

    assert in_some_seed(run)


@BOTH
def test_a_favourite_starts_an_extraction(dialect: Dialect) -> None:
    first, write, last = recorded(dialect, "duplicates/03-*")
    world = _world_of_writes(dialect, [first, write], 0, first["response"]["body"])
    before = world.send(first)["updatedAt"]
    world.send(write)
    at_once = world.client.get(first["request"]["path"]).json()["updatedAt"]
    world.settle()
    after = world.send(last)
    assert before < at_once < after["updatedAt"]
    assert facts(after) == facts(last["response"]["body"])
    assert not world.differences


@BOTH
def test_a_rating_is_cleared(dialect: Dialect) -> None:
    write, last = recorded(dialect, "duplicates/04-*")
    shown = last["response"]["body"]
    before = {**shown, "exifInfo": {**shown["exifInfo"], "rating": 4}}
    world = _world_of_writes(dialect, [write, last], 0, before)
    world.send(write)
    world.settle()
    assert facts(world.send(last), shown) == facts(shown)
    assert not world.differences


@BOTH
@pytest.mark.parametrize("scenario", ["duplicates/05-*", "album-backup/*-*-thumbnail"])
def test_a_cover_in_the_trash_is_replaced_for_good(dialect: Dialect, scenario: str) -> None:
    exchanges = recorded(dialect, scenario)
    (cover,) = _ids([exchange for exchange in exchanges if exchange["request"]["method"] == "DELETE"])
    shown = next(body for body in (each["response"]["body"] for each in exchanges) if body and "id" in body)
    replaced = next(
        body["albumThumbnailAssetId"]
        for body in (each["response"]["body"] for each in exchanges)
        if isinstance(body, dict) and body.get("albumThumbnailAssetId") not in (None, cover)
    )
    world = World.of(dialect, exchanges)
    size = max(
        body.get("assetCount", 0) for body in (each["response"]["body"] for each in exchanges) if isinstance(body, dict)
    )
    days = {cover: "2023-05-01T10:00:00Z", replaced: "2023-05-03T10:00:00Z"}
    members = [
        *(world.asset({"id": asset_id, "fileCreatedAt": day}).id for asset_id, day in days.items()),
        *(
            world.asset({"id": world.sandbox.state.new_id(), "fileCreatedAt": "2023-05-02T10:00:00Z"}).id
            for _ in range(size - 2)
        ),
    ]
    world.album(shown, members, cover)
    covers = []
    for exchange in exchanges:
        body = world.send(exchange)
        expected = exchange["response"]["body"]
        for recorded_album, album in zip(_albums(expected), _albums(body), strict=True):
            covers.append(album["albumThumbnailAssetId"] == recorded_album["albumThumbnailAssetId"])
            assert album["assetCount"] == recorded_album["assetCount"]
    assert covers
    assert all(covers)
    assert not [line for line in world.differences if not _is_of_members(line)]


def _is_of_members(difference: str) -> bool:
    """What follows from members of which a recording shows little: their dates and metadata, and the album's name."""
    return any(word in difference for word in (".assets", "startDate", "endDate", "albumName", "owner", "albumUsers"))


def _albums(body: Json) -> list[Json]:
    albums = body if isinstance(body, list) else [body]
    return [album for album in albums if isinstance(album, dict) and "albumThumbnailAssetId" in album]


@BOTH
def test_an_album_is_made_of_an_asset_in_the_trash(dialect: Dialect) -> None:
    (made,) = recorded(dialect, "album-backup/14-*")
    (asset_id,) = made["request"]["body"]["assetIds"]
    expected = made["response"]["body"]
    world = World.of(dialect, [made])
    shown = next(iter(expected.get("assets", ())), {"id": asset_id})
    world.asset({**shown, "id": asset_id}, is_trashed=not expected["assetCount"])
    body = world.send(made)
    assert (body["albumThumbnailAssetId"], body["assetCount"]) == (asset_id, expected["assetCount"])


def test_a_group_with_a_member_of_another_owner_cannot_be_resolved() -> None:
    shown, resolve = recorded(Dialect.V3, "duplicates/06-*")
    (group,) = shown["response"]["body"]
    world = World.of(Dialect.V3, [shown])
    for asset in group["assets"]:
        world.asset(asset)
    world.sandbox.add_asset(duplicate_id=group["duplicateId"])
    for exchange in (shown, resolve):
        world.send(exchange)
    assert not world.differences


@BOTH
def test_live_photos_are_crossed_by_a_scan_as_recorded_in_some_seed_and_joined_again(dialect: Dialect) -> None:
    before, external, hidden, after, *joining = recorded(dialect, "album-backup/0[1-8]-*")
    still, crossed = before["response"]["body"], after["response"]["body"]
    (external_still,), (external_video,) = (each["response"]["body"]["assets"]["items"] for each in (external, hidden))

    def run(seed: int) -> bool:
        world = World.of(dialect, [before], seed=seed)
        video = {"id": still["livePhotoVideoId"], "originalFileName": "IMG_1.MOV", "visibility": "hidden"}
        library = world.sandbox.add_library("L", ["/mnt/L"], owner_id=world.user.id)
        state = world.sandbox.state
        state.libraries[external_still["libraryId"]] = state.libraries.pop(library)
        for shown in (still, video):
            world.asset(shown).content_identifiers = (MARK,)
        world.send(before)
        for shown in (external_still, external_video):
            asset = world.asset({**shown, "livePhotoVideoId": None, "visibility": "timeline"})
            asset.content_identifiers = (MARK,)
        names = [external_still["id"], external_video["id"]]
        world.client.post("/api/assets/jobs", json={"assetIds": names, "name": "refresh-metadata"})
        world.settle()
        assert not world.differences
        for exchange in (external, hidden, after, *joining):
            world.send(exchange)
        return not world.differences

    assert crossed["livePhotoVideoId"] in (still["livePhotoVideoId"], external_video["id"])
    assert in_some_seed(run)


def test_the_stills_of_an_upload_and_its_copy_point_across_as_recorded_in_some_seed() -> None:
    exchanges = recorded(Dialect.V2, "album-backup/2*")
    bodies = {exchange["response"]["body"]["id"]: exchange["response"]["body"] for exchange in exchanges}

    def run(seed: int) -> bool:
        world = World.of(Dialect.V2, exchanges, seed=seed)
        for shown in bodies.values():
            asset = world.asset({**shown, "livePhotoVideoId": None, "visibility": "timeline"})
            asset.content_identifiers = (MARK,)
        body = {"assetIds": list(bodies), "name": "refresh-metadata"}
        world.client.post("/api/assets/jobs", json=body)
        world.settle()
        for exchange in exchanges:
            world.send(exchange)
        return not world.differences

    assert in_some_seed(run)


SIDECARS: Final = {
    "15": "<dc:subject><rdf:Bag><rdf:li>flat</rdf:li><rdf:li>Zoe</rdf:li></rdf:Bag></dc:subject>",
    "16": "<exif:DateTimeOriginal>2023-05-06T10:20:30+00:00</exif:DateTimeOriginal>",
    "17": "<exif:DateTimeOriginal>2023-05-06T10:20:30</exif:DateTimeOriginal>",
}


@BOTH
@pytest.mark.parametrize("number", SIDECARS)
def test_what_a_scan_reads_from_a_sidecar(dialect: Dialect, number: str, tmp_path: Path) -> None:
    (exchange,) = recorded(dialect, f"album-backup/{number}-*")
    shown = exchange["response"]["body"]
    # The date of the picture has an offset of two hours where the sidecar has none of its own, and is absent otherwise.
    taken = datetime.fromisoformat("2023-05-06T10:20:30+02:00") if number == "15" else None
    (tmp_path / "k.jpg").write_bytes(draw(Picture(1, taken)))
    (tmp_path / "k.jpg.xmp").write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/">'
        f"{SIDECARS[number]}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    sandbox = Sandbox(dialect, jobs=Jobs(seed=1))
    library = sandbox.add_library("L", [str(tmp_path)])
    with client_of(sandbox, sandbox.admin_key) as client:
        client.post(f"/api/libraries/{library}/scan")
        sandbox.settle()
        (asset_id,) = sandbox.state.assets
        answered = client.get(f"/api/assets/{asset_id}").json()
    names = ("fileCreatedAt", "localDateTime")
    assert [answered[name] for name in names] == [shown[name] for name in names]
    details = ("dateTimeOriginal", "timeZone", "description", "rating")
    assert [answered["exifInfo"][name] for name in details] == [shown["exifInfo"][name] for name in details]
    assert {tag["value"] for tag in answered["tags"]} == {tag["value"] for tag in shown["tags"]}


@BOTH
def test_emptying_the_trash(dialect: Dialect) -> None:
    (exchange,) = recorded(dialect, "missing-originals/01-*")
    world = World.of(dialect, [exchange])
    world.asset({"id": SOME_ID}, is_trashed=True)
    world.send(exchange)
    assert not world.differences


def test_integrity_reports(tmp_path: Path) -> None:
    summary, refused, first, second = recorded(Dialect.V3, "missing-originals/2*")
    items = first["response"]["body"]["items"]
    world = World.of(Dialect.V3, [], folder=tmp_path)
    for number in range(len(items) // 2):
        asset_id = world.sandbox.add_asset(content=b"%d" % number, sidecar=b"<x/>")
        file = world.sandbox.state.assets[asset_id].file
        assert file is not None
        file.unlink()
        file.with_name(f"{file.name}.xmp").unlink()
    world.client.headers["x-api-key"] = world.sandbox.admin_key
    world.client.post("/api/jobs", json={"name": "integrity-missing-files"})
    world.settle()
    for exchange in (summary, refused):
        world.send(exchange)
    answered = world.send(first)["items"]
    assert len(answered) == len(items)
    assert {item["assetId"] is None for item in answered} == {True, False}
    ids = [item["id"] for item in answered]
    assert ids == sorted(ids, reverse=True)
    following = [item["id"] for item in second["response"]["body"]["items"]]
    cursor = ids[[item["id"] for item in items].index(following[0])]
    asked = {**second["request"], "path": second["request"]["path"].replace(following[0], cursor)}
    page = world.send({**second, "request": asked})["items"]
    assert (page[0]["id"], len(page)) == (cursor, len(following))
    assert not world.differences


@BOTH
def test_tags_and_descriptions_go_into_the_sidecar_on_disk(dialect: Dialect, tmp_path: Path) -> None:
    entries = recorded(dialect, "missing-originals/30-*")
    world = World.of(dialect, entries)
    world.sandbox.mount("/data", tmp_path)
    content = draw(Picture(1))
    for number, asset_id in enumerate(_ids(entries)):
        world.asset({"id": asset_id}, original_path=f"/data/upload/{number}.jpg", content=content)
    sidecar = tmp_path / "upload" / "0.jpg.xmp"
    own_tag: dict[str, str] = {}
    for entry in entries:
        if "request" not in entry:
            world.settle()
            found = entry.get("on_disk", {})
            written = found.get("sidecar_beside_the_original", found.get("sidecar", []))
            text = sidecar.read_text()
            assert all((word.strip() in text) for word in written)
            assert ("vb-tag" in text) == ("vb-tag" in written)
            tags = found.get("database_tags", entry.get("tags_of_user_in_database"))
            assert [tag.value for tag in world.sandbox.state.tags.values() if tag.asset_ids] == tags
            continue
        asked = json.loads(json.dumps(entry["request"]))
        for theirs, own in own_tag.items():
            asked["path"] = asked["path"].replace(theirs, own)
        answered = world.send({**entry, "request": asked})
        if asked["path"] == "/api/tags":
            own_tag[entry["response"]["body"]["id"]] = answered["id"]
    assert not [line for line in world.differences if not _is_of_the_picture(line)]


def _is_of_the_picture(difference: str) -> bool:
    """What differs because the recorded picture is another one."""
    words = (
        "original",
        "checksum",
        "thumbhash",
        "fileCreatedAt",
        "localDateTime",
        "exifInfo",
        "width",
        "height",
        "owner",
    )
    return any(word in difference for word in words)


@BOTH
def test_updated_at_moves_as_often_as_recorded(dialect: Dialect) -> None:
    """At the answer and later; `moves` were recorded every 10 ms."""
    wrong = {}
    for path in sorted((FOLDER / "moves").glob(f"*-{SUFFIXES[dialect]}.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        found = _moves(dialect, document)
        expected = {len(each["moves"]) for each in document["updatedAt"].values()}
        if found != expected:
            wrong[path.stem] = (expected, found)
    assert not wrong


def _moves(dialect: Dialect, document: Json) -> set[int]:
    """How often the assets of a recorded write move in the sandbox."""
    exchange = {"file": document["name"], **document["exchanges"][0]}
    first_sidecar = "first-sidecar" in document["name"]
    _bears = document["name"][:2] >= "14" and not first_sidecar
    world = World.of(dialect, [exchange], seed=1, request=QUIET)
    asked = exchange["request"]
    body = asked["body"] or {}
    tag_ids = [
        *body.get("tagIds", ()),
        *([asked["path"].split("/")[3]] if asked["path"].count("/") == 4 and "/tags/" in asked["path"] else []),
    ]
    for number, asset_id in enumerate(document["updatedAt"]):
        world.asset(
            {
                "id": asset_id,
                "exifInfo": {"dateTimeOriginal": "2021-07-10T12:30:00Z", "exifImageWidth": 96, "exifImageHeight": 72},
            },
            description="" if first_sidecar else f"as before {number}",
            content=draw(Picture(1, width=96, height=72)),
            is_trashed="restore" in document["name"],
        )
        if not first_sidecar:
            world.sandbox.state.assets[asset_id].exif.description = "as before"
    has_tags = document["name"].startswith(("13", "14"))
    for tag_id in tag_ids:
        tag = world.tag(tag_id, f"mv/{tag_id}")
        for asset_id in document["updatedAt"] if has_tags else ():
            world.sandbox.state.tag_asset(tag, asset_id)
    last = {asset_id: world.sandbox.state.assets[asset_id].updated_at for asset_id in document["updatedAt"]}
    moves = dict.fromkeys(last, 0)
    world.send(exchange)
    for _ in range(2000):
        for asset_id, moment in last.items():
            now = world.sandbox.state.assets[asset_id].updated_at
            moves[asset_id] += now != moment
            last[asset_id] = now
        world.sandbox.clock.sleep(0.01)
    return set(moves.values())


def test_every_recorded_run_is_replayed() -> None:
    """The patterns above name them all; those in other folders are read elsewhere."""
    folders = ("album-backup", "duplicates", "missing-originals", "moves")
    assert sum(len(list((FOLDER / folder).glob("*.json"))) for folder in folders) == FILES
