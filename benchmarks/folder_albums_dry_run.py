"""What a whole dry run of ``immich-folder-albums`` costs beside listing the same library and doing nothing with it.

Run with `python benchmarks/folder_albums_dry_run.py [--assets N] [--folders N] [--rounds N]`. The sandbox runs in a process of its own. All
ways are measured in turns in this one process, and the ratios are those of the medians: the seconds contain the sandbox's, and those of
whoever else uses the computer.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from immich_tools import Immich
from immich_tools.cli import toolkit_app
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Visibility
from immich_tools.sandbox import Dialect, Sandbox, large_library
from immich_tools.settings import Surroundings, run

ROOT = "/external/photos"


def serve(dialect: Dialect, assets: int, folders: int, answer: Connection) -> None:
    """Serve a library whose files lie in folders, until the other end of the connection closes."""
    sandbox = Sandbox(dialect)
    for number, asset_id in enumerate(large_library(sandbox, assets).asset_ids):
        asset = sandbox.state.assets[asset_id]
        # Whoever comes home copies all of a card into one folder.
        folder = number * folders // assets
        asset.original_path = f"{ROOT}/{2000 + folder % 25}/{folder:05} Holiday/{asset.original_file_name}"
    with sandbox.serve() as url:
        answer.send((url, sandbox.admin_key))
        answer.poll(None)


@contextmanager
def server(dialect: Dialect, assets: int, folders: int) -> Iterator[tuple[str, str]]:
    """The URL of such a server, and a key."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(dialect, assets, folders, there))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        process.join()


def listing(url: str, key: str, wanted: AssetFilter) -> None:
    """List assets and keep none."""
    with Immich.connect(url, key, read_only=True) as immich:
        for _asset in immich.assets.stream(wanted):
            pass


def dry_run(url: str, key: str, folder: Path, *arguments: str) -> None:
    """The command, with everything it says."""
    world = Surroundings(
        environment={"IMMICH_URL": url, "IMMICH_API_KEY": key},
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = run(toolkit_app(), ["folder-albums", "-r", ROOT, "-a", "2", *arguments], world)
    assert code == 0, code


def measure(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Seconds of each, as the median of several rounds in which each has its turn."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(each) for name, each in seconds.items()}


def main() -> None:
    """Measure both dialects and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=100_000, metavar="N")
    parser.add_argument("--folders", type=int, default=2_500, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    options = parser.parse_args()
    loose = AssetFilter(visibility=(Visibility.TIMELINE,), not_in_album=True)
    for dialect in Dialect:
        with server(dialect, options.assets, options.folders) as (url, key), TemporaryDirectory() as name:
            folder = Path(name)
            ways: dict[str, Callable[[], None]] = {
                "bare listing of everything": partial(listing, url, key, AssetFilter()),
                "bare listing of the timeline outside albums": partial(listing, url, key, loose),
                "dry run": partial(dry_run, url, key, folder),
                "dry run, files in albums as well": partial(dry_run, url, key, folder, "-A", "--find-archived-assets"),
            }
            dry_run(url, key, folder)  # imports are not what is measured
            seconds = measure(ways, options.rounds)
        print(f"{dialect.value}: {options.assets:,} assets in {options.folders:,} folders, {options.rounds} rounds")
        bare = seconds["bare listing of everything"]
        for way, median in seconds.items():
            print(f"  {way:<45} {median:>6.2f} s {median / bare:>6.2f} times the bare listing")


if __name__ == "__main__":
    main()
