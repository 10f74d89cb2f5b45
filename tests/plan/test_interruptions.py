"""Lost servers, interruptions and full disks: the list is truthful, and the run can be gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.errors import UsageError
from immich_tools.immich.models import TrashPolicy
from immich_tools.plan.execute import resume
from immich_tools.plan.executor import PlanExecutor, Progress
from immich_tools.plan.journal import find_run, runs
from immich_tools.plan.journal_writer import Journal
from immich_tools.plan.result import Status
from immich_tools.sandbox import FaultKind, Faults
from tests.plan.scene import Scene, run_of, statuses, three

KEPT = TrashPolicy(enabled=True, days=30)


@pytest.mark.parametrize("number", range(1, 12))
def test_a_server_that_goes_away_leaves_a_truthful_list_and_a_run_to_resume(scene: Scene, number: int) -> None:
    plan, _members = three(scene)
    assert scene.immich.me.id and scene.immich.version
    before = scene.dump()
    # From one of its requests on, the server is dead.
    dead = dict.fromkeys(range(number, 500), FaultKind.REFUSED_CONNECTION)
    scene.sandbox.set_faults(Faults(at=dead))
    try:
        outcome = scene.apply(plan)
    except Exception as error:  # noqa: BLE001 - it was lost before anything was changed
        assert runs(scene.folder) == [] and not scene.sandbox.writes(), error
        return
    scene.sandbox.set_faults(None)
    assert outcome.unfinished and outcome.exit_code == 3
    assert outcome.results.keys() == {change.id for change in plan.changes}
    resumed = resume(find_run(scene.folder, run_of(outcome)), scene.immich)
    assert set(statuses(resumed).values()) == {Status.DONE}
    assert not scene.undo(resumed.run_id).failures
    assert scene.dump() == before


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("ending", ["resume", "undo"])
def test_an_interruption_leaves_a_run_that_can_be_resumed_or_undone(scene: Scene, number: int, ending: str) -> None:
    plan, _members = three(scene)
    before = scene.dump()
    calls: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        calls.append(progress)
        if len(calls) == number:
            raise KeyboardInterrupt

    try:
        scene.apply(plan, progress=interrupt)
    except KeyboardInterrupt:
        run = find_run(scene.folder, "last")
        if ending == "resume":
            assert set(statuses(resume(run, scene.immich)).values()) == {Status.DONE}
        else:
            undone = scene.undo(run.id)
            assert scene.dump() == before
            if undone.results:
                with pytest.raises(UsageError, match="undone by"):
                    resume(run, scene.immich)


def test_a_watcher_sees_the_run_from_nothing_to_all(scene: Scene) -> None:
    plan, _members = three(scene)
    seen: list[Progress] = []
    scene.apply(plan, progress=seen.append)
    assert seen[0] == Progress(0, 4) and seen[-1] == Progress(4, 4)
    assert [each.done for each in seen] == sorted(each.done for each in seen)


def test_a_full_disk_stops_the_run_before_anything_unannounced_is_sent(scene: Scene, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    plan, _members = three(scene)
    full = tmp_path / "run.jsonl"
    full.symlink_to("/dev/full")
    with Journal("run", full, plan, "a") as journal:
        outcome = PlanExecutor(scene.immich, plan, journal, batch_size=500, progress=None, permanent=None).run()
    assert not scene.sandbox.writes()
    assert set(statuses(outcome).values()) == {Status.NOT_DONE} and outcome.unfinished
