"""A wrong option is one clear line and exit code 2, and nothing was read from the server, let alone changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine, Result
from tests.tools.gatekeeper import Gatekeeper, gatekeeper

ROOT = ("-r", "/photos")


@pytest.fixture
def keeper() -> Iterator[Gatekeeper]:
    """Sees whoever wants something of a server; there is none behind it."""
    with gatekeeper("http://127.0.0.1:9") as keeper:
        yield keeper


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["--root-path", "missing"]),
        (("-r", ""), ["-r", "empty"]),
        (("-r", " "), ["--root-path", "empty"]),
        (("-r", "/photos/../other"), ["--root-path", "'..'"]),
        ((*ROOT, "-a", "0"), ["--album-levels", "level 0"]),
        ((*ROOT, "-a", "3,1"), ["--album-levels", "1,3"]),
        ((*ROOT, "-a=-1,-3"), ["--album-levels", "-3,-1"]),
        ((*ROOT, "-a", "1,-1"), ["--album-levels", "side"]),
        ((*ROOT, "-a", "1,2,3"), ["--album-levels"]),
        ((*ROOT, "-a", "5,"), ["--album-levels"]),
        ((*ROOT, "-a", "abc"), ["--album-levels", "abc"]),
        ((*ROOT, "-a", "1.5"), ["--album-levels", "whole number"]),
        ((*ROOT, "-a", ""), ["-a", "empty"]),
        ((*ROOT, "-R", "("), ["--album-name-post-regex", "regular expression"]),
        ((*ROOT, "-R", r"'a' '\1'"), ["--album-name-post-regex", "replacement"]),
        ((*ROOT, "-R", "'a"), ["--album-name-post-regex", "quote"]),
        ((*ROOT, "-i", ""), ["-i", "empty"]),
        ((*ROOT, "-i", "[b-a]"), ["--ignore"]),
        ((*ROOT, "-f", "[z-a]/**"), ["--path-filter"]),
        ((*ROOT, "--ignore-regex", "("), ["--ignore-regex"]),
        ((*ROOT, "--path-filter-regex", "*"), ["--path-filter-regex"]),
        ((*ROOT, "-m", "CLEAN_UP"), ["-m", "did you mean 'CLEANUP'"]),
        ((*ROOT, "-S", "3"), ["-S", "0, 1, 2"]),
        ((*ROOT, "-O", "up"), ["-O", "asc, desc"]),
        ((*ROOT, "-O", "False"), ["-O", "asc, desc"]),
        ((*ROOT, "-x", ""), ["-x", "empty"]),
        ((*ROOT, "-x", "=editor"), ["--share-with", "missing"]),
        ((*ROOT, "-x", "dad=owner"), ["--share-with", "'owner'"]),
        ((*ROOT, "-x", "dad=none"), ["--share-with", "'none'"]),
        ((*ROOT, "-o", "owner"), ["-o", "editor, viewer"]),
        ((*ROOT, "--set-album-thumbnail", "best"), ["--set-album-thumbnail", "first"]),
        ((*ROOT, "--visibility", "hidden"), ["--visibility", "archive"]),
        ((*ROOT, "--visibility", "locked"), ["--visibility", "locked"]),
        ((*ROOT, "--visibility", "timeline", "--archive"), ["--archive", "contradict"]),
        ((*ROOT, "--update-album-props-mode", "yes"), ["--update-album-props-mode", "0, 1, 2"]),
        ((*ROOT, "--map", "/photos=/mnt"), ["--map", "--read-album-properties"]),
        ((*ROOT, "--read-album-properties", "--map", "/photos"), ["--map", "SERVER=LOCAL"]),
        ((*ROOT, "--read-album-properties", "--map", "/a=/b", "--map", "/a=/c"), ["--map", "twice"]),
        ((*ROOT, "--library", ""), ["library", "empty"]),
        ((*ROOT, "--library", "Family photos"), ["--library", "'Family photos'", "address"]),
        ((*ROOT, "--concurrency", "0"), ["--concurrency"]),
        ((*ROOT, "--timeout", "0"), ["--timeout"]),
        ((*ROOT, "--batch-size", "0"), ["--batch-size"]),
        ((*ROOT, "--max-ratio", "2"), ["--max-ratio"]),
        ((*ROOT, "--max-removed", "-1"), ["--max-removed"]),
        ((*ROOT, "--album-separater", "x"), ["--album-separater"]),
        ((*ROOT, "surplus"), ["surplus"]),
    ],
)
def test_a_wrong_flag(keeper: Gatekeeper, tmp_path: Path, arguments: tuple[str, ...], words: list[str]) -> None:
    result = CommandLine(keeper.url, "a key", tmp_path).folder_albums(*arguments, "--apply")

    check_one_line(result, words)
    assert keeper.seen == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ROOT_PATH": ""}, ["ROOT_PATH", "empty"]),
        ({"ROOT_PATH": "/a,,/b"}, ["ROOT_PATH", "empty"]),
        ({"ALBUM_LEVELS": "0"}, ["level 0"]),
        ({"ALBUM_LEVELS": ""}, ["ALBUM_LEVELS", "empty"]),
        ({"IGNORE": "a::b"}, ["IGNORE", "empty"]),
        ({"PATH_FILTER": ":"}, ["PATH_FILTER", "empty"]),
        ({"SHARE_WITH": "dad:"}, ["SHARE_WITH", "empty"]),
        ({"SHARE_WITH": "dad=boss"}, ["'boss'"]),
        ({"SHARE_ROLE": "boss"}, ["SHARE_ROLE", "viewer"]),
        ({"MODE": "DELETE"}, ["MODE", "DELETE_ALL"]),
        ({"SYNC_MODE": "on"}, ["SYNC_MODE", "0, 1, 2"]),
        ({"ALBUM_ORDER": "newest"}, ["ALBUM_ORDER", "asc, desc"]),
        ({"VISIBILITY": "private"}, ["VISIBILITY", "archive"]),
        ({"UNATTENDED": "maybe"}, ["UNATTENDED", "maybe"]),
        ({"DELETE_CONFIRM": "sure"}, ["DELETE_CONFIRM", "sure"]),
        ({"FIND_ASSETS_IN_ALBUMS": ""}, ["FIND_ASSETS_IN_ALBUMS", "empty"]),
        ({"FIND_ARCHIVED_ASSETS": "x"}, ["FIND_ARCHIVED_ASSETS", "'x'"]),
        ({"READ_ALBUM_PROPERTIES": "2"}, ["READ_ALBUM_PROPERTIES", "'2'"]),
        ({"COMMENTS_AND_LIKES": "2"}, ["COMMENTS_AND_LIKES", "'2'"]),
        ({"UPDATE_ALBUM_PROPS_MODE": "3"}, ["UPDATE_ALBUM_PROPS_MODE", "0, 1, 2"]),
        ({"SET_ALBUM_THUMBNAIL": "newest"}, ["SET_ALBUM_THUMBNAIL", "first"]),
        ({"CHUNK_SIZE": "many"}, ["CHUNK_SIZE", "many"]),
        ({"THREADS": "0"}, ["THREADS", "1"]),
        ({"API_TIMEOUT": "0"}, ["API_TIMEOUT"]),
        ({"INSECURE": "TRUE!"}, ["INSECURE", "TRUE!"]),
        ({"API_KEY": ""}, ["API_KEY", "empty"]),
        ({"API_KEY_FILE": "/no/such/file"}, ["API_KEY_FILE", "no readable path"]),
        ({"API_URL": "ftp://nas"}, ["URL"]),
        ({"API_URL": ""}, ["API_URL", "empty"]),
    ],
)  # fmt: skip
def test_a_wrong_variable(keeper: Gatekeeper, tmp_path: Path, variables: dict[str, str], words: list[str]) -> None:
    """The older container's names; its word for every boolean was any text at all, the empty one included."""
    environment = {"API_URL": keeper.url, "API_KEY": "a key", "ROOT_PATH": "/photos", "UNATTENDED": "1"}
    if "API_KEY_FILE" in variables:
        del environment["API_KEY"]

    result = CommandLine(keeper.url, "", tmp_path, {**environment, **variables}).folder_albums()

    check_one_line(result, words)
    assert keeper.seen == []


def check_one_line(result: Result, words: list[str]) -> None:
    """One line, with these words in it, and nothing as a result."""
    assert result.code == ExitCode.USAGE, result.out + result.err
    (line,) = (line for line in result.err.splitlines() if line)
    for word in words:
        assert word in line
    assert "bug" not in line
    assert not result.out.strip()
