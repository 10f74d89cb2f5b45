"""An album goes to an external library, every file proven; then, if asked for, its uploads and the album itself go."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from shutil import which

import pytest

from immich_tools.album_backup.replan import OPERATIONS
from immich_tools.album_backup.sidecar import read
from immich_tools.errors import ExitCode
from immich_tools.immich.compat import permissions_for
from immich_tools.immich.models import Place
from immich_tools.report.text import size
from immich_tools.tools import PACKAGES
from tests.tools import pictures
from tests.tools.archive import Archive
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.server import COPY, ORIGINAL, TAKEN, Server
from tests.tools.snapshot import snapshot

HOLIDAY = {"beach.jpg": ORIGINAL, "tower.jpg": COPY}
LATER = datetime(2019, 3, 2, 8, 0, 30, tzinfo=UTC)


@pytest.fixture
def archive(server: Server, shell: CommandLine, folders: Folders) -> Archive:
    """The destination, and an album of two photos; Immich alone knows a lot about the first of them."""
    server.photo("beach.jpg", size=ORIGINAL)
    server.photo("tower.jpg")
    server.album("Holiday", "beach.jpg", "tower.jpg")
    server.update(
        "beach.jpg",
        description="At the beach & <far>",
        rating=4,
        isFavorite=True,
        latitude=48.8566,
        longitude=2.3522,
        dateTimeOriginal=LATER.isoformat(),
    )
    server.tag("places/france", "beach.jpg")
    server.settle()
    return Archive(server, shell, folders)


def original(name: str, size: tuple[int, int] = COPY) -> str:
    """SHA-1 of an uploaded picture."""
    content = pictures.photo(name, width=size[0], height=size[1], taken=TAKEN)
    return hashlib.sha1(content).hexdigest()


def test_a_dry_run_changes_nothing(archive: Archive) -> None:
    assert archive.folders.library_id
    before, writes = snapshot(archive.server), archive.server.host.writes()
    result = archive.backup("--album", "Holiday", "--scan", "--delete-assets")
    assert "Holiday/beach.jpg" in result.out and "copy files   2 files" in result.out
    assert "Then the library is scanned." in result.err and "Then the uploads are moved to the trash." in result.err
    assert archive.server.host.writes() == writes or archive.server.host.sandbox is None
    assert snapshot(archive.server) == before and archive.files() == {}
    archive.backup("--album", "Holiday", "--exit-code", code=ExitCode.WORK_FOUND)


def test_the_files_are_copied_and_nothing_else_happens(archive: Archive) -> None:
    before = snapshot(archive.server)
    archive.backup("--album", "Holiday", "--apply")
    files = archive.files()
    assert files["Holiday/beach.jpg"] == original("beach.jpg", ORIGINAL)
    assert files["Holiday/tower.jpg"] == original("tower.jpg")
    assert sorted(files) == [f"Holiday/{name}" for name in ("beach.jpg", "beach.jpg.xmp", "tower.jpg", "tower.jpg.xmp")]
    assert snapshot(archive.server) == before
    assert "Nothing to do" in archive.backup("--album", "Holiday", "--apply").err
    assert archive.files() == files


def test_what_immich_alone_knows_survives(archive: Archive) -> None:
    server = archive.server
    server.album("Best of", "beach.jpg")
    archive.all_of_it()
    copy = archive.asset("Holiday/beach.jpg")
    assert (copy["isTrashed"], copy["isFavorite"]) == (False, True)
    assert [tag["value"] for tag in copy["tags"]] == ["places/france"]
    exif = copy["exifInfo"]
    assert (exif["description"], exif["rating"]) == ("At the beach & <far>", 4)
    assert datetime.fromisoformat(exif["dateTimeOriginal"]) == LATER
    assert (round(exif["latitude"], 5), round(exif["longitude"], 5)) == (48.8566, 2.3522)
    members = {album["name"]: album["members"] for album in archive.albums()}
    assert members["Best of"] == [copy["id"]]
    assert members["Holiday"] == sorted([copy["id"], archive.asset("Holiday/tower.jpg")["id"]])
    assert archive.is_trashed("beach.jpg") and archive.is_trashed("tower.jpg")


def test_a_second_run_finds_everything_done(archive: Archive) -> None:
    archive.all_of_it()
    before, files, writes = archive.albums(), archive.files(), archive.server.host.writes()
    result = archive.all_of_it()
    assert "Nothing to do" in result.err and "external" in result.out
    assert (archive.albums(), archive.files()) == (before, files)
    assert archive.server.host.writes() == writes or archive.server.host.sandbox is None


def test_what_was_proven_is_remembered_and_all_the_same_proven_again_before_an_upload_goes(archive: Archive) -> None:
    archive.backup("--album", "Holiday", "--scan", "--apply")
    (memory,) = (archive.shell.folder / "state").rglob("album-backup/*.json")
    remembered = json.loads(memory.read_text())["files"]
    assert set(remembered) == {str(archive.path / name) for name in archive.files()}
    # A disk that lies about its files: another content, and the memory says that it is the photo's.
    copy = archive.path / "Holiday/tower.jpg"
    copy.write_bytes(copy.read_bytes()[:-1] + b"!")
    now = copy.stat()
    forged = [now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino, original("tower.jpg")]
    memory.write_text(json.dumps({"schema": 1, "files": {**remembered, str(copy): forged}}))
    assert "Nothing to do" in archive.backup("--album", "Holiday", "--apply").err
    result = archive.backup("--album", "Holiday", "--delete-assets", "--max-ratio", "1", "--apply", code=3)
    assert archive.is_trashed("beach.jpg") and not archive.is_trashed("tower.jpg")
    assert "tower.jpg: " in result.err and "holds something else" in result.err


def test_the_sidecar_says_it_to_everybody(archive: Archive) -> None:
    archive.backup("--album", "Holiday", "--apply")
    path = archive.path / "Holiday/beach.jpg.xmp"
    known = read(path.read_bytes())
    assert (known.description, known.rating, known.tags) == ("At the beach & <far>", 4, ("places/france",))
    assert known.taken == LATER and known.place is not None
    assert abs(known.place.latitude - Place(48.8566, 2.3522).latitude) < 1e-6
    if which("exiftool") is None:
        return
    told = subprocess.run(
        ["exiftool", "-s3", "-c", "%.4f", "-Description", "-ImageDescription", "-Rating", "-GPSLatitude", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines() == ["At the beach & <far>", "At the beach & <far>", "4", "48.8566 N"]


def test_people_are_in_the_sidecar_and_are_no_tags(archive: Archive) -> None:
    server = archive.server
    server.face("Ann", "tower.jpg")
    archive.all_of_it()
    sidecar = (archive.path / "Holiday/tower.jpg.xmp").read_bytes()
    assert read(sidecar).people == ("Ann",) and b"subject>" not in sidecar
    assert b">Ann</mwg-rs:Name>" in sidecar and b">0.250000</stArea:w>" in sidecar
    assert archive.asset("Holiday/tower.jpg")["tags"] == []
    assert archive.is_trashed("tower.jpg")


def test_without_the_permission_to_read_faces_only_the_names_are_kept(archive: Archive) -> None:
    server = archive.server
    server.face("Ann", "tower.jpg")
    server.key = server.new_key(set(permissions_for(OPERATIONS, server.connect().version)) - {"face.read"})
    archive.backup("--album", "Holiday", "--apply")
    sidecar = (archive.path / "Holiday/tower.jpg.xmp").read_bytes()
    assert read(sidecar).people == ("Ann",) and b"mwg-rs" not in sidecar


def test_the_album_is_made_again_as_it_was(archive: Archive) -> None:
    server = archive.server
    friend = server.host.new_user("Bo")
    album = server.albums["Holiday"]
    server.share_album("Holiday", friend, "viewer")
    server.api.patch(
        f"/albums/{album}",
        {"description": "by the sea", "order": "asc", "albumThumbnailAssetId": server.ids["tower.jpg"]},
    )
    archive.all_of_it()
    (made,) = archive.albums()
    assert made["name"] == "Holiday" and made["users"] == {"Bo": "viewer"}
    assert (made["description"], made["order"]) == ("by the sea", "asc")
    assert made["thumbnail"] == archive.asset("Holiday/tower.jpg")["id"]
    assert {each["id"] for each in server.api.get("/albums")}.isdisjoint({album})


def test_without_rebuilding_the_copies_take_the_uploads_places_in_the_album(archive: Archive) -> None:
    archive.backup("--album", "Holiday", "--scan", "--delete-assets", "--max-ratio", "1", "--apply")
    (album,) = archive.albums()
    copies = [archive.asset(f"Holiday/{name}")["id"] for name in ("beach.jpg", "tower.jpg")]
    assert album["members"] == sorted(copies)


def test_an_album_that_is_not_made_again_just_ends(archive: Archive) -> None:
    everything = ("--scan", "--delete-assets", "--delete-album", "--max-ratio", "1", "--apply")
    archive.backup("--album", "Holiday", *everything)
    assert archive.albums() == [] and archive.is_trashed("tower.jpg")
    assert "there is no album 'Holiday'" in archive.backup("--album", "Holiday", code=ExitCode.USAGE).err


def test_undo_brings_back_uploads_and_album_and_names_the_files_it_leaves(archive: Archive) -> None:
    server = archive.server
    before, albums = archive.uploads(), snapshot(server).albums
    result = archive.all_of_it()
    files = archive.files()
    # The scan was the administrator's run; there is nothing to undo in it.
    finished, _scanned, copied = archive.undo(result)
    assert (finished.code, copied.code) == (ExitCode.DONE, ExitCode.DONE)
    assert "Holiday/beach.jpg stays" in copied.out
    assert archive.files() == files
    assert archive.uploads() == before
    assert [(album["name"], album["members"]) for album in archive.albums()] == list(albums.items())


def test_undo_removes_the_copies_if_asked_to(archive: Archive) -> None:
    archive.backup("--album", "Holiday", "--apply")
    (archive.path / "Holiday/tower.jpg").write_bytes(b"somebody's own")
    archive.shell.toolkit("undo", "last", "--yes", "--remove-copies")
    assert archive.names() == ["Holiday/tower.jpg"]


def test_what_a_killed_run_left_goes_also_when_everything_is_copied(archive: Archive) -> None:
    """A file system may know a file under two names for a moment: it is copied, and looks unfinished."""
    archive.backup("--album", "Holiday", "--apply")
    left = archive.path / "Holiday/.immich-toolkit-0123456789abcdef.part"
    left.hardlink_to(archive.path / "Holiday/tower.jpg")
    archive.backup("--album", "Holiday")
    assert archive.leftovers()
    archive.backup("--album", "Holiday", "--apply")
    assert not archive.leftovers()
    assert archive.names() == ["Holiday/beach.jpg", "Holiday/tower.jpg"]


def test_a_dry_run_shows_no_empty_plan(archive: Archive) -> None:
    archive.backup("--album", "Holiday", "--apply")
    result = archive.backup("--album", "Holiday", "--scan")
    assert "scan library" in result.out and "nothing to change" not in result.out


def test_a_link_keeps_the_album(archive: Archive) -> None:
    archive.link_to("Holiday")
    assert "there is a link to it" in archive.all_of_it().out
    assert archive.has_album("Holiday")
    archive.all_of_it("Holiday", "--delete-album-anyway")
    assert not archive.has_album("Holiday")


def test_an_upload_that_was_edited_after_copying_stays(archive: Archive) -> None:
    server = archive.server
    archive.backup("--album", "Holiday", "--scan", "--apply")
    server.update("beach.jpg", description="At the lake")
    server.settle()
    result = archive.backup(
        *("--album", "Holiday", "--delete-assets", "--max-ratio", "1", "--apply"), code=ExitCode.CHANGES_FAILED
    )
    assert "its copy says something else in Immich: description" in result.out
    assert "1 upload stays:\n  beach.jpg: its copy says something else in Immich: description\n" in result.err
    assert archive.is_trashed("tower.jpg") and not archive.is_trashed("beach.jpg")


def test_nothing_goes_whose_copy_was_changed(archive: Archive) -> None:
    archive.backup("--album", "Holiday", "--scan", "--apply")
    damaged = archive.path / "Holiday/beach.jpg"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    archive.backup("--album", "Holiday", "--delete-assets", "--delete-album", "--max-ratio", "1", "--apply", code=None)
    assert not archive.is_trashed("beach.jpg")
    assert "Holiday" in {album["name"] for album in archive.albums()}
    # The damaged file is nobody's copy any more: it stays, and the upload is copied beside it.
    assert archive.names() == ["Holiday/beach+1.jpg", "Holiday/beach.jpg", "Holiday/tower.jpg"]


def test_the_permissions_of_new_files_are_chosen(archive: Archive) -> None:
    archive.backup("--album", "Holiday", "--apply", "--mode", "640")
    modes = {path.stat().st_mode & 0o777 for path in archive.path.rglob("*.jpg")}
    assert modes == {0o640} and (archive.path / "Holiday").stat().st_mode & 0o777 == 0o750


def test_the_list_is_the_older_tools(archive: Archive) -> None:
    archive.server.album("Autumn", "beach.jpg")
    lines = archive.backup("--list", "--json").lines()
    assert [line["name"] for line in lines[:-1]] == ["Holiday", "Autumn"]
    assert lines[0]["id"] == archive.server.albums["Holiday"]
    assert [line.split()[-1] for line in archive.backup("--list").out.splitlines()] == ["Holiday", "Autumn"]


def test_the_list_shows_counts_dates_and_sizes_and_no_control_characters(archive: Archive) -> None:
    server = archive.server
    odd = "Trip\n\x1b[31mred\u202e\x07"
    server.album(odd, "beach.jpg")
    server.album("Empty")
    lines = archive.backup("--list").out.splitlines()
    assert len(lines) == 3 and not any(character in "".join(lines) for character in "\x1b\u202e\x07")
    assert lines[0].endswith(r"Trip\n\x1b[31mred\u202e\x07")
    held = sum(len(pictures.photo(n, width=s[0], height=s[1], taken=TAKEN)) for n, s in HOLIDAY.items())
    (holiday,) = [line for line in lines if "Holiday" in line]
    assert holiday.split()[1:-1] == ["2", "2019-03-02", "2021-07-10", *size(held).split()]
    (empty,) = [line for line in lines if "Empty" in line]
    assert empty.split()[1:-1] == ["0", "-", "-", "0", "B"]
    told = {line["name"]: line for line in archive.backup("--list", "--json").lines()[:-1]}
    assert (told["Holiday"]["bytes"], told["Holiday"]["start"], told["Holiday"]["end"]) == (
        held,
        "2019-03-02",
        "2021-07-10",
    )
    assert (told[odd]["assets"], told["Empty"]["start"], told["Empty"]["bytes"]) == (1, None, 0)


def test_the_guards_stop_before_anything_is_copied(archive: Archive) -> None:
    arguments = ("--album", "Holiday", "--scan", "--delete-assets")
    assert "The plan removes 2 of 2 assets" in archive.backup(*arguments).err
    result = archive.backup(*arguments, "--apply", code=ExitCode.STOPPED)
    assert "The plan removes 2 of 2 assets" in result.err and archive.files() == {}
    result = archive.backup(*arguments, "--max-removed", "1", "--max-ratio", "1", "--apply", code=ExitCode.STOPPED)
    assert "--max-removed" in result.err and archive.files() == {}
    with archive.server.host.trash_off():
        result = archive.backup(*arguments, "--max-ratio", "1", "--apply", code=ExitCode.STOPPED)
        assert "trash is off" in result.err and archive.files() == {}
        archive.backup("--album", "Holiday", "--apply")
    assert not archive.is_trashed("beach.jpg")


def test_programs_follow_it_as_json_lines(archive: Archive) -> None:
    lines = archive.all_of_it("Holiday", "--json").lines()
    assert lines[-1]["message_type"] == "summary" and lines[-1]["exit_code"] == 0
    progress = [line for line in lines if line["message_type"] == "progress" and line["stage"] == "copy"]
    assert progress[-1]["bytes_done"] == progress[-1]["bytes_total"] > 0
    waiting = [line for line in lines if line["message_type"] == "waiting"]
    assert (waiting[-1]["appeared"], waiting[-1]["expected"]) == (2, 2)


def test_it_needs_no_more_permissions_than_it_says(archive: Archive) -> None:
    server = archive.server
    version = server.connect().version
    server.key = server.new_key(permissions_for(OPERATIONS, version))
    archive.all_of_it()
    assert archive.is_trashed("beach.jpg")


def test_a_key_that_may_not_trash_changes_nothing_of_the_last_stage(archive: Archive) -> None:
    server = archive.server
    version = server.connect().version
    server.key = server.new_key(set(permissions_for(OPERATIONS, version)) - {"asset.delete"})
    result = archive.all_of_it(code=ExitCode.ACCESS)
    assert "asset.delete" in result.err
    assert archive.has_album("Holiday") and not archive.asset("Holiday/beach.jpg")["isFavorite"]


def test_without_a_scan_it_says_what_is_missing(archive: Archive) -> None:
    archive.with_administrator = False
    result = archive.backup(
        *("--album", "Holiday", "--delete-assets", "--max-ratio", "1", "--apply"), code=ExitCode.CHANGES_FAILED
    )
    assert "2 uploads stay:" in result.err
    assert "2 copies have not appeared in Immich yet" in result.err
    assert not archive.is_trashed("beach.jpg")
    archive.folders.scan()
    result = archive.backup("--album", "Holiday", "--delete-assets", "--max-ratio", "1", "--apply")
    assert archive.is_trashed("beach.jpg")


def test_copies_that_do_not_appear_in_time_are_a_failure(archive: Archive) -> None:
    # The server sees another folder at the path of the destination.
    elsewhere = archive.path.with_name("elsewhere")
    elsewhere.mkdir()
    archive.more = {"IMMICH_ALBUM_BACKUP_MAP": f"{archive.folders.root}={elsewhere}"}
    result = archive.all_of_it("Holiday", "--wait", "0.3", code=ExitCode.CHANGES_FAILED)
    assert "0 of 2 copies have appeared" in result.err
    assert not archive.is_trashed("beach.jpg") and archive.has_album("Holiday")


def test_a_saved_plan_is_applied_as_far_as_it_is_true(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES, "album-backup", "immich_tools.album_backup")
    archive.with_administrator = False
    saved = archive.shell.folder / "plan.json"
    archive.backup("--album", "Holiday", "--save-plan", str(saved))
    lines = [line for line in saved.read_text().splitlines() if "tower.jpg" not in line or '"do"' not in line]
    saved.write_text("\n".join(lines))
    assert archive.shell.toolkit("apply", str(saved), "--yes").code == ExitCode.DONE
    assert archive.names() == ["Holiday/beach.jpg"]
