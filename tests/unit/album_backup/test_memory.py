"""What copies hold is remembered from one run to the next, and believed only while nothing touched them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.album_backup.files import KnownFiles, Mark, look_at_targets
from immich_tools.album_backup.memory import (
    contents_from_json,
    contents_to_json,
    memory_path,
    read_memory,
    write_memory,
)
from immich_tools.disk.content import Content
from immich_tools.disk.watch import Watch

HELD = b"a photo"


def looked(target: Path, memory: Path) -> tuple[Content | None, int]:
    """What the only file is found to hold, and how many bytes were read for that."""
    read: list[int] = []
    known = read_memory(memory)
    found = look_at_targets(str(target), ["Holiday"], {len(HELD)}, known, Watch(progress=read.append))
    write_memory(memory, known)
    (content,) = found.values()
    return content, sum(read)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    file = tmp_path / "archive/Holiday/a.jpg"
    file.parent.mkdir(parents=True)
    file.write_bytes(HELD)
    return file


def test_a_file_that_nobody_touched_is_not_read_again(copy: Path, tmp_path: Path) -> None:
    memory, target = tmp_path / "state/memory.json", copy.parents[1]
    first, read = looked(target, memory)
    assert read == len(HELD) and first is not None
    assert looked(target, memory) == (first, 0)


def test_a_file_that_was_touched_in_any_way_is_read_again(copy: Path, tmp_path: Path) -> None:
    memory, target = tmp_path / "memory.json", copy.parents[1]

    def rewrite_with_the_same_times() -> None:
        before = copy.stat()
        copy.write_bytes(HELD[::-1])
        os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))

    def replace() -> None:
        other = copy.with_name("other")
        other.write_bytes(HELD)
        os.utime(other, ns=(copy.stat().st_atime_ns, copy.stat().st_mtime_ns))
        other.replace(copy)

    for touch in (rewrite_with_the_same_times, replace, lambda: os.utime(copy, (1, 1)), lambda: copy.chmod(0o600)):
        looked(target, memory)
        touch()
        content, read = looked(target, memory)
        assert read == len(HELD), touch
        assert content == looked(target, tmp_path / "no memory.json")[0], touch


def test_a_memory_that_cannot_be_read_is_an_empty_one(copy: Path, tmp_path: Path) -> None:
    memory, target = tmp_path / "memory.json", copy.parents[1]
    looked(target, memory)
    whole = json.loads(memory.read_text())
    (path,) = whole["files"]
    entries: tuple[object, ...] = (
        [1, 2, 3, 4],
        [1, 2, 3, 4, "x" * 40],
        [1.5, 2, 3, 4, "0" * 40],
        [True, 2, 3, 4, "0" * 40],
        {},
        None,
    )
    broken: list[str | bytes] = [
        "",
        "{",
        "[]",
        "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass"),
        json.dumps({**whole, "schema": 2}),
        json.dumps({"schema": 1, "files": []}),
        *(json.dumps({"schema": 1, "files": {path: entry}}) for entry in entries),
    ]
    for text in broken:
        memory.write_bytes(text if isinstance(text, bytes) else text.encode())
        assert looked(target, memory)[1] == len(HELD), text
        assert looked(target, memory)[1] == 0, text
    memory.unlink()
    memory.mkdir()
    assert looked(target, memory)[1] == len(HELD)


def test_files_that_are_gone_are_forgotten(copy: Path, tmp_path: Path) -> None:
    memory, target = tmp_path / "memory.json", copy.parents[1]
    looked(target, memory)
    copy.rename(copy.with_name("b.jpg"))
    looked(target, memory)
    assert list(json.loads(memory.read_text())["files"]) == [str(copy.with_name("b.jpg"))]


def test_each_user_has_a_memory(tmp_path: Path) -> None:
    assert memory_path("anna", tmp_path) != memory_path("ben", tmp_path)
    assert memory_path("anna", tmp_path).parent == tmp_path and "anna" not in str(memory_path("anna", tmp_path).name)


NUMBERS = st.integers(0, 2**63 - 1)
CONTENTS = st.builds(Content, NUMBERS, st.text("0123456789abcdef", min_size=40, max_size=40))


@given(
    st.dictionaries(
        st.text(),
        CONTENTS.flatmap(
            lambda held: st.tuples(st.builds(Mark, st.just(held.size), NUMBERS, NUMBERS, NUMBERS), st.just(held))
        ),
    )
)
def test_what_is_written_is_read_back(contents: dict[str, tuple[Mark, Content]]) -> None:
    assert contents_from_json(json.loads(json.dumps(contents_to_json(contents)))) == contents
    assert KnownFiles(dict(contents)).remembered().items() <= contents.items()
