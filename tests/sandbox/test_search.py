"""Searches: defaults, order, paging, partners, moments."""

from datetime import UTC, datetime, timedelta
from typing import Any

from immich_tools.sandbox import Dialect, Sandbox

MOMENT = datetime(2024, 5, 1, 6, 0, 0, 123_456, tzinfo=UTC)


def found(call: Any, body: dict[str, Any]) -> list[str]:
    answer = call("POST", "/search/metadata", body)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["assets"]["items"]]


def all_pages(call: Any, size: int) -> list[str]:
    ids: list[str] = []
    page = 1
    while True:
        assets = call("POST", "/search/metadata", {"size": size, "page": page}).json()["assets"]
        assert assets["total"] == assets["count"] == len(assets["items"])
        ids += [item["id"] for item in assets["items"]]
        if assets["nextPage"] is None:
            return ids
        assert assets["nextPage"] == str(page + 1)
        page += 1


def test_default_visibility(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    by_visibility = {name: sandbox.add_asset(visibility=name) for name in ("timeline", "archive", "hidden", "locked")}
    trashed = sandbox.add_asset(is_trashed=True)
    everything = {by_visibility["timeline"], by_visibility["archive"], by_visibility["hidden"]}
    expected = everything if dialect is Dialect.V3 else {by_visibility["timeline"]}
    assert set(found(call, {})) == expected
    assert call("POST", "/search/statistics", {}).json() == {"total": len(expected)}
    assert set(found(call, {"withDeleted": True})) == expected | {trashed}
    assert call("POST", "/search/statistics", {"withDeleted": True}).json() == {"total": len(expected)}
    for name in ("timeline", "archive", "hidden"):
        assert found(call, {"visibility": name}) == [by_visibility[name]]


def test_ties_are_lost_between_pages_in_v2_only(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    ids = {sandbox.add_asset(file_created_at=MOMENT + timedelta(days=number // 20)) for number in range(100)}
    for size in (7, 10):
        listed = all_pages(call, size)
        assert len(listed) == 100
        assert (set(listed) == ids) is (dialect is Dialect.V3)


def test_v3_orders_ties_by_id_in_the_direction_of_the_order() -> None:
    sandbox = Sandbox(Dialect.V3)
    ids = [sandbox.add_asset(file_created_at=MOMENT) for _ in range(9)]
    times = sandbox.state.in_time_order(descending=True)
    assert [asset.id for asset in times] == sorted(ids, reverse=True)
    assert [asset.id for asset in sandbox.state.in_time_order(descending=False)] == sorted(ids)


def test_moments_are_cut_to_milliseconds_while_microseconds_are_kept(sandbox: Sandbox, call: Any) -> None:
    asset_id = sandbox.add_asset(file_created_at=MOMENT)
    shown = call("GET", f"/assets/{asset_id}").json()["fileCreatedAt"]
    assert shown == "2024-05-01T06:00:00.123Z"
    assert found(call, {"takenBefore": shown}) == []
    assert found(call, {"takenBefore": "2024-05-01T06:00:00.123999Z"}) == []
    assert found(call, {"takenBefore": "2024-05-01T06:00:00.124Z"}) == [asset_id]
    assert found(call, {"takenAfter": shown}) == [asset_id]


def test_partners_in_the_timeline_leak_into_searches(sandbox: Sandbox, call: Any) -> None:
    partner = sandbox.add_user("Partner", "partner@example.com")
    other = sandbox.add_user("Other", "other@example.com")
    theirs = sandbox.add_asset(owner_id=partner.id)
    sandbox.add_asset(owner_id=other.id)
    sandbox.add_partner(partner.id, sandbox.admin.id)
    sandbox.add_partner(other.id, sandbox.admin.id, in_timeline=False)
    mine = sandbox.add_asset()
    assert set(found(call, {})) == {mine, theirs}
    assert call("POST", "/search/statistics", {"visibility": "timeline"}).json() == {"total": 2}


def test_members_of_an_album_shared_with_me(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    friend = sandbox.add_user("Friend", "friend@example.com")
    mine, theirs = sandbox.add_asset(), sandbox.add_asset(owner_id=friend.id)
    archived = sandbox.add_asset(visibility="archive")
    roles = {sandbox.admin.id: "viewer"}
    album = sandbox.add_album("Shared", owner_id=friend.id, asset_ids=[mine, theirs, archived], users=roles)
    assert set(found(call, {"albumIds": [album]})) == ({mine} if dialect is Dialect.V2 else {mine, theirs, archived})
    in_both = sandbox.add_album("Second", asset_ids=[mine])
    assert found(call, {"albumIds": [album, in_both]}) == [mine]
    assert found(call, {"isNotInAlbum": True}) == []
    assert found(call, {"isNotInAlbum": True, "albumIds": [in_both]}) == [mine]


def test_a_parent_tag_finds_the_assets_of_its_children(sandbox: Sandbox, call: Any) -> None:
    child_tagged = sandbox.add_asset(tags=["places/paris"])
    parent_tagged = sandbox.add_asset(tags=["places"])
    untagged = sandbox.add_asset()
    tags = {tag["value"]: tag["id"] for tag in call("GET", "/tags").json()}
    assert set(found(call, {"tagIds": [tags["places"]]})) == {child_tagged, parent_tagged}
    assert found(call, {"tagIds": [tags["places/paris"]]}) == [child_tagged]
    assert found(call, {"tagIds": None}) == [untagged]


def test_filters_of_one_version_only(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    first, second = sandbox.add_asset(device_id="phone"), sandbox.add_asset(device_id="camera")
    sandbox.add_stack([first, second])
    is_v2 = dialect is Dialect.V2
    assert len(found(call, {"deviceId": "phone"})) == (1 if is_v2 else 2)
    assert len(found(call, {"withStacked": False})) == (2 if is_v2 else 0)
    assert len(found(call, {"isEncoded": True})) == (2 if is_v2 else 0)
    assert len(found(call, {"city": ""})) == (2 if is_v2 else 0)


def test_offline_and_trashed_assets_are_found_on_demand(sandbox: Sandbox, call: Any) -> None:
    offline, trashed = sandbox.add_asset(is_offline=True), sandbox.add_asset(is_trashed=True)
    assert found(call, {}) == []
    assert found(call, {"isOffline": True}) == [offline]
    assert set(found(call, {"trashedAfter": "1970-01-01T00:00:00Z"})) == {offline, trashed}


def test_checksum_in_both_notations(sandbox: Sandbox, call: Any) -> None:
    asset_id = sandbox.add_asset(content=b"picture")
    checksum = call("GET", f"/assets/{asset_id}").json()["checksum"]
    in_hexadecimal = sandbox.state.assets[asset_id].checksum.hex()
    assert found(call, {"checksum": checksum}) == found(call, {"checksum": in_hexadecimal}) == [asset_id]


def test_buckets_go_by_the_month_of_the_local_time(sandbox: Sandbox, call: Any) -> None:
    new_year = datetime(2023, 12, 31, 23, 30, tzinfo=UTC)
    sandbox.add_asset(file_created_at=new_year, time_zone="UTC+2")
    sandbox.add_asset(file_created_at=new_year)
    sandbox.add_asset(file_created_at=datetime(1936, 5, 1, tzinfo=UTC), visibility="archive")
    assert call("GET", "/timeline/buckets").json() == [
        {"timeBucket": "2024-01-01", "count": 1},
        {"timeBucket": "2023-12-01", "count": 1},
        {"timeBucket": "1936-05-01", "count": 1},
    ]
    assert call("GET", "/timeline/buckets?visibility=archive").json() == [{"timeBucket": "1936-05-01", "count": 1}]
    assert len(call("GET", "/timeline/bucket?timeBucket=2024-01-01").json()["id"]) == 1
