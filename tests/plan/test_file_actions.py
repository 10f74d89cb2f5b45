"""Files that a plan writes: proven or not there, never in another's place, never outside their folder, and taken back on request only."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from attrs import evolve
from rich.console import Console

from immich_tools.errors import AccessDenied, AdministratorNeeded, GuardTripped, UsageError
from immich_tools.immich.client import Immich
from immich_tools.plan.codec import action_from_json, action_to_json
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.files import CopyFile, RemoveFile, WriteFile
from immich_tools.plan.effects.libraries import ScanLibrary
from immich_tools.plan.execute import resume
from immich_tools.plan.executor import Progress
from immich_tools.plan.journal import find_run, runs
from immich_tools.plan.journal_writer import Journal, JournalWriteError
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Result, Status
from immich_tools.plan.storage import plan_from_json, plan_to_json
from immich_tools.plan.undo import undo_plan
from immich_tools.report.table import print_plan
from immich_tools.report.text import summary
from immich_tools.sandbox import FaultKind, Faults
from tests.plan.files import copy_of, digest, holds, tree, write
from tests.plan.scene import NOON, Asked, Scene, run_of, statuses
from tests.tools.command_line import CommandLine

ROOT = Path(__file__).parents[2]
CONTENT = bytes(range(256)) * 40
SIDECAR = "<x:xmpmeta>l'été</x:xmpmeta>\n"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The folder of an external library, with a file of somebody's."""
    write(tmp_path / "library" / "Trip" / "theirs.jpg", b"theirs")
    return tmp_path / "library"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = write(tmp_path / "upload" / "IMG_1.jpg", CONTENT)
    os.utime(path, ns=(1_500_000_000_123_456_789, 1_500_000_000_123_456_789))
    return path


def carry_out(scene: Scene, *actions: Action) -> Outcome:
    return scene.apply(scene.plan(*(Change(str(number), action) for number, action in enumerate(actions, 1))))


def backup(scene: Scene, library: Path, source: Path | None, *, content: bytes = CONTENT) -> tuple[Plan, str]:
    """Copy, sidecar, then the upload goes, which requires both and the copy's being there at that moment."""
    asset_id = scene.sandbox.add_asset(content=content)
    name = "Trip/IMG_1.jpg"
    return scene.plan(
        Change("copy", copy_of(asset_id, library, name, content, source), group=asset_id),
        Change("sidecar", WriteFile(str(library), f"{name}.xmp", SIDECAR, asset_id), group=asset_id),
        Change(
            "trash",
            TrashAssets((asset_id,), claims=(holds(library, name, content),)),
            requires=("copy", "sidecar"),
            group=asset_id,
        ),
    ), asset_id


def undo(scene: Scene, run_id: str | None, *, remove_copies: bool) -> Outcome:
    run = find_run(scene.folder, run_id or "last")
    return scene.apply(undo_plan(run, scene.immich, remove_copies=remove_copies), undoes=run.id)


BEFORE = {"Trip/theirs.jpg": b"theirs"}
AFTER = BEFORE | {"Trip/IMG_1.jpg": CONTENT, "Trip/IMG_1.jpg.xmp": SIDECAR.encode()}


@pytest.mark.parametrize("is_local", [True, False], ids=["copied", "downloaded"])
def test_a_copy_and_its_sidecar_are_there_and_only_then_the_upload_goes(
    scene: Scene, library: Path, source: Path, is_local: bool
) -> None:
    plan, asset_id = backup(scene, library, source if is_local else None)
    seen: list[Progress] = []

    def before(number: int, asked: Asked) -> None:
        if asked.is_write:
            assert tree(library) == AFTER

    scene.sandbox.before = before
    outcome = scene.apply(plan, progress=seen.append)
    assert set(statuses(outcome).values()) == {Status.DONE} and scene.is_trashed(asset_id)
    assert tree(library) == AFTER
    assert source.read_bytes() == CONTENT
    # The copy is written, the sidecar too, and the copy is read once more before the upload goes.
    total = 2 * len(CONTENT) + len(SIDECAR.encode())
    assert (seen[-1].done, seen[-1].bytes_done, seen[-1].bytes_total) == (3, total, total)


def test_times_and_modes_are_kept_or_given(scene: Scene, library: Path, source: Path) -> None:
    copied = copy_of(scene.sandbox.add_asset(), library, "a/copied.jpg", CONTENT, source)
    downloaded = evolve(
        copy_of(scene.sandbox.add_asset(content=CONTENT), library, "b/downloaded.jpg", CONTENT),
        modified="2024-05-01T12:00:00+02:00",
        mode=0o640,
    )
    text = WriteFile(str(library), "c/text.xmp", SIDECAR, mode=0o600)
    assert set(statuses(carry_out(scene, copied, downloaded, text)).values()) == {Status.DONE}
    assert Path(copied.path).stat().st_mtime_ns == source.stat().st_mtime_ns
    assert Path(downloaded.path).stat().st_mtime == NOON.timestamp() - 2 * 3600
    assert [Path(each.path).stat().st_mode & 0o777 for each in (downloaded, text)] == [0o640, 0o600]


def test_what_is_there_already_with_the_same_bytes_is_left_and_not_undone(
    scene: Scene, library: Path, source: Path
) -> None:
    first, _asset = backup(scene, library, source)
    copies = first.only(("copy", "sidecar"))
    assert set(statuses(scene.apply(copies)).values()) == {Status.DONE}
    again = scene.apply(copies)
    assert set(statuses(again).values()) == {Status.ALREADY}
    assert undo_plan(find_run(scene.folder, run_of(again)), scene.immich, remove_copies=True).changes == ()


IN_THE_WAY: dict[str, Callable[[Path, Path], object]] = {
    "another file": lambda target, source: write(target, b"another"),
    "one of the same size": lambda target, source: write(target, bytes(len(CONTENT))),
    "an empty file": lambda target, source: write(target, b""),
    "a link to the same bytes": lambda target, source: target.symlink_to(source),
    "a link that leads nowhere": lambda target, source: target.symlink_to("nowhere"),
    "a folder": lambda target, source: target.mkdir(),
    "the original under a second name": lambda target, source: target.hardlink_to(source),
}


def identity(path: Path) -> tuple[int, ...]:
    """What tells a file from another one, and from itself after a write; looking at it changes when it was last read."""
    status = path.lstat()
    return status.st_ino, status.st_mode, status.st_nlink, status.st_size, status.st_mtime_ns


@pytest.mark.parametrize("put", IN_THE_WAY.values(), ids=IN_THE_WAY.keys())
@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
def test_what_is_in_the_way_is_left_and_the_upload_stays(
    scene: Scene, library: Path, source: Path, put: Callable[[Path, Path], object], is_known: bool
) -> None:
    plan, asset_id = backup(scene, library, source)
    copy, *others = plan.changes
    assert isinstance(copy.action, CopyFile)
    target = Path(copy.action.path)
    if not is_known:
        copy = evolve(copy, action=evolve(copy.action, sha1=None))
    put(target, source)
    before, status = tree(library), identity(target)
    outcome = scene.apply(evolve(plan, changes=(copy, *others)))
    assert statuses(outcome)["copy"] is Status.FAILED and statuses(outcome)["trash"] is Status.NOT_DONE
    assert outcome.exit_code == 3 and not scene.is_trashed(asset_id)
    assert identity(target) == status
    assert tree(library) == before | {"Trip/IMG_1.jpg.xmp": SIDECAR.encode()}


@pytest.mark.parametrize("is_local", [True, False], ids=["local", "download"])
def test_a_source_that_is_not_what_immich_knows_leaves_nothing(
    scene: Scene, library: Path, source: Path, is_local: bool
) -> None:
    plan, asset_id = backup(scene, library, source if is_local else None)
    if is_local:
        write(source, bytes(len(CONTENT)))
    else:
        scene.sandbox.state.assets[asset_id].content = bytes(len(CONTENT))
    assert statuses(scene.apply(plan))["copy"] is Status.FAILED
    assert tree(library) == BEFORE | {"Trip/IMG_1.jpg.xmp": SIDECAR.encode()} and not scene.is_trashed(asset_id)


def test_a_source_that_is_gone_leaves_nothing(scene: Scene, library: Path, source: Path) -> None:
    plan, asset_id = backup(scene, library, source)
    source.unlink()
    assert statuses(scene.apply(plan))["copy"] is Status.FAILED and not scene.is_trashed(asset_id)


def test_what_nobody_knows_beforehand_is_found_out_and_written_down(scene: Scene, library: Path, source: Path) -> None:
    asset_id = scene.sandbox.add_asset(content=b"as it was", edited=b"edited")
    copies: tuple[CopyFile, ...] = (
        CopyFile(str(library), "external.jpg", asset_id, source=str(source), size=len(CONTENT)),
        CopyFile(str(library), "original.jpg", asset_id),
    )
    wanted = {"external.jpg": CONTENT, "original.jpg": b"as it was"}
    if scene.immich.version.major >= 3:
        copies = (*copies, CopyFile(str(library), "edited.jpg", asset_id, edited=True))
        wanted["edited.jpg"] = b"edited"
    first, *rest = copies
    plan = scene.plan(
        Change("1", first),
        *(Change(str(number), copy, requires=("1",)) for number, copy in enumerate(rest, 2)),
    )
    outcome = scene.apply(plan)
    assert set(statuses(outcome).values()) == {Status.DONE}
    assert tree(library) == BEFORE | wanted
    assert not undo(scene, outcome.run_id, remove_copies=True).failures
    assert tree(library) == BEFORE


def test_a_source_of_another_size_than_planned_is_not_copied(scene: Scene, library: Path, source: Path) -> None:
    copy = CopyFile(str(library), "external.jpg", scene.sandbox.add_asset(), source=str(source), size=7)
    assert statuses(carry_out(scene, copy)) == {"1": Status.FAILED} and tree(library) == BEFORE


@pytest.mark.parametrize("relative", ["", "/etc/a", "../a", "a/../../b", "a//b", "./a", "a/", "a\0b"])
@pytest.mark.parametrize("folder", ["/library", "library", "/library/.."])
def test_a_target_outside_of_its_folder_is_no_change(folder: str, relative: str) -> None:
    with pytest.raises(ValueError, match="path"):
        WriteFile(folder, relative, "text")


@pytest.mark.parametrize(
    "action",
    [
        CopyFile(
            "/ext", "a/b.jpg", "x", source="/upload/b.jpg", size=1, sha1=digest(b"a"), mode=0o640, user=1, group=1
        ),
        CopyFile("/ext", "a/b.jpg", "x", edited=True, modified="2024-05-01T12:00:00+02:00"),
        WriteFile("/ext", "a/b.xmp", "l'été\u2028at dusk", "x"),
        RemoveFile("/ext", "a/b.jpg", 1, digest(b"a"), "x"),
        ScanLibrary("library", "Photos"),
    ],
    ids=lambda action: action.kind,
)
def test_documents_hold_the_changes(action: Action) -> None:
    assert action_from_json(json.loads(json.dumps(action_to_json(action)))) == action


@pytest.mark.parametrize(
    "values",
    [
        {"relative": "../b.jpg"},
        {"folder": "ext"},
        {"source": "b.jpg"},
        {"source": "/b.jpg", "edited": True},
        {"sha1": "a"},
        {"size": None, "sha1": digest(b"a")},
        {"size": -1, "sha1": digest(b"a")},
        {"modified": "yesterday"},
        {"modified": "2024-05-01T12:00:00"},
        {"mode": "640"},
    ],
)
def test_a_document_with_a_damaged_change_is_refused(values: dict[str, object]) -> None:
    document = plan_to_json(Plan("tool", "me", "3.1.0", 9, (Change("c", CopyFile("/ext", "b.jpg", "x")),)))
    document["changes"][0]["action"] |= values
    with pytest.raises(UsageError, match="damaged"):
        plan_from_json(document)


def test_two_changes_cannot_write_one_file() -> None:
    changes = (Change("1", WriteFile("/ext/", "a/b", "one")), Change("2", WriteFile("/ext/a", "b", "two")))
    with pytest.raises(UsageError, match="decides"):
        Plan("tool", "me", "3.1.0", 9, changes)


@pytest.mark.parametrize("kind", ["copy", "write"])
def test_a_link_below_the_folder_leads_nowhere(scene: Scene, library: Path, source: Path, kind: str) -> None:
    outside = library.parent / "outside"
    outside.mkdir()
    (library / "link").symlink_to(outside)
    action: Action = WriteFile(str(library), "link/a.jpg", "text")
    if kind == "copy":
        action = copy_of(scene.sandbox.add_asset(), library, "link/a.jpg", CONTENT, source)
    assert statuses(carry_out(scene, action)) == {"1": Status.FAILED}
    assert tree(outside) == {} and tree(library) == BEFORE


def test_a_folder_that_is_not_there_is_not_made(scene: Scene, library: Path) -> None:
    """A disk that is not mounted: only folders below the configured one are made."""
    gone = library.parent / "unmounted"
    assert statuses(carry_out(scene, WriteFile(str(gone), "a.xmp", SIDECAR))) == {"1": Status.FAILED}
    assert not gone.exists()


def test_files_that_find_no_room_stop_the_run_before_anything_is_written(
    scene: Scene, library: Path, source: Path
) -> None:
    asset_id = scene.sandbox.add_asset()
    plan = scene.plan(
        Change("small", copy_of(asset_id, library, "small.jpg", CONTENT, source)),
        Change("huge", CopyFile(str(library), "huge.mov", asset_id, size=10**18)),
    )
    with pytest.raises(GuardTripped, match="Nothing was changed"):
        scene.apply(plan)
    assert tree(library) == BEFORE and not scene.sandbox.writes() and runs(scene.folder) == []


def test_what_the_key_may_not_do_stops_the_run_before_anything_is_written(
    scene: Scene, library: Path, source: Path
) -> None:
    sandbox = scene.sandbox
    asset_id = sandbox.add_asset(content=CONTENT)
    reading = ("apiKey.read", "user.read", "server.about", "asset.read", "asset.statistics", "asset.view")
    key = sandbox.add_key(sandbox.admin.id, reading)
    download, local = copy_of(asset_id, library, "a.jpg", CONTENT), copy_of(asset_id, library, "b.jpg", CONTENT, source)
    with Immich.connect(sandbox.url, key, transport=sandbox.transport(), retry_wait=0) as immich:
        for action, missing in ((download, "asset.download"), (ScanLibrary("library"), "library.update")):
            with pytest.raises(AccessDenied, match=missing):
                scene.apply(scene.plan(Change("1", local), Change("2", action)), immich)
        assert tree(library) == BEFORE
        assert statuses(scene.apply(scene.plan(Change("1", local)), immich)) == {"1": Status.DONE}


def test_a_scan_needs_an_administrator(scene: Scene, library: Path) -> None:
    user = scene.sandbox.add_user("User", "user@example.com")
    key = scene.sandbox.add_key(user.id)
    plan = scene.plan(Change("w", WriteFile(str(library), "a", "")), Change("s", ScanLibrary("library")))
    with (
        Immich.connect(scene.sandbox.url, key, transport=scene.sandbox.transport(), retry_wait=0) as immich,
        pytest.raises(AdministratorNeeded, match="Nothing was changed"),
    ):
        scene.apply(evolve(plan, user_id=user.id), immich)
    assert tree(library) == BEFORE


def test_a_connection_that_may_only_read_writes_no_file(scene: Scene, library: Path, source: Path) -> None:
    plan, _asset = backup(scene, library, source)
    with pytest.raises(UsageError):
        scene.apply(plan, scene.connect(read_only=True))
    assert tree(library) == BEFORE


def test_an_asset_that_went_to_the_trash_meanwhile_is_not_copied(scene: Scene, library: Path, source: Path) -> None:
    plan, asset_id = backup(scene, library, source)
    scene.sandbox.state.assets[asset_id].deleted_at = NOON
    assert statuses(scene.apply(plan))["copy"] is Status.STALE
    assert tree(library) == BEFORE


def test_a_library_is_scanned_once_its_files_are_there(scene: Scene, library: Path) -> None:
    scene.sandbox.mount("/ext", library)
    library_id = scene.sandbox.add_library("Ext", ["/ext"])
    plan = scene.plan(
        Change("w", WriteFile(str(library), "Trip/new.jpg", "a photo")),
        Change("s", ScanLibrary(library_id, "Ext"), requires=("w",)),
        Change("later", WriteFile(str(library), "Trip/new.jpg.xmp", SIDECAR), requires=("s",)),
    )
    outcome = scene.apply(plan)
    assert set(statuses(outcome).values()) == {Status.DONE}
    scene.sandbox.settle()
    names = {asset.original_path for asset in scene.sandbox.state.assets.values()}
    assert names == {"/ext/Trip/new.jpg", "/ext/Trip/theirs.jpg"}
    undone = undo_plan(find_run(scene.folder, run_of(outcome)), scene.immich, remove_copies=True)
    assert {change.action.kind for change in undone.changes} == {RemoveFile.kind} and not undone.skips


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.BAD_GATEWAY])
def test_a_scan_whose_answer_was_lost_is_asked_for_again(scene: Scene, kind: FaultKind) -> None:
    library_id = scene.sandbox.add_library("Ext", ["/ext"])
    tries: list[Asked] = []

    def before(number: int, asked: Asked) -> None:
        if asked.path.endswith("/scan"):
            tries.append(asked)
            scene.sandbox.set_faults(Faults(at={1: kind}) if len(tries) == 1 else None)

    scene.sandbox.before = before
    assert statuses(carry_out(scene, ScanLibrary(library_id))) == {"1": Status.DONE}
    assert len(tries) == 2


def test_a_library_that_is_not_there_is_a_failure(scene: Scene) -> None:
    assert statuses(carry_out(scene, ScanLibrary(scene.new_id()))) == {"1": Status.FAILED}


def test_undo_leaves_the_copies_and_names_them(scene: Scene, library: Path, source: Path) -> None:
    plan, asset_id = backup(scene, library, source)
    outcome = scene.apply(plan)
    undone = undo(scene, outcome.run_id, remove_copies=False)
    assert not undone.failures and not scene.is_trashed(asset_id) and tree(library) == AFTER
    told = [skip.reason for skip in undone.plan.skips]
    assert len(told) == 2 and all(any(name in reason for reason in told) for name in ("IMG_1.jpg stays", ".xmp stays"))


def test_undo_removes_the_copies_when_asked_to_once_the_upload_is_back(
    scene: Scene, library: Path, source: Path
) -> None:
    plan, asset_id = backup(scene, library, source)
    outcome = scene.apply(plan)
    undone = undo(scene, outcome.run_id, remove_copies=True)
    assert not undone.failures and not undone.plan.skips
    assert tree(library) == BEFORE and not scene.is_trashed(asset_id)
    assert {skip.reason for skip in undo_plan(find_run(scene.folder, run_of(undone)), scene.immich).skips} == {
        f"the file {library}/Trip/{name} stays removed" for name in ("IMG_1.jpg", "IMG_1.jpg.xmp")
    }


@pytest.mark.parametrize("options", [(), ("--remove-copies",)], ids=["without", "with"])
def test_the_command_removes_copies_only_with_its_option(
    scene: Scene, library: Path, source: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    plan, asset_id = backup(scene, library, source)
    run_id = scene.apply(plan).run_id
    with scene.sandbox.serve() as url:
        shell = CommandLine(url, scene.sandbox.admin_key, tmp_path, waits_by=scene.sandbox.clock)
        shown = shell.toolkit("undo", str(run_id), "--yes", "--journal-folder", str(scene.folder), *options)
    assert shown.code == 0, shown.err
    assert tree(library) == (BEFORE if options else AFTER) and not scene.is_trashed(asset_id)
    assert ("remove files" in shown.out) is bool(options)
    assert (f"{library}/Trip/IMG_1.jpg stays" in shown.out) is not bool(options)


def alter(target: Path, scene: Scene, asset_id: str) -> None:
    target.write_bytes(b"worked on")


def replace_by_link(target: Path, scene: Scene, asset_id: str) -> None:
    target.rename(target.with_name("moved.jpg"))
    target.symlink_to(target.with_name("moved.jpg"))


def lose_the_original(target: Path, scene: Scene, asset_id: str) -> None:
    scene.sandbox.state.assets[asset_id].is_offline = True


def purge_the_original(target: Path, scene: Scene, asset_id: str) -> None:
    scene.sandbox.state.remove_asset(scene.sandbox.state.assets[asset_id], delete_files=False)


def trash_the_original(target: Path, scene: Scene, asset_id: str) -> None:
    scene.sandbox.state.assets[asset_id].deleted_at = NOON


@pytest.mark.parametrize(
    "happen",
    [alter, replace_by_link, lose_the_original, purge_the_original, trash_the_original],
    ids=lambda each: each.__name__,
)
def test_a_copy_stays_when_it_is_not_the_same_or_may_be_the_last(
    scene: Scene, library: Path, source: Path, happen: Callable[[Path, Scene, str], None]
) -> None:
    asset_id = scene.sandbox.add_asset(content=CONTENT)
    outcome = carry_out(scene, copy_of(asset_id, library, "Trip/IMG_1.jpg", CONTENT, source))
    happen(library / "Trip" / "IMG_1.jpg", scene, asset_id)
    before = tree(library)
    undone = undo(scene, outcome.run_id, remove_copies=True)
    assert list(statuses(undone).values()) == [Status.STALE]
    assert tree(library) == before


def test_a_copy_on_a_disk_that_is_not_there_is_not_taken_for_removed(scene: Scene, library: Path, source: Path) -> None:
    outcome = carry_out(scene, copy_of(scene.sandbox.add_asset(), library, "a.jpg", CONTENT, source))
    library.rename(library.with_name("unmounted"))
    assert list(statuses(undo(scene, outcome.run_id, remove_copies=True)).values()) == [Status.FAILED]


def test_a_download_that_breaks_off_goes_on(scene: Scene, library: Path) -> None:
    large = os.urandom(3 << 20)
    asset_id = scene.sandbox.add_asset(content=large)
    scene.sandbox.set_faults(Faults(failure_rate=0.3, seed=3, kinds=(FaultKind.RESET_BEFORE, FaultKind.BAD_GATEWAY)))
    assert scene.immich.me.id and scene.immich.version
    outcome = carry_out(scene, copy_of(asset_id, library, "large.mov", large))
    assert statuses(outcome) == {"1": Status.DONE} and tree(library)["large.mov"] == large


def test_a_server_that_goes_away_during_downloads_leaves_a_run_to_resume(scene: Scene, library: Path) -> None:
    ids = [scene.sandbox.add_asset(content=CONTENT) for _number in range(12)]
    plan = scene.plan(*(Change(name, copy_of(name, library, f"{name}.jpg", CONTENT)) for name in ids))
    seen: list[Asked] = []

    def die(number: int, asked: Asked) -> None:
        if asked.path.endswith("/original"):
            seen.append(asked)
            if len(seen) == 6:
                scene.sandbox.set_faults(Faults(at=dict.fromkeys(range(1, 500), FaultKind.REFUSED_CONNECTION)))

    scene.sandbox.before = die
    outcome = scene.apply(plan)
    assert outcome.unfinished
    done = [name for name, status in statuses(outcome).items() if status is Status.DONE]
    assert tree(library) == BEFORE | {f"{name}.jpg": CONTENT for name in done}
    scene.sandbox.before = lambda number, asked: None
    scene.sandbox.set_faults(None)
    resumed = resume(find_run(scene.folder, run_of(outcome)), scene.immich)
    assert set(statuses(resumed).values()) == {Status.DONE}
    assert tree(library) == BEFORE | {f"{name}.jpg": CONTENT for name in ids}


def test_one_file_that_cannot_be_had_does_not_keep_the_others_back(scene: Scene, library: Path) -> None:
    ids = [scene.sandbox.add_asset(content=None if number == 1 else CONTENT) for number in range(3)]
    outcome = scene.apply(scene.plan(*(Change(name, copy_of(name, library, f"{name}.jpg", CONTENT)) for name in ids)))
    assert [statuses(outcome)[name] for name in ids] == [Status.DONE, Status.FAILED, Status.DONE]
    assert not outcome.unfinished


def test_an_interruption_leaves_no_half_file_and_a_run_to_resume(
    scene: Scene, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("immich_tools.plan.executor.TICK", 0.001)
    large = os.urandom(64 << 20)
    source = write(tmp_path / "large.mov", large)
    plan = scene.plan(Change("1", copy_of(scene.sandbox.add_asset(), library, "large.mov", large, source)))

    def interrupt(progress: Progress) -> None:
        if progress.bytes_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.apply(plan, progress=interrupt)
    assert tree(library).keys() <= {"Trip/theirs.jpg", "large.mov"}
    assert not list(library.glob(".immich-toolkit-*"))
    assert statuses(resume(find_run(scene.folder, "last"), scene.immich)) == {"1": Status.DONE}
    assert tree(library)["large.mov"] == large


def test_a_plan_is_shown_with_its_files(scene: Scene, library: Path, source: Path) -> None:
    plan, asset_id = backup(scene, library, source)
    assert "1 file, 10.2 kB" in summary(plan) and "write files" in summary(plan)
    page = io.StringIO()
    print_plan(plan, Console(file=page, width=200))
    copy, sidecar, trash, *_rest = page.getvalue().splitlines()
    assert copy.split() == ["copy", asset_id, "to", f"{library}/Trip/IMG_1.jpg"]
    assert sidecar.split() == ["write", f"{library}/Trip/IMG_1.jpg.xmp"] and trash.split() == ["trash", asset_id]


@pytest.mark.parametrize("ending", ["resume", "undo"])
def test_a_run_killed_at_any_line_is_resumed_or_undone(tmp_path: Path, ending: str) -> None:
    """Never an overwritten or half file, never an upload in the trash without its copy, nothing left over."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.plan.files_killed", str(tmp_path), ending],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["deaths"] > 30
    assert told["left"] > 2, "no run died while it was writing"
    assert 0 < told["copied"] < told["deaths"], "no run died before its copy was there, or none after"


def test_a_journal_that_cannot_be_written_any_more_stops_the_copies(
    scene: Scene, library: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(journal: Journal, results: Mapping[str, Result]) -> None:
        if results:
            raise JournalWriteError("the disk of the journals is full")

    asset_id = scene.sandbox.add_asset()
    names = [f"{number}.jpg" for number in range(40)]
    plan = scene.plan(*(Change(name, copy_of(asset_id, library, name, CONTENT, source)) for name in names))
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "conclude", fail)
        outcome = scene.apply(plan)
    copied = tree(library).keys() - BEFORE.keys()
    assert outcome.unfinished and len(copied) < len(names)
    assert copied == {name for name, status in statuses(outcome).items() if status is Status.DONE}
    assert set(statuses(resume(find_run(scene.folder, run_of(outcome)), scene.immich)).values()) == {Status.DONE}
    assert tree(library).keys() - BEFORE.keys() == set(names)
