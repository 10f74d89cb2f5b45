"""Several users in one run: each with a key, perhaps with roots and options of their own; nobody's failure is somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders


@pytest.fixture
def theirs(folders: Folders, tmp_path: Path) -> Folders:
    """The library of somebody else, beside that of the user."""
    folders.files("Rome/a.jpg", "Paris/b.jpg")
    theirs = Folders(folders.server.host.new_user("Blake"), tmp_path / "theirs")
    theirs.files("Oslo/c.jpg", "Oslo/Fjord/d.jpg")
    return theirs


def arguments(*libraries: Folders) -> list[str]:
    """The libraries as roots."""
    return [word for library in libraries for word in ("-r", library.root)]


def test_keys_in_the_environment(folders: Folders, theirs: Folders, shell: CommandLine) -> None:
    """As the older container has them: separated by colons. Each user gets albums of the own files alone."""
    keys = f"{folders.server.key}:{theirs.server.key}"
    both = shell.with_environment({"API_URL": shell.url, "API_KEY": keys, "UNATTENDED": "1"})

    result = both.folder_albums(*arguments(folders, theirs))

    assert result.code == ExitCode.DONE, result.err + result.out
    assert folders.state().members() == {"Rome": ["Rome/a.jpg"], "Paris": ["Paris/b.jpg"]}
    assert theirs.state().members() == {"Oslo": ["Oslo/Fjord/d.jpg", "Oslo/c.jpg"]}
    writes = folders.server.host.writes()
    assert both.folder_albums(*arguments(folders, theirs)).code == ExitCode.DONE
    assert folders.server.host.writes() == writes


@pytest.mark.parametrize("bad_comes_first", [True, False])
def test_a_bad_key_does_not_stop_the_others(
    folders: Folders, theirs: Folders, shell: CommandLine, bad_comes_first: bool
) -> None:
    bad = "notakeyatall0123456789"
    keys = [bad, theirs.server.key] if bad_comes_first else [theirs.server.key, bad]
    both = shell.with_environment({"API_URL": shell.url, "API_KEY": ":".join(keys), "UNATTENDED": "1"})

    result = both.folder_albums(*arguments(folders, theirs))

    assert result.code == ExitCode.ACCESS, result.err + result.out
    assert "The server does not accept this API key" in result.err
    assert not any(key in result.err + result.out for key in keys)
    assert theirs.state().members() == {"Oslo": ["Oslo/Fjord/d.jpg", "Oslo/c.jpg"]}
    assert folders.state().albums == ()


def test_keys_in_files(folders: Folders, theirs: Folders, shell: CommandLine) -> None:
    """One of them is missing, one has two lines."""
    (shell.folder / "keys").write_text(f"{folders.server.key}\n{theirs.server.key}\n", encoding="utf-8")
    files = f"{shell.folder}/none:{shell.folder}/keys"
    both = shell.with_environment({"API_URL": shell.url, "API_KEY_FILE": files, "UNATTENDED": "1"})

    result = both.folder_albums(*arguments(folders, theirs))

    assert result.code == ExitCode.USAGE, result.err + result.out
    assert "account 1: API_KEY_FILE holds no readable path" in result.err
    assert set(folders.state().members()) == {"Rome", "Paris"}
    assert set(theirs.state().members()) == {"Oslo"}


def test_accounts_with_roots_and_options_of_their_own(folders: Folders, theirs: Folders, shell: CommandLine) -> None:
    (shell.folder / "immich-toolkit.toml").write_text(
        f"""
[server]
url = "{shell.url}"

[folder-albums]
album-order = "asc"

[[account]]
name = "alex"
api-key = "{folders.server.key}"
folder-albums = {{ root-path = ["{folders.root}"], share-with = ["Blake"] }}

[[account]]
name = "blake"
api-key = "{theirs.server.key}"
folder-albums = {{ root-path = ["{theirs.root}"], album-levels = "-1", album-order = "desc" }}
""",
        encoding="utf-8",
    )

    result = shell.with_environment({}).folder_albums("--apply")

    assert result.code == ExitCode.DONE, result.err + result.out
    assert {(album["name"], album["order"], *album["users"]) for album in folders.state().albums} == {
        ("Rome", "asc", "Blake"),
        ("Paris", "asc", "Blake"),
    }
    own = {album["name"]: album["order"] for album in theirs.state().albums if not album["users"]}
    assert own == {"Oslo": "desc", "Fjord": "desc"}


def test_one_of_the_accounts_alone(folders: Folders, theirs: Folders, shell: CommandLine) -> None:
    text = "".join(
        f'[[account]]\nname = "{name}"\napi-key = "{library.server.key}"\n\n'
        for name, library in (("alex", folders), ("blake", theirs))
    )
    (shell.folder / "immich-toolkit.toml").write_text(f'[server]\nurl = "{shell.url}"\n\n{text}', encoding="utf-8")

    result = shell.with_environment({}).folder_albums(*arguments(folders, theirs), "--apply", "--account", "blake")

    assert result.code == ExitCode.DONE, result.err + result.out
    assert folders.state().albums == ()
    assert set(theirs.state().members()) == {"Oslo"}


def test_each_user_s_run_is_undone_with_that_user_s_key(folders: Folders, theirs: Folders, shell: CommandLine) -> None:
    keys = f"{folders.server.key}:{theirs.server.key}"
    both = shell.with_environment({"API_URL": shell.url, "API_KEY": keys, "UNATTENDED": "1"})
    assert both.folder_albums(*arguments(folders, theirs)).code == ExitCode.DONE

    for owner in (folders, theirs):
        (run,) = (
            path.stem
            for path in shell.journals.glob("*-folder-albums-*.jsonl")
            if owner.server.user_id in path.read_text(encoding="utf-8").splitlines()[0]
        )
        result = shell.with_key(owner.server.key).toolkit("undo", run, "--yes")
        assert result.code == ExitCode.DONE, result.err
        assert owner.state().albums == ()
