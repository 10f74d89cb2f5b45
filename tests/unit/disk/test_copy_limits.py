"""Real refusals of the system, met by processes that are limited: by the size of their files, or by being somebody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PROGRAM = """
import os, resource, sys
from pathlib import Path
from immich_tools.disk.copy import copy_file
from immich_tools.disk.place import Place
from immich_tools.disk.space import why_unreadable, why_unwritable
from immich_tools.errors import FileFailed

limit, source, root = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
elif os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(why_unreadable(source) or why_unwritable(root / "a"))
try:
    copy_file(source, Place(root, "a/b.jpg"))
except FileFailed as error:
    print(error)
"""

LEFT_OVER = """
import os, sys
from pathlib import Path
from immich_tools.disk.copy import clean_up
from immich_tools.disk.place import Place

if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
left = Path(sys.argv[1], ".immich-toolkit-0123456789abcdef.part")
left.touch(0o440)
print(clean_up(Place(left.parent, "b.jpg")) == [left])
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own belong to the one who runs it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "root").mkdir(mode=0o777)
        (folder / "root").chmod(0o777)
        (folder / "source.jpg").write_bytes(b"x" * 100_000)
        yield folder


def attempt(folder: Path, *, limit: int = 0) -> list[str]:
    """What the checks of a dry run say, and what the copy says."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(limit), folder / "source.jpg", folder / "root"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def left(folder: Path) -> list[Path]:
    """Files in the target."""
    return [path for path in (folder / "root").rglob("*") if path.is_file()]


def test_a_file_that_does_not_fit_leaves_nothing(open_folder: Path) -> None:
    before, copying = attempt(open_folder, limit=50_000)
    assert before == "None"
    assert copying.endswith("b.jpg: the file system does not take files that large.")
    assert not left(open_folder)


def test_a_source_of_another_user(open_folder: Path) -> None:
    (open_folder / "source.jpg").chmod(0)
    before, copying = attempt(open_folder)
    assert before == copying
    assert "source.jpg: the user running this may not do that" in copying
    assert not left(open_folder)


@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_target_of_another_user(open_folder: Path, mode: int) -> None:
    root = open_folder / "root"
    root.chmod(mode)
    try:
        before, copying = attempt(open_folder)
        assert str(root) in before
        assert "the user running this may not do that" in before
        assert "the user running this may not do that" in copying
    finally:
        root.chmod(0o777)
    assert not left(open_folder)


def test_a_left_over_that_may_only_be_read_goes(open_folder: Path) -> None:
    """Its run was killed when it had its mode, and not yet its name."""
    done = subprocess.run(
        [sys.executable, "-c", LEFT_OVER, open_folder / "root"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n" and not left(open_folder)
