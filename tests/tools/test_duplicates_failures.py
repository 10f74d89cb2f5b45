"""A server or a network that fails: the same state in the end, or exit code 3 and a list that is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from immich_tools import duplicates
from immich_tools.errors import ExitCode, ServerUnreachable
from immich_tools.immich.client import Immich
from immich_tools.plan.execute import apply, resume
from immich_tools.plan.journal import find_run, runs
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import FaultKind, Faults
from tests.tools.command_line import CommandLine
from tests.tools.holiday import LOSERS
from tests.tools.holiday import holiday as arrange_holiday
from tests.tools.server import Server
from tests.tools.snapshot import Snapshot, snapshot
from tests.tools.unreliable import UnreliableTransport

RATE = 0.05
HEAVY = 0.3
# What each copy has that must be on its keeper before it goes.
NEEDED = {
    "beach-copy.jpg": ("beach.jpg", {"sea", "places/portugal"}, {"Portugal"}),
    "beach-mail.jpg": ("beach.jpg", {"places/portugal"}, {"Family"}),
    "dog-copy.jpg": ("dog.jpg", {"animals/dogs", "places"}, {"Family", "Portugal"}),
    "cake-copy.jpg": ("cake.jpg", set(), set()),
}


def check_nothing_is_lost(state: Snapshot) -> None:
    """Whoever is in the trash has left everything to a keeper that is not."""
    for loser in LOSERS & state.trashed():
        keeper, tags, albums = NEEDED[loser]
        kept = state.assets[keeper]
        assert not kept["trashed"]
        assert tags <= set(kept["tags"])
        assert all(keeper in state.albums[album] for album in albums)
        if keeper == "beach.jpg":
            assert (kept["description"], kept["rating"], kept["favorite"]) == ("On the beach", 4, True)
            assert kept["place"] is not None


def check_list_is_true(outcome: Outcome, state: Snapshot, server: Server) -> None:
    """What is reported as done is done, and what is reported as not done is not."""
    for change in outcome.plan.changes:
        result = outcome.results[change.id]
        removed = {str(server.name_of(asset_id)) for asset_id in change.action.assets} & LOSERS
        if removed and result.status is Status.DONE:
            assert removed <= state.trashed()
        if removed and result.status in (Status.FAILED, Status.NOT_DONE):
            assert removed.isdisjoint(state.trashed())


def clean_up(immich: Immich, folder: Path) -> Outcome:
    """Gather, plan and apply."""
    return duplicates.make_plan(duplicates.gather(immich)).apply(immich, journal_folder=folder)


def apply_over_failing_network(plan: Plan, server: Server, folder: Path, *, rate: float, seed: int) -> Outcome | None:
    """Apply a plan over an `UnreliableTransport`.

    :returns: None when the server could not even be asked who it is: then no run has begun.
    """
    before = len(runs(folder))
    try:
        return apply(plan, server.connect(transport=UnreliableTransport(rate=rate, seed=seed)), journal_folder=folder)
    except ServerUnreachable:
        assert len(runs(folder)) == before
        return None


@pytest.fixture
def calm(server: Server, tmp_path: Path) -> Snapshot:
    """What the same clean-up gives another user of a server that does not fail, once their duplicates were listed."""
    other = server.host.new_user("Calm")
    arrange_holiday(other)
    assert not clean_up(other.connect(), tmp_path / "calm").failures
    other.api.get("/duplicates")
    return snapshot(other)


@pytest.mark.parametrize("seed", range(6))
def test_one_request_in_twenty_failing_changes_nothing_in_the_end(
    holiday: Server, calm: Snapshot, tmp_path: Path, seed: int
) -> None:
    network = UnreliableTransport(rate=RATE, seed=seed)

    outcome = clean_up(holiday.connect(transport=network), tmp_path / "run")

    holiday.api.get("/duplicates")
    state = snapshot(holiday)
    check_nothing_is_lost(state)
    check_list_is_true(outcome, state, holiday)
    if outcome.failures:
        assert outcome.exit_code == ExitCode.CHANGES_FAILED
    else:
        assert without_groups_of_trashed(state) == without_groups_of_trashed(calm)
        assert state.albums == calm.albums


@pytest.mark.parametrize("seed", range(8))
def test_what_was_done_over_a_failing_network_is_undone_completely(holiday: Server, tmp_path: Path, seed: int) -> None:
    """A request whose answer was lost is sent again; the second answer says that it is so already."""
    before = snapshot(holiday)
    immich = holiday.connect()
    plan = duplicates.make_plan(duplicates.gather(immich))
    if apply_over_failing_network(plan, holiday, tmp_path, rate=HEAVY, seed=seed) is not None:
        undoing = undo_plan(find_run(tmp_path, "last"), immich)
        assert not apply(undoing, immich, journal_folder=tmp_path).failures

    assert snapshot(holiday) == before


def without_groups_of_trashed(state: Snapshot) -> dict[str, dict[str, object]]:
    """The assets, without what nobody sees of the ones in the trash."""
    return {name: {**asset, "group": asset["trashed"] or asset["group"]} for name, asset in state.assets.items()}


@pytest.mark.parametrize("seed", range(4))
def test_under_heavy_failures_nothing_is_lost_and_the_rest_can_be_done_later(
    holiday: Server, calm: Snapshot, tmp_path: Path, seed: int
) -> None:
    immich = holiday.connect()
    plan = duplicates.make_plan(duplicates.gather(immich))

    outcome = apply_over_failing_network(plan, holiday, tmp_path / "run", rate=HEAVY, seed=seed)

    state = snapshot(holiday)
    check_nothing_is_lost(state)
    if outcome is not None:
        check_list_is_true(outcome, state, holiday)
        assert outcome.exit_code == (ExitCode.CHANGES_FAILED if outcome.failures else ExitCode.DONE)
    if outcome is not None and outcome.unfinished:
        assert not resume(find_run(tmp_path / "run", "last"), immich).failures
    else:
        assert not clean_up(immich, tmp_path / "again").failures
    holiday.api.get("/duplicates")
    assert without_groups_of_trashed(snapshot(holiday)) == without_groups_of_trashed(calm)


@pytest.mark.parametrize("seed", range(4))
def test_undo_over_a_failing_network_brings_back_the_former_state(holiday: Server, tmp_path: Path, seed: int) -> None:
    before = snapshot(holiday)
    immich = holiday.connect()
    assert not clean_up(immich, tmp_path).failures
    first = find_run(tmp_path, "last")

    outcome = apply_over_failing_network(undo_plan(first, immich), holiday, tmp_path, rate=HEAVY, seed=seed)

    if outcome is None or outcome.failures:
        again = undo_plan(find_run(tmp_path, first.id), immich)
        assert not apply(again, immich, journal_folder=tmp_path, undoes=first.id).failures
    assert snapshot(holiday) == before


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_connections_that_really_break(holiday: Server, shell: CommandLine, kind: FaultKind) -> None:
    """The sandbox cuts the connection of the command line, every third time something is to be written."""
    if holiday.host.sandbox is None:
        pytest.skip("a real server does not cut connections when asked to")
    before = snapshot(holiday)
    holiday.host.sandbox.set_faults(Faults(failure_rate=0.3, kinds=(kind,), seed=3, only_writes=True))

    result = shell.duplicates("--apply", "--json")

    holiday.host.sandbox.set_faults(None)
    state = snapshot(holiday)
    check_nothing_is_lost(state)
    failed = [
        line
        for line in result.lines()
        if line["message_type"] == "result" and line["status"] not in ("done", "already")
    ]
    assert result.code == (ExitCode.CHANGES_FAILED if failed else ExitCode.DONE), result.err
    if not failed:
        assert state.trashed() == {"old.jpg", *LOSERS}
        assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
        assert snapshot(holiday) == before


def test_one_asset_that_the_server_refuses_is_found_and_reported_alone(holiday: Server, shell: CommandLine) -> None:
    """Immich refuses a whole batch for one bad id. The dog's copies differ in their words, so the server does not resolve them itself."""
    if holiday.host.sandbox is None:
        pytest.skip("a real server does not refuse single assets when asked to")
    refused = frozenset({holiday.ids["dog-copy.jpg"]})
    holiday.host.sandbox.set_faults(Faults(refused_ids=refused))

    result = shell.duplicates("--apply", "--json")

    holiday.host.sandbox.set_faults(None)
    assert result.code == ExitCode.CHANGES_FAILED
    assert snapshot(holiday).trashed() == {"old.jpg", *LOSERS} - {"dog-copy.jpg"}
    results = {line["id"]: line["status"] for line in result.lines() if line["message_type"] == "result"}
    dog = next(group for group, label in holiday.groups.items() if label == "dog")
    assert [name for name, status in results.items() if status != "done"] == [f"trash:{dog}"]


def test_a_server_that_is_gone_is_one_clear_line(tmp_path: Path) -> None:
    result = CommandLine("http://127.0.0.1:9", "a key", tmp_path).duplicates()
    assert result.code == ExitCode.UNREACHABLE
    assert "Traceback" not in result.err
    assert "127.0.0.1:9" in result.err


def test_the_journal_of_a_failing_run_holds_no_key(holiday: Server, tmp_path: Path) -> None:
    plan = duplicates.make_plan(duplicates.gather(holiday.connect()))
    apply_over_failing_network(plan, holiday, tmp_path, rate=RATE, seed=1)
    (journal,) = tmp_path.glob("*.jsonl")
    text = journal.read_text(encoding="utf-8")
    assert holiday.key not in text
    assert json.loads(text.splitlines()[0])["event"] == "start"
