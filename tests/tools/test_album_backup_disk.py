"""Originals that lie on a disk of this computer are copied from there, with their times and their sidecars."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from immich_tools import Immich, album_backup
from immich_tools.album_backup import Accounts, AlbumBackupOptions, Progressed, Stage, back_up
from immich_tools.album_backup.sidecar import read
from immich_tools.album_backup.xmp import Packet
from immich_tools.disk.watch import Watch
from immich_tools.errors import Cancelled, ExitCode
from immich_tools.immich.client import Immich as Client
from immich_tools.plan.execute import apply
from immich_tools.plan.executor import ProgressCallback
from immich_tools.plan.guards import Guards
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.sandbox import Dialect, Sandbox
from tests.tools import pictures
from tests.tools.archive import Archive
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.host import sandbox_host
from tests.tools.server import COPY, TAKEN

WRITTEN = 1_577_836_800
SIDECAR = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:darktable="http://darktable.sf.net/">
<xmp:Rating>2</xmp:Rating><darktable:history_end>7</darktable:history_end></rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.fixture(params=list(Dialect), ids=lambda dialect: str(dialect.value))
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    """A server whose folder /data is `originals` here, and an album with one photo in it."""
    with sandbox_host(request.param) as host:
        assert host.sandbox is not None
        originals = tmp_path / "originals"
        originals.mkdir()
        host.sandbox.mount("/data", originals)
        server = host.new_user("Alex")
        server.photo("beach.jpg")
        server.album("Holiday", "beach.jpg")
        shell = CommandLine(server.url, server.key, tmp_path, waits_by=host.clock)
        yield Archive(server, shell, Folders(server, tmp_path / "library"), more=mapped(originals))
        host.remove_users()


def mapped(originals: Path) -> dict[str, str]:
    return {"IMMICH_ALBUM_BACKUP_MAP": f"/data={originals}"}


def sandbox_of(archive: Archive) -> Sandbox:
    sandbox = archive.server.host.sandbox
    assert sandbox is not None
    return sandbox


def original(archive: Archive) -> Path:
    """The file of the upload."""
    file = sandbox_of(archive).state.assets[archive.server.ids["beach.jpg"]].file
    assert file is not None
    return file


def photo(seed: str) -> bytes:
    return pictures.photo(seed, width=COPY[0], height=COPY[1], taken=TAKEN)


def downloads(archive: Archive) -> int:
    return sum(request.path.endswith("/original") for request in sandbox_of(archive).requests)


def test_files_come_from_the_disk_with_their_times(archive: Archive) -> None:
    os.utime(original(archive), (WRITTEN, WRITTEN))
    archive.backup("--album", "Holiday", "--apply")
    copy = archive.path / "Holiday/beach.jpg"
    assert copy.read_bytes() == original(archive).read_bytes()
    assert copy.stat().st_mtime == WRITTEN and downloads(archive) == 0


def test_files_that_are_elsewhere_are_downloaded(archive: Archive) -> None:
    archive.more = {}
    archive.backup("--album", "Holiday", "--apply")
    assert (archive.path / "Holiday/beach.jpg").read_bytes() == original(archive).read_bytes()
    assert downloads(archive) == 1


def test_a_download_has_the_files_modification_time(archive: Archive) -> None:
    server = archive.server
    for name in ("late.mov", "late.jpg"):
        content = pictures.video(name) if name.endswith("mov") else photo(name)
        motion = {"livePhotoVideoId": server.ids["late.mov"]} if name == "late.jpg" else {}
        server._upload(name, content, TAKEN, {"fileModifiedAt": f"2020-01-01T00:00:0{len(motion)}.500Z", **motion})
    server.album("Late", "late.jpg")
    archive.more = {}
    archive.backup("--album", "Late", "--apply")
    times = {path.name: path.stat().st_mtime for path in archive.path.rglob("late.*")}
    assert (times["late.mov"], times["late.jpg"]) == (WRITTEN + 0.5, WRITTEN + 1.5)


def test_a_sidecar_is_merged_and_not_replaced(archive: Archive) -> None:
    original(archive).with_name(f"{original(archive).name}.xmp").write_bytes(SIDECAR)
    archive.server.update("beach.jpg", description="At the beach")
    archive.backup("--album", "Holiday", "--apply")
    sidecar = (archive.path / "Holiday/beach.jpg.xmp").read_bytes()
    assert (read(sidecar).description, read(sidecar).rating) == ("At the beach", 2)
    assert b"history_end>7<" in sidecar and Packet(sidecar)


def test_a_sidecar_that_cannot_be_read_does_not_keep_the_photo_from_being_copied(archive: Archive) -> None:
    sidecar = original(archive).with_name(f"{original(archive).name}.xmp")
    for number, (held, says) in enumerate(
        [(b"", "is empty"), (SIDECAR[:-9], "cannot be read"), (b"\0" * 64, "cannot be read"), (b"<html/>", "no XMP")]
    ):
        sidecar.write_bytes(held)
        layout = ("--layout", f"{number}")
        for arguments in ((), ("--apply",)):
            result = archive.backup("--album", "Holiday", *layout, *arguments)
            assert str(sidecar) in result.out and says in result.out, held
        assert sidecar.read_bytes() == held
        copy = archive.path / f"{number}/beach.jpg"
        assert copy.read_bytes() == original(archive).read_bytes()
        assert read((copy.with_name("beach.jpg.xmp")).read_bytes()).taken is not None
        kept = copy.with_name("beach.jpg.xmp.broken")
        assert (kept.read_bytes() if kept.exists() else b"") == held
        assert "Nothing to do" in archive.backup("--album", "Holiday", *layout, "--apply").err
    archive.all_of_it("Holiday", "--layout", "3")
    assert archive.is_trashed("beach.jpg")


def test_a_sidecar_that_may_not_be_read_keeps_the_photo_back(archive: Archive) -> None:
    sidecar = original(archive).with_name(f"{original(archive).name}.xmp")
    sidecar.mkdir()
    result = archive.all_of_it(code=ExitCode.CHANGES_FAILED)
    assert f"{sidecar}: it is a folder" in result.out
    assert archive.files() == {} and not archive.is_trashed("beach.jpg")
    sidecar.rmdir()


def test_a_damaged_original_is_no_copy(archive: Archive) -> None:
    damaged = original(archive).read_bytes()[:-1] + b"!"
    original(archive).write_bytes(damaged)
    result = archive.all_of_it(code=ExitCode.CHANGES_FAILED)
    assert "is not the file that Immich knows" in result.out
    assert archive.files() == {}
    assert not archive.is_trashed("beach.jpg") and archive.has_album("Holiday")


def test_an_original_that_is_gone_is_reported_by_a_dry_run_too(archive: Archive) -> None:
    original(archive).unlink()
    gone = "beach.jpg: its file is gone from the server's disk; see immich-missing-originals"
    assert gone in archive.backup("--album", "Holiday").out
    result = archive.all_of_it(code=ExitCode.CHANGES_FAILED)
    assert gone in result.out and f"beach.jpg: {gone}" in result.err
    assert archive.files() == {}
    assert not archive.is_trashed("beach.jpg") and archive.has_album("Holiday")


@pytest.mark.parametrize("sees_the_disk", [True, False])
def test_an_original_longer_than_immich_knows_is_reported_by_a_dry_run_too(
    archive: Archive, sees_the_disk: bool
) -> None:
    with original(archive).open("ab") as file:
        file.write(b"more")
    if not sees_the_disk:
        archive.more = {}
    length = original(archive).stat().st_size
    for origin in ("auto", "disk") if sees_the_disk else ("auto", "download"):
        says = f"has {length} bytes, but Immich knows it with {length - 4}"
        assert says in archive.backup("--album", "Holiday", "--origin", origin).out
        assert says in archive.all_of_it("Holiday", "--origin", origin, code=ExitCode.CHANGES_FAILED).out
        assert archive.files() == {} and not archive.is_trashed("beach.jpg")


def test_nothing_stays_of_a_live_photo_whose_still_was_not_copied(archive: Archive) -> None:
    server = archive.server
    server.video("live.mov")
    server.photo("live.jpg", live_video="live.mov")
    server.album("Live", "live.jpg", "beach.jpg")
    still = sandbox_of(archive).state.assets[server.ids["live.jpg"]].file
    assert still is not None
    still.write_bytes(still.read_bytes()[:-1] + b"!")
    archive.all_of_it("Live", code=ExitCode.CHANGES_FAILED)
    assert sorted(archive.files()) == ["Live/beach.jpg", "Live/beach.jpg.xmp"]
    assert archive.is_trashed("beach.jpg") and not archive.is_trashed("live.jpg")


def test_what_the_editor_made_is_copied_beside_it(archive: Archive) -> None:
    edited = pictures.photo("edited", width=COPY[0], height=COPY[1], taken=TAKEN)
    sandbox_of(archive).state.assets[archive.server.ids["beach.jpg"]].edited = edited
    archive.backup("--album", "Holiday", "--edited", "--apply")
    if archive.server.major < 3:
        # Immich 2.3.1 has no editor.
        assert archive.names() == ["Holiday/beach.jpg"]
        return
    assert (archive.path / "Holiday/beach-edited.jpg").read_bytes() == edited
    assert (archive.path / "Holiday/beach.jpg").read_bytes() == original(archive).read_bytes()
    assert "Nothing to do" in archive.backup("--album", "Holiday", "--edited", "--apply").err
    (archive.path / "Holiday/beach-edited.jpg").unlink()
    archive.backup("--album", "Holiday", "--edited", "--apply")
    assert "Holiday/beach-edited.jpg" in archive.names()


@pytest.mark.parametrize("rebuilds", [(), ("--rebuild-album", "--delete-album")])
def test_what_the_editor_made_takes_its_place_in_the_albums(archive: Archive, rebuilds: tuple[str, ...]) -> None:
    server = archive.server
    if server.major < 3:
        # Immich 2.3.1 has no editor.
        return
    edited = pictures.photo("edited", width=COPY[0], height=COPY[1], taken=TAKEN)
    sandbox_of(archive).state.assets[server.ids["beach.jpg"]].edited = edited
    server.update("beach.jpg", visibility="archive")
    server.album("Best of", "beach.jpg")
    archive.backup(
        *("--album", "Holiday", "--edited", "--max-ratio", "1", "--scan", "--delete-assets", *rebuilds, "--apply")
    )
    assert archive.is_trashed("beach.jpg")
    both = [archive.asset(f"Holiday/{name}.jpg") for name in ("beach", "beach-edited")]
    assert [item["visibility"] for item in both] == ["archive", "archive"]
    members = {album["name"]: album["members"] for album in archive.albums()}
    assert members == dict.fromkeys(("Holiday", "Best of"), sorted(item["id"] for item in both))
    assert archive.has_album("Holiday") is not bool(rebuilds)


def carried_out(folder: Path) -> album_backup.CarryOut:
    def carry_out(plan: Plan, immich: Client, progress: ProgressCallback) -> Outcome:
        return apply(plan, immich, guards=Guards(max_ratio=1), journal_folder=folder, progress=progress)

    return carry_out


def test_a_program_follows_a_backup_and_stops_it(archive: Archive, tmp_path: Path) -> None:
    """As a web page does: it is told what happens, stops it in the middle of copying, and starts it again later."""
    options = AlbumBackupOptions(
        album=("Holiday",), external_path=(archive.folders.root,), delete_assets=True, scan=True
    )
    stop, stages = Event(), list[Stage]()

    def stop_while_copying(event: album_backup.Event) -> None:
        if isinstance(event, Progressed):
            stages.append(event.stage)
            stop.set()

    clients = [Immich.connect(archive.server.url, key) for key in (archive.server.key, archive.admin_key)]
    assert archive.folders.library_id
    accounts = Accounts.of(clients)
    carry_out = carried_out(tmp_path / "runs")
    with pytest.raises(Cancelled):
        back_up(accounts, options, carry_out, tell=stop_while_copying, watch=Watch(cancelled=stop.is_set))
    assert set(stages) == {Stage.COPY} and not archive.leftovers() and not archive.is_trashed("beach.jpg")

    report = back_up(accounts, options, carry_out)
    assert (report.exit_code, report.not_appeared, report.left) == (ExitCode.DONE, (), ())
    assert archive.is_trashed("beach.jpg")
    for client in clients:
        client.close()


def test_an_upload_whose_copy_changed_at_the_last_moment_stays_and_is_named(archive: Archive, tmp_path: Path) -> None:
    assert archive.folders.library_id
    options = AlbumBackupOptions(
        album=("Holiday",), external_path=(archive.folders.root,), delete_assets=True, scan=True
    )
    carry_out = carried_out(tmp_path / "runs")

    def meddle(plan: Plan, immich: Client, progress: ProgressCallback) -> Outcome:
        if plan.removed():
            copy = archive.path / "Holiday/beach.jpg"
            copy.write_bytes(copy.read_bytes()[:-1] + b"!")
        return carry_out(plan, immich, progress)

    with (
        Immich.connect(archive.server.url, archive.server.key) as user,
        Immich.connect(archive.server.url, archive.admin_key) as administrator,
    ):
        report = back_up(Accounts.of([user, administrator]), options, meddle)
    assert [(stay.asset_id, stay.name) for stay in report.stays] == [(archive.server.ids["beach.jpg"], "beach.jpg")]
    assert "holds something else" in report.stays[0].reason
    assert report.exit_code is ExitCode.CHANGES_FAILED and not archive.is_trashed("beach.jpg")


def test_a_file_that_the_storage_template_moves_meanwhile_is_copied_from_its_new_path(
    archive: Archive, tmp_path: Path
) -> None:
    assert archive.folders.library_id
    server, sandbox = archive.server, sandbox_of(archive)
    sandbox.server.storage_template = True
    options = AlbumBackupOptions(
        album=("Holiday",), external_path=(archive.folders.root,), map=(f"/data={tmp_path / 'originals'}",)
    )
    outcomes: list[Outcome] = []

    def meddle(plan: Plan, immich: Client, progress: ProgressCallback) -> Outcome:
        if not outcomes:
            server.update("beach.jpg", description="At the beach")
            server.settle()
        outcomes.append(carried_out(tmp_path / "runs")(plan, immich, progress))
        return outcomes[-1]

    content, before = original(archive).read_bytes(), original(archive)
    with Immich.connect(server.url, server.key) as user:
        report = back_up(Accounts.of([user]), options, meddle)
    assert original(archive) != before and report.exit_code is ExitCode.DONE
    (stale, *_also) = outcomes[0].with_status(Status.STALE)
    assert "Immich has moved the file to" in stale[1].reason
    assert (archive.path / "Holiday/beach.jpg").read_bytes() == content and downloads(archive) == 0
