"""What the previous version wrote is read, and means the same: see `previous/README.md`."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.errors import UsageError
from immich_tools.faceless_album.memory import remembered
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.missing_originals.memory import Memory
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.state import read_memory, write_memory
from immich_tools.plan.effects import KINDS
from immich_tools.plan.execute import resume
from immich_tools.plan.journal import Run, find_run, read_run, runs
from immich_tools.plan.result import Result, Status
from immich_tools.plan.storage import load_plan
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import Dialect
from immich_tools.service.health import Health, HealthFile, JobHealth
from immich_tools.settings.documents import from_document, to_document
from tests.plan.scene import Scene, statuses

PREVIOUS: Final = Path(__file__).parent / "previous"
IDS: Final[dict[str, str]] = json.loads((PREVIOUS / "ids.json").read_text())
NOON: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)


def id_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The library that the previous version worked on, and copies of its journals that name it."""
    scene = Scene(Dialect.V3, tmp_path / "runs")
    sandbox = scene.sandbox
    for number in range(1, 5):
        description = "the sea" if number == 2 else ""
        duplicate_id = id_of(90) if number < 4 else None
        sandbox.add_asset(id=id_of(number), duplicate_id=duplicate_id, description=description)
    sandbox.add_album("Trip", id=id_of(80), asset_ids=[id_of(2)])
    sandbox.add_album("Old", id=id_of(81), asset_ids=[id_of(3), id_of(4)])
    tag = sandbox.add_tag("sea", asset_ids=[id_of(2)])
    sandbox.add_tag("found")
    shutil.copytree(PREVIOUS / "runs", scene.folder)
    rename(scene.folder, {IDS["user"]: scene.user_id, IDS["tag"]: tag})
    return scene


def rename(folder: Path, ids: dict[str, str]) -> None:
    for path in folder.glob("*.jsonl"):
        text = path.read_text()
        for old, new in ids.items():
            text = text.replace(old, new)
        path.write_text(text)


def previous(name: str) -> Run:
    return read_run(PREVIOUS / "runs" / f"{IDS[name]}.jsonl")


def is_within(old: Any, new: Any) -> bool:
    """Whether all that is in one JSON value is in another, which may have more fields."""
    if isinstance(old, dict):
        return all(name in new and is_within(value, new[name]) for name, value in old.items())
    if isinstance(old, list):
        return len(old) == len(new) and all(map(is_within, old, new))
    return bool(old == new)


def test_a_plan_of_every_kind_of_effect_is_read_and_written_back(tmp_path: Path) -> None:
    plan = load_plan(PREVIOUS / "plan.json")
    assert {change.action.kind for change in plan.changes} == set(KINDS) - {"link-motion-video"}, "a kind that is newer"
    plan.save(tmp_path / "plan.json")
    old, new = [path.read_text() for path in (PREVIOUS / "plan.json", tmp_path / "plan.json")]
    assert is_within(json.loads(old), json.loads(new)) and old.count("\n") == new.count("\n")


def test_a_finished_journal_tells_what_came_of_every_change_and_what_was_there_before() -> None:
    run = previous("finished")
    assert run.finished and not run.open_changes
    made = {"made": Result(Status.DONE, made=IDS["made"])}
    assert run.results == {change.id: Result(Status.DONE) for change in run.plan.changes} | made
    assert run.albums_before["made"] == {id_of(80), id_of(81)}
    assert run.gone == {"gone": (id_of(3),)}
    assert run.made_tags == {"tags": {"found/here"}} and run.carried == {"tags": ()}


def test_an_undo_names_the_run_that_it_undoes(scene: Scene) -> None:
    undo = find_run(scene.folder, IDS["undo"])
    assert undo.undoes == IDS["finished"] and undo.finished
    with pytest.raises(UsageError, match="undone"):
        undo_plan(find_run(scene.folder, IDS["finished"]), scene.immich)


def test_a_finished_journal_can_be_undone(scene: Scene) -> None:
    (scene.folder / f"{IDS['undo']}.jsonl").unlink()
    run = find_run(scene.folder, IDS["finished"])
    before = scene.dump()
    done = scene.apply(run.plan, journal_folder=scene.folder.with_name("others"))
    assert set(statuses(done).values()) == {Status.DONE}
    rename(scene.folder, {IDS["made"]: done.results["made"].made})
    undone = scene.undo(run.id)
    assert all(result.status.is_settled for result in undone.results.values())
    after = scene.dump()
    assert after["assets"] == before["assets"] and after["tags"] == before["tags"]
    assert album_names(after) == album_names(before)


def album_names(dump: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Albums by name with their members; a deleted one that was brought back has another id."""
    return sorted((album["name"], sorted(album["assets"])) for album in dump["albums"].values())


@pytest.mark.parametrize("is_made", [False, True], ids=["request lost", "answer lost"])
def test_an_interrupted_journal_whose_last_line_is_torn_can_be_resumed(scene: Scene, is_made: bool) -> None:
    scene.sandbox.state.assets[id_of(1)].exif.description = "the sea"
    made = scene.sandbox.add_album("New", asset_ids=[id_of(1), id_of(4)]) if is_made else None
    run = find_run(scene.folder, IDS["interrupted"])
    assert not run.finished and run.open_changes == {"made"}
    assert run.results == {"field": Result(Status.DONE)}
    outcome = resume(run, scene.immich)
    assert set(statuses(outcome).values()) == {Status.DONE}
    assert made in (None, outcome.results["made"].made)
    assert scene.is_trashed(id_of(2)) and scene.is_trashed(id_of(3))
    ended = find_run(scene.folder, run.id)
    assert ended.finished and ended.results == outcome.results


def test_every_status_is_known() -> None:
    run = previous("statuses")
    order = (Status.DONE, Status.ALREADY, Status.FAILED, Status.NOT_DONE, Status.STALE, Status.UNKNOWN)
    told = {f"c{number}": Result(status, f"because {number}") for number, status in enumerate(order)}
    assert run.results == told | {"c0": Result(Status.DONE)}
    assert run.open_changes == {"c6"} and run.permanent == "delete 7"


def test_no_file_beside_the_journals_is_taken_for_one(tmp_path: Path) -> None:
    shutil.copytree(PREVIOUS / "runs", tmp_path, dirs_exist_ok=True)
    for name in (IDS["user"], IDS["finished"]):
        (tmp_path / f"{name}.lock").touch()
    assert {run.id for run in runs(tmp_path)} == {
        IDS[name] for name in ("finished", "undo", "interrupted", "statuses", "faceless")
    }


def test_a_faceless_album_is_remembered() -> None:
    options = from_document(FacelessAlbumOptions, previous("faceless").plan.options)
    memory = remembered(PREVIOUS / "runs", IDS["user"], options)
    made = IDS["faceless made"]
    assert memory.given == {made: {id_of(1), id_of(2)}, id_of(80): {id_of(3)}}


def test_the_options_of_every_tool_are_read_and_written_back() -> None:
    documents = json.loads((PREVIOUS / "options.json").read_text())
    kinds: dict[str, type[Any]] = {
        "album-backup": AlbumBackupOptions,
        "duplicates": DuplicatesOptions,
        "faceless-album": FacelessAlbumOptions,
        "folder-albums": FolderAlbumsOptions,
        "missing-originals": MissingOriginalsOptions,
    }
    assert documents.keys() == kinds.keys()
    for name, document in documents.items():
        written = to_document(from_document(kinds[name], document))
        assert {key: written[key] for key in document} == document, name


def test_what_missing_originals_saw_is_read_and_written_back_byte_for_byte(tmp_path: Path) -> None:
    memory = read_memory(PREVIOUS / "missing-originals.json")
    assert memory == Memory(missing={id_of(1): 2, id_of(2): 1}, devices={"/photos": 64, "/é": 65})
    write_memory(tmp_path / "memory.json", memory)
    assert (tmp_path / "memory.json").read_bytes() == (PREVIOUS / "missing-originals.json").read_bytes()


def test_the_health_of_jobs_is_read_and_written_back_byte_for_byte(tmp_path: Path) -> None:
    health = HealthFile(PREVIOUS / "health.json").read()
    failed = JobHealth().begun(NOON).ended(NOON, 1).begun(NOON)
    done = JobHealth(next_due="2026-05-01T13:00:00+00:00").begun(NOON).ended(NOON, 0)
    assert health == Health({"duplicates": done, "été": failed, "new": JobHealth()}, "http://nas:2283/api")
    HealthFile(tmp_path / "health.json").write(health)
    assert (tmp_path / "health.json").read_bytes() == (PREVIOUS / "health.json").read_bytes()
