"""A program that kills copies of itself while they carry out a plan with files, at one line of the package after another.

Arguments: a folder of its own, and how each run that was killed goes on: ``resume`` or ``undo``. What it has seen goes to standard
output as JSON; what must not be ends it with an error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from immich_tools.immich.client import Immich
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.files import WriteFile
from immich_tools.plan.execute import resume
from immich_tools.plan.journal import runs
from immich_tools.plan.model import Plan
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import Dialect
from tests.plan.files import copy_of, holds, tree, write
from tests.plan.scene import Scene
from tests.plan.test_killed import Door

CONTENT = bytes(range(256)) * 100
THEIRS = {"theirs.jpg": b"theirs"}
TEXT = "sidecar"
WATCHED = (
    "/disk/",
    "/plan/effects/files",
    "/plan/file_claims",
    "/plan/proofs",
    "/plan/executor",
    "/plan/journal_writer",
)
STEP = 29
"""Lines between two deaths. No loop has as many, so that with each turn of one another place is met."""


def die_at(moment: int) -> None:
    """Kill the process at the `moment`-th line of the parts that it runs, in whatever thread."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if not any(part in frame.f_code.co_filename for part in WATCHED):
            return None
        if event == "line":
            count += 1
            if count >= moment:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)


def new_scene(folder: Path) -> tuple[Scene, Plan, str, dict[str, bytes]]:
    scene = Scene(Dialect.V3, folder / "runs")
    library = folder / "library"
    write(library / "theirs.jpg", THEIRS["theirs.jpg"])
    source = write(folder / "upload.jpg", CONTENT)
    asset_id = scene.sandbox.add_asset(content=CONTENT)
    plan = scene.plan(
        Change("copy", copy_of(asset_id, library, "Trip/copy.jpg", CONTENT, source)),
        Change("download", copy_of(asset_id, library, "Trip/download.jpg", CONTENT)),
        Change("sidecar", WriteFile(str(library), "Trip/copy.jpg.xmp", TEXT)),
        Change(
            "trash",
            TrashAssets((asset_id,), claims=(holds(library, "Trip/copy.jpg", CONTENT),)),
            requires=("copy", "download", "sidecar"),
        ),
    )
    wanted = {"Trip/copy.jpg": CONTENT, "Trip/download.jpg": CONTENT, "Trip/copy.jpg.xmp": TEXT.encode()}
    return scene, plan, asset_id, THEIRS | wanted


def go_on(scene: Scene, plan: Plan, ending: str) -> bool:
    """Resume or undo the run that was killed, if it had begun. Returns whether everything is to be there now."""
    known = runs(scene.folder)
    if not known:
        assert not scene.apply(plan).failures
        return True
    if ending == "resume":
        if known[-1].finished:
            return True
        outcome = resume(known[-1], scene.immich)
        assert not outcome.failures, outcome.results
        return True
    undoing = undo_plan(known[-1], scene.immich, remove_copies=True)
    if not undoing.changes:
        # Nothing had been done yet; what is left over goes with the next run.
        assert not scene.apply(plan).failures
        return True
    outcome = scene.apply(undoing, undoes=known[-1].id)
    assert not outcome.failures, outcome.results
    return False


def main(folder: Path, ending: str) -> None:
    deaths = left = copied = 0
    moment = 1
    door = Door()
    with door.serve() as url:
        while True:
            scene, plan, asset_id, wanted = new_scene(folder / str(moment))
            library = folder / str(moment) / "library"
            door.inside = scene.sandbox
            child = os.fork()
            if not child:
                immich = Immich.connect(url, scene.sandbox.admin_key, retry_wait=0)
                die_at(moment)
                scene.apply(plan, immich)
                os._exit(0)
            _child, status = os.waitpid(child, 0)
            door.close()
            if os.WIFEXITED(status):
                assert status == 0 and tree(library) == wanted
                break
            deaths += 1
            found = tree(library)
            parts = {name for name in found if Path(name).name.startswith(".immich-toolkit-")}
            left += bool(parts)
            copied += "Trip/copy.jpg" in found
            assert all(found[name] == wanted[name] for name in found.keys() - parts), (moment, found.keys())
            is_done = go_on(scene, plan, ending)
            assert tree(library) == (wanted if is_done else THEIRS), (moment, tree(library).keys())
            assert scene.is_trashed(asset_id) == is_done, moment
            moment += STEP
    print(json.dumps({"deaths": deaths, "left": left, "copied": copied}))  # noqa: T201 - whoever started it reads this


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
