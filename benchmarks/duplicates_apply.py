"""How many requests a clean-up takes: groups of three over 50 albums and 50 tags, 1 % of the keepers needing fields of their own.

Run: ``python benchmarks/duplicates_apply.py [--groups N] [--dialect v2|v3] [--no-undo]``. The server is a sandbox in another process, so
that its work does not count; what counts is what leaves this process, retries included.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import httpx

from immich_tools import Immich, Plan, duplicates
from immich_tools.plan.execute import apply
from immich_tools.plan.guards import Guards
from immich_tools.plan.journal import find_run
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import Dialect, Sandbox
from immich_tools.sandbox.large import large_library
from immich_tools.sandbox.places import set_place

ALBUMS: Final = 50
TAGS: Final = 50
COPIES: Final = 3
ONE_IN: Final = 100
"""In one group of so many a copy has words and stars of its own, which its keeper takes over."""
TARGET: Final = 500
TRANSFERS: Final = "transfers"
REMOVAL: Final = "removal"
READING: Final = "reading"
_IDS: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def filled_sandbox(dialect: Dialect, groups: int) -> Sandbox:
    """The library: as many assets outside the groups as inside; those outside are in no album and have no tag."""
    sandbox = Sandbox(dialect)
    members = groups * COPIES
    library = large_library(sandbox, members, groups=groups, group_size=COPIES, albums=ALBUMS, tags=TAGS)
    large_library(sandbox, members)
    assets = [sandbox.state.assets[asset_id] for asset_id in library.asset_ids]
    for number in range(groups):
        keeper, *losers = assets[number * COPIES : (number + 1) * COPIES]
        for loser in losers:
            set_place(loser.exif, keeper.exif.latitude, keeper.exif.longitude)
        if number % ONE_IN == 0:
            losers[0].exif.description = f"What group {number} shows"
            losers[0].exif.rating = 1 + number // ONE_IN % 5
    return sandbox


def serve(dialect: str, groups: int, pipe: Connection) -> None:
    """Serve the library until the pipe says enough."""
    sandbox = filled_sandbox(Dialect(dialect), groups)
    with sandbox.serve() as url:
        pipe.send((url, sandbox.admin_key))
        pipe.recv()


@contextmanager
def served(dialect: Dialect, groups: int) -> Iterator[tuple[str, str]]:
    """A sandbox in another process; yields its URL and key."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(dialect.value, groups, theirs))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(60)


class Counting(httpx.BaseTransport):
    """Sends over the network and counts what it sends.

    :ivar sent: method and path, ids left out → how often.
    """

    def __init__(self) -> None:
        self._network = httpx.HTTPTransport()
        self._lock = threading.Lock()
        self.sent: Counter[str] = Counter()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        kind = f"{request.method} {_IDS.sub('{id}', request.url.path.removeprefix('/api'))}"
        with self._lock:
            self.sent[kind] += 1
        return self._network.handle_request(request)

    def close(self) -> None:
        self._network.close()


def purpose(kind: str) -> str:
    """What a request of a run is for."""
    if kind in ("DELETE /assets", "POST /duplicates/resolve", "POST /trash/restore/assets"):
        return REMOVAL
    return READING if kind.startswith(("GET ", "POST /search/")) else TRANSFERS


class Stage:
    """Measures one stage: requests by purpose, wall-clock time and the processor time of this process."""

    def __init__(self, name: str, transport: Counting) -> None:
        self._name = name
        self._transport = transport
        self.count = 0

    def __enter__(self) -> Stage:
        self._before = Counter(self._transport.sent)
        self._wall, self._processor = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_error: object) -> None:
        wall, processor = time.perf_counter() - self._wall, time.process_time() - self._processor
        sent = self._transport.sent - self._before
        self.count = sent.total()
        purposes: Counter[str] = Counter()
        for kind, count in sent.items():
            purposes[purpose(kind)] += count
        parts = ", ".join(f"{count} {name}" for name, count in purposes.most_common())
        print(f"  {self._name:<7} {self.count:>6} calls  {wall:>6.1f} s, {processor:>5.1f} s of processor  ({parts})")
        for kind, count in sent.most_common():
            print(f"           {count:>6} {kind}")


def clean_up(immich: Immich, transport: Counting, folder: Path) -> tuple[Plan, Outcome, int]:
    """Gather, plan and apply.

    :returns: the plan, what became of it, and how many requests all that took.
    """
    with Stage("gather", transport) as gathering:
        facts = duplicates.gather(immich)
    begin = time.perf_counter()
    plan = duplicates.make_plan(facts)
    print(f"  plan    {time.perf_counter() - begin:.1f} s: {plan.counts()}")
    with Stage("apply", transport) as applying:
        outcome = apply(plan, immich, guards=Guards(max_ratio=1), journal_folder=folder)
    return plan, outcome, gathering.count + applying.count


def measure(dialect: Dialect, groups: int, *, with_undo: bool) -> None:
    """One clean-up and its undo."""
    with served(dialect, groups) as (url, key), tempfile.TemporaryDirectory() as folder:
        transport = Counting()
        with Immich.connect(url, key, transport=transport) as immich:
            print(f"Immich {immich.version}, {groups} groups of {COPIES}, {ALBUMS} albums, {TAGS} tags")
            plan, outcome, calls = clean_up(immich, transport, Path(folder))
            if outcome.failures:
                sys.exit(f"  {len(outcome.failures)} changes failed: {outcome.failures[0]}")
            print(f"  run     {calls:>6} calls to trash {len(plan.removed())} assets (target: at most {TARGET})")
            if with_undo:
                with Stage("undo", transport):
                    undoing = undo_plan(find_run(Path(folder), "last"), immich)
                    undone = apply(undoing, immich, guards=Guards(max_ratio=1), journal_folder=Path(folder))
                if undone.failures:
                    sys.exit(f"  {len(undone.failures)} changes failed: {undone.failures[0]}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--dialect", choices=[dialect.value for dialect in Dialect], help="only this one")
    parser.add_argument("--no-undo", action="store_true", help="leave the undo out")
    options = parser.parse_args()
    for dialect in [Dialect(options.dialect)] if options.dialect else list(Dialect):
        measure(dialect, options.groups, with_undo=not options.no_undo)


if __name__ == "__main__":
    main()
