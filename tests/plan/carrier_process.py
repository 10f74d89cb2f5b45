"""A program that carries out plans until it is killed.

It reads one order a line (JSON: do, url, key, plan, journals, speed), and for each makes a copy of itself that carries the plan out. The
copy's process id and, when it has ended, how it ended go to standard output.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from attrs import define, frozen

from immich_tools.immich.client import Immich
from immich_tools.plan.execute import apply, resume
from immich_tools.plan.guards import Guards
from immich_tools.plan.journal import find_run
from immich_tools.plan.storage import load_plan


@define
class Leaps:
    """A clock on which a wait takes no time, for servers whose jobs have run when they answer."""

    passed: float = 0.0

    def now(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@frozen
class Quick:
    """The computer's clock, so many times quicker, as that of a server with `Jobs(real_time=True, speed=…)`."""

    speed: float

    def now(self) -> float:
        return time.monotonic() * self.speed

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)


def carry_out(order: dict[str, Any]) -> None:
    clock = Quick(order["speed"]) if order["speed"] else Leaps()
    with Immich.connect(order["url"], order["key"], retry_wait=0, concurrency=2, clock=clock) as immich:
        journals = Path(order["journals"])
        if order["do"] == "resume":
            resume(find_run(journals, "last"), immich)
            return
        plan = load_plan(Path(order["plan"]))
        undoes = find_run(journals, "last").id if order["do"] == "undo" else None
        apply(plan, immich, guards=Guards(max_ratio=1), journal_folder=journals, undoes=undoes)


def main() -> None:
    for line in sys.stdin:
        copy = os.fork()
        if copy == 0:
            carry_out(json.loads(line))
            sys.stdout.flush()
            os._exit(0)
        sys.stdout.write(f"{copy}\n")
        sys.stdout.flush()
        _pid, status = os.waitpid(copy, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
