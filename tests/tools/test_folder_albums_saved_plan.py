"""A plan as a document: saved, read, edited by hand, and carried out as far as it is still true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders


@pytest.fixture
def three(folders: Folders) -> Folders:
    """Three folders, of which one is kept in the archive."""
    folders.files("Rome/a.jpg", "Rome/b.jpg", "Paris/c.jpg", "Oslo/d.jpg")
    folders.properties("Paris", "visibility: archive\n")
    return folders


@pytest.fixture
def plan(three: Folders, shell: CommandLine) -> Path:
    """The saved plan."""
    path = shell.folder / "plan.json"
    arguments = ("-r", three.root, "--read-album-properties", "-O", "asc", "--save-plan", str(path))
    result = shell.folder_albums(*arguments)
    assert result.code == ExitCode.DONE, result.err
    assert str(path) in result.err
    return path


def changes(path: Path) -> list[dict[str, Any]]:
    """The changes in a plan document."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["changes"]
    return found


def delete_line(path: Path, change_id: str) -> None:
    """Delete the line of a change, as somebody would with an editor."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if f'"id": "{change_id}"' not in line]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept), encoding="utf-8")


def test_saving_writes_nothing_to_the_server_and_no_secret_to_the_file(three: Folders, plan: Path) -> None:
    assert three.state().albums == ()
    assert three.server.key not in plan.read_text(encoding="utf-8")


def test_the_whole_plan(three: Folders, shell: CommandLine, plan: Path) -> None:
    before = three.state()

    result = shell.toolkit("apply", str(plan), "--yes")

    assert result.code == ExitCode.DONE, result.err + result.out
    state = three.state()
    assert state.members() == {"Oslo": ["Oslo/d.jpg"], "Paris": ["Paris/c.jpg"], "Rome": ["Rome/a.jpg", "Rome/b.jpg"]}
    assert {album["order"] for album in state.albums} == {"asc"}
    assert state.assets["Paris/c.jpg"]["visibility"] == "archive"
    again = shell.folder_albums("-r", three.root, "--read-album-properties", "-O", "asc", "--apply")
    assert "Nothing to do" in again.err
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert three.state() == before


def test_an_album_that_was_deleted_from_the_plan_is_not_made(three: Folders, shell: CommandLine, plan: Path) -> None:
    delete_line(plan, "create:Rome")

    assert shell.toolkit("apply", str(plan), "--yes").code == ExitCode.DONE

    assert set(three.state().members()) == {"Oslo", "Paris"}


def test_files_are_not_archived_without_the_album_that_they_were_to_be_in(
    three: Folders, shell: CommandLine, plan: Path
) -> None:
    delete_line(plan, "create:Paris")

    result = shell.toolkit("apply", str(plan), "--yes")

    assert {asset["visibility"] for asset in three.state().assets.values()} == {"timeline"}, result.out
    assert set(three.state().members()) == {"Oslo", "Rome"}


def test_what_came_since_is_left_for_the_next_run(three: Folders, shell: CommandLine, plan: Path) -> None:
    """Of an album that would be made otherwise now, nothing is made: the file does not say how."""
    three.files("Bern/e.jpg")

    assert shell.toolkit("apply", str(plan), "--yes").code == ExitCode.DONE

    assert set(three.state().members()) == {"Oslo", "Paris", "Rome"}


def test_an_album_that_somebody_made_meanwhile_is_not_made_twice(
    three: Folders, shell: CommandLine, plan: Path
) -> None:
    three.server.album("Rome", "Rome/a.jpg")

    result = shell.toolkit("apply", str(plan), "--yes")

    assert result.code == ExitCode.DONE, result.err + result.out
    assert three.state().members()["Rome"] == ["Rome/a.jpg"]
    assert "Rome" in result.out


def test_a_removal_in_the_file_is_done_only_while_it_is_true(three: Folders, shell: CommandLine, plan: Path) -> None:
    assert shell.toolkit("apply", str(plan), "--yes").code == ExitCode.DONE
    three.properties("Rome", "override_name: Oslo\n")
    path = shell.folder / "removals.json"
    arguments = ("-r", three.root, "--read-album-properties", "--sync-removals", "--save-plan", str(path))
    assert shell.folder_albums(*arguments).code == ExitCode.DONE
    assert {change["action"]["do"] for change in changes(path)} >= {"remove-from-album", "add-to-album"}
    (three.path / "Rome/.albumprops").unlink()

    result = shell.toolkit("apply", str(path), "--yes")

    assert result.code == ExitCode.DONE, result.err
    assert "Nothing of the plan is still true" in result.err
    assert three.state().members()["Rome"] == ["Rome/a.jpg", "Rome/b.jpg"]


@pytest.mark.parametrize(
    ("name", "value"), [("mode", "CREAT"), ("album_levels", "0"), ("root_path", []), ("root_path", "/x"), ("surprise", 1)]
)  # fmt: skip
def test_options_in_the_file_are_checked_as_strictly_as_elsewhere(
    three: Folders, shell: CommandLine, plan: Path, name: str, value: object
) -> None:
    document = json.loads(plan.read_text(encoding="utf-8"))
    document["options"][name] = value
    plan.write_text(json.dumps(document), encoding="utf-8")

    result = shell.toolkit("apply", str(plan), "--yes")

    assert result.code == ExitCode.USAGE
    assert len(result.err.splitlines()) == 1
    assert three.state().albums == ()
