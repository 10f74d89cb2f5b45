"""Unknown environment variables that look much like known ones are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from immich_tools.settings.misspelt import misspelt
from tests.tools.command_line import CommandLine

KNOWN = frozenset({"API_KEY_FILE", "ROOT_PATH", "ALBUM_LEVELS", "IGNORE_REGEX1", "API_KEY", "API_KEYS", "TZ"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ROOT_PATHS", "ROOT_PATH"),
        ("ROOTPATH", "ROOT_PATH"),
        ("ALBUM_LEVEL", "ALBUM_LEVELS"),
        ("ALBUM_LEVLES", "ALBUM_LEVELS"),
        ("ROOT_PATH_FILE", "ROOT_PATH"),
        ("API_KEYS_FILE", "API_KEYS"),
        ("API_KEY_FILES", "API_KEY_FILE"),
        ("API_KEY_FILE", None),
        ("REDIS_PASSWORD_FILE", None),
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
    (tmp_path / ".env").write_text("ALBUM_LEVELS=2\n")
    environment = {
        "IMMICH_URL": "http://127.0.0.1:9",
        "API_KEY": "one:two",
        "ROOT_PATHS": "/photos",
        "ALBUM_LEVEL": "2",
    }
    shell = CommandLine("", "", tmp_path).with_environment(environment)
    result = shell.folder_albums()
    assert result.err.count("unknown environment variable ROOT_PATHS; did you mean ROOT_PATH?") == 1
    assert "ALBUM_LEVEL " not in result.err, "ALBUM_LEVELS is set, too"
    assert "--root-path is missing" in result.err and result.code == ExitCode.USAGE
    assert "unknown environment variable" not in shell.folder_albums("--quiet").err
