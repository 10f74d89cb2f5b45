"""What listing a whole library costs the client, and what paging by number costs and loses instead.

Run with `python benchmarks/enumeration.py [--assets N]`. The sandbox runs in a process of its own; trust the client's figures and the
ratios, the seconds contain the sandbox's.
"""

import argparse
import itertools
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from immich_tools import Immich
from immich_tools.immich.connection import PAGE_SIZE

DIALECTS = ("v2", "v3")


@contextmanager
def sandbox_process(dialect: str, assets: int) -> Iterator[tuple[str, str]]:
    """Serve a sandbox from another process; give its URL and key."""
    command = [sys.executable, "-m", "immich_tools.sandbox", "--dialect", dialect, "--assets", str(assets)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url, key = (process.stdout.readline().strip().partition("=")[2] for _line in range(2))
            yield url, key
        finally:
            process.terminate()


def list_all(immich: Immich) -> tuple[int, int]:
    """List every asset without keeping any; give how many came, and how many different ones."""
    count = sum(1 for _asset in immich.assets.stream())
    return count, count


def page_by_number(immich: Immich) -> tuple[int, int]:
    """Ask for page 1, 2, 3 … as most programs do; give how many came, and how many different ones."""
    count = 0
    ids: set[str] = set()
    for page in itertools.count(1):
        body = {"visibility": "timeline", "page": page, "size": PAGE_SIZE, "withExif": True}
        answer = immich.connection.json({"method": "post", "url": "/search/metadata", "json": body})["assets"]
        count += len(answer["items"])
        ids.update(item["id"] for item in answer["items"])
        if answer["nextPage"] is None:
            break
    return count, len(ids)


def measure(name: str, read: Callable[[Immich], tuple[int, int]], url: str, key: str, expected: int) -> float:
    """Print what one way to list a library costs; give its seconds."""
    with Immich.connect(url, key, read_only=True) as immich:
        immich.version, immich.me  # noqa: B018 - what every listing needs once is not what is measured
        sent = immich.connection.requests_sent
        started, processor = time.perf_counter(), time.process_time()
        _count, different = read(immich)
        processor, seconds = time.process_time() - processor, time.perf_counter() - started
        requests = immich.connection.requests_sent - sent
    print(
        f"  {name:<12} {different / seconds:>9,.0f} assets/s {processor / expected * 1e6:>7.1f} µs CPU per asset "
        f"{requests:>6} requests {expected - different:>5} assets missed"
    )
    return seconds


def memory(url: str, key: str, expected: int) -> float:
    """Bytes per asset that a listing needs at its peak."""
    with Immich.connect(url, key, read_only=True) as immich:
        immich.version, immich.me  # noqa: B018 - imports and first answers are not what is measured
        tracemalloc.start()
        list_all(immich)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak / expected


def main() -> None:
    """Measure both dialects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=100_000, metavar="N")
    assets = parser.parse_args().assets
    for dialect in DIALECTS:
        with sandbox_process(dialect, assets) as (url, key):
            print(f"{dialect}: {assets:,} assets, 20 of them at each moment")
            complete = measure("complete", list_all, url, key, assets)
            naive = measure("page number", page_by_number, url, key, assets)
            print(
                f"  {naive / complete:.1f} times as fast; {memory(url, key, assets):,.0f} bytes per asset at the peak"
            )


if __name__ == "__main__":
    main()
