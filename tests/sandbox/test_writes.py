"""Changing assets, albums, tags and duplicates: results per id, all or nothing, and what follows from a change."""

from typing import Any

import httpx
import pytest

from immich_tools.sandbox import Dialect, Sandbox

UNKNOWN = "00000000-0000-4000-8000-000000000000"
GROUP = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def friend(sandbox: Sandbox) -> Any:
    return sandbox.add_user("Friend", "friend@example.com")


@pytest.mark.parametrize("other", ["unknown", "foreign", "locked"])
def test_batches_are_all_or_nothing(sandbox: Sandbox, call: Any, friend: Any, other: str) -> None:
    mine = sandbox.add_asset()
    bad = {
        "unknown": UNKNOWN,
        "foreign": sandbox.add_asset(owner_id=friend.id),
        "locked": sandbox.add_asset(visibility="locked"),
    }[other]
    before = sandbox.dump()
    requests: list[tuple[str, str, dict[str, Any], str]] = [
        ("DELETE", "/assets", {}, "asset.delete"),
        ("PUT", "/assets", {"isFavorite": True}, "asset.update"),
        ("POST", "/trash/restore/assets", {}, "asset.delete"),
    ]
    for method, path, more, permission in requests:
        answer = call(method, path, {"ids": [mine, bad], **more})
        assert answer.status_code == 400
        assert answer.json()["message"] == f"Not found or no {permission} access"
    assert sandbox.dump() == before


def test_trash_and_restore(sandbox: Sandbox, call: Any) -> None:
    video = sandbox.add_asset(original_file_name="a.mov", visibility="hidden")
    still = sandbox.add_asset(live_photo_video_id=video)
    active = sandbox.add_asset()
    offline = sandbox.add_asset(is_offline=True)
    before = sandbox.dump()
    for _ in range(2):
        assert call("DELETE", "/assets", {"ids": [still]}).status_code == 204
    assert call("GET", f"/assets/{still}").json()["isTrashed"] is True
    assert call("GET", f"/assets/{video}").json()["isTrashed"] is False
    assert call("POST", "/trash/restore/assets", {"ids": [still, active, offline]}).json() == {"count": 3}
    assert sandbox.dump() == before


def test_purging_a_still_purges_its_motion_video(sandbox: Sandbox, call: Any) -> None:
    video = sandbox.add_asset(original_file_name="a.mov", visibility="hidden")
    still = sandbox.add_asset(live_photo_video_id=video)
    assert call("DELETE", "/assets", {"ids": [still], "force": True}).status_code == 204
    assert sandbox.state.assets == {}


def test_purging_a_motion_video_leaves_a_plain_photo(sandbox: Sandbox, call: Any) -> None:
    video = sandbox.add_asset(original_file_name="a.mov", visibility="hidden")
    still = sandbox.add_asset(live_photo_video_id=video)
    call("DELETE", "/assets", {"ids": [video], "force": True})
    assert call("GET", f"/assets/{still}").json()["livePhotoVideoId"] is None


def test_server_without_trash_purges_the_next_night(dialect: Dialect) -> None:
    sandbox = Sandbox(dialect, trash=False)
    asset_id = sandbox.add_asset(is_trashed=True)
    assert sandbox.run_nightly_jobs() == 1
    assert asset_id not in sandbox.state.assets
    keeping = Sandbox(dialect)
    keeping.add_asset(is_trashed=True)
    assert keeping.run_nightly_jobs() == 0


def test_the_trash_can_be_switched_off_through_the_api(sandbox: Sandbox, call: Any) -> None:
    configuration = call("GET", "/system-config").json()
    configuration["trash"]["enabled"] = False
    assert call("PUT", "/system-config", configuration).status_code == 200
    assert call("GET", "/server/features").json()["trash"] is False


def test_empty_trash_spares_offline_assets(sandbox: Sandbox, call: Any) -> None:
    offline = sandbox.add_asset(is_offline=True)
    sandbox.add_asset(is_trashed=True)
    assert call("POST", "/trash/empty").json() == {"count": 1}
    assert list(sandbox.state.assets) == [offline]


def test_rating_rules(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    asset_id = sandbox.add_asset(rating=3)
    answered = call("PUT", f"/assets/{asset_id}", {"rating": -1}).json()["exifInfo"]["rating"]
    stored = call("GET", f"/assets/{asset_id}").json()["exifInfo"]["rating"]
    assert (answered, stored) == ((-1, -1) if dialect is Dialect.V2 else (-1, None))


def test_city_follows_coordinates_by_the_job_and_zero_clears_both(sandbox: Sandbox, call: Any) -> None:
    asset_id = sandbox.add_asset()
    answered = call("PUT", f"/assets/{asset_id}", {"latitude": 38.7, "longitude": -9.1}).json()["exifInfo"]
    assert (answered["latitude"], answered["longitude"], answered["city"]) == (38.7, -9.1, None)
    exif = call("GET", f"/assets/{asset_id}").json()["exifInfo"]
    assert (exif["city"], exif["country"], exif["timeZone"]) == ("Lisbon", "Portugal", "Europe/Lisbon")
    answered = call("PUT", f"/assets/{asset_id}", {"latitude": 0, "longitude": 0}).json()["exifInfo"]
    assert (answered["latitude"], answered["longitude"]) == (0, 0)
    exif = call("GET", f"/assets/{asset_id}").json()["exifInfo"]
    assert (exif["latitude"], exif["longitude"], exif["city"]) == (None, None, None)


def test_date_moves_the_asset_in_time(sandbox: Sandbox, call: Any) -> None:
    asset_id = sandbox.add_asset()
    call("PUT", "/assets", {"ids": [asset_id], "dateTimeOriginal": "2020-01-02T03:04:05.5+02:00"})
    shown = call("GET", f"/assets/{asset_id}").json()
    assert shown["fileCreatedAt"] == "2020-01-02T01:04:05.500Z"
    assert shown["localDateTime"] == "2020-01-02T03:04:05.500Z"
    assert shown["exifInfo"]["dateTimeOriginal"] == "2020-01-02T01:04:05.5+00:00"
    assert shown["exifInfo"]["timeZone"] == "UTC+2"
    call("PUT", "/assets", {"ids": [asset_id], "dateTimeRelative": -90})
    assert call("GET", f"/assets/{asset_id}").json()["fileCreatedAt"] == "2020-01-01T23:34:05.500Z"
    items = call("POST", "/search/metadata", {"takenBefore": "2020-06-01T00:00:00Z"}).json()["assets"]["items"]
    assert [item["id"] for item in items] == [asset_id]


def test_locked_assets_are_out_of_reach_of_a_key(sandbox: Sandbox, call: Any) -> None:
    asset_id = sandbox.add_asset()
    album = sandbox.add_album("Album", asset_ids=[asset_id])
    assert call("PUT", "/assets", {"ids": [asset_id], "visibility": "locked"}).status_code == 204
    assert call("PUT", "/assets", {"ids": [asset_id], "visibility": "timeline"}).status_code == 400
    assert call("GET", f"/assets/{asset_id}").status_code == 400
    assert call("GET", f"/albums/{album}").json()["assetCount"] == 0


def test_copy_overwrites_the_favourite_flag(sandbox: Sandbox, call: Any) -> None:
    source, target = sandbox.add_asset(), sandbox.add_asset(is_favorite=True)
    album = sandbox.add_album("Album", asset_ids=[source])
    assert call("PUT", "/assets/copy", {"sourceId": source, "targetId": target}).status_code == 204
    assert call("GET", f"/assets/{target}").json()["isFavorite"] is False
    assert set(sandbox.state.albums[album].asset_ids) == {source, target}


def test_album_results_per_id(sandbox: Sandbox, call: Any, friend: Any) -> None:
    mine, foreign = sandbox.add_asset(), sandbox.add_asset(owner_id=friend.id)
    album = sandbox.add_album("Album")
    answer = call("PUT", f"/albums/{album}/assets", {"ids": [mine, mine, foreign, UNKNOWN]})
    assert [(entry["success"], entry.get("error")) for entry in answer.json()] == [
        (True, None),
        (False, "duplicate"),
        (False, "no_permission"),
        (False, "no_permission"),
    ]
    answer = call("DELETE", f"/albums/{album}/assets", {"ids": [mine, UNKNOWN]})
    assert [(entry["success"], entry.get("error")) for entry in answer.json()] == [(True, None), (False, "not_found")]
    assert call("PUT", f"/albums/{UNKNOWN}/assets", {"ids": [mine]}).json()["message"] == "Album not found"
    both = {"albumIds": [album], "assetIds": [mine]}
    assert call("PUT", "/albums/assets", both).json() == {"success": True}
    assert call("PUT", "/albums/assets", both).json() == {"success": False, "error": "duplicate"}


def test_album_roles(sandbox: Sandbox, call_as: Any, friend: Any, dialect: Dialect) -> None:
    key = sandbox.add_key(friend.id)
    theirs, mine = sandbox.add_asset(owner_id=friend.id), sandbox.add_asset()
    as_editor = sandbox.add_album("Edited", users={friend.id: "editor"}, asset_ids=[mine])
    as_viewer = sandbox.add_album("Viewed", users={friend.id: "viewer"})
    call = call_as(key)
    results = call("PUT", f"/albums/{as_editor}/assets", {"ids": [theirs, mine]}).json()
    assert [entry["success"] for entry in results] == [True, False]
    removed = call("DELETE", f"/albums/{as_editor}/assets", {"ids": [mine, theirs]}).json()
    assert [(entry["success"], entry.get("error")) for entry in removed] == [(False, "no_permission"), (True, None)]
    refused = call("PUT", f"/albums/{as_viewer}/assets", {"ids": [theirs]})
    assert (refused.status_code, refused.json()["message"]) == (400, "Not found or no albumAsset.create access")
    renamed = call("PATCH", f"/albums/{as_editor}", {"albumName": "New"})
    assert renamed.status_code == (400 if dialect is Dialect.V2 else 200)
    assert call("DELETE", f"/albums/{as_editor}").status_code == 400
    assert call("DELETE", f"/albums/{as_editor}/user/me").status_code == 204


def test_listing_albums(sandbox: Sandbox, call: Any, call_as: Any, friend: Any, dialect: Dialect) -> None:
    own = sandbox.add_album("Own", asset_ids=[sandbox.add_asset()])
    shared = sandbox.add_album("Shared", users={friend.id: "viewer"})
    with_me = sandbox.add_album("With me", owner_id=friend.id, users={sandbox.admin.id: "viewer"})

    def listed(query: str) -> list[str]:
        return [album["id"] for album in call("GET", f"/albums{query}").json()]

    is_v2 = dialect is Dialect.V2
    assert listed("") == ([shared, own] if is_v2 else [with_me, shared, own])
    assert listed("?shared=true") == ([with_me, shared] if is_v2 else [with_me, shared, own])
    assert listed("?shared=false") == ([own] if is_v2 else [with_me, shared, own])
    assert listed("?isOwned=true") == [shared, own]
    assert listed("?name=Own") == ([shared, own] if is_v2 else [own])
    assert listed("?isShared=true") == ([shared, own] if is_v2 else [with_me, shared])
    whole = call("GET", f"/albums/{own}").json()
    assert ("assets" in whole, "owner" in whole, "ownerId" in whole) == (is_v2, is_v2, is_v2)
    assert [user["role"] for user in whole["albumUsers"]] == ([] if is_v2 else ["owner"])


SHARING_CASES = [
    ({"role": "editor"}, "known", 400, 200),
    ({"role": "viewer"}, "owner", 400, 200),
    ({"role": "owner"}, "new", 200, 400),
    ({}, "new", 200, 200),
    ({"role": "viewer"}, "unknown", 400, 400),
]


@pytest.mark.parametrize(("entry", "who", "in_v2", "in_v3"), SHARING_CASES)
def test_sharing(
    *, sandbox: Sandbox, call: Any, friend: Any, dialect: Dialect, entry: Any, who: str, in_v2: int, in_v3: int
) -> None:
    new = sandbox.add_user("New", "new@example.com")
    album = sandbox.add_album("Album", users={friend.id: "viewer"})
    user_id = {"known": friend.id, "owner": sandbox.admin.id, "new": new.id, "unknown": UNKNOWN}[who]
    answer = call("PUT", f"/albums/{album}/users", {"albumUsers": [{"userId": user_id, **entry}]})
    assert answer.status_code == (in_v2 if dialect is Dialect.V2 else in_v3), answer.text
    assert sandbox.state.albums[album].user_roles[friend.id] == "viewer"
    if not entry:
        assert sandbox.state.albums[album].user_roles[new.id] == "editor"


def test_tags(sandbox: Sandbox, call: Any) -> None:
    asset_id = sandbox.add_asset()
    (leaf,) = call("PUT", "/tags", {"tags": ["/places/paris/"]}).json()
    assert (leaf["name"], leaf["value"]) == ("paris", "places/paris")
    assert [tag["value"] for tag in call("GET", "/tags").json()] == ["places", "places/paris"]
    results = call("PUT", f"/tags/{leaf['id']}/assets", {"ids": [asset_id, asset_id, UNKNOWN]}).json()
    assert [entry.get("error") for entry in results] == [None, "duplicate", "no_permission"]
    other = call("POST", "/tags", {"name": "print"}).json()
    assert call("POST", "/tags", {"name": "print"}).json()["message"] == "A tag with that name already exists"
    both = {"tagIds": [leaf["id"], other["id"]], "assetIds": [asset_id]}
    assert call("PUT", "/tags/assets", both).json() == {"count": 1}
    assert {tag["value"] for tag in call("GET", f"/assets/{asset_id}").json()["tags"]} == {"places/paris", "print"}
    parent = next(tag for tag in call("GET", "/tags").json() if tag["value"] == "places")
    assert call("DELETE", f"/tags/{parent['id']}").status_code == 204
    assert [tag["value"] for tag in call("GET", "/tags").json()] == ["print"]


def test_duplicates_list(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    small = sandbox.add_asset(duplicate_id=GROUP, file_size=100, tags=["a"])
    large = sandbox.add_asset(duplicate_id=GROUP, file_size=200, visibility="archive")
    sandbox.add_asset(duplicate_id=GROUP, visibility="hidden")
    (group,) = call("GET", "/duplicates").json()
    assert {asset["id"] for asset in group["assets"]} == {small, large}
    assert group["assets"][0]["fileCreatedAt"].endswith("+00:00")
    is_v3 = dialect is Dialect.V3
    assert ("tags" in group["assets"][0]) is is_v3
    assert group.get("suggestedKeepAssetIds") == ([large] if is_v3 else None)


def test_a_group_with_one_member_left_disappears(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    kept, trashed = sandbox.add_asset(duplicate_id=GROUP), sandbox.add_asset(duplicate_id=GROUP)
    call("DELETE", "/assets", {"ids": [trashed]})
    assert sandbox.state.assets[kept].duplicate_id == GROUP
    assert call("GET", "/duplicates").json() == []
    assert sandbox.state.assets[kept].duplicate_id is None
    assert sandbox.state.assets[trashed].duplicate_id == (None if dialect is Dialect.V2 else GROUP)


def test_dismissing_groups(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    assets = [sandbox.add_asset(duplicate_id=GROUP) for _ in range(2)]
    answer = call("DELETE", "/duplicates", {"ids": [GROUP, UNKNOWN]})
    is_v2 = dialect is Dialect.V2
    assert answer.status_code == (204 if is_v2 else 400)
    assert [sandbox.state.assets[a].duplicate_id for a in assets] == ([None] * 2 if is_v2 else [GROUP] * 2)
    assert call("DELETE", f"/duplicates/{GROUP}").status_code == 204


def resolve_body(keep: list[str], trash: list[str]) -> dict[str, Any]:
    return {"groups": [{"duplicateId": GROUP, "keepAssetIds": keep, "trashAssetIds": trash}]}


def test_resolve_merges_into_a_single_keeper() -> None:
    sandbox = Sandbox(Dialect.V3)
    friend = sandbox.add_user("Friend", "friend@example.com")
    keeper = sandbox.add_asset(duplicate_id=GROUP, description="one", tags=["a"])
    more: dict[str, Any] = {
        "rating": 4,
        "is_favorite": True,
        "visibility": "archive",
        "latitude": 48.8,
        "longitude": 2.3,
    }
    loser = sandbox.add_asset(duplicate_id=GROUP, description="two\none", tags=["b"], **more)
    own = sandbox.add_album("Own", asset_ids=[loser])
    viewed = sandbox.add_album("Viewed", owner_id=friend.id, users={sandbox.admin.id: "viewer"}, asset_ids=[loser])
    headers = {"x-api-key": sandbox.admin_key}
    with httpx.Client(transport=sandbox.transport(), base_url=sandbox.url, headers=headers) as client:
        unassigned = client.post("/api/duplicates/resolve", json=resolve_body([keeper], []))
        assert unassigned.json()[0]["error"] == "validation"
        answer = client.post("/api/duplicates/resolve", json=resolve_body([keeper], [loser]))
        assert answer.json() == [{"id": GROUP, "success": True}]
        again = client.post("/api/duplicates/resolve", json=resolve_body([keeper], [loser]))
        assert (again.status_code, again.json()["message"]) == (400, "Not found or no duplicate.delete access")
    asset = sandbox.state.assets[keeper]
    assert (asset.exif.description, asset.exif.rating, asset.is_favorite) == ("one\ntwo", 4, True)
    assert (asset.visibility, asset.exif.latitude) == ("archive", 48.8)
    assert {sandbox.state.tags[tag].value for tag in sandbox.state.tags_of_asset[keeper]} == {"a", "b"}
    assert keeper in sandbox.state.albums[own].asset_ids
    assert keeper not in sandbox.state.albums[viewed].asset_ids
    assert sandbox.state.assets[loser].is_trashed_by_user
    assert sandbox.state.assets[loser].duplicate_id is None


def test_stacks(sandbox: Sandbox, call: Any) -> None:
    first, second, third = (sandbox.add_asset() for _ in range(3))
    stack = call("POST", "/stacks", {"assetIds": [first, second, third]}).json()
    assert (stack["primaryAssetId"], len(stack["assets"])) == (first, 3)
    shown = call("GET", f"/assets/{second}").json()["stack"]
    assert shown == {"id": stack["id"], "primaryAssetId": first, "assetCount": 3}
    call("DELETE", "/assets", {"ids": [third], "force": True})
    call("DELETE", "/assets", {"ids": [second], "force": True})
    assert call("GET", "/stacks").json() == []
    assert sandbox.state.assets[first].stack_id is None


def test_people_and_faces(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    asset_id = sandbox.add_asset()
    person = call("POST", "/people", {"name": "Alice", "birthDate": "1990-05-17"}).json()
    assert call("GET", "/people").json()["total"] == 0
    box = {"x": 1, "y": 2, "width": 10, "height": 20, "imageWidth": 320, "imageHeight": 240}
    face = {"assetId": asset_id, "personId": person["id"], **box}
    assert call("POST", "/faces", face).status_code == 201
    assert call("POST", "/faces", {**face, "x": 1.5}).status_code == 400
    (shown,) = call("GET", f"/faces?id={asset_id}").json()
    assert (shown["boundingBoxX2"], shown["person"]["name"]) == (11, "Alice")
    (in_asset,) = call("GET", f"/assets/{asset_id}").json()["people"]
    assert ("faces" in in_asset) is (dialect is Dialect.V2)
    sandbox.add_face(asset_id)
    unassigned = call("GET", f"/assets/{asset_id}").json().get("unassignedFaces")
    assert (unassigned is not None and len(unassigned) == 1) is (dialect is Dialect.V2)
    assert call("DELETE", f"/people/{person['id']}").status_code == 204
    assert all(face["person"] is None for face in call("GET", f"/faces?id={asset_id}").json())
