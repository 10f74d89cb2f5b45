"""A variable that looks like one that is read, and is not, is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from immich_tools.settings.misspelt import misspelt
from tests.tools.command_line import CommandLine

KNOWN = frozenset({"ROOT_PATH", "ALBUM_LEVELS", "IGNORE_REGEX1", "API_KEY", "API_KEYS", "TZ"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ROOT_PATHS", "ROOT_PATH"),
        ("ROOTPATH", "ROOT_PATH"),
        ("ALBUM_LEVEL", "ALBUM_LEVELS"),
        ("ALBUM_LEVLES", "ALBUM_LEVELS"),
        ("ROOT", None),
        ("PATH", None),
        ("TZX", None),
        ("HOME", None),
        ("ROOT_PATH", None),
        ("API_KEYS", None),
    ],
)
def test_what_is_taken_for_a_slip(name: str, meant: str | None) -> None:
    assert list(misspelt([name], KNOWN)) == ([] if meant is None else [(name, meant)])


def test_what_is_set_itself_is_not_meant() -> None:
    assert list(misspelt(["ROOT_PATHS", "ROOT_PATH"], KNOWN)) == []


def test_the_command_says_it_once_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ROOT_PATHS=/photos\n")
    environment = {
        "IMMICH_URL": "http://127.0.0.1:9",
        "API_KEY": "key-one:key-two",
        "ROOT_PATH": "/photos",
        "ALBUM_LEVEL": "2",
    }
    shell = CommandLine("", "", tmp_path).with_environment(environment)
    result = shell.folder_albums()
    assert result.err.count("ALBUM_LEVEL is set and means nothing here; did you mean ALBUM_LEVELS?") == 1
    assert "ROOT_PATHS" not in result.err, "ROOT_PATH is set, too"
    assert result.code == ExitCode.UNREACHABLE
    assert "means nothing" not in shell.folder_albums("--quiet").err
