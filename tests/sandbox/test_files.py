"""Uploads, originals, thumbnails, external libraries, and the sample library."""

import hashlib
import io
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from immich_tools.sandbox import Dialect, Sandbox, sample_library
from immich_tools.sandbox.pictures import Format, Picture, draw, has_heic

TAKEN = datetime(2021, 8, 1, 12, 30, 5, 250_000, tzinfo=timezone(timedelta(hours=2)))
FORM = {
    "deviceAssetId": "a",
    "deviceId": "b",
    "fileCreatedAt": "2022-01-01T00:00:00Z",
    "fileModifiedAt": "2022-01-01T00:00:00Z",
}
SIDECAR = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
 xmp:Rating="4" exif:GPSLatitude="38,43.338N" exif:GPSLongitude="9,8.358W"
 exif:DateTimeOriginal="2020-02-03T04:05:06+01:00">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">by the river</rdf:li></rdf:Alt></dc:description>
<digiKam:TagsList><rdf:Seq><rdf:li>places/lisbon</rdf:li></rdf:Seq></digiKam:TagsList>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def upload(call: Any, content: bytes, name: str = "a.jpg", **more: Any) -> Any:
    files = {"assetData": (name, content), **more.pop("files", {})}
    return call("POST", "/assets", None, files=files, data={**FORM, **more})


def test_upload_reads_the_picture_and_finds_duplicates(call: Any) -> None:
    content = draw(Picture(1, TAKEN, (48.8566, 2.3522)))
    created = upload(call, content)
    assert (created.status_code, created.json()["status"]) == (201, "created")
    again = upload(call, content, "b.jpg")
    assert (again.status_code, again.json()) == (200, {"id": created.json()["id"], "status": "duplicate"})
    shown = call("GET", f"/assets/{created.json()['id']}").json()
    assert shown["fileCreatedAt"] == "2021-08-01T10:30:05.250Z"
    assert shown["localDateTime"] == "2021-08-01T12:30:05.250Z"
    exif = shown["exifInfo"]
    assert (exif["make"], exif["city"], exif["timeZone"]) == ("Apple", "Paris", "UTC+2")
    assert (exif["exifImageWidth"], exif["fileSizeInByte"]) == (320, len(content))
    check = {"assets": [{"id": "1", "checksum": hashlib.sha1(content).hexdigest()}, {"id": "2", "checksum": "00"}]}
    results = call("POST", "/assets/bulk-upload-check", check).json()["results"]
    assert [entry["action"] for entry in results] == ["reject", "accept"]


def test_upload_form_of_each_version(call: Any, dialect: Dialect) -> None:
    bare = {key: FORM[key] for key in ("fileCreatedAt", "fileModifiedAt")}
    answer = call("POST", "/assets", None, files={"assetData": ("a.jpg", b"x")}, data=bare)
    assert answer.status_code == (400 if dialect is Dialect.V2 else 201)
    naive = {**FORM, "fileCreatedAt": "2022-01-01"}
    answer = call("POST", "/assets", None, files={"assetData": ("a.jpg", b"y")}, data=naive)
    assert answer.status_code == (201 if dialect is Dialect.V2 else 400)
    assert upload(call, b"z", "a.txt").status_code == 400


def test_upload_of_a_live_photo_with_sidecar(call: Any) -> None:
    duration = "00:00:02.500" if call("GET", "/server/version").json()["major"] == 2 else "2500"
    video = upload(call, b"video", "a.mov", duration=duration).json()["id"]
    sidecar = {"sidecarData": ("a.xmp", SIDECAR)}
    still = upload(call, draw(Picture(2)), livePhotoVideoId=video, files=sidecar).json()["id"]
    assert call("GET", f"/assets/{video}").json()["visibility"] == "hidden"
    shown = call("GET", f"/assets/{still}").json()
    assert shown["livePhotoVideoId"] == video
    assert (shown["exifInfo"]["description"], shown["exifInfo"]["rating"]) == ("by the river", 4)
    assert (shown["exifInfo"]["city"], shown["fileCreatedAt"]) == ("Lisbon", "2020-02-03T03:05:06.000Z")
    assert [tag["value"] for tag in shown["tags"]] == ["places/lisbon"]


def test_originals_and_thumbnails(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    content = draw(Picture(3, width=640, height=480))
    asset_id = sandbox.add_asset(content=content, original_file_name="é.jpg")
    original = call("GET", f"/assets/{asset_id}/original")
    assert original.content == content
    assert original.headers["content-disposition"] == "inline; filename*=UTF-8''%C3%A9.jpg"
    assert ("stale-if-error" in original.headers["cache-control"]) is (dialect is Dialect.V3)
    part = call("GET", f"/assets/{asset_id}/original", headers={"range": "bytes=10-"})
    assert (part.status_code, part.content) == (206, content[10:])
    small = call("GET", f"/assets/{asset_id}/thumbnail")
    assert small.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(small.content)).size == (250, 188)
    assert call("GET", f"/assets/{asset_id}/thumbnail?size=preview").headers["content-type"] == "image/jpeg"
    assert call("GET", f"/assets/{asset_id}/thumbnail?size=original").status_code == (
        400 if dialect is Dialect.V2 else 200
    )
    without = sandbox.add_asset()
    missing = call("GET", f"/assets/{without}/thumbnail")
    assert (missing.status_code, missing.json()["message"]) == (404, "Asset media not found")


def test_archives(sandbox: Sandbox, call: Any) -> None:
    ids = [sandbox.add_asset(content=bytes([number]), original_file_name="a.jpg") for number in range(2)]
    info = call("POST", "/download/info", {"assetIds": ids}).json()
    assert (info["totalSize"], info["archives"][0]["assetIds"]) == (2, ids)
    archive = call("POST", "/download/archive", {"assetIds": ids}).content
    assert sorted(zipfile.ZipFile(io.BytesIO(archive)).namelist()) == ["a+1.jpg", "a.jpg"]


def test_uploads_are_kept_in_the_folder(dialect: Dialect, tmp_path: Path) -> None:
    sandbox = Sandbox(dialect, folder=tmp_path)
    asset_id = sandbox.add_asset(content=b"picture")
    path = Path(sandbox.state.assets[asset_id].original_path)
    assert path.read_bytes() == b"picture"
    assert path.is_relative_to(tmp_path.resolve() / "upload")
    sandbox.state.remove_asset(sandbox.state.assets[asset_id], delete_files=True)
    assert not path.exists()


def test_scan_of_a_real_folder(dialect: Dialect, tmp_path: Path, call: Any, sandbox: Sandbox) -> None:
    folder = tmp_path / "photos" / "2020 Trip"
    folder.mkdir(parents=True)
    picture = folder / "a.jpg"
    picture.write_bytes(draw(Picture(5, TAKEN)))
    (folder / "a.jpg.xmp").write_bytes(SIDECAR)
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    (folder / "@eaDir").mkdir()
    (folder / "@eaDir" / "b.jpg").write_bytes(b"b")
    wanted = {"ownerId": sandbox.admin.id, "name": "Photos", "importPaths": [str(tmp_path / "photos")]}
    library = call("POST", "/libraries", wanted).json()
    url = f"/libraries/{library['id']}"
    assert call("POST", f"{url}/scan").status_code == 204
    sandbox.settle()
    assert call("GET", f"{url}/statistics").json()["total"] == 1
    (found,) = call("GET", f"/view/folder?path={folder}/").json()
    assert (found["originalFileName"], found["libraryId"]) == ("a.jpg", library["id"])
    assert (found["exifInfo"]["description"], found["exifInfo"]["rating"]) == ("by the river", 4)
    assert call("GET", "/view/folder/unique-paths").json() == [str(folder)]
    checksum = sandbox.state.assets[found["id"]].checksum
    assert checksum == hashlib.sha1(f"path:{picture}".encode()).digest()

    content = picture.read_bytes()
    picture.unlink()
    call("POST", f"{url}/scan")
    sandbox.settle()
    gone = call("GET", f"/assets/{found['id']}").json()
    assert (gone["isOffline"], gone["isTrashed"]) == (True, True)
    assert call("POST", "/trash/empty").json() == {"count": 0}
    picture.write_bytes(content)
    call("POST", f"{url}/scan")
    sandbox.settle()
    back = call("GET", f"/assets/{found['id']}").json()
    assert (back["isOffline"], back["isTrashed"]) == (False, False)

    call("DELETE", "/assets", {"ids": [found["id"]], "force": True})
    assert picture.exists(), "a sandbox removes files inside its own folder only"
    checked = call("POST", f"{url}/validate", {"importPaths": [str(folder), str(picture), "/nope"]}).json()
    assert [entry.get("message") for entry in checked["importPaths"]] == [
        None,
        "Not a directory",
        "Path does not exist (ENOENT)",
    ]


def test_integrity_report_sees_missing_originals(tmp_path: Path) -> None:
    sandbox = Sandbox(Dialect.V3, folder=tmp_path)
    asset_id = sandbox.add_asset(content=b"picture")
    Path(sandbox.state.assets[asset_id].original_path).unlink()
    headers = {"x-api-key": sandbox.admin_key}
    with httpx.Client(transport=sandbox.transport(), base_url=sandbox.url, headers=headers) as client:
        summary = client.get("/api/admin/integrity/summary").json()
        assert summary == {"untracked_file": 0, "missing_file": 1, "checksum_mismatch": 0}
        report = client.get("/api/admin/integrity/report?type=missing_file").json()
        assert [item["path"] for item in report["items"]] == [sandbox.state.assets[asset_id].original_path]
        table = client.get("/api/admin/integrity/report/missing_file/csv").text.splitlines()
        assert asset_id in table[1]
        assert client.get(f"/api/assets/{asset_id}/original").status_code == 500


def test_sample_library(sandbox: Sandbox, call: Any, dialect: Dialect) -> None:
    made = sample_library(sandbox)
    groups = call("GET", "/duplicates").json()
    assert {group["duplicateId"] for group in groups} == set(made.groups.values())
    sizes = {group["duplicateId"]: len(group["assets"]) for group in groups}
    assert sizes[made.groups["triple"]] == 3
    assert all(len(made.members(name)) == sizes[duplicate_id] for name, duplicate_id in made.groups.items())
    live = call("GET", f"/assets/{made.assets['live']}").json()
    assert call("GET", f"/assets/{live['livePhotoVideoId']}").json()["visibility"] == "hidden"
    assert call("GET", f"/albums/{made.albums['Shared']}").json()["shared"] is True
    owned = call("POST", "/search/metadata", {"size": 1000, "visibility": "timeline"}).json()["assets"]["items"]
    assert {item["ownerId"] for item in owned} == {sandbox.admin.id, made.users["partner"]}
    assert any(item["libraryId"] == made.library_id for item in owned)
    assert call("GET", f"/libraries/{made.library_id}/statistics").json()["total"] == 12
    for name in ("photo 1", "heic and jpeg/heic", "raw and jpeg/raw"):
        assert call("GET", f"/assets/{made.assets[name]}/thumbnail").status_code == 200
    rich = sandbox.state.assets[made.assets["rich loser/loser"]]
    assert (rich.exif.city, rich.exif.rating) == ("Lisbon", 5)


def test_same_motif_in_every_format() -> None:
    for form in Format:
        content = draw(Picture(9, TAKEN, format=form))
        assert len(content) > 500
    if has_heic():
        assert b"ftyphei" in draw(Picture(9, TAKEN, format=Format.HEIC))[:32]


def test_a_file_that_is_no_picture_has_no_metadata(call: Any) -> None:
    created = upload(call, b"not a picture")
    exif = call("GET", f"/assets/{created.json()['id']}").json()["exifInfo"]
    assert (exif["make"], exif["dateTimeOriginal"]) == (None, "2022-01-01T00:00:00+00:00")


@pytest.mark.parametrize("path", ["/jobs", "/albums/statistics", "/server/storage", "/server/media-types", "/partners"])
def test_small_routes(call: Any, path: str) -> None:
    query = "?direction=shared-by" if path == "/partners" else ""
    assert call("GET", path + query).status_code == 200
