"""What must never happen: a disk that goes away, or dies slowly, takes nothing along, however a removal comes to be carried out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from immich_tools import missing_originals
from immich_tools.errors import ExitCode
from immich_tools.missing_originals import MissingOriginalsOptions
from immich_tools.plan.journal_writer import exclusive_lock
from immich_tools.plan.result import Status
from tests.tools.originals import Originals
from tests.tools.server import TAKEN

NAMES = tuple(f"{number}.jpg" for number in range(6))


@pytest.fixture
def album(originals: Originals) -> Originals:
    """Six uploads."""
    return filled(originals, *NAMES)


def filled(originals: Originals, *names: str) -> Originals:
    for number, name in enumerate(names):
        originals.server.photo(name, taken=TAKEN + timedelta(days=number))
    originals.server.settle()
    originals.fill()
    return originals


def comes_back(originals: Originals) -> None:
    originals.file("1.jpg").touch()


def in_another_form(originals: Originals) -> None:
    path = originals.file("1.jpg")
    path.with_suffix(".JPG").touch()


def loses_its_marker(originals: Originals) -> None:
    (originals.path / "upload" / ".immich").unlink()


def loses_everything(originals: Originals) -> None:
    originals.lose("0.jpg", *NAMES[2:])


CHANGES = [Originals.unplug, comes_back, in_another_form, loses_its_marker, loses_everything]


@pytest.mark.parametrize("happens", CHANGES)
def test_between_the_plan_and_its_requests(album: Originals, happens: Callable[[Originals], None]) -> None:
    immich = album.server.connect()
    options = MissingOriginalsOptions(
        map=(f"{album.location}={album.path}",), recheck_delay=0, max_missing_ratio=1, paths=()
    )
    album.lose("1.jpg")
    plan = missing_originals.make_plan(missing_originals.gather(immich, options, journal_folder=album.path), options)
    assert len(plan.changes) == 1
    happens(album)
    outcome = plan.apply(immich, journal_folder=album.shell.journals)
    assert outcome.counts() == {Status.STALE: 1}
    assert not album.trashed()


@pytest.mark.parametrize("happens", CHANGES)
def test_between_a_saved_plan_and_its_use(album: Originals, happens: Callable[[Originals], None]) -> None:
    album.lose("1.jpg")
    album.run("--save-plan", "plan.json")
    happens(album)
    result = album.toolkit("apply", "plan.json", "--yes")
    assert "Nothing of the plan is still true" in result.err and not album.trashed()


@pytest.mark.parametrize("happens", CHANGES)
def test_undoing_an_undo_looks_again(album: Originals, happens: Callable[[Originals], None]) -> None:
    album.lose("1.jpg")
    album.run("--apply")
    album.toolkit("undo", "last", "--yes")
    assert not album.trashed()
    happens(album)
    undo = sorted(path.stem for path in album.shell.journals.glob("*-undo-*.jsonl"))[-1]
    result = album.toolkit("undo", undo, "--yes")
    assert "no longer true" in result.out and not album.trashed()


def test_a_saved_plan_is_carried_out(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--save-plan", "plan.json")
    album.toolkit("apply", "plan.json", "--yes")
    assert album.trashed() == {"1.jpg"}


def test_a_saved_plan_from_the_database_needs_the_database(in_database: Originals) -> None:
    filled(in_database, *NAMES).lose("1.jpg")
    in_database.run("--save-plan", "plan.json")
    without = in_database.shell.toolkit("apply", "plan.json", "--yes")
    assert without.code == ExitCode.USAGE and "set DB_HOSTNAME" in without.err
    in_database.toolkit("apply", "plan.json", "--yes")
    assert in_database.trashed() == {"1.jpg"}


def test_a_guard_stops_a_saved_plan_too(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--save-plan", "plan.json", ratio="0.2")
    album.lose("2.jpg")
    result = album.toolkit("apply", "plan.json", "--yes", code=ExitCode.STOPPED)
    assert "--max-missing-ratio" in result.err and not album.trashed()


def test_a_guard_stops_the_run(album: Originals) -> None:
    album.lose("1.jpg")
    result = album.run("--apply", "--json", ratio="0.1", code=ExitCode.STOPPED)
    assert "1 missing of 6 originals of /data/upload are 16.7 %, more than the 10 % allowed" in result.err
    assert (result.lines()[-1]["message_type"], result.lines()[-1]["exit_code"]) == ("summary", ExitCode.STOPPED)
    assert not album.trashed()
    result = album.run("--apply", "--max-missing", "0", code=ExitCode.STOPPED)
    assert "1 originals are missing, more than the 0 allowed (--max-missing)" in result.err
    album.run("--apply", "--max-missing", "1")
    assert album.trashed() == {"1.jpg"}


def test_a_disk_that_loses_nine_percent_a_night_is_stopped_on_the_second(originals: Originals) -> None:
    names = [f"{number}.jpg" for number in range(22)]
    filled(originals, *names)
    gone: list[int] = []
    for night in range(10):
        originals.lose(*names[2 * night : 2 * night + 2])
        stopped = ExitCode.STOPPED if night else ExitCode.DONE
        result = originals.run("--apply", ratio="0.1", code=stopped)
        gone.append(len(originals.trashed()))
    assert gone == [2] * 10
    assert "18 missing and 2 trashed by earlier runs of 22" in result.err


def test_what_saved_plans_trashed_counts_as_well(originals: Originals) -> None:
    names = [f"{number}.jpg" for number in range(22)]
    filled(originals, *names)
    originals.lose(*names[:2])
    originals.run("--save-plan", "plan.json", ratio="0.1")
    originals.toolkit("apply", "plan.json", "--yes")
    originals.lose(*names[2:4])
    result = originals.run("--apply", ratio="0.1", code=ExitCode.STOPPED)
    assert "2 missing and 2 trashed by earlier runs of 22" in result.err


def test_only_what_was_missing_in_several_runs_goes(album: Originals) -> None:
    album.lose("1.jpg")
    for _look in range(3):
        assert "1 of the 2 runs" in album.run("--grace-runs", "2").out, "a dry run does not count"
    assert "1 of the 2 runs" in album.run("--grace-runs", "2", "--apply").out
    album.file("1.jpg").touch()
    album.run("--grace-runs", "2", "--apply")
    album.lose("1.jpg")
    assert "1 of the 2 runs" in album.run("--grace-runs", "2", "--apply").out, "it was there in between"
    assert not album.trashed()
    album.run("--grace-runs", "2", "--apply")
    assert album.trashed() == {"1.jpg"}


def test_another_device_needs_a_word(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--apply", "--grace-runs", "9")
    (memory,) = (album.shell.folder / "state" / "immich-toolkit" / "missing-originals").glob("*.json")
    document = json.loads(memory.read_text())
    document["devices"] = {root: device + 1 for root, device in document["devices"].items()}
    memory.write_text(json.dumps(document))
    assert "it is on another device" in album.run("--apply", code=ExitCode.STOPPED).out
    assert not album.trashed()
    album.run("--apply", "--accept-devices")
    assert album.trashed() == {"1.jpg"}


def test_a_memory_that_is_damaged_stops_the_run(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--apply", "--grace-runs", "9")
    (memory,) = (album.shell.folder / "state" / "immich-toolkit" / "missing-originals").glob("*.json")
    memory.write_text("{")
    result = album.run("--apply", code=ExitCode.USAGE)
    assert str(memory) in result.err and not album.trashed()


def test_what_is_back_is_restored(album: Originals) -> None:
    album.lose("1.jpg", "2.jpg")
    album.server.trash("3.jpg")
    album.run("--apply")
    album.file("1.jpg").touch()
    assert "Nothing to do" in album.run("--apply", "--no-restore").err
    dry = album.run()
    assert "its file is back; emptying the trash would delete it" in dry.out
    assert album.trashed() == {"1.jpg", "2.jpg", "3.jpg"}
    album.run("--apply")
    assert album.trashed() == {"2.jpg", "3.jpg"}, "what somebody trashed by hand stays there"


def test_what_is_back_is_restored_although_a_guard_stops_the_rest(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--apply", ratio="0.2")
    album.file("1.jpg").touch()
    album.lose("2.jpg", "3.jpg")
    result = album.run("--apply", "--json", ratio="0.2", code=ExitCode.STOPPED)
    assert not album.trashed()
    assert (result.lines()[-1]["message_type"], result.lines()[-1]["exit_code"]) == ("summary", ExitCode.STOPPED)


def test_a_run_is_undone(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--apply")
    album.toolkit("undo", "last", "--yes")
    assert not album.trashed()
    album.run("--apply")
    assert album.trashed() == {"1.jpg"}, "what was restored without its file is looked at as any other"


def test_undoing_that_something_was_restored_trashes_nothing_that_is_there(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--apply")
    album.file("1.jpg").touch()
    album.run("--apply")
    result = album.toolkit("undo", "last", "--yes")
    assert "1.jpg" not in album.trashed(), result.out


def test_a_trash_that_keeps_nothing_is_refused(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--save-plan", "plan.json")
    with album.server.host.trash_off():
        for arguments in ((), ("--apply",)):
            result = album.run(*arguments, code=ExitCode.STOPPED)
            assert "trash is off" in result.err
        result = album.toolkit("apply", "plan.json", "--yes", code=ExitCode.STOPPED)
        assert "trash is off" in result.err
    assert not album.trashed()


def test_there_is_no_deleting_for_good(album: Originals) -> None:
    album.lose("1.jpg")
    assert "only ever go to the trash" in album.run("--apply", "--permanent", code=ExitCode.USAGE).err
    assert not album.trashed()


def test_two_runs_at_a_time_do_not_forget_each_others_looks(album: Originals) -> None:
    album.lose("1.jpg")
    album.run("--apply", "--grace-runs", "9")
    (memory,) = (album.shell.folder / "state" / "immich-toolkit" / "missing-originals").glob("*.json")
    with exclusive_lock(memory.parent, memory.stem):
        result = album.run("--apply", code=ExitCode.USAGE)
        assert "Wait until it has ended" in result.err and not album.trashed()
        album.run()
