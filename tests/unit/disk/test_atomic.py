"""Small files are replaced as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.disk.atomic import write_atomically


def test_a_file_is_made_or_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content in (b"one", b"two\r\n\xff"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_what_reads_the_old_file_goes_on_reading_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"old")
    with path.open("rb") as reader:
        write_atomically(path, b"new, and longer")
        assert reader.read() == b"old"


def test_a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError, match=r"a\.json"):
        write_atomically(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"] and (path / "inside").exists()


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "a.json", b"new")
