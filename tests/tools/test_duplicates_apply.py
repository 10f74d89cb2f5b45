"""Applying leaves one member of each group with everything the others had; undoing brings the exact former state back."""

from __future__ import annotations

from copy import deepcopy

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.holiday import KEEPERS, LISBON, LOSERS, PORTO
from tests.tools.server import Server
from tests.tools.snapshot import Snapshot, snapshot


def expected_after(before: Snapshot) -> Snapshot:
    """What the holiday library is to be once its duplicates are cleaned up, duplicate groups aside."""
    after = deepcopy(before)
    after.assets["beach.jpg"].update(
        description="On the beach",
        rating=4,
        place=LISBON,
        favorite=True,
        tags=["places/portugal", "sea"],
    )
    # The dog's own words, stars and place stay; tags and albums are added.
    after.assets["dog.jpg"].update(tags=["animals/dogs", "places"])
    after.albums.update(
        {"Portugal": ["alone.jpg", "beach.jpg", "dog.jpg"], "Family": ["archived.jpg", "beach.jpg", "dog.jpg"]}
    )
    for name in LOSERS:
        after.assets[name]["trashed"] = True
    return after


def without_groups(state: Snapshot) -> Snapshot:
    """The same without duplicate groups: whether the server forgets the group of what is in the trash differs between versions."""
    copy = deepcopy(state)
    for asset in copy.assets.values():
        asset["group"] = None
    return copy


def test_leaves_one_member_of_each_group_with_what_the_others_had(holiday: Server, shell: CommandLine) -> None:
    before = snapshot(holiday)

    result = shell.duplicates("--apply")

    assert result.code == ExitCode.DONE, result.err + result.out
    after = snapshot(holiday)
    assert after.trashed() - before.trashed() == LOSERS
    assert without_groups(after) == without_groups(expected_after(before))
    assert all(len(members) == 1 for members in after.duplicates().values())
    assert holiday.api.get("/duplicates") == []
    assert after.assets["dog.jpg"]["place"] == PORTO


def test_undo_brings_the_exact_former_state_back(holiday: Server, shell: CommandLine) -> None:
    before = snapshot(holiday)
    assert shell.duplicates("--apply").code == ExitCode.DONE
    assert snapshot(holiday) != before

    result = shell.toolkit("undo", "last", "--yes")

    assert result.code == ExitCode.DONE, result.err + result.out
    assert snapshot(holiday) == before


def test_a_run_is_undone_only_once(holiday: Server, shell: CommandLine) -> None:
    shell.duplicates("--apply")
    run = next(shell.journals.glob("*.jsonl")).stem
    assert shell.toolkit("undo", run, "--yes").code == ExitCode.DONE
    undone = snapshot(holiday)

    again = shell.toolkit("undo", run, "--yes")

    assert again.code == ExitCode.USAGE
    assert "undone" in again.err
    assert snapshot(holiday) == undone


def test_undo_asks_and_takes_only_yes(holiday: Server, shell: CommandLine) -> None:
    shell.duplicates("--apply")
    applied = snapshot(holiday)

    for typed in ("n\n", "\n", "sure\n", ""):
        assert shell.toolkit("undo", "last", typed=typed, terminal=True).code == ExitCode.DONE
    assert shell.toolkit("undo", "last", typed="").code == ExitCode.USAGE, "nobody answered"
    assert snapshot(holiday) == applied

    assert shell.toolkit("undo", "last", typed="y\n", terminal=True).code == ExitCode.DONE
    assert snapshot(holiday) != applied


def test_undo_can_itself_be_undone_when_it_is_named(holiday: Server, shell: CommandLine) -> None:
    before = snapshot(holiday)
    shell.duplicates("--apply")
    applied = snapshot(holiday)
    shell.toolkit("undo", "last", "--yes")

    again = shell.toolkit("undo", "last", "--yes")
    assert again.code == ExitCode.USAGE, "the last run is the one that was undone, not its undo"
    assert snapshot(holiday) == before

    undo = next(line["run"] for line in shell.toolkit("runs", "--json").lines() if "-undo-" in line.get("run", ""))
    result = shell.toolkit("undo", undo, "--yes")

    assert result.code == ExitCode.DONE, result.err + result.out
    assert without_groups(snapshot(holiday)) == without_groups(applied)


def test_a_finished_run_cannot_be_resumed(holiday: Server, shell: CommandLine) -> None:
    shell.duplicates("--apply")
    applied, writes = snapshot(holiday), holiday.host.writes()

    result = shell.toolkit("resume", "last", "--yes")

    assert result.code == ExitCode.USAGE
    assert "nothing to resume" in result.err
    assert holiday.host.writes() == writes
    assert snapshot(holiday) == applied


def test_a_second_run_finds_nothing_to_do(holiday: Server, shell: CommandLine) -> None:
    shell.duplicates("--apply")
    # Listing the duplicates makes the server forget the group of whoever is left alone in it.
    assert holiday.api.get("/duplicates") == []
    applied, writes = snapshot(holiday), holiday.host.writes()

    result = shell.duplicates("--apply")

    assert result.code == ExitCode.DONE
    assert "Nothing to do" in result.err
    assert holiday.host.writes() == writes
    assert snapshot(holiday) == applied
    assert len(list(shell.journals.glob("*.jsonl"))) == 1


def test_applying_again_after_an_undo_gives_the_same(holiday: Server, shell: CommandLine) -> None:
    shell.duplicates("--apply")
    applied = snapshot(holiday)
    shell.toolkit("undo", "last", "--yes")

    assert shell.duplicates("--apply").code == ExitCode.DONE
    assert without_groups(snapshot(holiday)) == without_groups(applied)


def test_runs_lists_what_was_done_and_undone(holiday: Server, shell: CommandLine) -> None:
    shell.duplicates("--apply")
    shell.toolkit("undo", "last", "--yes")

    first, second, summary = shell.toolkit("runs", "--json").lines()

    assert first["state"] == f"undone by {second['run']}"
    assert second["state"] == f"undoes {first['run']}"
    assert holiday.key not in first["server"]
    assert summary["message_type"] == "summary"


def test_what_somebody_changed_since_is_not_undone(holiday: Server, shell: CommandLine) -> None:
    """Undoing takes back only what the run did."""
    shell.duplicates("--apply")
    holiday.tag("favourites", "cake.jpg")
    holiday.add_to_album("Empty", "alone.jpg")

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE

    undone = snapshot(holiday)
    assert undone.assets["cake.jpg"]["tags"] == ["favourites"]
    assert undone.albums["Empty"] == ["alone.jpg"]


def test_what_was_there_already_is_not_taken_away_by_undo(server: Server, shell: CommandLine) -> None:
    """The keeper is in one of the albums and has one of the tags before the run."""
    server.photo("best.jpg", size=(96, 72))
    server.photo("copy.jpg")
    server.group("pair", "best.jpg", "copy.jpg")
    for single in ("one.jpg", "two.jpg"):
        server.photo(single)
    server.album("Both", "best.jpg", "copy.jpg")
    server.tag("both", "best.jpg", "copy.jpg")
    before = snapshot(server)

    assert shell.duplicates("--apply").code == ExitCode.DONE
    applied = snapshot(server)
    assert applied.albums["Both"] == ["best.jpg"]
    assert applied.assets["best.jpg"]["tags"] == ["both"]
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE

    assert snapshot(server) == before


def test_the_original_tool_s_variable_applies_too(
    holiday: Server, shell: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shell.folder / ".env").write_text("IMMICH_DRY_RUN=false\nIMMICH_ONLY_PAIRS=true\n", encoding="utf-8")

    assert shell.duplicates().code == ExitCode.DONE

    assert snapshot(holiday).trashed() == {"old.jpg", "dog-copy.jpg", "cake-copy.jpg"}
    assert KEEPERS.isdisjoint(snapshot(holiday).trashed())
