"""Album covers in the trash, live photos across libraries, moves by the storage template, hidden users and broken rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from immich_tools.sandbox import Dialect, Jobs, Sandbox
from immich_tools.sandbox.pictures import Picture, draw
from tests.sandbox.conftest import client_of

MARK: Final = b"7B1C9A52-0F6E-4D1B-9C39-5C1B7D1E2F30"
GROUP: Final = "11111111-1111-4111-8111-111111111111"
ROOT: Final = "/mnt/archive"
READS: Final = ("/albums", "/albums/{id}")


def cover_of(call: Any, album_id: str) -> str | None:
    cover: str | None = call("GET", f"/albums/{album_id}").json()["albumThumbnailAssetId"]
    return cover


@pytest.mark.parametrize("path", READS)
def test_reading_albums_replaces_a_cover_in_the_trash_and_restoring_does_not_bring_it_back(
    sandbox: Sandbox, call: Any, path: str
) -> None:
    first, second = sandbox.add_asset(), sandbox.add_asset()
    album = sandbox.add_album("A", asset_ids=[first, second])
    call("PATCH", f"/albums/{album}", {"albumThumbnailAssetId": first})
    call("DELETE", "/assets", {"ids": [first]})
    call("GET", path.replace("{id}", album))
    call("POST", "/trash/restore/assets", {"ids": [first]})
    assert cover_of(call, album) == second


def test_a_cover_that_was_restored_before_anybody_read_albums_stays(sandbox: Sandbox, call: Any) -> None:
    first, second = sandbox.add_asset(), sandbox.add_asset()
    album = sandbox.add_album("A", asset_ids=[first, second])
    call("DELETE", "/assets", {"ids": [first]})
    call("POST", "/trash/restore/assets", {"ids": [first]})
    assert cover_of(call, album) == first


def test_an_album_made_while_its_cover_is_in_the_trash_gets_another_one(sandbox: Sandbox, call: Any) -> None:
    first, second = sandbox.add_asset(is_trashed=True), sandbox.add_asset()
    made = call("POST", "/albums", {"albumName": "A", "assetIds": [first, second]}).json()
    assert made["albumThumbnailAssetId"] == first
    assert cover_of(call, made["id"]) == second


def scanner(sandbox: Sandbox, folder: Path) -> Callable[[], dict[str, Any]]:
    """A function that puts a live photo into an external library, scans it and returns the assets by name."""
    library = sandbox.add_library("Archive", [ROOT])
    sandbox.mount(ROOT, folder)

    def scan() -> dict[str, Any]:
        (folder / "a.jpg").write_bytes(draw(Picture(1)) + MARK)
        (folder / "a.mov").write_bytes(b"video " + MARK)
        with client_of(sandbox, sandbox.admin_key) as client:
            client.post(f"/api/libraries/{library}/scan")
        sandbox.settle()
        members = (asset for asset in sandbox.state.assets.values() if asset.library_id == library)
        return {asset.original_file_name: asset for asset in members}

    return scan


@pytest.fixture
def archive(sandbox: Sandbox, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    return scanner(sandbox, tmp_path)


def uploads(sandbox: Sandbox) -> tuple[Any, Any]:
    """An uploaded still and its video, with the same identifier."""
    ids = [sandbox.add_asset(original_file_name=name) for name in ("b.jpg", "b.mov")]
    still, video = (sandbox.state.assets[asset_id] for asset_id in ids)
    still.content_identifiers = video.content_identifiers = (MARK.decode(),)
    still.live_photo_video_id = video.id
    return still, video


def test_scanning_a_copied_live_photo_crosses_it_with_the_upload_in_some_seeds(
    dialect: Dialect, tmp_path: Path
) -> None:
    """The other half is looked for in everything the owner has; of several any one is taken."""
    links = set()
    for seed in range(12):
        (tmp_path / str(seed)).mkdir()
        sandbox = Sandbox(dialect, seed=seed)
        still, video = uploads(sandbox)
        copies = scanner(sandbox, tmp_path / str(seed))()
        links.add((still.live_photo_video_id == video.id, copies["a.jpg"].live_photo_video_id == copies["a.mov"].id))
    assert len(links) > 1


def test_emptying_the_trash_removes_the_video_of_the_archive_that_the_upload_points_to(
    sandbox: Sandbox, call: Any, archive: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    still, _video = uploads(sandbox)
    copies = archive()
    still.live_photo_video_id, copies["a.jpg"].live_photo_video_id = copies["a.mov"].id, None
    call("DELETE", "/assets", {"ids": [still.id]})
    call("POST", "/trash/empty")
    assert {file.name for file in tmp_path.iterdir()} == {"a.jpg"}


def test_a_purge_spares_a_video_that_another_still_points_to(
    sandbox: Sandbox, call: Any, archive: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    still, _video = uploads(sandbox)
    copies = archive()
    still.live_photo_video_id = copies["a.jpg"].live_photo_video_id = copies["a.mov"].id
    call("DELETE", "/assets", {"ids": [still.id], "force": True})
    assert {file.name for file in tmp_path.iterdir()} == {"a.jpg", "a.mov"}


def test_a_folder_that_can_only_be_read_loses_nothing_by_a_purge(
    sandbox: Sandbox, call: Any, archive: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    copies = archive()
    sandbox.set_read_only(ROOT)
    call("DELETE", "/assets", {"ids": [copies["a.jpg"].id], "force": True})
    assert {file.name for file in tmp_path.iterdir()} == {"a.jpg", "a.mov"}


def test_with_the_storage_template_an_edit_moves_the_original_and_again_with_the_date(
    dialect: Dialect, tmp_path: Path
) -> None:
    sandbox = Sandbox(dialect, storage_template=True, jobs=Jobs(seed=1))
    sandbox.mount("/data", tmp_path)
    asset_id = sandbox.add_asset(original_file_name="a.jpg", content=draw(Picture(1)))
    before = sandbox.state.assets[asset_id].checksum
    with client_of(sandbox, sandbox.admin_key) as client:
        assert "/data/upload/" in client.get(f"/api/assets/{asset_id}").json()["originalPath"]
        for fields, path in (
            ({"description": "sea"}, "/data/library/admin/2024/2024-05-01/a.jpg"),
            ({"dateTimeOriginal": "2019-02-03T04:05:06Z"}, "/data/library/admin/2019/2019-02-03/a.jpg"),
        ):
            client.put("/api/assets", json={"ids": [asset_id], **fields})
            sandbox.settle()
            assert client.get(f"/api/assets/{asset_id}").json()["originalPath"] == path
            on_disk = tmp_path / path.removeprefix("/data/")
            assert on_disk.is_file()
            assert "sea" in on_disk.with_name("a.jpg.xmp").read_text()
    assert sandbox.state.assets[asset_id].checksum == before


def test_hidden_users_see_only_themselves(dialect: Dialect) -> None:
    sandbox = Sandbox(dialect, public_users=False)
    user = sandbox.add_user("Bea", "bea@example.com")
    seen = {}
    for name, key in (("admin", sandbox.admin_key), ("user", sandbox.add_key(user.id))):
        with client_of(sandbox, key) as client:
            seen[name] = {shown["name"] for shown in client.get("/api/users").json()}
    assert seen == {"admin": {"Admin", "Bea"}, "user": {"Bea"}}


def test_a_broken_asset_breaks_every_answer_that_would_hold_it(sandbox: Sandbox, call: Any) -> None:
    broken, whole = sandbox.add_asset(duplicate_id=GROUP), sandbox.add_asset(duplicate_id=GROUP)
    sandbox.break_asset(broken)
    assert call("GET", f"/assets/{broken}").status_code == 500
    assert call("GET", f"/assets/{whole}").status_code == 200
    pages = [call("POST", "/search/metadata", {"size": 1, "page": page}).status_code for page in (1, 2)]
    assert sorted(pages) == [200, 500]
    assert call("GET", "/duplicates").status_code == 500
    sandbox.break_asset(broken, is_broken=False)
    assert call("GET", f"/assets/{broken}").status_code == 200


def test_resolving_counts_the_members_of_all_owners() -> None:
    sandbox = Sandbox(Dialect.V3)
    mine = [sandbox.add_asset(duplicate_id=GROUP) for _ in range(2)]
    friend = sandbox.add_user("Friend", "friend@example.com")
    sandbox.add_asset(duplicate_id=GROUP, owner_id=friend.id)
    group = {"duplicateId": GROUP, "keepAssetIds": mine[:1], "trashAssetIds": mine[1:]}
    with client_of(sandbox, sandbox.admin_key) as client:
        (shown,) = client.get("/api/duplicates").json()
        assert {asset["id"] for asset in shown["assets"]} == {*mine}
        (result,) = client.post("/api/duplicates/resolve", json={"groups": [group]}).json()
    assert (result["success"], result["error"]) == (False, "validation")
    assert not any(sandbox.state.assets[asset_id].is_trashed_by_user for asset_id in mine)


def test_resolving_merges_fields_that_the_job_keeps() -> None:
    sandbox = Sandbox(Dialect.V3, jobs=Jobs(seed=1))
    keeper = sandbox.add_asset(duplicate_id=GROUP)
    loser = sandbox.add_asset(duplicate_id=GROUP, description="sea", rating=4, tags=["trip/sea"])
    group = {"duplicateId": GROUP, "keepAssetIds": [keeper], "trashAssetIds": [loser]}
    with client_of(sandbox, sandbox.admin_key) as client:
        client.post("/api/duplicates/resolve", json={"groups": [group]})
        sandbox.settle()
        shown = client.get(f"/api/assets/{keeper}").json()
    assert (shown["exifInfo"]["description"], shown["exifInfo"]["rating"]) == ("sea", 4)
    assert [tag["value"] for tag in shown["tags"]] == ["trip/sea"]


def test_an_integrity_report_holds_what_the_last_check_found(tmp_path: Path) -> None:
    sandbox = Sandbox(Dialect.V3, folder=tmp_path, jobs=Jobs(seed=1))
    lost = Path(sandbox.state.assets[sandbox.add_asset(content=b"picture")].original_path)
    lost.unlink()
    with client_of(sandbox, sandbox.admin_key) as client:

        def report(**query: str) -> Any:
            answer = client.get("/api/admin/integrity/report", params={"type": "missing_file", **query})
            return answer.json() if answer.is_success else answer.status_code

        assert report() == {"items": []}
        client.post("/api/jobs", json={"name": "integrity-missing-files"})
        sandbox.settle()
        lost.write_bytes(b"picture")
        assert [item["path"] for item in report()["items"]] == [str(lost)]
        assert report(limit="1000") == 400


def test_the_cursor_of_an_integrity_report_is_the_first_entry_of_the_next_page(tmp_path: Path) -> None:
    sandbox = Sandbox(Dialect.V3, folder=tmp_path)
    for number in range(501):
        sandbox.add_asset(content=b"%d" % number)
    for asset in sandbox.state.assets.values():
        assert asset.file is not None
        asset.file.unlink()
    with client_of(sandbox, sandbox.admin_key) as client:
        client.post("/api/jobs", json={"name": "integrity-missing-files"})
        sandbox.set_jobs(Jobs())
        pages = [client.get("/api/admin/integrity/report?type=missing_file").json()]
        cursor = pages[0]["nextCursor"]
        pages.append(client.get(f"/api/admin/integrity/report?type=missing_file&cursor={cursor}").json())
    assert [len(page["items"]) for page in pages] == [500, 1]
    assert pages[1]["items"][0]["id"] == cursor
    ids = [item["id"] for page in pages for item in page["items"]]
    assert ids == sorted(set(ids), reverse=True)


def test_the_editor_works_on_external_pictures_but_not_on_live_photos(tmp_path: Path) -> None:
    sandbox = Sandbox(Dialect.V3)
    library = sandbox.add_library("Archive", [ROOT])
    asset_id = sandbox.add_asset(library_id=library, content=draw(Picture(1, width=40, height=20)))
    turned = {"edits": [{"action": "rotate", "parameters": {"angle": 90}}]}
    with client_of(sandbox, sandbox.admin_key) as client:
        assert client.put(f"/api/assets/{asset_id}/edits", json=turned).status_code == 200
        (edit,) = client.get(f"/api/assets/{asset_id}/edits").json()["edits"]
        assert (edit["action"], edit["parameters"]) == ("rotate", {"angle": 90})
        assert client.get(f"/api/assets/{asset_id}").json()["isEdited"] is True
        plain, edited = (
            client.get(f"/api/assets/{asset_id}/original", params={"edited": flag}).content for flag in (False, True)
        )
        assert plain != edited
        assert client.delete(f"/api/assets/{asset_id}/edits").status_code == 204
        assert client.get(f"/api/assets/{asset_id}").json()["isEdited"] is False
        still, _video = uploads(sandbox)
        assert client.put(f"/api/assets/{still.id}/edits", json=turned).status_code == 400
