"""A run that is killed without warning, at any moment: it can be resumed, and it can be undone.

The plan is carried out by another process, which is killed (SIGKILL) when the server has seen its N-th request, for every N at which it
matters (see `scene.turning_points`): before the server carries that request out, and after it did but before it answers.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Event
from typing import IO

import pytest
from attrs import define

from immich_tools.immich.client import Immich
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.stacks import StackAssets
from immich_tools.plan.execute import resume
from immich_tools.plan.journal import Run, find_run, runs
from immich_tools.plan.model import Plan
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import Dialect, Jobs, Sandbox
from immich_tools.sandbox.exchange import ConnectionFailed, Request, Response
from tests.plan.scene import Asked, Scene, turning_points
from tests.plan.test_never import without_groups

ROOT = Path(__file__).parents[2]
FAR = 10_000
SPEED = 100.0
MOMENTS = ("before", "after")


def ignore(number: int, asked: Asked) -> None:
    """Nothing happens."""


class Door(Sandbox):
    """One port for all the servers of these tests, one after the other; closed, it answers nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: Sandbox | None = None
        self._passing = 0
        self._changed = Condition()

    def handle(self, request: Request) -> Response:
        with self._changed:
            if self.inside is None:
                raise ConnectionFailed(was_refused=False)
            self._passing += 1
            inside = self.inside
        try:
            return inside.handle(request)
        finally:
            with self._changed:
                self._passing -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and wait for those inside."""
        with self._changed:
            self.inside = None
            assert self._changed.wait_for(lambda: self._passing == 0, 30)


@define
class Worker:
    """The other program, through which plans are carried out."""

    program: subprocess.Popen[str]
    door: Door
    url: str

    def carry_out(self, scene: Scene, do: str, fatal: int, moment: str) -> int:
        """Have the plan in the scene's folder carried out, and kill that when the server sees request number `fatal`.

        :returns: how the process ended: 0, or minus the number of the signal.
        """
        known = Event()
        victim: list[int] = []

        def strike(number: int, asked: Asked) -> None:
            if number == fatal:
                assert known.wait(30)
                os.kill(victim[0], signal.SIGKILL)
                raise ConnectionFailed(was_refused=False)

        def admit(number: int, asked: Asked) -> None:
            if number > fatal:
                raise ConnectionFailed(was_refused=False)  # sent by another thread of a process that is being killed
            if moment == "before":
                strike(number, asked)

        scene.sandbox.asked.clear()
        scene.sandbox.before = admit
        scene.sandbox.after = strike if moment == "after" else ignore
        self.door.inside = scene.sandbox
        order: dict[str, object] = {
            "do": do,
            "url": self.url,
            "key": scene.sandbox.admin_key,
            "journals": str(scene.folder),
        }
        jobs = scene.sandbox.server.queues.jobs
        order |= {"plan": str(plan_file(scene)), "speed": None if jobs is None else jobs.speed}
        self._pipe(self.program.stdin).write(json.dumps(order) + "\n")
        self._pipe(self.program.stdin).flush()
        victim.append(int(self._pipe(self.program.stdout).readline()))
        known.set()
        ended = int(self._pipe(self.program.stdout).readline())
        # What the dead process sent last must not reach the server later than what comes next.
        self.door.close()
        scene.sandbox.before = scene.sandbox.after = ignore
        return ended

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    command = [sys.executable, "-m", "tests.plan.carrier_process"]
    door = Door()
    with (
        door.serve() as url,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program,
    ):
        yield Worker(program, door, url)
        Worker._pipe(program.stdin).close()
        assert program.wait(30) == 0


def plan_file(scene: Scene) -> Path:
    return scene.folder.parent / "plan.json"


def new_scene(dialect: Dialect, folder: Path, jobs: Jobs | None = None) -> tuple[Scene, Plan]:
    """A scene with one clean-up of a group, one resolved group where the server can, and a stack: a creation that no one may do twice."""
    scene = Scene(dialect, folder / "runs", jobs=jobs)
    group, members = scene.group()
    resolved, (kept, *others) = scene.group(2)
    resolving = TrashAssets(tuple(others), (kept,), resolved, by_resolving=dialect is Dialect.V3)
    stack = StackAssets(tuple(scene.sandbox.add_asset() for _number in range(2)))
    plan = scene.plan(*scene.transfer(group, members), Change("resolve", resolving), Change("stack", stack))
    scene.folder.mkdir(parents=True)
    plan.save(plan_file(scene))
    return scene, plan


def last_run(scene: Scene) -> Run | None:
    known = runs(scene.folder)
    return known[-1] if known else None


@contextmanager
def visitor(scene: Scene, run: Run) -> Iterator[Immich]:
    """A client in this process for the server that the run was on."""
    with Immich.connect(
        run.server,
        scene.sandbox.admin_key,
        transport=scene.sandbox.transport(),
        retry_wait=0,
        clock=scene.sandbox.clock,
    ) as immich:
        yield immich


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at_any_request_is_resumed_to_the_same_end_and_undone_to_the_same_beginning(
    worker: Worker, dialect: Dialect, moment: str, tmp_path: Path
) -> None:
    scene, _plan = new_scene(dialect, tmp_path / "whole")
    assert worker.carry_out(scene, "apply", FAR, moment) == 0
    points, wanted, length = turning_points(scene.sandbox.asked), scene.dump(), len(scene.sandbox.asked)
    assert len(points) > 10
    for number in points:
        for ending in ("resume", "undo"):
            scene, plan = new_scene(dialect, tmp_path / f"{ending}-{number}")
            before = scene.dump()
            # With two requests at a time the last ones may fall together.
            if worker.carry_out(scene, "apply", number, moment) == 0:
                assert number > length - 3
                continue
            run = last_run(scene)
            if run is None:
                assert scene.dump() == before, "something was changed before the journal said so"
                continue
            with visitor(scene, run) as immich:
                if ending == "resume":
                    outcome = resume(run, immich)
                    assert not outcome.failures, (number, outcome.results)
                    assert outcome.results.keys() == {change.id for change in plan.changes}
                    assert without_groups(scene.dump()) == without_groups(wanted), number
                    assert find_run(scene.folder, run.id).finished
                else:
                    undoing = undo_plan(run, immich)
                    if undoing.changes:
                        assert not scene.apply(undoing, immich, undoes=run.id).failures
                    assert scene.dump() == before, number


def test_an_undo_killed_at_any_request_is_resumed_to_the_former_state(
    worker: Worker, dialect: Dialect, tmp_path: Path
) -> None:
    points = [FAR]
    while points:
        number = points.pop()
        scene, _plan = new_scene(dialect, tmp_path / f"undo-{number}")
        before = scene.dump()
        assert worker.carry_out(scene, "apply", FAR, "after") == 0
        run = last_run(scene)
        assert run is not None
        with visitor(scene, run) as immich:
            undoing = undo_plan(run, immich)
            # The other process reaches the server at another port; the run it undoes must be of the same.
            plan_file(scene).unlink()
            undoing.save(plan_file(scene))
            if worker.carry_out(scene, "undo", number, "after") == 0:
                if number == FAR:
                    points = turning_points(scene.sandbox.asked)
                    assert len(points) > 10
                assert scene.dump() == before
                continue
            latest = last_run(scene)
            assert latest is not None
            if latest.id == run.id:
                continue  # killed before the journal was begun
        with visitor(scene, latest) as immich:
            assert not resume(latest, immich).failures
            assert scene.dump() == before, number


def test_a_run_killed_again_and_again_while_it_is_resumed_comes_to_its_end(
    worker: Worker, dialect: Dialect, tmp_path: Path
) -> None:
    scene, _plan = new_scene(dialect, tmp_path / "whole")
    assert worker.carry_out(scene, "apply", FAR, "after") == 0
    wanted, length = scene.dump(), len(scene.sandbox.asked)
    scene, plan = new_scene(dialect, tmp_path / "killed")
    assert worker.carry_out(scene, "apply", length // 2, "after") == -signal.SIGKILL
    number, ended = 0, -signal.SIGKILL
    while ended != 0:
        number += 3
        ended = worker.carry_out(scene, "resume", number, "after")
        assert ended in (0, -signal.SIGKILL)
    run = last_run(scene)
    assert number > 9 and run is not None and run.finished
    assert run.results.keys() == {change.id for change in plan.changes}
    assert without_groups(scene.dump()) == without_groups(wanted)


@pytest.mark.parametrize("ending", ["resume", "undo"])
def test_a_run_killed_while_the_jobs_of_its_writes_wait_loses_nothing(
    worker: Worker, dialect: Dialect, ending: str, tmp_path: Path
) -> None:
    scene, _plan = new_scene(dialect, tmp_path / "whole")
    assert worker.carry_out(scene, "apply", FAR, "after") == 0
    wanted = scene.dump()
    for seed in range(4):
        scene, _plan = new_scene(dialect, tmp_path / str(seed), Jobs(seed=seed, real_time=True, speed=SPEED))
        before = scene.dump()
        # The first write after which jobs run, and what comes right behind it.
        first = worker.carry_out(scene, "apply", 16 + 4 * seed, "after")
        assert first == -signal.SIGKILL and scene.sandbox.writes()
        run = last_run(scene)
        assert run is not None
        with visitor(scene, run) as immich:
            if ending == "resume":
                outcome = resume(run, immich)
                assert not outcome.failures, (seed, outcome.results)
                assert without_groups(scene.dump()) == without_groups(wanted), seed
            else:
                undoing = undo_plan(run, immich)
                if undoing.changes:
                    assert not scene.apply(undoing, immich, undoes=run.id).failures
                assert scene.dump() == before, seed


def test_a_run_that_lost_its_server_after_any_write_is_undone_whatever_the_jobs_of_that_write_still_do(
    dialect: Dialect, tmp_path: Path
) -> None:
    faults = []
    for seed in range(6):
        scene, plan = new_scene(dialect, tmp_path / f"whole-{seed}", Jobs(seed=seed))
        assert not scene.apply(plan).failures
        # Barriers change nothing; the jobs of the others may change later what can be read right after them.
        writes = [number for number, each in enumerate(scene.sandbox.asked, 1) if each.is_write and not each.is_barrier]
        for fatal in writes:
            scene, plan = new_scene(dialect, tmp_path / f"{seed}-{fatal}", Jobs(seed=seed))
            before = scene.dump()

            def admit(number: int, asked: Asked, fatal: int = fatal) -> None:
                if number > fatal:
                    raise ConnectionFailed(was_refused=False)

            def answer(number: int, asked: Asked, fatal: int = fatal) -> None:
                if number == fatal:
                    raise ConnectionFailed(was_refused=False)

            scene.sandbox.before, scene.sandbox.after = admit, answer
            scene.apply(plan)
            scene.sandbox.before = scene.sandbox.after = ignore
            undone = scene.undo(None)
            scene.sandbox.settle()
            if undone.failures or scene.dump() != before:
                faults.append((seed, fatal, undone.failures))
    assert not faults


@pytest.mark.parametrize("ending", ["resume", "undo"])
def test_what_a_killed_run_sent_last_is_undone_though_it_reached_the_server_late(
    dialect: Dialect, ending: str, tmp_path: Path
) -> None:
    scene, plan = new_scene(dialect, tmp_path / "whole")
    assert not scene.apply(plan).failures
    writes = [number for number, each in enumerate(scene.sandbox.asked, 1) if each.is_write and not each.is_barrier]
    faults = []
    for fatal in writes:
        scene, plan = new_scene(dialect, tmp_path / str(fatal))
        before = scene.dump()
        held: list[Asked] = []

        def hold(number: int, asked: Asked, fatal: int = fatal, held: list[Asked] = held) -> None:
            if number >= fatal:
                held.append(asked)
                raise ConnectionFailed(was_refused=False)

        def let_in(number: int, asked: Asked, scene: Scene = scene, held: list[Asked] = held) -> None:
            if asked.is_barrier and held:
                late = held.pop()
                request = {"method": late.method.lower(), "url": late.path.removeprefix("/api"), "json": late.body}
                scene.immich.connection.send(request)

        scene.sandbox.before = hold
        scene.apply(plan)
        del held[1:]
        if not held or not held[0].is_write:
            continue
        scene.sandbox.before = let_in
        run = last_run(scene)
        assert run is not None
        failures = resume(run, scene.immich).failures if ending == "resume" else []
        failures += scene.undo(run.id).failures
        scene.sandbox.before = ignore
        if failures or scene.dump() != before:
            faults.append((fatal, failures))
    assert not faults
