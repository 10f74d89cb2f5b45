"""What becomes of each original, whole runs over a real folder: from the API, and from a real PostgreSQL."""

from __future__ import annotations

import json
import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from tests.tools.folders import Folders
from tests.tools.originals import Originals
from tests.tools.server import TAKEN, Server
from tests.tools.snapshot import snapshot


@pytest.fixture(params=["originals", "in_database"])
def library(request: pytest.FixtureRequest, server: Server) -> Originals:
    """Six uploads, read from either source."""
    found: Originals = request.getfixturevalue(request.param)
    upload(server, "there.jpg", "gone.jpg", "loop.jpg", "case.jpg", "folder.jpg", "binned.jpg")
    found.fill()
    return found


def upload(server: Server, *names: str) -> None:
    for number, name in enumerate(names):
        server.photo(name, taken=TAKEN + timedelta(days=number))
    server.settle()


def told(out: str) -> dict[str, str]:
    """Asset id → why it is left alone, from the JSON lines of a run."""
    lines = [json.loads(line) for line in out.splitlines()]
    return {key: line["code"] for line in lines if line["message_type"] == "skip" for key in line["asset_ids"]}


def test_only_what_is_gone_for_sure_goes(library: Originals) -> None:
    server = library.server
    server.trash("binned.jpg")
    library.lose("gone.jpg", "binned.jpg", "loop.jpg", "folder.jpg")
    library.file("loop.jpg").symlink_to(
        library.file("loop.jpg").name
    )  # ELOOP: that it is missing is not what the disk says
    library.file("folder.jpg").mkdir()
    library.file("case.jpg").rename(library.file("case.jpg").with_suffix(".JPG"))
    dry = library.run("--json")
    assert told(dry.out) == {
        server.ids["loop.jpg"]: "unknown",
        server.ids["folder.jpg"]: "unknown",
        server.ids["case.jpg"]: "renamed",
    }
    assert library.trashed() == {"binned.jpg"}
    result = library.run("--apply")
    assert library.trashed() == {"binned.jpg", "gone.jpg"}
    assert f"  trash       {library.file('gone.jpg').name}  its file is missing\n" in result.out
    assert "move to the trash  1 asset of 5\n" in result.out, "sizes are not known"
    assert "Too many levels of symbolic links (ELOOP)" in result.out and ".JPG" in result.out
    assert "upload: 1 of 5 originals are there." in result.out
    assert "Nothing to do" in library.run("--apply").err


def test_a_dry_run_writes_nothing_anywhere(library: Originals) -> None:
    library.lose("gone.jpg")
    before, writes = snapshot(library.server), library.server.host.writes()
    files = sorted(library.shell.folder.rglob("*"))
    library.run("--exit-code", code=ExitCode.WORK_FOUND)
    assert snapshot(library.server) == before and library.server.host.writes() == writes
    assert sorted(library.shell.folder.rglob("*")) == files


def test_below_a_disk_that_is_not_mounted_nothing_is_missing(library: Originals) -> None:
    library.lose("gone.jpg")
    library.unplug()
    result = library.run("--apply", "--json", code=ExitCode.STOPPED)
    assert set(told(result.out).values()) == {"unknown"} and not library.trashed()
    assert f"the disk of {library.location}/upload is not proven to be there" in result.err and "--map" in result.err
    assert "Nothing to do" not in result.err
    notes = [line["note"] for line in result.lines() if line["message_type"] == "note"]
    assert any("upload is not proven to be there; nothing below it is trashed." in note for note in notes)
    library.plug()
    library.run("--apply")
    assert library.trashed() == {"gone.jpg"}


def test_a_disk_without_marker_proves_nothing(library: Originals) -> None:
    library.lose("gone.jpg")
    (library.path / "upload" / ".immich").unlink()
    assert "marker file .immich is not in it" in library.run("--apply", code=ExitCode.STOPPED).out
    assert not library.trashed()


def test_a_folder_above_that_is_a_file_by_now(library: Originals) -> None:
    """ENOTDIR: nothing can be below it, so what was there is gone."""
    gone = library.file("gone.jpg")
    gone.unlink()
    gone.parent.rmdir()
    gone.parent.write_bytes(b"")
    library.run("--apply")
    assert library.trashed() == {"gone.jpg"}


def test_names_in_another_unicode_form_are_told(originals: Originals, folders: Folders) -> None:
    upload(originals.server, "there.jpg")
    composed = unicodedata.normalize("NFC", "mü.jpg")
    folders.files(f"Süden/{composed}", "Süden/gone.jpg", "Süden/there.jpg")
    originals.fill()
    path = folders.path / "Süden" / composed
    path.rename(path.with_name(unicodedata.normalize("NFD", composed)))
    (folders.path / "Süden" / "gone.jpg").unlink()
    result = originals.run("--include-external", "--json", "--apply")
    assert told(result.out) == {originals.server.ids[f"Süden/{composed}"]: "renamed"}
    assert originals.trashed() == {"Süden/gone.jpg"}


def test_external_libraries_only_when_asked_for(originals: Originals, folders: Folders) -> None:
    upload(originals.server, "there.jpg")
    folders.files("gone.jpg", "there too.jpg")
    originals.fill()
    (folders.path / "gone.jpg").unlink()
    assert "Nothing to do" in originals.run("--apply").err
    result = originals.run("--apply", "--paths", folders.root, code=ExitCode.USAGE)
    assert "need --include-external" in result.err


@pytest.mark.parametrize("arguments", [(), ("--include-partial",)])
def test_half_a_live_photo(in_database: Originals, arguments: tuple[str, ...]) -> None:
    server = in_database.server
    server.video("half.mov")
    server.photo("half.heic", live_video="half.mov")
    server.video("whole.mov")
    server.photo("whole.heic", live_video="whole.mov", taken=TAKEN + timedelta(days=1))
    upload(server, "there.jpg")
    in_database.fill()
    in_database.lose("half.heic", "whole.heic", "whole.mov")
    result = in_database.run("--apply", *arguments)
    assert "emptying the trash deletes the motion video" in result.out
    assert in_database.trashed() == {"whole.heic", "whole.mov"} | ({"half.heic"} if arguments else set())


def test_a_sidecar_that_is_left_protects_its_original(library: Originals) -> None:
    gone = library.file("gone.jpg")
    if library.postgres is None:
        # The API does not tell whether there is one, so the names that it may have are looked for.
        gone.rename(gone.with_name(f"{gone.name}.xmp"))
        assert "emptying the trash deletes the sidecar" in library.run("--apply").out
        assert not library.trashed()
    else:
        gone.rename(gone.with_name(f"{gone.name}.xmp"))
        library.run("--apply")
        assert library.trashed() == {"gone.jpg"}, "the database knows that this one belongs to nothing"


@pytest.mark.parametrize("source", ["originals", "in_database"])
def test_the_video_of_a_locked_live_photo_stays(request: pytest.FixtureRequest, server: Server, source: str) -> None:
    """It is hidden, not locked, and the API does not tell that a photo needs it."""
    found: Originals = request.getfixturevalue(source)
    server.video("live.mov")
    server.photo("live.heic", live_video="live.mov")
    upload(server, "there.jpg", "gone.jpg")
    found.fill()
    server.update("live.heic", visibility="locked")
    found.lose("live.mov", "gone.jpg")
    result = found.run("--apply", "--json")
    assert told(result.out) == {server.ids["live.mov"]: "partial"}
    assert found.trashed() == {"gone.jpg"}


def test_what_is_locked_is_listed_and_does_not_hinder_the_rest(in_database: Originals) -> None:
    server = in_database.server
    upload(server, "there.jpg", "gone.jpg", "locked.jpg")
    in_database.fill()
    server.update("locked.jpg", visibility="locked")
    in_database.lose("gone.jpg", "locked.jpg")
    result = in_database.run("--apply", "--json")
    assert told(result.out) == {server.ids["locked.jpg"]: "locked"}
    assert in_database.trashed() == {"gone.jpg"}


def test_what_was_moved_hands_everything_over_before_it_goes(
    library: Originals, folders: Folders, tmp_path: Path
) -> None:
    server = library.server
    server.album("Holiday", "gone.jpg", "there.jpg")
    server.tag("sea", "gone.jpg")
    server.update("gone.jpg", description="By the sea", rating=4, isFavorite=True)
    server.settle()
    library.fill()
    folders.file("gone.jpg", taken=TAKEN + timedelta(days=1))  # the bytes of the upload of that name
    old = server.ids["gone.jpg"]
    folders.scan()
    new = server.ids["gone.jpg"]
    server.ids |= {"gone.jpg": old, "moved.jpg": new}
    library.learn()
    library.lose("gone.jpg")
    left = library.file("gone.jpg")
    left.with_name(f"{left.name}.xmp").write_bytes(b"")  # as Immich wrote it when the description was edited
    result = library.run("--apply", "--find-moved")
    assert f"its file was moved to {folders.root}/gone.jpg" in result.out
    assert library.trashed() == {"gone.jpg"}
    asset = server.api.get(f"/assets/{new}")
    assert (asset["isFavorite"], asset["exifInfo"]["description"], asset["exifInfo"]["rating"]) == (
        True,
        "By the sea",
        4,
    )
    assert [tag["value"] for tag in asset["tags"]] == ["sea"]
    assert [album["albumName"] for album in server.api.get("/albums", assetId=new)] == ["Holiday"]
