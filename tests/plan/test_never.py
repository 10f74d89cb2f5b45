"""What must never happen, whatever the library, the plan, the weather on the network and the other people on the server."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.errors import ExitCode, ToolkitError, UsageError
from immich_tools.plan.claims import Claim, FileHolds, FilesMissing
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.plan.storage import dump_plan, plan_from_json
from immich_tools.sandbox import Dialect, FaultKind, Faults
from tests.plan.dumped import Dump, changed_assets, is_gone, is_so, newly_gone
from tests.plan.files import digest, holds, missing, write
from tests.plan.libraries import DESTROYING, MEDDLING, Library, seeds
from tests.plan.scene import Asked, Scene

often = settings(
    max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
dialects = st.sampled_from(Dialect)
faults = st.builds(
    Faults,
    failure_rate=st.sampled_from((0.0, 0.05, 0.3, 0.6)),
    kinds=st.just(tuple(kind for kind in FaultKind if kind is not FaultKind.HALF_OF_BATCH)),
    seed=st.integers(0, 1000),
)
meddling = st.lists(st.sampled_from((*MEDDLING, *DESTROYING)), max_size=3)


@contextmanager
def library_of(seed: int, dialect: Dialect) -> Iterator[Library]:
    with tempfile.TemporaryDirectory() as folder:
        yield Library(seed, dialect, Path(folder))


def edited(plan: Plan, chance: Callable[[], float]) -> Plan:
    """The plan as it is after somebody deleted lines from the file."""
    document = json.loads(dump_plan(plan))
    document["changes"] = [change for change in document["changes"] if chance() < 0.8]
    return plan_from_json(document)


def assert_safe(library: Library, plan: Plan, before: Dump, after: Dump, outcome: Outcome) -> None:
    """The list of `What must never happen`, as far as it concerns the engine."""
    sandbox = library.scene.sandbox
    gone = newly_gone(before, after)
    removals = {
        asset_id: change
        for change in plan.changes
        if isinstance(change.action, TrashAssets)
        for asset_id in change.action.trashed_ids
    }
    by_id = {change.id: change for change in plan.changes}
    assert gone <= removals.keys()
    for asset_id in gone:
        change = removals[asset_id]
        assert isinstance(change.action, TrashAssets)
        assert not any(is_gone(after, kept) for kept in change.action.kept_ids)
        for name in change.requires:
            assert name in by_id, "a requirement that was deleted from the file was taken for fulfilled"
            assert is_so(sandbox, after, by_id[name].action)
    for change in plan.changes:
        if isinstance(change.action, TrashAssets):
            trashed = gone.intersection(change.action.trashed_ids)
            assert not trashed or trashed == set(change.action.trashed_ids), "a unit was torn apart"
    groups: dict[str, set[str]] = {}
    for asset_id, asset in before["assets"].items():
        if asset["duplicateId"] and not asset["isTrashed"]:
            groups.setdefault(asset["duplicateId"], set()).add(asset_id)
    assert not any(members <= gone for members in groups.values())
    assert not any(asked.body.get("force") for asked in sandbox.writes())
    assert before["assets"].keys() == after["assets"].keys(), "an asset was deleted permanently"
    named = {asset_id for change in plan.changes for asset_id in change.action.assets}
    named |= {kept for change in plan.changes for kept in getattr(change.action, "kept_ids", ())}
    for asset_id in changed_assets(without_groups(before), without_groups(after)):
        assert asset_id in named
        assert before["assets"][asset_id]["owner"] == sandbox.admin.id
        assert before["assets"][asset_id]["visibility"] != "locked"


def assert_truthful(library: Library, plan: Plan, before: Dump, after: Dump, outcome: Outcome) -> None:
    """The outcome names every change once and says of each what the server says."""
    assert outcome.results.keys() == {change.id for change in plan.changes}
    for change in plan.changes:
        status = outcome.results[change.id].status
        so_before = is_so(library.scene.sandbox, before, change.action)
        so_now = is_so(library.scene.sandbox, after, change.action)
        if status.is_settled:
            assert so_now, (change, outcome.results[change.id])
        elif status is not Status.UNKNOWN:
            assert so_now == so_before, (change, outcome.results[change.id])
        if status is Status.ALREADY:
            assert so_before, (change, outcome.results[change.id])
    failed = any(
        result.status in (Status.FAILED, Status.NOT_DONE, Status.UNKNOWN) for result in outcome.results.values()
    )
    assert outcome.exit_code == (ExitCode.CHANGES_FAILED if failed else ExitCode.DONE)


@often
@given(seeds, dialects, faults, meddling, st.booleans())
def test_nothing_forbidden_happens(
    seed: int, dialect: Dialect, fault: Faults, others: list[Any], is_edited: bool
) -> None:
    with library_of(seed, dialect) as library:
        scene = library.scene
        for meddle in others:
            meddle(library)
        plan = edited(library.plan, library.random.random) if is_edited else library.plan
        assert plan.user_id == scene.immich.me.id and scene.immich.version  # known before the network fails
        before = scene.dump()
        scene.sandbox.set_faults(fault)
        try:
            outcome = scene.apply(plan)
        except ToolkitError as error:  # then it must have happened before anything was changed
            assert not scene.sandbox.writes(), error
            return
        after = scene.dump()
        assert_safe(library, plan, before, after, outcome)
        assert_truthful(library, plan, before, after, outcome)
        written = "".join(path.read_text() for path in scene.folder.glob("*"))
        assert scene.sandbox.admin_key not in written + repr(outcome) + repr(plan) + repr(outcome.results)


@often
@given(seeds, dialects)
def test_undo_brings_the_former_state_back_exactly_and_undoing_that_does_it_again(seed: int, dialect: Dialect) -> None:
    with library_of(seed, dialect) as library:
        scene = library.scene
        before = scene.dump()
        outcome = scene.apply(library.plan)
        assert not outcome.failures
        done = scene.dump()
        undone = scene.undo(outcome.run_id)
        assert not undone.failures, undone.results
        assert scene.dump() == before
        redone = scene.undo(undone.run_id)
        assert not redone.failures, redone.results
        assert without_groups(scene.dump()) == without_groups(done)
        back = scene.undo(redone.run_id)
        assert not back.failures, back.results
        assert scene.dump() == before


def without_groups(dump: Dump) -> Dump:
    """Which group a trashed asset or one left alone once belonged to is the server's to forget, at the next look at the groups."""
    assets = {
        asset_id: {name: value for name, value in asset.items() if name != "duplicateId"}
        for asset_id, asset in dump["assets"].items()
    }
    return dump | {"assets": assets}


@often
@given(seeds, dialects, st.lists(st.sampled_from(MEDDLING), max_size=2), faults)
def test_undo_takes_back_what_was_done_and_nothing_else(
    seed: int, dialect: Dialect, others: list[Any], fault: Faults
) -> None:
    """Whatever somebody had done before, and however much of the run failed: afterwards it is as before, but for what was so already."""
    with library_of(seed, dialect) as library:
        scene = library.scene
        for meddle in others:
            meddle(library)
        assert scene.immich.me.id and scene.immich.version
        before = scene.dump()
        scene.sandbox.set_faults(fault)
        try:
            outcome = scene.apply(library.plan)
        except ToolkitError as error:  # nothing was changed then
            assert not scene.sandbox.writes(), error
            return
        scene.sandbox.set_faults(None)
        undone = scene.undo(outcome.run_id)
        assert not undone.failures, undone.results
        # A second try says "so already" of what a first one did whose answer was lost.
        left = {each for change, _result in outcome.with_status(Status.ALREADY) for each in change.action.assets}
        if others:
            # Resolving merges into the keeper what somebody gave to a copy after the plan was made.
            left |= {
                kept
                for change in library.changes
                if isinstance(change.action, TrashAssets) and change.action.by_resolving
                for kept in change.action.kept_ids
            }
        assert changed_assets(without_groups(before), without_groups(scene.dump())) <= left


@often
@given(seeds, dialects, st.integers(0, 1000))
def test_with_some_failing_requests_the_end_is_the_same_or_the_list_is_truthful(
    seed: int, dialect: Dialect, fault_seed: int
) -> None:
    with library_of(seed, dialect) as calm, library_of(seed, dialect) as stormy:
        calm.scene.apply(calm.plan)
        assert stormy.scene.immich.me.id and stormy.scene.immich.version
        before = stormy.scene.dump()
        stormy.scene.sandbox.set_faults(Faults(failure_rate=0.05, seed=fault_seed))
        outcome = stormy.scene.apply(stormy.plan)
        after = stormy.scene.dump()
        assert_truthful(stormy, stormy.plan, before, after, outcome)
        if outcome.exit_code is ExitCode.DONE:
            assert without_groups(after) == without_groups(calm.scene.dump())


@often
@given(seeds, dialects)
def test_a_plan_applied_twice_changes_nothing_the_second_time(seed: int, dialect: Dialect) -> None:
    with library_of(seed, dialect) as library:
        scene = library.scene
        scene.apply(library.plan)
        after_first = scene.dump()
        second = scene.apply(library.plan)
        assert without_groups(scene.dump()) == without_groups(after_first)
        assert Status.DONE not in {result.status for result in second.results.values()}
        third = scene.undo(second.run_id)
        assert third.results == {}
        assert without_groups(scene.dump()) == without_groups(after_first)


@often
@given(seeds, dialects)
def test_no_plan_survives_in_which_an_asset_is_kept_and_trashed(seed: int, dialect: Dialect) -> None:
    with library_of(seed, dialect) as library:
        document = json.loads(dump_plan(library.plan))
        removals = [change["action"] for change in document["changes"] if change["action"]["do"] == "trash"]
        removals[0]["kept_ids"] = [removals[0]["trashed_ids"][0]]
        try:
            plan_from_json(document)
        except UsageError:
            return
        raise AssertionError("the contradiction was not seen")


def is_true(claim: Claim) -> bool:
    """Whether the files are as claimed at this moment, found out independently of the engine."""
    if isinstance(claim, FilesMissing):
        marker = Path(claim.root.folder, ".immich")
        return marker.exists() and not any(Path(path).exists() for path in claim.paths)
    path = Path(claim.folder, claim.relative)
    return path.is_file() and digest(path.read_bytes()) == claim.sha1


def disturb(claim: Claim, chance: Random) -> None:
    """Somebody works on the disk: a file comes back or goes, a copy is altered, a disk is unmounted or mounted again."""
    if isinstance(claim, FileHolds):
        write(Path(claim.folder, claim.relative), chance.choice((b"copy", b"COPY", b"co")))
        return
    folder = Path(claim.root.folder)
    aside = folder.with_name(f"{folder.name} aside")
    if chance.random() < 0.2:
        first, second = (folder, aside) if folder.exists() else (aside, folder)
        first.rename(second)
    elif folder.exists():
        path = Path(claim.paths[0])
        path.unlink() if path.exists() else write(path)


@often
@given(seeds, dialects, faults)
def test_no_request_trashes_an_asset_whose_claims_do_not_hold_at_that_moment(
    seed: int, dialect: Dialect, fault: Faults
) -> None:
    """Whatever happens to the files between any two requests, and however often a request must be sent again."""
    chance = Random(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        scene = Scene(dialect, folder / "runs")
        claims: dict[str, tuple[Claim, ...]] = {}
        for number in range(chance.randint(1, 8)):
            root = folder / f"disk {number % 2}"
            write(root / ".immich", b"")
            write(folder / "library" / f"{number}.jpg", b"copy")
            possible: tuple[Claim, ...] = (
                missing(root, f"2024/{number}.jpg", has_marker=True),
                holds(folder / "library", f"{number}.jpg", b"copy"),
            )
            claims[scene.sandbox.add_asset()] = tuple(chance.sample(possible, chance.randint(0, 2)))
        everything = [claim for each in claims.values() for claim in each]
        plan = scene.plan(*(Change(name, TrashAssets((name,), claims=each)) for name, each in claims.items()))

        def before(number: int, asked: Asked) -> None:
            if asked.method == "DELETE":
                assert all(is_true(claim) for asset_id in asked.body["ids"] for claim in claims[asset_id])
            if everything and chance.random() < 0.3:
                disturb(chance.choice(everything), chance)

        with scene.connect(concurrency=1) as immich:
            assert plan.user_id == immich.me.id and immich.version
            scene.sandbox.before = before
            scene.sandbox.set_faults(fault)
            try:
                outcome = scene.apply(plan, immich, batch_size=2)
            except ToolkitError as error:
                assert not scene.sandbox.writes(), error
                return
        for name, result in outcome.results.items():
            assert (result.status is not Status.DONE) or scene.is_trashed(name)
