"""``runs``, ``undo last`` and ``resume last`` with several users and servers, and journals that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from immich_tools.errors import ExitCode
from immich_tools.plan.journal import read_run
from immich_tools.sandbox import Sandbox
from tests.service.scheduler import add_pairs
from tests.tools.command_line import CommandLine


@frozen
class House:
    """Two servers, of which the first has two users; every user has a pair of duplicates.

    :ivar anna, ben: of the first server.
    :ivar admin: of the second one.
    """

    anna: CommandLine
    ben: CommandLine
    admin: CommandLine


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    first, second = Sandbox(), Sandbox(seed=2)
    keys = []
    for name in ("Anna", "Ben"):
        user = first.add_user(name, f"{name}@example.org")
        keys.append(first.add_key(user.id))
        for size in (1000, 2000):
            first.add_asset(
                owner_id=user.id,
                original_file_name=f"{size}.jpg",
                file_size=size,
                duplicate_id="0d05d92f-6759-4c82-887a-f98f9e5b1f5b",
            )
    add_pairs(second, 1)
    with first.serve() as one, second.serve() as two:
        yield House(
            CommandLine(one, keys[0], tmp_path),
            CommandLine(one, keys[1], tmp_path),
            CommandLine(two, second.admin_key, tmp_path),
        )


def journal(shell: CommandLine) -> Path:
    """That of the newest run."""
    return max(shell.journals.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)


def test_runs_shows_whose_each_run_is_and_on_which_server(house: House) -> None:
    for shell in (house.anna, house.ben, house.admin):
        assert shell.duplicates("--apply").code == ExitCode.DONE
    lines = house.anna.toolkit("runs").out.splitlines()
    whose = [f"Anna on {house.anna.url}/api", f"Ben on {house.ben.url}/api", f"Admin on {house.admin.url}/api"]
    assert len(lines) == 3 and all(words in line for words, line in zip(whose, lines, strict=True))
    shown = [line for line in house.anna.toolkit("runs", "--json").lines() if line["message_type"] == "run"]
    assert [f"{line['user']} on {line['server']}" for line in shown] == whose
    assert len({line["user_id"] for line in shown}) == 3


def test_undo_last_takes_the_newest_run_of_the_user_and_server(house: House) -> None:
    own = {}
    for shell in (house.anna, house.ben, house.admin):
        shell.duplicates("--apply")
        own[shell.key] = journal(shell).stem
    for shell in (house.anna, house.admin, house.ben):
        assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
        assert read_run(journal(shell)).undoes == own[shell.key]


def test_undo_last_says_whose_the_newest_run_is_when_none_is_the_users_own(house: House) -> None:
    house.anna.duplicates("--apply")
    name = journal(house.anna).stem
    for shell, who in ((house.ben, "Ben"), (house.admin, "Admin")):
        for command in ("undo", "resume"):
            refused = shell.toolkit(command, "last", "--yes")
            assert refused.code == ExitCode.USAGE
            assert f"No run of {who} on {shell.url}/api." in refused.err
            assert f"The newest one is {name} of Anna on {house.anna.url}/api." in refused.err
            assert "--account" in refused.err


def test_undo_last_does_not_guess_that_another_address_is_the_same_server(house: House) -> None:
    house.anna.duplicates("--apply")
    name = journal(house.anna).stem
    moved = house.anna.with_url(house.anna.url.replace("127.0.0.1", "localhost"))
    refused = moved.toolkit("undo", "last", "--yes")
    assert refused.code == ExitCode.USAGE and f"{name} of Anna" in refused.err
    assert "If that is the same server, name the run." in refused.err
    assert moved.toolkit("undo", name, "--yes").code == ExitCode.DONE


def test_before_the_first_run_undo_last_says_so(house: House) -> None:
    assert "There is no run 'last' in" in house.anna.toolkit("undo", "last").err
    assert house.anna.toolkit("runs").err == "No run has been made yet.\n"


def test_a_journal_that_cannot_be_read_is_shown(house: House) -> None:
    house.anna.duplicates("--apply")
    path = journal(house.anna)
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])
    listed = house.anna.toolkit("runs")
    assert listed.code == ExitCode.DONE
    assert f"{path} is not the journal of a run, or is damaged." in listed.out
    assert f"immich-toolkit runs set-aside {path.name}" in listed.err and "No run" not in listed.err
    (line, _summary) = house.anna.toolkit("runs", "--json").lines()
    assert (line["message_type"], line["path"]) == ("unreadable_journal", str(path))
    for command in ("undo", "resume"):
        stopped = house.anna.toolkit(command, "last", "--yes")
        assert stopped.code == ExitCode.STOPPED
        assert f"{path} is not the journal of a run, or is damaged. It may be the last run." in stopped.err


def test_an_older_journal_that_cannot_be_read_does_not_hinder_undo_last(house: House) -> None:
    house.ben.duplicates("--apply")
    older = journal(house.ben)
    older.rename(older.with_name("20200101-000000-duplicates-abcdef.jsonl")).write_bytes(b"")
    house.anna.duplicates("--apply")
    own = journal(house.anna).stem
    assert house.anna.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert read_run(journal(house.anna)).undoes == own


def test_undo_warns_of_what_it_cannot_know(house: House) -> None:
    house.anna.duplicates("--apply")
    path = journal(house.anna)
    content = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([content[0], b"\0" * 99, *content[1:]]))
    (path.parent / "20200101-000000-undo-abcdef.jsonl").write_bytes(b"")
    undone = house.anna.toolkit("undo", path.stem, "--yes")
    assert undone.code == ExitCode.DONE
    assert f"a part of the journal {path} cannot be read; what it says is not undone" in undone.err
    assert "It is not known whether it undid this run." in undone.err


@pytest.mark.parametrize(
    ("tool", "loss"),
    [
        ("missing-originals", "guard over all runs"),
        ("folder-albums", "no longer knows the albums"),
        ("faceless-album", "put there by hand"),
        ("undo", "can be undone again"),
        ("duplicates", "can no longer be undone or resumed"),
    ],
)
def test_a_journal_is_set_aside_only_by_who_knows_what_it_costs(tmp_path: Path, tool: str, loss: str) -> None:
    shell = CommandLine("", "", tmp_path)
    shell.journals.mkdir(parents=True)
    path = shell.journals / f"20261120-030000-{tool}-abcdef.jsonl"
    path.write_bytes(b"\0")
    refused = shell.toolkit("runs", "set-aside", path.name, typed="n\n")
    assert refused.code == ExitCode.DONE and path.exists()
    assert loss in refused.err and "Nothing was changed." in refused.err
    assert shell.toolkit("runs", "set-aside", path.name).code == ExitCode.USAGE, "there is nobody to ask"
    moved = path.parent / "set-aside" / path.name
    for number, typed in ((1, "y\n"), (2, "")):
        done = shell.toolkit("runs", "set-aside", str(path), *([] if typed else ["--yes"]), typed=typed)
        assert done.code == ExitCode.DONE and not path.exists()
        assert moved.exists() and len(list(moved.parent.iterdir())) == number
        path.write_bytes(b"\1")
    assert moved.read_bytes() == b"\0", "what was set aside earlier stays"


@pytest.mark.parametrize("name", ["none.jsonl", "../secret.jsonl", "lock", "set-aside", "/etc/passwd"])
def test_only_a_journal_of_the_folder_is_set_aside(tmp_path: Path, name: str) -> None:
    shell = CommandLine("", "", tmp_path)
    shell.journals.mkdir(parents=True)
    (shell.journals / "lock").write_text("")
    (shell.journals.parent / "secret.jsonl").write_text("")
    refused = shell.toolkit("runs", "set-aside", name, "--yes")
    assert refused.code == ExitCode.USAGE and "There is no journal" in refused.err
