"""Scans of external libraries: what is found in real folders, when it shows, and what becomes of what is gone."""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from immich_tools.sandbox import Dialect, FaultKind, Faults, Jobs, Sandbox
from immich_tools.sandbox.pictures import Picture, draw

TAKEN = datetime(2021, 8, 1, 12, 30, 5, tzinfo=timezone(timedelta(hours=2)))
ROOT = "/mnt/photos"
Items = list[dict[str, Any]]
Search = Callable[..., Items]
Scan = Callable[[], Items]


def xmp(fields: str) -> bytes:
    """A sidecar with some elements in its description."""
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:digiKam="http://www.digikam.org/ns/1.0/">
{fields}</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


@pytest.fixture
def folder(tmp_path: Path, sandbox: Sandbox) -> Path:
    """A folder that the server calls ROOT."""
    (tmp_path / "disk").mkdir()
    sandbox.mount(ROOT, tmp_path / "disk")
    return tmp_path / "disk"


@pytest.fixture
def library(sandbox: Sandbox, folder: Path) -> str:
    """An external library over the folder."""
    return sandbox.add_library("Photos", [ROOT])


@pytest.fixture
def scan(call: Any, sandbox: Sandbox, library: str, search: Search) -> Scan:
    """Scan the library and wait for the end. Returns what the timeline shows then."""

    def run() -> Items:
        assert call("POST", f"/libraries/{library}/scan").status_code == 204
        sandbox.settle()
        return search()

    return run


@pytest.fixture
def search(call: Any) -> Search:
    """What a search of the timeline finds, by path."""

    def run(**criteria: Any) -> Items:
        body = {"visibility": "timeline", "withExif": True, **criteria}
        items = call("POST", "/search/metadata", body).json()["assets"]["items"]
        return sorted(items, key=lambda item: str(item["originalPath"]))

    return run


def test_files_become_assets_by_and_by(call: Any, folder: Path, library: str, sandbox: Sandbox, search: Search) -> None:
    """The answer comes first, then an asset without metadata, then the metadata."""
    (folder / "a.jpg").write_bytes(draw(Picture(1, TAKEN)))
    os.utime(folder / "a.jpg", (1_600_000_000, 1_600_000_000))
    call("PUT", "/jobs/sidecar", {"command": "pause"})
    call("POST", f"/libraries/{library}/scan")
    jobs = call("GET", "/jobs").json()
    assert jobs["sidecar"]["jobCounts"]["paused"] == 1
    assert sandbox.state.libraries[library].refreshed_at is not None
    (bare,) = search(libraryId=library)
    assert (bare["originalPath"], bare["libraryId"]) == (f"{ROOT}/a.jpg", library)
    assert bare["fileCreatedAt"] == "2020-09-13T12:26:40.000Z"
    assert "exifInfo" not in bare
    call("PUT", "/jobs/sidecar", {"command": "resume"})
    (whole,) = search(libraryId=library)
    assert whole["id"] == bare["id"]
    assert whole["fileCreatedAt"] == "2021-08-01T10:30:05.000Z"
    assert whole["exifInfo"]["timeZone"] == "UTC+2"
    assert sandbox.state.assets[bare["id"]].checksum == hashlib.sha1(f"path:{ROOT}/a.jpg".encode()).digest()
    assert call("GET", f"/assets/{bare['id']}/original").content == (folder / "a.jpg").read_bytes()


def test_a_paused_queue_keeps_its_work(call: Any, folder: Path, library: str, sandbox: Sandbox, search: Search) -> None:
    (folder / "a.jpg").write_bytes(draw(Picture(1)))
    call("PUT", "/jobs/metadataExtraction", {"command": "pause"})
    call("POST", f"/libraries/{library}/scan")
    sandbox.settle()
    assert call("GET", "/jobs").json()["metadataExtraction"]["jobCounts"]["paused"] == 1
    assert "exifInfo" not in search()[0]
    call("PUT", "/jobs/metadataExtraction", {"command": "resume"})
    assert "exifInfo" in search()[0]


def test_what_is_left_out(folder: Path, scan: Scan) -> None:
    for name in (
        "a.JPG",
        "sub/b.jpg",
        ".c.jpg",
        ".hidden/d.jpg",
        "e.jpg.part",
        "e.xmp",
        "@eaDir/f.jpg",
        "sub/@eaDir/g.jpg",
        "._h.jpg",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(draw(Picture(1)))
    assert [item["originalPath"] for item in scan()] == [f"{ROOT}/a.JPG", f"{ROOT}/sub/b.jpg"]
    assert len(scan()) == 2


def test_gone_files_are_offline_until_they_are_back(call: Any, folder: Path, scan: Scan) -> None:
    (folder / "a.jpg").write_bytes(draw(Picture(1)))
    (folder / "b.jpg").write_bytes(draw(Picture(2)))
    first, trashed = (item["id"] for item in scan())
    call("DELETE", "/assets", {"ids": [trashed]})
    unmounted = folder.rename(folder.with_name("elsewhere"))
    scan()
    for asset_id in (first, trashed):
        shown = call("GET", f"/assets/{asset_id}").json()
        assert (shown["isOffline"], shown["isTrashed"]) == (True, True)
    unmounted.rename(folder)
    scan()
    states = [call("GET", f"/assets/{asset_id}").json() for asset_id in (first, trashed)]
    assert [(shown["isOffline"], shown["isTrashed"]) for shown in states] == [(False, False), (False, True)]


def test_an_excluded_file_goes_offline(call: Any, folder: Path, library: str, scan: Scan) -> None:
    (folder / "a.jpg").write_bytes(draw(Picture(1)))
    scan()
    call("PUT", f"/libraries/{library}", {"exclusionPatterns": ["**/a.*"]})
    scan()
    assert call("GET", f"/libraries/{library}/statistics").json()["total"] == 1
    body = {"isOffline": True, "visibility": "timeline"}
    assert call("POST", "/search/statistics", body).json() == {"total": 1}


def test_a_changed_file_is_read_again_but_a_changed_sidecar_alone_is_not_noticed(folder: Path, scan: Scan) -> None:
    picture, sidecar = folder / "a.jpg", folder / "a.jpg.xmp"
    picture.write_bytes(draw(Picture(1)))
    scan()
    sidecar.write_bytes(xmp("<xmp:Rating>3</xmp:Rating>"))
    assert scan()[0]["exifInfo"]["rating"] is None
    later = picture.stat().st_mtime + 60
    os.utime(picture, (later, later))
    (item,) = scan()
    assert item["exifInfo"]["rating"] == 3
    assert item["fileModifiedAt"][:19] == datetime.fromtimestamp(later, UTC).isoformat()[:19]


def test_a_sidecar_may_be_named_in_two_ways(folder: Path, scan: Scan) -> None:
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(draw(Picture(1)))
    (folder / "a.jpg.xmp").write_bytes(xmp("<xmp:Rating>1</xmp:Rating>"))
    (folder / "a.xmp").write_bytes(xmp("<xmp:Rating>2</xmp:Rating>"))
    (folder / "b.xmp").write_bytes(xmp("<xmp:Rating>3</xmp:Rating>"))
    assert [item["exifInfo"]["rating"] for item in scan()] == [1, 3]


@pytest.mark.parametrize(
    ("fields", "key", "expected"),
    [
        ("<dc:description>d</dc:description>", "description", "d"),
        ("<tiff:ImageDescription>t</tiff:ImageDescription><dc:description>d</dc:description>", "description", "t"),
        ("<xmp:Rating>5</xmp:Rating>", "rating", 5),
        ("<xmp:Rating>6</xmp:Rating>", "rating", None),
        ("<exif:DateTimeOriginal>2020-02-03T04:05:06+05:30</exif:DateTimeOriginal>", "timeZone", "UTC+5:30"),
        ("<photoshop:DateCreated>2020-02-03T04:05:06+05:30</photoshop:DateCreated>", "timeZone", "UTC+2"),
        (
            "<exif:GPSLatitude>38,43.338N</exif:GPSLatitude><exif:GPSLongitude>9,8.358W</exif:GPSLongitude>",
            "city",
            "Lisbon",
        ),
    ],
)
def test_what_a_sidecar_tells(folder: Path, scan: Scan, fields: str, key: str, expected: object) -> None:
    (folder / "a.jpg").write_bytes(draw(Picture(1, TAKEN)))
    (folder / "a.jpg.xmp").write_bytes(xmp(fields))
    assert scan()[0]["exifInfo"][key] == expected


@pytest.mark.parametrize("stars", [-1, 0])
def test_rejected_and_unrated_pictures(folder: Path, scan: Scan, dialect: Dialect, stars: int) -> None:
    (folder / "a.jpg").write_bytes(draw(Picture(1)))
    (folder / "a.jpg.xmp").write_bytes(xmp(f"<xmp:Rating>{stars}</xmp:Rating>"))
    assert scan()[0]["exifInfo"]["rating"] == (stars if dialect is Dialect.V2 else None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("<digiKam:TagsList><rdf:Seq><rdf:li>a/b</rdf:li></rdf:Seq></digiKam:TagsList>", {"a/b"}),
        ("<lr:hierarchicalSubject><rdf:Bag><rdf:li>a|b/c</rdf:li></rdf:Bag></lr:hierarchicalSubject>", {"a/b|c"}),
        ("<dc:subject><rdf:Bag><rdf:li>flat</rdf:li></rdf:Bag></dc:subject>", {"flat"}),
        (
            "<dc:subject><rdf:Bag><rdf:li>Zoe</rdf:li></rdf:Bag></dc:subject>"
            "<digiKam:TagsList><rdf:Seq><rdf:li>a/b</rdf:li></rdf:Seq></digiKam:TagsList>",
            {"a/b"},
        ),
    ],
)
def test_tags_of_a_sidecar(call: Any, folder: Path, scan: Scan, fields: str, expected: set[str]) -> None:
    (folder / "a.jpg").write_bytes(draw(Picture(1)))
    (folder / "a.jpg.xmp").write_bytes(xmp(fields))
    shown = call("GET", f"/assets/{scan()[0]['id']}").json()
    assert {tag["value"] for tag in shown["tags"]} == expected


def test_uploads_and_their_sidecars_in_a_mounted_folder(call: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.mount("/data", tmp_path)
    asset_id = sandbox.add_asset(content=b"picture", sidecar=b"<x/>")
    shown = call("GET", f"/assets/{asset_id}").json()["originalPath"]
    assert shown.startswith("/data/upload/")
    real = tmp_path / shown.removeprefix("/data/")
    assert real.read_bytes() == b"picture"
    assert real.with_name(f"{real.name}.xmp").read_bytes() == b"<x/>"
    call("DELETE", "/assets", {"ids": [asset_id], "force": True})
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_library_that_goes_takes_its_scan_along(call: Any, folder: Path, library: str, sandbox: Sandbox) -> None:
    (folder / "a.jpg").write_bytes(draw(Picture(1)))
    call("POST", f"/libraries/{library}/scan")
    call("GET", "/server/ping")
    call("DELETE", f"/libraries/{library}")
    sandbox.settle()
    assert not sandbox.state.assets


def test_work_is_done_before_the_state_is_saved(
    call: Any, folder: Path, library: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    (folder / "a.jpg").write_bytes(draw(Picture(1)))
    call("POST", f"/libraries/{library}/scan")
    sandbox.save(tmp_path / "saved")
    assert len(Sandbox.load(tmp_path / "saved").state.assets) == 1


def test_a_request_that_never_arrived_moves_nothing(call: Any, library: str, folder: Path, sandbox: Sandbox) -> None:
    sandbox.set_jobs(Jobs(at_once=True))
    call("POST", f"/libraries/{library}/scan")
    sandbox.set_faults(Faults(at={1: FaultKind.BAD_GATEWAY}))
    call("GET", "/jobs")
    assert sandbox.server.queues.counts("library") == (1, 0)


@pytest.mark.parametrize("reads_first", ["a.jpg", "a.mov"])
def test_live_photos_are_told_by_the_identifier_in_their_files(
    call: Any, folder: Path, scan: Scan, reads_first: str
) -> None:
    """Not by their names: `b` stays two assets (both versions)."""
    mark = b"7B1C9A52-0F6E-4D1B-9C39-5C1B7D1E2F30"
    files = {"a.jpg": draw(Picture(1)) + mark, "a.mov": b"video " + mark, "b.jpg": draw(Picture(2)), "b.mov": b"video"}
    (folder / reads_first).write_bytes(files[reads_first])
    scan()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    found = {Path(item["originalPath"]).name: item for item in scan()}
    assert set(found) == {"a.jpg", "b.jpg", "b.mov"}
    video = call("GET", f"/assets/{found['a.jpg']['livePhotoVideoId']}").json()
    assert (video["originalPath"], video["visibility"]) == (f"{ROOT}/a.mov", "hidden")
    assert found["b.jpg"]["livePhotoVideoId"] is None
