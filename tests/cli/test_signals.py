"""A container that is stopped, or Ctrl-C: the run ends after the requests under way, says how to go on, and can be resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from immich_tools.cli import toolkit_app
from immich_tools.errors import ExitCode
from immich_tools.sandbox import Faults, Sandbox
from immich_tools.settings import Surroundings, run

GROUPS = 12


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT], ids=lambda kind: kind.name)
def test_a_stopped_run_can_be_resumed(tmp_path: Path, kind: signal.Signals) -> None:
    sandbox = Sandbox(faults=Faults(latency=0.05))
    for number in range(GROUPS):
        group = str(UUID(int=number, version=4))
        for copy in range(2):
            sandbox.add_asset(
                original_file_name=f"IMG_{number}_{copy}.jpg",
                duplicate_id=group,
                description=f"words {number}" if copy else "",
                file_size=2000 - copy,
            )
    with sandbox.serve() as url:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IMMICH_")},
            "IMMICH_URL": url,
            "IMMICH_API_KEY": sandbox.admin_key,
            "IMMICH_JOURNAL_FOLDER": str(tmp_path / "journals"),
            "IMMICH_CONCURRENCY": "1",
        }
        command = [sys.executable, "-c", "from immich_tools.duplicates.cli import main; main()", "--apply"]
        with subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
            while not sandbox.requests.writes() and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(kind)
            _out, said = process.communicate(timeout=60)
        assert process.returncode == ExitCode.INTERRUPTED, said
        assert "resume last" in said
        assert "Traceback" not in said
        assert sum(asset["isTrashed"] for asset in sandbox.dump()["assets"].values()) < GROUPS

        later = next(
            name for name, asset in sandbox.dump()["assets"].items() if asset["originalFileName"] == "IMG_11_1.jpg"
        )
        sandbox.add_album("Later", asset_ids=[later])
        world = Surroundings(environment=environment, working_folder=tmp_path, configuration_folder=tmp_path)
        assert run(toolkit_app(), ["resume", "last", "--yes"], world) == ExitCode.DONE
    assets = sandbox.dump()["assets"].values()
    assert sum(asset["isTrashed"] for asset in assets) == GROUPS - 1
    left = {asset["originalFileName"]: asset["exif"]["description"] for asset in assets if not asset["isTrashed"]}
    assert "IMG_11_1.jpg" in left, "it got into an album after it was planned"
    assert {left[f"IMG_{number}_0.jpg"] for number in range(GROUPS - 1)} == {f"words {n}" for n in range(GROUPS - 1)}
