"""Mounts that do not show names as the server has them: whole runs over a folder that shows other names than the server's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from immich_tools import missing_originals
from immich_tools.missing_originals import MissingOriginalsOptions
from tests.tools.folders import Folders
from tests.tools.originals import Originals

PLAIN = tuple(f"{year}/{number}.jpg" for year in (2023, 2024) for number in range(6))
ODD = ("Прага/1.jpg", "Прага/2.jpg", "2024/Größe.jpg")


@pytest.fixture
def mount(originals: Originals, folders: Folders, tmp_path: Path) -> Path:
    """Where this computer has the library of the server mounted; still empty."""
    originals.server.photo("upload.jpg")
    folders.files(*PLAIN, *ODD)
    originals.fill()
    return tmp_path / "mount"


def show(folders: Folders, mount: Path, shown: Callable[[str], str | None]) -> None:
    """Show files under the names that a function gives them; those of no name are left out."""
    for path in folders.path.rglob("*.jpg"):
        name = shown(str(path.relative_to(folders.path)))
        if name is not None:
            (mount / name).parent.mkdir(parents=True, exist_ok=True)
            (mount / name).write_bytes(path.read_bytes())


def question_marks(name: str) -> str:
    """A CIFS mount without ``iocharset=utf8``."""
    return "".join(each if each.isascii() else "?" for each in name)


def left_out(name: str) -> str | None:
    """A file system that skips what its character set lacks."""
    return name if name.isascii() else None


def mapped(folders: Folders, mount: Path) -> tuple[str, ...]:
    return ("--include-external", "--map", f"{folders.root}={mount}")


@pytest.mark.parametrize("shown", [question_marks, left_out])
def test_names_that_the_mount_does_not_show_are_unknown(
    originals: Originals, folders: Folders, mount: Path, shown: Callable[[str], str | None]
) -> None:
    show(folders, mount, shown)
    (mount / PLAIN[0]).unlink()
    result = originals.run("--apply", "--json", *mapped(folders, mount))
    assert originals.trashed() == {PLAIN[0]}
    codes = {
        key: line["code"] for line in result.lines() if line["message_type"] == "skip" for key in line["asset_ids"]
    }
    assert codes == dict.fromkeys((originals.server.ids[name] for name in ODD), "unknown")
    notes = " ".join(line["note"] for line in result.lines() if line["message_type"] == "note")
    assert f"{folders.root} shows no file with a character such as 'П', 'ß' in its name" in notes


def test_a_file_that_is_missing_among_others_of_its_kind_goes(
    originals: Originals, folders: Folders, mount: Path
) -> None:
    show(folders, mount, lambda name: name)
    (mount / ODD[0]).unlink()
    originals.run("--apply", *mapped(folders, mount))
    assert originals.trashed() == {ODD[0]}


def test_a_mount_that_changes_between_the_plan_and_its_requests(
    originals: Originals, folders: Folders, mount: Path
) -> None:
    """The last look before the trash keeps to the same rule."""
    show(folders, mount, lambda name: name)
    (mount / ODD[0]).unlink()
    (mount / PLAIN[0]).unlink()
    immich = originals.server.connect()
    options = MissingOriginalsOptions(
        map=(f"{originals.location}={originals.path}", f"{folders.root}={mount}"),
        include_external=True,
        recheck_delay=0,
        max_missing_ratio=1,
    )
    facts = missing_originals.gather(immich, options, journal_folder=originals.shell.journals)
    plan = missing_originals.make_plan(facts, options)
    assert len(plan.changes) == 2
    mount.rename(mount.with_name("unmounted"))
    show(folders, mount, left_out)
    (mount / PLAIN[0]).unlink()
    plan.apply(immich, journal_folder=originals.shell.journals)
    assert originals.trashed() == {PLAIN[0]}
