"""A removal that rests on files of this computer is only sent while they are as it claims: looked at again right before each request."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from immich_tools.errors import UsageError
from immich_tools.plan.claims import AliveRoot, Claim, FilesMissing
from immich_tools.plan.confirm import confirm
from immich_tools.plan.effects.assets import RestoreAssets, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.execute import resume
from immich_tools.plan.executor import Progress
from immich_tools.plan.journal import find_run
from immich_tools.plan.journal_writer import Journal
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.plan.storage import dump_plan, load_plan, plan_from_json, plan_to_json
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import FaultKind, Faults
from tests.plan.files import digest, holds, missing, write
from tests.plan.scene import Asked, Scene, run_of, statuses

CONTENT = b"a photo"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A disk with a marker and a file that is there."""
    root = tmp_path / "photos"
    write(root / ".immich", b"")
    write(root / "2024" / "there.jpg")
    return root


def trash(scene: Scene, *claims: Claim) -> Change:
    asset_id = scene.sandbox.add_asset()
    return Change(f"trash:{asset_id}", TrashAssets((asset_id,), claims=claims))


def trashing(scene: Scene) -> list[Asked]:
    return [asked for asked in scene.sandbox.writes() if asked.method == "DELETE"]


def reasons(outcome: Outcome) -> str:
    return "\n".join(result.reason for result in outcome.results.values())


def test_assets_whose_files_are_missing_on_a_living_disk_are_trashed(scene: Scene, root: Path) -> None:
    device = root.stat().st_dev
    changes = [trash(scene, missing(root, f"2024/{name}.jpg", has_marker=True, device=device)) for name in "abc"]
    outcome = scene.apply(scene.plan(*changes))
    assert set(statuses(outcome).values()) == {Status.DONE}
    assert len(trashing(scene)) == 1


def vanish(root: Path) -> None:
    shutil.rmtree(root)


def become_empty(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def become_another(root: Path) -> None:
    """Something else is mounted there, with files of its own and a marker."""
    become_empty(root)
    write(root / ".immich", b"")
    write(root / "other.jpg")


def lose_the_marker(root: Path) -> None:
    (root / ".immich").unlink()


def come_back(root: Path) -> None:
    write(root / "2024" / "gone.jpg")


def come_back_in_capitals(root: Path) -> None:
    write(root / "2024" / "GONE.JPG")


def become_a_folder(root: Path) -> None:
    (root / "2024" / "gone.jpg").mkdir()


def become_a_dangling_link(root: Path) -> None:
    (root / "2024" / "gone.jpg").symlink_to(root / "nowhere")


MEANWHILE: dict[Callable[[Path], None], str] = {
    vanish: "not proven to be there",
    become_empty: "not proven to be there",
    become_another: "not proven to be there",
    lose_the_marker: "marker",
    come_back: "is there",
    come_back_in_capitals: "is there as",
    become_a_folder: "is not known",
    become_a_dangling_link: "is not known",
}


@pytest.mark.parametrize("happen", MEANWHILE, ids=lambda happen: happen.__name__)
def test_what_happens_between_plan_and_apply_saves_the_asset(
    scene: Scene, root: Path, happen: Callable[[Path], None]
) -> None:
    plan = scene.plan(trash(scene, missing(root, "2024/gone.jpg", has_marker=True)))
    happen(root)
    outcome = scene.apply(plan)
    assert set(statuses(outcome).values()) == {Status.STALE} and outcome.exit_code == 0
    assert MEANWHILE[happen] in reasons(outcome)
    assert not scene.sandbox.writes()


def test_an_original_that_the_server_has_moved_is_not_missing(scene: Scene, root: Path) -> None:
    """The storage template changed while the run looked for the file where it was before."""
    moved, gone = trash(scene), trash(scene)
    changes = []
    for change in (moved, gone):
        (asset_id,) = change.action.assets
        claim = missing(root, f"2024/{asset_id}.jpg")
        asset = scene.sandbox.state.assets[asset_id]
        changes.append(
            evolve(
                change, action=TrashAssets((asset_id,), claims=(evolve(claim, server_paths=(asset.original_path,)),))
            )
        )
    plan = scene.plan(*changes)
    scene.sandbox.state.assets[moved.action.assets[0]].original_path = "/data/library/2024/renamed.jpg"
    outcome = scene.apply(plan)
    assert statuses(outcome) == {moved.id: Status.STALE, gone.id: Status.DONE}
    assert "is now called /data/library/2024/renamed.jpg" in reasons(outcome)


def test_another_device_than_planned_is_not_believed(scene: Scene, root: Path) -> None:
    outcome = scene.apply(scene.plan(trash(scene, missing(root, "2024/gone.jpg", device=root.stat().st_dev + 1))))
    assert set(statuses(outcome).values()) == {Status.STALE} and not scene.sandbox.writes()


def test_a_unit_stays_as_a_whole_when_one_of_its_files_is_back(scene: Scene, root: Path) -> None:
    still, video = scene.sandbox.add_asset(), scene.sandbox.add_asset()
    claim = missing(root, "2024/gone.jpg", "2024/gone.mov")
    plan = scene.plan(Change("unit", TrashAssets((still, video), claims=(claim,))))
    write(root / "2024" / "gone.mov")
    assert statuses(scene.apply(plan)) == {"unit": Status.STALE}
    assert not scene.sandbox.writes()


def test_others_of_the_batch_go_on_unless_their_root_is_the_one_in_doubt(
    scene: Scene, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    here = [trash(scene, missing(root, f"2024/{name}.jpg")) for name in "ab"]
    there = [trash(scene, missing(other, f"2024/{name}.jpg")) for name in "ab"]
    free = trash(scene)
    plan = scene.plan(*here, *there, free)
    vanish(root)
    write(other / "2024" / "b.jpg")
    outcome = scene.apply(plan)
    assert [statuses(outcome)[change.id] for change in (*here, *there, free)] == [
        *(Status.STALE, Status.STALE),
        *(Status.DONE, Status.STALE),
        Status.DONE,
    ]


def test_a_disk_inside_the_root_needs_a_witness_of_its_own(scene: Scene, root: Path) -> None:
    """Other claims' witnesses prove the root, but not the folder that another disk is mounted on."""
    inner = write(root / "inner" / "there.jpg")
    outside = trash(scene, missing(root, "2024/gone.jpg"))
    inside = trash(scene, FilesMissing((str(root / "inner" / "gone.jpg"),), AliveRoot(str(root), (str(inner),))))
    plan = scene.plan(outside, inside)
    shutil.rmtree(root / "inner")
    outcome = scene.apply(plan)
    assert statuses(outcome) == {outside.id: Status.DONE, inside.id: Status.STALE}


def test_a_file_that_comes_back_during_the_run_saves_its_asset(scene: Scene, root: Path) -> None:
    changes = [trash(scene, missing(root, f"2024/{name}.jpg")) for name in "abcd"]
    plan = scene.plan(*changes)

    def after(number: int, asked: Asked) -> None:
        if asked.method == "DELETE":
            write(root / "2024" / "c.jpg")

    scene.sandbox.after = after
    outcome = scene.apply(plan, batch_size=2)
    assert [statuses(outcome)[change.id] for change in changes] == [
        *(Status.DONE, Status.DONE),
        *(Status.STALE, Status.DONE),
    ]


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.BAD_GATEWAY, FaultKind.REFUSED_CONNECTION])
def test_nothing_is_sent_a_second_time_without_another_look(scene: Scene, root: Path, kind: FaultKind) -> None:
    plan = scene.plan(trash(scene, missing(root, "2024/gone.jpg")))
    tries: list[Asked] = []

    def before(number: int, asked: Asked) -> None:
        if asked.method == "DELETE":
            tries.append(asked)
            vanish(root)
            scene.sandbox.set_faults(Faults(at={1: kind}))

    scene.sandbox.before = before
    outcome = scene.apply(plan)
    assert len(tries) == 1 and set(statuses(outcome).values()) == {Status.STALE}


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.BAD_GATEWAY])
def test_what_still_holds_is_sent_again(scene: Scene, root: Path, kind: FaultKind) -> None:
    plan = scene.plan(trash(scene, missing(root, "2024/gone.jpg")))
    tries: list[Asked] = []

    def before(number: int, asked: Asked) -> None:
        if asked.method == "DELETE":
            tries.append(asked)
            scene.sandbox.set_faults(Faults(at={1: kind}) if len(tries) == 1 else None)

    scene.sandbox.before = before
    assert set(statuses(scene.apply(plan)).values()) == {Status.DONE}
    assert len(tries) == 2


def test_a_run_that_is_resumed_looks_again(scene: Scene, root: Path) -> None:
    plan = scene.plan(trash(scene, missing(root, "2024/gone.jpg")))

    def die(number: int, asked: Asked) -> None:
        if asked.method == "DELETE":
            scene.sandbox.set_faults(Faults(at=dict.fromkeys(range(1, 500), FaultKind.REFUSED_CONNECTION)))

    scene.sandbox.before = die
    outcome = scene.apply(plan)
    assert outcome.unfinished
    scene.sandbox.before = lambda number, asked: None
    scene.sandbox.set_faults(None)
    vanish(root)
    resumed = resume(find_run(scene.folder, run_of(outcome)), scene.immich)
    assert set(statuses(resumed).values()) == {Status.STALE}
    assert not any(asset.deleted_at for asset in scene.sandbox.state.assets.values())


def test_undoing_an_undo_looks_again(scene: Scene, root: Path) -> None:
    plan = scene.plan(trash(scene, missing(root, "2024/gone.jpg")))
    undone = scene.undo(scene.apply(plan).run_id)
    (restore,) = undone.plan.changes
    assert isinstance(restore.action, RestoreAssets) and restore.action.claims
    come_back(root)
    assert set(statuses(scene.undo(undone.run_id)).values()) == {Status.STALE}


def test_one_listing_for_each_folder_not_one_look_for_each_asset(
    scene: Scene, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[object] = []
    scandir: Callable[[Any], Any] = os.scandir

    def counting(folder: Any) -> Any:
        listed.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counting)
    for folder in ("2021", "2022", "2023"):
        write(root / folder / "there.jpg")
    names = [f"{2021 + number % 3}/{number}.jpg" for number in range(90)]
    outcome = scene.apply(scene.plan(*(trash(scene, missing(root, name)) for name in names)))
    assert set(statuses(outcome).values()) == {Status.DONE}
    # Three folders and the witness's, the root before and after, and the folders above when names in other forms are looked for.
    assert len(listed) < 15


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder with a proven copy."""
    write(tmp_path / "original.jpg", CONTENT)
    write(tmp_path / "library" / "Trip" / "copy.jpg", CONTENT)
    return tmp_path / "library"


def alter(library: Path) -> None:
    write(library / "Trip" / "copy.jpg", b"A photo")


def alter_and_hide_it(library: Path) -> None:
    path = library / "Trip" / "copy.jpg"
    before = path.stat()
    path.write_bytes(b"A photo")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(library: Path) -> None:
    new = write(library / "new", b"A photo")
    new.replace(library / "Trip" / "copy.jpg")


def truncate(library: Path) -> None:
    os.truncate(library / "Trip" / "copy.jpg", 3)


def remove(library: Path) -> None:
    (library / "Trip" / "copy.jpg").unlink()


def link_to_the_original(library: Path) -> None:
    remove(library)
    (library / "Trip" / "copy.jpg").symlink_to(library.parent / "original.jpg")


def link_the_folder(library: Path) -> None:
    (library / "Trip").rename(library.parent / "elsewhere")
    (library / "Trip").symlink_to(library.parent / "elsewhere")


def unmount(library: Path) -> None:
    shutil.rmtree(library)


DAMAGES = (*(alter, alter_and_hide_it, replace, truncate, remove, link_to_the_original, link_the_folder, unmount),)


def test_an_asset_whose_copy_is_proven_is_trashed(scene: Scene, library: Path) -> None:
    plan = scene.plan(trash(scene, holds(library, "Trip/copy.jpg", CONTENT)))
    seen: list[Progress] = []
    assert set(statuses(scene.apply(plan, progress=seen.append)).values()) == {Status.DONE}
    assert (seen[0].bytes_done, seen[-1].bytes_done, seen[-1].bytes_total) == (0, len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_an_asset_whose_copy_is_not_the_same_any_more_stays(
    scene: Scene, library: Path, damage: Callable[[Path], None]
) -> None:
    plan = scene.plan(trash(scene, holds(library, "Trip/copy.jpg", CONTENT)), trash(scene))
    damage(library)
    assert list(statuses(scene.apply(plan)).values()).count(Status.STALE) == 1
    assert [len(asked.body["ids"]) for asked in trashing(scene)] == [1]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_copy_that_is_damaged_after_it_was_read_saves_the_asset_too(
    scene: Scene, library: Path, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line in the journal is written between the reading and the request."""
    intend = Journal.intend

    def damaging(journal: Journal, change_ids: Iterable[str]) -> None:
        damage(library)
        intend(journal, change_ids)

    monkeypatch.setattr(Journal, "intend", damaging)
    outcome = scene.apply(scene.plan(trash(scene, holds(library, "Trip/copy.jpg", CONTENT))))
    assert set(statuses(outcome).values()) == {Status.STALE}
    assert not scene.sandbox.writes()


def test_reading_the_copies_can_be_interrupted_before_anything_is_sent(
    scene: Scene, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("immich_tools.plan.executor.TICK", 0.001)
    large = bytes(64 << 20)
    write(library / "large.mov", large)
    plan = scene.plan(trash(scene, holds(library, "large.mov", large)))

    def interrupt(progress: Progress) -> None:
        if progress.bytes_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.apply(plan, progress=interrupt)
    assert not scene.sandbox.writes()
    assert set(statuses(resume(find_run(scene.folder, "last"), scene.immich)).values()) == {Status.DONE}


def test_documents_and_journals_hold_the_claims(scene: Scene, root: Path, library: Path) -> None:
    claims = (
        missing(root, "2024/gone.jpg", has_marker=True, device=7),
        holds(library, "Trip/copy.jpg", CONTENT),
    )
    plan = scene.plan(trash(scene, *claims))
    path = root.parent / "plan.json"
    plan.save(path)
    assert load_plan(path) == plan
    assert dump_plan(load_plan(path)) == dump_plan(plan)
    outcome = scene.apply(plan)
    written = find_run(scene.folder, run_of(outcome)).plan.changes[0].action
    assert isinstance(written, TrashAssets) and written.claims == claims
    assert isinstance(written.claims[0], FilesMissing) and written.claims[0].root.witnesses


def test_a_saved_plan_is_carried_out_with_the_witnesses_of_now_but_only_for_the_same_files(
    scene: Scene, root: Path
) -> None:
    saved = scene.plan(trash(scene, missing(root, "2024/gone.jpg")))
    action = saved.changes[0].action
    assert isinstance(action, TrashAssets) and isinstance(action.claims[0], FilesMissing)

    def fresh(claim: FilesMissing) -> Plan:
        return evolve(saved, changes=(evolve(saved.changes[0], action=evolve(action, claims=(claim,))),))

    now = evolve(action.claims[0], root=AliveRoot(str(root), (str(root / "new.jpg"),)))
    confirmed, fallen = confirm(saved, fresh(now))
    assert not fallen and plan_to_json(confirmed) == plan_to_json(fresh(now))
    for other in (missing(root, "2024/other.jpg"), missing(root, "2024/gone.jpg", device=1)):
        confirmed, fallen = confirm(saved, fresh(other))
        assert not confirmed.changes and len(fallen) == 1


def alive(**values: Any) -> dict[str, Any]:
    return {"folder": "/photos", "witnesses": ["/photos/there.jpg"], "has_marker": False, "device": None} | values


def absent(**values: Any) -> dict[str, Any]:
    return {
        "claim": "files-missing",
        "paths": ["/photos/gone.jpg"],
        "root": alive(),
        "server_paths": ["/data/gone.jpg"],
    } | values


def held(**values: Any) -> dict[str, Any]:
    return {"claim": "file-holds", "folder": "/ext", "relative": "a.jpg", "size": 1, "sha1": digest(b"a")} | values


@pytest.mark.parametrize(
    "claim",
    [
        "files-missing",
        {"claim": "file-is-nice"},
        absent(paths=[]),
        absent(paths=["/elsewhere/gone.jpg"]),
        absent(paths=["/photos/../gone.jpg"]),
        absent(paths="/photos/gone.jpg"),
        absent(root=None),
        absent(root="/photos"),
        absent(root=alive(witnesses=[])),
        absent(root=alive(witnesses=["/elsewhere/there.jpg"])),
        absent(root=alive(device="1")),
        absent(root=alive(folder="photos")),
        held(relative="../a.jpg"),
        held(relative="/a.jpg"),
        held(folder="ext"),
        held(size=-1),
        held(size="1"),
        held(sha1="A" * 40),
        held(more=1),
    ],
)
def test_a_document_with_a_damaged_claim_is_refused(claim: object) -> None:
    plan = Plan("tool", "me", "3.1.0", 9, (Change("t", TrashAssets(("x",))),))
    document = plan_to_json(plan)
    document["changes"][0]["action"]["claims"] = [claim]
    with pytest.raises(UsageError, match="damaged"):
        plan_from_json(document)


@pytest.mark.parametrize("claim", [absent(), held()])
def test_a_document_with_a_whole_claim_is_read(claim: object) -> None:
    plan = Plan("tool", "me", "3.1.0", 9, (Change("t", TrashAssets(("x",))),))
    document = plan_to_json(plan)
    document["changes"][0]["action"]["claims"] = [claim]
    assert plan_to_json(plan_from_json(document)) == document


def test_an_undo_of_what_fell_away_has_nothing_to_do(scene: Scene, root: Path) -> None:
    plan = scene.plan(trash(scene, missing(root, "2024/gone.jpg")))
    come_back(root)
    outcome = scene.apply(plan)
    assert undo_plan(find_run(scene.folder, run_of(outcome)), scene.immich).changes == ()
